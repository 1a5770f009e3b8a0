"""Answers of the project beside what the model says now: see the difference, take it over."""

from __future__ import annotations

import json

import streamlit as st

from workbench.services import comparing, curation, rewrites
from workbench.services.project import Project
from workbench.services.rewrites import Rewrite
from workbench.ui import state
from workbench.ui.i18n import t, tn
from workbench.ui.views import acting
from workbench.ui.widgets.compare_grid import column_label, prompt_text
from workbench.ui.widgets.diff import diff_html
from workbench.ui.widgets.errors import guarded
from workbench.ui.widgets.layout import pager
from workbench.ui.widgets.panes import record_chips

PAGE = 10


@st.fragment
@guarded
def draw_rewrites(project: Project, comparison_id: int) -> None:
    """Draw the rewrites of one column with their differences, and what to do with each."""
    grid = comparing.comparison_grid(project, comparison_id)
    labels = [column_label(c) for c in grid.comparison.columns]
    column = st.selectbox(
        t("Rewritten by"), list(range(len(labels))), format_func=lambda i: labels[i], key="rewrite-column"
    )
    found = rewrites.rewrites(project, grid, column)
    if not found:
        st.caption(
            t(
                "Nothing to compare with: compare on prompts from the project (a query such as class:sub), and "
                "their answers stand here beside the new ones."
            )
        )
        return
    accepted = sum(r.accepted for r in found)
    st.caption(
        tn(len(found), "{n} answer differs from what is there", "{n} answers differ from what is there")
        + " · "
        + t("{n} accepted", n=accepted)
        + " · "
        + t("struck out is what stands there, shaded what the model says now")
    )
    pairs = rewrites.rewrite_pairs(grid, found)
    st.download_button(
        t("Accepted ones as preference pairs"),
        data="".join(json.dumps(p, ensure_ascii=False) + "\n" for p in pairs),
        file_name=f"rewrites-{comparison_id}.jsonl",
        disabled=not pairs,
        on_click="ignore",
        key="rewrite-pairs",
    )
    prompts = {r.prompt.id: r.prompt for r in grid.rows}
    colours = {row.name: row.colour for row in curation.class_table(project)}
    index = pager("rewrite-page", total=len(found), page_size=PAGE)
    for rewrite in found[index * PAGE : (index + 1) * PAGE]:
        with st.container(border=True):
            st.text(prompt_text(prompts[rewrite.cell.prompt_id]))
            st.html(record_chips(rewrite.original, colours) + diff_html(rewrite.pieces, context=None))
            _accept(project, comparison_id, rewrite)


def _accept(project: Project, comparison_id: int, rewrite: Rewrite) -> None:
    if rewrite.accepted:
        st.caption(t("Accepted: it stands in the next round as pending."))
        return
    if st.button(t("Accept"), icon=":material/check:", key=f"rewrite-{rewrite.cell.id}"):
        report = comparing.bring_back(project, comparison_id, [rewrite.cell.id], actor=state.curator())
        if report.imported:
            acting.notify(report.action)
        st.rerun(scope="fragment")
