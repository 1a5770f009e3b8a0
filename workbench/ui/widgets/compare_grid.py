"""Answers side by side as one HTML block: prompts are rows, (model, condition) pairs are columns.

One block per page of rows keeps a grid of 300 prompts as quick as one of ten. Every text is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from workbench.domain.comparison import Cell, Column, ColumnSummary, Prompt
from workbench.ui.i18n import t


@dataclass(frozen=True, slots=True)
class GridRow:
    """A prompt and what each column answered.

    Attributes:
        prompt: The prompt.
        cells: Column index to answer; a column that has not answered yet is absent.
        winner: Index of the column that won the last vote, or None.
    """

    prompt: Prompt
    cells: Mapping[int, Cell]
    winner: int | None = None


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


def cell_html(cell: Cell | None, *, won: bool = False) -> str:
    """Return one answer with its marks, tokens and time; a waiting answer is a quiet dash."""
    if cell is None:
        return f'<div class="wl-cell wl-waiting">{escape(t("not generated yet"))}</div>'
    foot = [t("{n} tokens", n=cell.n_tokens)]
    if cell.seconds:
        foot.append(f"{cell.seconds:.2f} s")
    if won:
        foot.append(t("won the vote"))
    body = escape(cell.text) or f"<i>{escape(t('(empty answer)'))}</i>"
    return (
        f'<div class="wl-cell{" wl-won" if won else ""}"><div class="wl-text" dir="auto">{body}</div>'
        f'<div class="wl-foot">{marks_html(cell)}<span>{escape(" · ".join(foot))}</span></div></div>'
    )


def grid_html(columns: Sequence[Column], rows: Sequence[GridRow], shown: Sequence[int]) -> str:
    """Return a page of the grid.

    Args:
        columns: All columns of the comparison.
        rows: The rows of this page.
        shown: Indices of the columns to draw, in order.
    """
    template = f"grid-template-columns: minmax(9rem, 0.8fr) repeat({len(shown)}, minmax(11rem, 1fr))"
    parts = [f'<div class="wl-grid" style="{template}"><div class="wl-head">{escape(t("Prompt"))}</div>']
    parts += [f'<div class="wl-head">{column_head(columns[i])}</div>' for i in shown]
    for row in rows:
        parts.append(
            f'<div class="wl-prompt" dir="auto">{escape(prompt_text(row.prompt))}'
            f'<div class="wl-foot"><span>{escape(row.prompt.id)}</span></div></div>'
        )
        parts += [cell_html(row.cells.get(i), won=row.winner == i) for i in shown]
    return "".join(parts) + "</div>"


def column_head(column: Column) -> str:
    """Return a column's head: its label, and the condition as it stands in the prompt."""
    condition = column.condition or t("no condition")
    return f'{escape(column.label)}<br><span class="wl-quiet">{escape(condition)}</span>'


def percent(rate: float | None) -> str:
    """Return a share as a percentage with one digit, or a dash where nothing was checkable."""
    return "–" if rate is None else f"{100 * rate:.1f} %"


def wilson(rate: float | None, n: int, z: float = 1.96) -> tuple[float, float] | None:
    """Return the 95 % Wilson interval of a share, or None where there is none to give.

    Args:
        rate: The share, 0 to 1.
        n: How many it was counted over.
        z: Normal quantile; 1.96 is 95 %.
    """
    if rate is None or n <= 0:
        return None
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z * ((rate * (1 - rate) / n + z * z / (4 * n * n)) ** 0.5) / (1 + z * z / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def summary_rows(summary: Sequence[ColumnSummary]) -> list[dict[str, str]]:
    """Return the column figures as table rows: rates with their 95 % intervals, votes, length."""
    return [
        {
            t("column"): s.column.label,
            t("condition"): s.column.condition or t("no condition"),
            t("answered"): f"{s.answered:,}",
            t("correct"): _with_interval(s.correct_rate, s.answered),
            t("full quality"): _with_interval(s.full_rate, s.answered),
            t("mean tokens"): f"{s.mean_tokens:.1f}",
            t("votes won / lost / tied"): f"{s.wins} / {s.losses} / {s.ties}",
        }
        for s in summary
    ]


def _with_interval(rate: float | None, n: int) -> str:
    bounds = wilson(rate, n)
    return percent(rate) if bounds is None else f"{percent(rate)} ({100 * bounds[0]:.0f}–{100 * bounds[1]:.0f})"
