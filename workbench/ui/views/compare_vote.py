"""Judge answers one prompt at a time: two panes, four keys, sides shuffled and classes hidden if wished."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from typing import get_args

import streamlit as st

from workbench.domain.comparison import Cell, Choice, Column
from workbench.domain.errors import PlanError
from workbench.services import comparing
from workbench.services.comparing import GridRow
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.widgets.compare_grid import cell_html, column_head, column_label, prompt_text, proof_html
from workbench.ui.widgets.errors import guarded, in_words, plain

CHOICES: tuple[Choice, ...] = get_args(Choice)
_KEYS: Mapping[Choice, str] = {"left": "1", "right": "2", "tie": "3", "both-bad": "4"}


def sides(prompt_id: str, pair: tuple[int, int], *, judge: str) -> tuple[int, int]:
    """Return which column stands left and which right.

    Blind judging shuffles the sides, by a hash: the same row looks the same after a reload, and a judge cannot
    learn where the better column stands.

    Args:
        prompt_id: Which prompt.
        pair: The two columns as chosen.
        judge: Who judges blind; empty leaves the sides as chosen.
    """
    if not judge:
        return pair
    low, high = sorted(pair)
    digest = hashlib.sha256(f"{judge}|{prompt_id}|{low}|{high}".encode()).digest()
    return (low, high) if digest[0] % 2 == 0 else (high, low)


def judged(row: GridRow, pair: tuple[int, int], actor: str) -> bool:
    """Return whether a judge has voted over these two columns of a row."""
    cells = {cell.id for cell in (row.cells[pair[0]], row.cells[pair[1]]) if cell is not None}
    return any(v.actor == actor and {v.left_cell, v.right_cell} == cells for v in row.votes)


@st.fragment
@guarded
def draw_vote(project: Project, comparison_id: int) -> None:
    """Draw the voting queue: the first row that this curator has not judged, and what is left."""
    grid = comparing.comparison_grid(project, comparison_id)
    columns, rows = grid.comparison.columns, grid.rows
    if len(columns) < 2:
        st.caption(t("A vote needs two columns."))
        return
    left, right, hide = st.columns([2, 2, 1], vertical_alignment="bottom")
    labels = [column_label(c) for c in columns]
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
    _standing(rows, (a, b), labels, len(queue) - len(open_rows), len(queue), hidden=blind and bool(open_rows))
    _reveal(project, comparison_id, labels)
    if not queue:
        st.caption(t("No prompt has both answers yet."))
    elif not open_rows:
        st.success(t("Every prompt with both answers is judged."), icon=":material/check:")
    else:
        row = open_rows[0]
        _judge(project, row, sides(row.prompt.id, (a, b), judge=state.curator() if blind else ""), columns, blind)


def _standing(
    rows: Sequence[GridRow], pair: tuple[int, int], labels: Sequence[str], done: int, total: int, *, hidden: bool
) -> None:
    """Draw how far the queue is, and the result so far unless that would give the game away."""
    text = t("{done} of {n} prompts judged", done=done, n=total)
    if done and not hidden:
        tally = pair_tally(rows, pair)
        text += " · " + t(
            "{left} {wins}, {right} {losses}, undecided {ties}",
            left=labels[pair[0]],
            right=labels[pair[1]],
            **tally,
        )
    st.progress(done / total if total else 0.0, text=plain(text))


def pair_tally(rows: Sequence[GridRow], pair: tuple[int, int]) -> dict[str, int]:
    """Count all judges' votes over two columns: `wins` of the first, `losses`, `ties` (both bad is a tie)."""
    tally = {"wins": 0, "losses": 0, "ties": 0}
    for row in rows:
        first, second = row.cells[pair[0]], row.cells[pair[1]]
        if first is None or second is None:
            continue
        for vote in row.votes:
            if {vote.left_cell, vote.right_cell} != {first.id, second.id}:
                continue
            chosen = {"left": vote.left_cell, "right": vote.right_cell}.get(vote.choice)
            outcome = "ties" if chosen is None else "wins" if chosen == first.id else "losses"
            tally[outcome] += 1
    return tally


def _reveal(project: Project, comparison_id: int, labels: Sequence[str]) -> None:
    """Say what the last vote was about, once it is cast; or why it was not."""
    last = st.session_state.get("vote-last")
    if isinstance(last, str):
        st.caption(last)
    elif last:
        choice, left, right, *cells = last
        words = {"left": t("left"), "right": t("right"), "tie": t("tie"), "both-bad": t("both bad")}
        text = t(
            "Last vote: {choice}. Left was {left}, right was {right}.",
            choice=words[choice],
            left=labels[left],
            right=labels[right],
        )
        st.caption(plain(text))
        grid = comparing.comparison_grid(project, comparison_id)
        models = comparing.proof(project, grid.comparison).fingerprints
        found = {c.id: c for r in grid.rows for c in r.cells if c is not None}
        shown = [found[c] for c in cells if c in found]
        if shown:
            panes = "".join(proof_html(c, models.get(c.column, "")) for c in shown)
            st.html(f'<div class="wl-duo" style="min-height:0">{panes}</div>')


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
            # A callback knows the answers that were on the screen; a fast second key cannot judge unseen ones.
            st.button(
                words[choice],
                key=f"vote-{choice}",
                shortcut=_KEYS[choice],
                on_click=_cast,
                args=(project, (left.id, right.id), pair, choice, blind),
            )


def _cast(project: Project, cells: tuple[int, int], pair: tuple[int, int], choice: Choice, blind: bool) -> None:
    try:
        comparing.vote(project, *cells, choice, actor=state.curator(), blind=blind)
    except PlanError as error:
        st.session_state["vote-last"] = in_words(error)
    else:
        st.session_state["vote-last"] = (choice, *pair, *cells)


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
