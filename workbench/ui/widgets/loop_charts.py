"""Plotly figures of the later pages: loss curves, similarity histogram, rounds, sampling rates.

Colours carry meaning only where a class has one; lines and text leave theirs to the page's theme, so that one
figure serves light and dark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from workbench.ui.i18n import t
from workbench.ui.theme import CATEGORICAL
from workbench.ui.widgets.run_lines import ACCENT, HELD_OUT, QUIET, Chart

HEIGHT = 280
CHART_CONFIG = {"displayModeBar": False, "scrollZoom": False}


def figure_layout(
    figure: go.Figure, *, x: str, y: str, height: int = HEIGHT, legend: bool = True
) -> go.Figure:
    """Give a figure the look of all: titles of the axes, a legend above, and zoom that survives redraws."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 28 if legend else 8, "b": 8},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        showlegend=legend,
        hovermode="x unified",
        uirevision="keep",  # zoom and hidden lines survive the redraw of a live chart
    )
    figure.update_xaxes(title=x, automargin=True)
    figure.update_yaxes(title=y, automargin=True)
    return figure


def chart_figure(chart: Chart, *, height: int = HEIGHT) -> go.Figure:
    """A run's chart with zoom and values under the pointer."""
    figure = go.Figure()
    for line in chart.lines:
        mode = "+".join(w for w, on in (("lines", line.joined), ("markers", line.marks)) if on)
        figure.add_scatter(
            x=list(line.x),
            y=list(line.y),
            mode=mode,
            name=line.name,
            line={"color": line.colour, "width": line.width, "dash": "dot" if line.dotted else "solid"},
            marker={"color": line.colour, "symbol": "circle" if line.joined else "diamond", "size": 8},
            showlegend=chart.legend and bool(line.name),
            hoverinfo=None if line.name else "skip",
        )
    return figure_layout(figure, x=t("step"), y=chart.y, height=height, legend=chart.legend)


def mass_figure(shares: Sequence[tuple[str, float]], colours: Mapping[str, str]) -> go.Figure:
    """One stacked bar: what the model will mostly learn from.

    Args:
        shares: (class, part of Σ weight × tokens), parts from 0 to 1.
        colours: Class name to colour.
    """
    figure = go.Figure()
    for name, share in shares:
        figure.add_bar(
            x=[100 * share],
            y=[""],
            orientation="h",
            name=name,
            marker={"color": colours.get(name)},
            text=[f"{name} {share:.0%}"] if share > 0.08 else None,
            textposition="inside",
            insidetextanchor="middle",
            insidetextfont={"color": "#ffffff"},
            hovertemplate=f"{share:.1%}<extra></extra>",
        )
    margin = {"l": 0, "r": 0, "t": 4, "b": 4}
    figure.update_layout(barmode="stack", height=60, margin=margin, showlegend=False, uirevision="keep")
    figure.update_xaxes(visible=False, range=[0, 100])
    figure.update_yaxes(visible=False)
    return figure


def similarity_histogram(bars: Sequence[tuple[float, int]], threshold: float) -> go.Figure:
    """How many pairs are how similar, with the threshold drawn in.

    Args:
        bars: (lower edge, pairs), ascending, of equal width up to 1.
        threshold: Pairs at or above it count as duplicates.
    """
    width = (1.0 - bars[0][0]) / len(bars) if bars else 1.0
    counts = [n for _, n in bars]
    figure = go.Figure()
    figure.add_bar(
        x=[edge + width / 2 for edge, _ in bars],
        y=counts,
        width=width * 0.9,
        marker={"color": [ACCENT if edge + width / 2 >= threshold else QUIET for edge, _ in bars]},
        hovertemplate=t("similarity {place}: {count} pairs", place="%{x:.2f}", count="%{y}") + "<extra></extra>",
    )
    figure.add_vline(x=threshold, line={"color": HELD_OUT, "width": 2})
    figure_layout(figure, x=t("similarity"), y=t("pairs"), height=200, legend=False)
    # One bar of exact copies would hide the shoulder where the threshold is decided.
    if max(counts, default=0) > 50:
        figure.update_yaxes(type="log", dtick=1)  # powers of ten only: the 2 and 5 between them read as 2 and 5
    return figure


RatePoint = tuple[float | None, tuple[float, float] | None]
"""A share from 0 to 1 and its interval, None where unknown."""


def rounds_figure(
    rounds: Sequence[int], series: Mapping[str, Sequence[RatePoint]], *, x: str = ""
) -> go.Figure:
    """Rates over rounds, one line per name, with their intervals.

    Args:
        rounds: Round numbers.
        series: Name to one rate per round.
        x: What is counted along the axis; empty: rounds.
    """
    figure = go.Figure()
    for i, (name, points) in enumerate(series.items()):
        known = [(n, r, b or (r, r)) for n, (r, b) in zip(rounds, points, strict=True) if r is not None]
        colour = CATEGORICAL[i % len(CATEGORICAL)]
        figure.add_scatter(
            x=[n for n, _, _ in known],
            y=[100 * r for _, r, _ in known],
            error_y={
                "type": "data",
                "array": [100 * (b[1] - r) for _, r, b in known],
                "arrayminus": [100 * (r - b[0]) for _, r, b in known],
                "thickness": 1,
            },
            mode="lines+markers",
            name=name,
            line={"color": colour, "width": 2},
        )
    figure_layout(figure, x=x or t("round"), y=t("percent"))
    figure.update_xaxes(tickmode="array", tickvals=list(rounds))
    figure.update_yaxes(range=[0, 101])
    return figure


def round_line(rounds: Sequence[int], values: Sequence[float | None], *, zero: bool = False) -> go.Figure:
    """One quiet line over rounds; a round without a figure is a gap.

    Args:
        rounds: Round numbers.
        values: One value per round, None where unknown.
        zero: True draws the line of zero.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=list(rounds), y=list(values), mode="lines+markers", line={"color": ACCENT, "width": 2}, connectgaps=False
    )
    figure_layout(figure, x=t("round"), y="", height=170, legend=False)
    figure.update_xaxes(tickmode="array", tickvals=list(rounds))
    figure.update_yaxes(rangemode="tozero")
    if zero:
        figure.add_hline(y=0, line={"color": QUIET, "width": 1})
    return figure
