"""What a comparison says at a glance: figures per column, and what the condition alone changes."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from crlft.condition import ClassScheme
from workbench.services.comparing import Grid, column_difference
from workbench.services.statistics import Difference
from workbench.ui.i18n import t
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.compare_grid import column_label, summary_rows
from workbench.ui.widgets.layout import metric_row


@dataclass(frozen=True, slots=True)
class ConditionGap:
    """One model asked under the best and under the worst class.

    Attributes:
        model: The column's model.
        correct: Points by which the best condition is more often correct, or None where nothing was checkable.
        full: The same for full quality.
    """

    model: str
    correct: Difference | None
    full: Difference | None


def condition_gaps(grid: Grid, scheme: ClassScheme) -> list[ConditionGap]:
    """Return best minus worst condition, paired by prompt, for every model that answered under both."""
    places: dict[str, dict[str, int]] = {}
    for i, column in enumerate(grid.comparison.columns):
        places.setdefault(column.model, {})[column.condition] = i
    best, worst = scheme.best.condition, scheme.worst.condition
    return [
        ConditionGap(
            model,
            column_difference(grid, at[best], at[worst]),
            column_difference(grid, at[best], at[worst], full=True),
        )
        for model, at in places.items()
        if best != worst and best in at and worst in at
    ]


def draw_summary(grid: Grid, scheme: ClassScheme) -> None:
    """Draw what the condition changes, and the figures of all columns."""
    gaps = [g for g in condition_gaps(grid, scheme) if g.correct is not None]
    names = {c.model: column_label(c).rsplit("/", 1)[0] for c in grid.comparison.columns}
    items: list[tuple[str, object, str]] = []
    for gap in gaps:
        words = {"best": scheme.best.name, "worst": scheme.worst.name}
        where = f" · {names[gap.model]}" if len(gaps) > 1 else ""
        items.append((t("Correct: {best} minus {worst}", **words) + where, *_points(gap.correct)))
        items.append((t("Full quality: {best} minus {worst}", **words) + where, *_points(gap.full)))
    if items:
        metric_row(items)
    rows = summary_rows(grid.summary)
    if rows:
        table(list(rows[0]), [list(r.values()) for r in rows], numeric=range(2, 7))
        st.caption(t("In brackets: 95 % intervals. Full quality is correct, complete and polite."))


def _points(difference: Difference | None) -> tuple[str, str]:
    if difference is None:
        return "–", ""
    hint = t(
        "points; 95 % interval {low} to {high}, {n} prompts",
        low=f"{difference.low:+.1f}",
        high=f"{difference.high:+.1f}",
        n=difference.n,
    )
    return f"{difference.points:+.1f}", hint
