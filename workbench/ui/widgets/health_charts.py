"""Figures of the data set's health; colours of classes, one look in light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from workbench.ui.theme import CATEGORICAL, NEUTRAL
from workbench.ui.widgets.chips import safe_colour

ROWS_SHOWN = 12
LONGEST_LABEL = 28


def stacked_figure(
    rows: Mapping[str, Mapping[str, int]], names: Mapping[str, str], colours: Mapping[str, str], *, upright: bool
) -> go.Figure:
    """Return stacked bars: a bar for each value, a part for each class.

    Args:
        rows: Value to class to count; the first `ROWS_SHOWN` are drawn.
        names: Class to what it is called, in the order of the parts.
        colours: Class to hexadecimal colour.
        upright: Columns over time instead of rows.
    """
    values = list(rows)[:ROWS_SHOWN]
    figure = go.Figure()
    for name, called in names.items():
        counts = [rows[value].get(name, 0) for value in values]
        if not any(counts):
            continue
        labels = [_cut(value) for value in values]
        figure.add_bar(
            x=labels if upright else counts,
            y=counts if upright else labels,
            orientation="v" if upright else "h",
            name=_cut(called),
            marker={"color": safe_colour(colours.get(name, NEUTRAL))},
            hovertemplate=f"%{{{'y' if upright else 'x'}:,}} {_cut(called)}<extra></extra>",
        )
    figure.update_layout(
        barmode="stack",
        height=220 if upright else max(120, 26 * len(values) + 60),
        margin={"l": 0, "r": 10, "t": 26, "b": 4},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        bargap=0.25,
    )
    figure.update_xaxes(fixedrange=True, automargin=True, type="category" if upright else "linear")
    figure.update_yaxes(fixedrange=True, automargin=True)
    if not upright:
        figure.update_yaxes(autorange="reversed", type="category", ticks="")
    return figure


def histogram_figure(bars: Sequence[tuple[str, int]], colour: str = CATEGORICAL[0]) -> go.Figure:
    """Return columns, one for each range."""
    figure = go.Figure(
        go.Bar(
            x=[label for label, _ in bars],
            y=[n for _, n in bars],
            marker={"color": colour},
            hovertemplate="%{y:,}<extra></extra>",
        )
    )
    figure.update_layout(height=190, margin={"l": 0, "r": 4, "t": 6, "b": 4}, bargap=0.12, showlegend=False)
    figure.update_xaxes(fixedrange=True, type="category", automargin=True)
    figure.update_yaxes(fixedrange=True, automargin=True)
    return figure


def _cut(text: str) -> str:
    """Return a short label; plotly reads a few HTML tags in labels, so angle brackets are replaced."""
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"
