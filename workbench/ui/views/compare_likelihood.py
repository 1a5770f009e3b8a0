"""One answer of a comparison under every column: which tokens each condition makes likelier."""

from __future__ import annotations

import streamlit as st

from workbench.services import comparing, desk
from workbench.services.project import Project
from workbench.ui.i18n import t
from workbench.ui.views.talk import draw_likelihoods
from workbench.ui.widgets.compare_grid import column_label, prompt_text
from workbench.ui.widgets.errors import guarded


@st.fragment
@guarded
def draw_likelihood(project: Project, comparison_id: int) -> None:
    """Draw the choice of an answer, and the answer coloured under every column."""
    grid = comparing.comparison_grid(project, comparison_id)
    columns = grid.comparison.columns
    rows = [r for r in grid.rows if any(c is not None and c.text.strip() for c in r.cells)]
    if not rows:
        st.caption(t("No answer is there yet."))
        return
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    row = rows[
        left.selectbox(
            t("Prompt"),
            list(range(len(rows))),
            format_func=lambda i: prompt_text(rows[i].prompt)[:120],
            key="likely-prompt",
        )
    ]
    own = [c for c in row.cells if c is not None and c.text.strip()]
    cell = own[
        right.selectbox(
            t("Whose answer"),
            list(range(len(own))),
            format_func=lambda i: column_label(columns[own[i].column]) if i < len(own) else "",
            key="likely-whose",
        )
    ]
    key = (comparison_id, cell.id)
    if st.button(t("Colour it under every column"), type="primary", icon=":material/gradient:"):
        chat = [*(dict(m) for m in row.prompt.messages), {"role": "assistant", "content": cell.text}]
        ticket = desk.ask_likelihood(project, columns, [chat] * len(columns))
        with st.spinner(t("Scoring")):
            st.session_state["likely"] = (key, desk.wait_for_reply(project, ticket).panes)
    found = st.session_state.get("likely")
    if found and found[0] == key:
        draw_likelihoods(columns, found[1], column_label(columns[cell.column]))
    else:
        st.caption(t("It shows which words of an answer each condition makes more likely, and which less."))
