"""Judge answers one prompt at a time: two panes, four keys, sides shuffled and classes hidden if wished."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from typing import get_args

import streamlit as st

from workbench.domain.comparison import Cell, Choice, Column
from workbench.services import comparing
from workbench.services.comparing import GridRow
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.widgets.compare_grid import cell_html, column_head, prompt_text
from workbench.ui.widgets.errors import guarded

CHOICES: tuple[Choice, ...] = get_args(Choice)
_KEYS: Mapping[Choice, str] = {"left": "1", "right": "2", "tie": "3", "both-bad": "4"}


def sides(prompt_id: str, pair: tuple[int, int], *, blind: bool) -> tuple[int, int]:
    """Return which column stands left and which right.

    Blind judging shuffles the sides, by a hash: the same row looks the same after a reload, and a judge cannot
    learn where the better column stands.
    """
    if not blind:
        return pair
    digest = hashlib.sha256(f"{prompt_id}|{min(pair)}|{max(pair)}".encode()).digest()
    return pair if digest[0] % 2 == 0 else (pair[1], pair[0])


def judged(row: GridRow, pair: tuple[int, int], actor: str) -> bool:
    """Return whether a judge has voted over these two columns of a row."""
    cells = {cell.id for cell in (row.cells[pair[0]], row.cells[pair[1]]) if cell is not None}
    return any(v.actor == actor and {v.left_cell, v.right_cell} == cells for v in row.votes)


def draw_vote(project: Project, columns: Sequence[Column], rows: Sequence[GridRow]) -> None:
    """Draw the voting queue: the first row that this curator has not judged, and what is left."""
    if len(columns) < 2:
        st.caption(t("A vote needs two columns."))
        return
    left, right, hide = st.columns([2, 2, 1], vertical_alignment="bottom")
    labels = [_label(c) for c in columns]
    indices = list(range(len(columns)))
    a = left.selectbox(t("This column"), indices, index=0, format_func=lambda i: labels[i], key="vote-a")
    b = right.selectbox(t("against"), indices, index=1, format_func=lambda i: labels[i], key="vote-b")
    blind = hide.toggle(
        t("Blind"), value=True, key="vote-blind", help=t("Sides shuffled, columns named after the vote.")
    )
    if a == b:
        st.caption(t("Choose two different columns."))
        return
    queue = [r for r in rows if r.cells[a] is not None and r.cells[b] is not None]
    open_rows = [r for r in queue if not judged(r, (a, b), state.curator())]
    done = len(queue) - len(open_rows)
    st.progress(
        done / len(queue) if queue else 0.0, text=t("{done} of {n} prompts judged", done=done, n=len(queue))
    )
    _reveal(columns)
    if not queue:
        st.caption(t("No prompt has both answers yet."))
    elif not open_rows:
        st.success(t("Every prompt with both answers is judged. The results stand above the grid."))
    else:
        _judge(project, open_rows[0], sides(open_rows[0].prompt.id, (a, b), blind=blind), columns, blind)


def _label(column: Column) -> str:
    return column.label


def _reveal(columns: Sequence[Column]) -> None:
    """Say what the last vote was about, once it is cast."""
    last = st.session_state.get("vote-last")
    if not last:
        return
    choice, left, right = last
    words = {"left": t("left"), "right": t("right"), "tie": t("tie"), "both-bad": t("both bad")}
    st.caption(
        t(
            "Last vote: {choice}. Left was {left}, right was {right}.",
            choice=words[choice],
            left=columns[left].label.replace("[", "\\["),
            right=columns[right].label.replace("[", "\\["),
        )
    )


@guarded
def _judge(
    project: Project,
    row: GridRow,
    pair: tuple[int, int],
    columns: Sequence[Column],
    blind: bool,
) -> None:
    left, right = row.cells[pair[0]], row.cells[pair[1]]
    if left is None or right is None:
        return
    heads = ("", "") if blind else (column_head(columns[pair[0]]), column_head(columns[pair[1]]))
    st.html(judge_html(row, (left, right), heads))
    words = {"left": t("Left"), "right": t("Right"), "tie": t("Tie"), "both-bad": t("Both bad")}
    with st.container(horizontal=True, horizontal_alignment="center", key="wl-vote-buttons"):
        for choice in CHOICES:
            if st.button(words[choice], key=f"vote-{choice}", shortcut=_KEYS[choice]):
                comparing.vote(project, left.id, right.id, choice, actor=state.curator(), blind=blind)
                st.session_state["vote-last"] = (choice, *pair)
                st.rerun()


def judge_html(row: GridRow, cells: tuple[Cell, Cell], heads: tuple[str, str]) -> str:
    """Return prompt and two answers; a blind head is empty, and marks and times are left out with it."""
    blind = not any(heads)
    panes = []
    for cell, head, name in zip(cells, heads, (t("Left"), t("Right")), strict=True):
        text = escape(cell.text) or f"<i>{escape(t('(empty answer)'))}</i>"
        body = f'<div class="wl-text" dir="auto">{text}</div>' if blind else cell_html(cell)
        panes.append(f'<div class="wl-pane"><div class="wl-title">{head or escape(name)}</div>{body}</div>')
    return (
        f'<div class="wl-asked wl-prompt" dir="auto">{escape(prompt_text(row.prompt))}</div>'
        f'<div class="wl-duo">{"".join(panes)}</div>'
    )
