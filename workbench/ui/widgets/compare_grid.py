"""Answers side by side as one HTML block: prompts are rows, (model, condition) pairs are columns.

One block per page of rows keeps a grid of 300 prompts as quick as one of ten. Every text is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from workbench.curate.diff import word_diff
from workbench.domain.comparison import BASE, Cell, Column, Prompt
from workbench.services.comparing import ColumnFigures, GridRow
from workbench.ui.i18n import t
from workbench.ui.widgets.diff import diff_html


def winners(row: GridRow) -> set[int]:
    """Return the columns that won a vote over this prompt and lost none."""
    columns = {c.id: i for i, c in enumerate(row.cells) if c is not None}
    won: set[int] = set()
    lost: set[int] = set()
    for vote in row.votes:
        left, right = columns.get(vote.left_cell), columns.get(vote.right_cell)
        if left is None or right is None or vote.choice not in ("left", "right"):
            continue
        won.add(left if vote.choice == "left" else right)
        lost.add(right if vote.choice == "left" else left)
    return won - lost


def prompt_text(prompt: Prompt) -> str:
    """Return what the user asks last; earlier turns of a longer prompt stand before it with their roles."""
    if len(prompt.messages) == 1:
        return prompt.messages[0].get("content", "")
    return "\n".join(f"{m.get('role', '')}: {m.get('content', '')}" for m in prompt.messages)


def marks_html(cell: Cell) -> str:
    """Return the program's verdict on an answer as small marks; empty where nothing was checkable."""
    marks = []
    if cell.correct is not None:
        word, kind = (t("correct"), "good") if cell.correct else (t("wrong"), "bad")
        marks.append(f'<span class="wl-mark wl-{kind}">{escape(word)}</span>')
    if cell.full:
        marks.append(f'<span class="wl-mark wl-good">{escape(t("full quality"))}</span>')
    return "".join(marks)


def cell_html(
    cell: Cell | None,
    *,
    won: bool = False,
    against: Cell | None = None,
    model: str | None = None,
    growing: str | None = None,
) -> str:
    """Return one answer with its marks, tokens and time; one that is still to come is as long as it is by now.

    Args:
        cell: The answer.
        won: True marks the winner of a vote.
        against: Another answer; what differs from it is marked word by word.
        model: Hash of the model's weights; given, the proof of conditioning stands under the answer.
        growing: Of an answer to come, what is written so far.
    """
    if cell is None and growing is not None:
        text = f'{escape(growing)} <span class="wl-quiet">▍</span>'
        return f'<div class="wl-cell wl-growing"><div class="wl-text" dir="auto">{text}</div></div>'
    if cell is None:
        return f'<div class="wl-cell wl-waiting">{escape(t("not generated yet"))}</div>'
    foot = [t("{n} tokens", n=cell.n_tokens)]
    if cell.seconds:
        foot.append(f"{cell.seconds:.2f} s")
    if won:
        foot.append(t("won the vote"))
    body = escape(cell.text) or f"<i>{escape(t('(empty answer)'))}</i>"
    if against is not None and against.text != cell.text:
        body = diff_html(word_diff(against.text, cell.text), context=None)
    return (
        f'<div class="wl-cell{" wl-won" if won else ""}"><div class="wl-text" dir="auto">{body}</div>'
        f'<div class="wl-foot">{marks_html(cell)}<span>{escape(" · ".join(foot))}</span></div>'
        f"{'' if model is None else proof_html(cell, model)}</div>"
    )


def proof_html(cell: Cell, model: str) -> str:
    """Return which ids and which weights an answer came from, in hashes: equal hashes, equal questions."""
    text = t("prompt {prompt} · model {model}", prompt=cell.rendered_hash[:8] or "–", model=model[:8] or "–")
    hint = t("hash of the token ids the model was given, and of its weights")
    return f'<div class="wl-foot wl-quiet" title="{escape(hint)}"><code>{escape(text)}</code></div>'


def grid_html(
    columns: Sequence[Column],
    rows: Sequence[GridRow],
    shown: Sequence[int],
    *,
    against: int | None = None,
    models: Mapping[int, str] | None = None,
    growing: Mapping[tuple[str, int], str] | None = None,
) -> str:
    """Return a page of the grid.

    Args:
        columns: All columns of the comparison.
        rows: The rows of this page.
        shown: Indices of the columns to draw, in order.
        against: Column from which the others' differences are marked, or None.
        models: Column → hash of its model; given, the proof of conditioning stands under every answer.
        growing: (prompt id, column) → what is written so far of an answer to come.
    """
    template = f"grid-template-columns: minmax(9rem, 0.8fr) repeat({len(shown)}, minmax(11rem, 1fr))"
    parts = [f'<div class="wl-grid" style="{template}"><div class="wl-head">{escape(t("Prompt"))}</div>']
    parts += [f'<div class="wl-head">{column_head(columns[i])}</div>' for i in shown]
    for row in rows:
        parts.append(
            f'<div class="wl-prompt" dir="auto">{escape(prompt_text(row.prompt))}'
            f'<div class="wl-foot"><span>{escape(row.prompt.id)}</span></div></div>'
        )
        won = winners(row)
        first = None if against is None else row.cells[against]
        parts += [
            cell_html(
                row.cells[i],
                won=i in won,
                against=None if i == against else first,
                model=None if models is None else models.get(i, ""),
                growing=None if growing is None else growing.get((row.prompt.id, i)),
            )
            for i in shown
        ]
    return "".join(parts) + "</div>"


def column_label(column: Column) -> str:
    """Return a column's label; the base is called so in the reader's language."""
    return t("base") if column.label == BASE else column.label


def column_head(column: Column) -> str:
    """Return a column's head: its label, and the condition as it stands in the prompt."""
    condition = column.condition or t("no condition")
    return f'{escape(column_label(column))}<br><span class="wl-quiet">{escape(condition)}</span>'


def percent(rate: float | None) -> str:
    """Return a share as a percentage with one digit, or a dash where nothing was checkable."""
    return "–" if rate is None else f"{100 * rate:.1f} %"


def summary_rows(summary: Sequence[ColumnFigures]) -> list[dict[str, str]]:
    """Return the column figures as table rows: rates with their 95 % intervals, votes, length."""
    return [
        {
            t("column"): column_label(s.column),
            t("condition"): s.column.condition or t("no condition"),
            t("answered"): f"{s.answered:,}",
            t("correct"): percent(s.correct_rate) + _between(s.correct_interval),
            t("full quality"): percent(s.full_rate) + _between(s.full_interval),
            t("mean tokens"): f"{s.mean_tokens:.1f}" if s.answered else "–",
            t("votes won / tied / lost"): (
                f"{s.wins} / {s.ties} / {s.losses}" if s.wins + s.ties + s.losses else "–"
            ),
        }
        for s in summary
    ]


def _between(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f" ({100 * interval[0]:.0f}–{100 * interval[1]:.0f})"
