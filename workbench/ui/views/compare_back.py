"""Choose answers that come back into the project as pending conversations of the next round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from workbench.domain.comparison import Cell, Comparison
from workbench.services import comparing
from workbench.services.comparing import Grid, GridRow
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import t, tn
from workbench.ui.nav import goto
from workbench.ui.views import acting
from workbench.ui.views.shares import draw_shares
from workbench.ui.widgets.compare_grid import column_label, prompt_text, winners
from workbench.ui.widgets.errors import guarded
from workbench.ui.widgets.layout import metric_row

_SETS = ("winners", "full", "correct", "all")


def choose(rows: Sequence[GridRow], which: str, columns: Sequence[int]) -> list[tuple[GridRow, Cell]]:
    """Return the answers that a choice stands for, with their rows.

    Args:
        rows: The comparison's rows.
        which: `winners` of the votes, program-judged `full` quality or `correct`, or `all`.
        columns: Only answers of these columns.
    """
    chosen = []
    for row in rows:
        for index in columns:
            cell = row.cells[index]
            if cell is None or not cell.text.strip():
                continue
            fits = {
                "winners": index in winners(row),
                "full": bool(cell.full),
                "correct": bool(cell.correct),
                "all": True,
            }
            if fits[which]:
                chosen.append((row, cell))
    return chosen


@st.fragment
@guarded
def draw_back(project: Project, comparison_id: int) -> None:
    """Draw the choice, its preview and the button."""
    grid = comparing.comparison_grid(project, comparison_id)
    comparison, rows = grid.comparison, grid.rows
    names = {
        "winners": t("Winners of the votes"),
        "full": t("Full quality"),
        "correct": t("Correct"),
        "all": t("All"),
    }
    row = st.container(horizontal=True, vertical_alignment="bottom", key="wl-beside-back")
    default = "winners" if any(winners(r) for r in rows) else "full"
    which = row.segmented_control(
        t("Which answers"), _SETS, default=default, required=True, format_func=lambda k: names[k], key="back-set"
    )
    labels = [column_label(c) for c in comparison.columns]
    indices = list(range(len(labels)))
    columns = row.multiselect(
        t("From which columns"),
        indices,
        default=indices if which == "winners" else indices[:1],
        format_func=lambda i: labels[i],
        key=f"back-columns-{which}",
        placeholder=t("choose"),
        width=400,
    )
    chosen = choose(rows, which or default, columns)
    if not chosen:
        st.caption(t("No answer is like that. Choose “All” or another column, or vote first."))
        return
    ticked, edits = _table(grid, chosen, labels, key=f"back-rows-{which}-{'-'.join(map(str, columns))}")
    wanted = [chosen[i] for i in ticked] if ticked else chosen
    cells = [c for _, c in wanted if c.id not in grid.brought_back]
    draw_shares(project, comparing.arriving(grid, [c.id for c in cells]))
    if cells:
        st.caption(
            t(
                "Tick rows to take only those; without ticks all of them come back. An answer can be corrected in "
                "its place first: double-click it."
            )
        )
        _button(project, comparison, cells, edits)
    else:
        st.caption(t("All of these have come back already."))
    done = st.session_state.get("back-report")
    if done and done[0] == comparison.id:
        _report(done[1])


def _table(
    grid: Grid, chosen: Sequence[tuple[GridRow, Cell]], labels: Sequence[str], *, key: str
) -> tuple[list[int], dict[int, str]]:
    """Draw the answers to tick and correct; returns the ticked rows, and cell → corrected text."""
    take, answer = t("take"), t("answer")
    st.data_editor(
        {
            take: [False] * len(chosen),
            t("prompt"): [prompt_text(r.prompt) for r, _ in chosen],
            answer: [c.text for _, c in chosen],
            t("column"): [labels[c.column] for _, c in chosen],
            t("correct"): [c.correct for _, c in chosen],
            t("brought back"): [c.id in grid.brought_back for _, c in chosen],
        },
        disabled=[t("prompt"), t("column"), t("correct"), t("brought back")],
        hide_index=True,
        key=key,
        height=300,
    )
    changed = st.session_state.get(key, {}).get("edited_rows", {})
    ticked = [int(i) for i, row in changed.items() if row.get(take)]
    edits = {chosen[int(i)][1].id: str(row[answer]) for i, row in changed.items() if row.get(answer)}
    return ticked, edits


def _button(project: Project, comparison: Comparison, cells: Sequence[Cell], edits: Mapping[int, str]) -> None:
    label = tn(len(cells), "Bring back {n} answer", "Bring back {n} answers")
    if {p.id for p in comparison.prompts} & {p.id for p in comparing.held_out_prompts(project)}:
        text = t("These are held-out prompts: their answers come back, but snapshots leave them out of training.")
        st.warning(text, icon=":material/warning:")
    with st.popover(label, type="primary", icon=":material/keyboard_return:"):
        st.markdown(
            tn(
                len(cells),
                "{n} answer becomes a pending conversation of round {round}; run, condition, prompt, sampling and "
                "votes are kept as its provenance.",
                "{n} answers become pending conversations of round {round}; run, condition, prompt, sampling and "
                "votes are kept as their provenance.",
                round=comparison.round + 1,
            )
        )
        propose = st.toggle(
            t("Propose classes from the votes"),
            key="back-propose",
            help=t("Winners get the best class, losers the worst. Without this they stay untagged."),
        )
        if st.button(t("Do it"), type="primary", key="back-do"):
            ids = [c.id for c in cells]
            report = comparing.bring_back(
                project, comparison.id, ids, actor=state.curator(), propose=propose, edits=edits
            )
            st.session_state["back-report"] = (comparison.id, report)
            if report.imported:
                acting.notify(report.action)
            st.rerun()


def _report(report: comparing.BroughtBack) -> None:
    metric_row(
        [
            (t("Brought back"), report.imported, t("pending, round {n}", n=report.round)),
            (t("Already there"), report.already_there, t("brought back or imported before")),
            (t("Said before"), report.twins, t("new, but somebody answered the same")),
        ]
    )
    if st.button(t("Look at them in Browse"), icon=":material/forum:"):
        goto("browse", q=f"round:{report.round} status:pending")
