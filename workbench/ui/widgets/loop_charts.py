"""Plotly figures of the later pages: loss curves, similarity histogram, rounds, sampling rates.

Colours carry meaning only where a class has one; lines and text leave theirs to the page's theme, so that one
figure serves light and dark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from workbench.ui.i18n import t
from workbench.ui.theme import CATEGORICAL
from workbench.ui.widgets.run_curves import RunCurves, smooth

ACCENT, HELD_OUT = CATEGORICAL[0], CATEGORICAL[1]
QUIET = "rgba(128,128,128,0.45)"
HEIGHT = 280
CHART_CONFIG = {"displayModeBar": False, "scrollZoom": False}


def _layout(figure: go.Figure, *, x: str, y: str, height: int = HEIGHT, legend: bool = True) -> go.Figure:
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


def loss_figure(curves: RunCurves) -> go.Figure:
    """Loss over steps: weighted (raw and smoothed), unweighted and held-out."""
    figure = go.Figure()
    xs, ys = curves.series("loss")
    figure.add_scatter(
        x=xs, y=ys, mode="lines", line={"color": QUIET, "width": 1}, showlegend=False, hoverinfo="skip"
    )
    figure.add_scatter(
        x=xs, y=smooth(ys), mode="lines", name=t("weighted (trained on)"), line={"color": ACCENT, "width": 2}
    )
    xs, ys = curves.series("loss_unweighted")
    if ys:
        figure.add_scatter(
            x=xs,
            y=smooth(ys),
            mode="lines",
            name=t("unweighted"),
            line={"color": ACCENT, "width": 1.5, "dash": "dot"},
        )
    xs, ys = curves.eval_series("loss")
    if ys:
        figure.add_scatter(
            x=xs, y=ys, mode="lines+markers", name=t("held out"), line={"color": HELD_OUT, "width": 2}
        )
    return _layout(figure, x=t("step"), y=t("loss per token"))


def class_loss_figure(curves: RunCurves, colours: Mapping[str, str]) -> go.Figure:
    """Loss of each class: lines while training, diamonds on held-out conversations."""
    figure = go.Figure()
    for name in curves.class_names():
        colour = colours.get(name, ACCENT)
        xs, ys = curves.series("loss_by_class", name)
        if ys:
            figure.add_scatter(
                x=xs, y=smooth(ys), mode="lines", name=name, line={"color": colour, "width": 1.5}
            )
        xs, ys = curves.eval_series("loss_by_class", name)
        if ys:
            figure.add_scatter(
                x=xs,
                y=ys,
                mode="markers",
                name=t("{name}, held out", name=name),
                marker={"color": colour, "symbol": "diamond", "size": 8},
            )
    return _layout(figure, x=t("step"), y=t("loss per token"))


def small_figure(xs: Sequence[float], ys: Sequence[float], label: str) -> go.Figure:
    """One quiet line: learning rate, gradient norm, tokens per second."""
    figure = go.Figure()
    figure.add_scatter(x=list(xs), y=list(ys), mode="lines", line={"color": ACCENT, "width": 1.5})
    return _layout(figure, x=t("step"), y=label, height=180, legend=False)


def similarity_histogram(scores: Sequence[float], threshold: float, *, bins: int = 40) -> go.Figure:
    """How many pairs are how similar, with the threshold drawn in.

    Args:
        scores: Similarity of every stored pair, 0 to 1.
        threshold: Pairs at or above it count as duplicates.
        bins: Number of bars between the lowest score and 1.
    """
    low = min([*scores, threshold, 0.95])
    width = max((1.0 - low) / bins, 1e-3)
    counts = [0] * bins
    for score in scores:
        counts[min(bins - 1, max(0, int((score - low) / width)))] += 1
    centres = [low + (i + 0.5) * width for i in range(bins)]
    figure = go.Figure()
    figure.add_bar(
        x=centres,
        y=counts,
        width=width * 0.9,
        marker={"color": [ACCENT if c >= threshold else QUIET for c in centres]},
        hovertemplate=t("similarity %{x:.2f}: %{y} pairs") + "<extra></extra>",
    )
    figure.add_vline(x=threshold, line={"color": HELD_OUT, "width": 2})
    _layout(figure, x=t("similarity"), y=t("pairs"), height=200, legend=False)
    # One bar of exact copies would hide the shoulder where the threshold is decided.
    if max(counts) > 50:
        figure.update_yaxes(type="log")
    return figure


def rounds_figure(rounds: Sequence[int], series: Mapping[str, Sequence[float | None]]) -> go.Figure:
    """Rates over rounds, one line per name.

    Args:
        rounds: Round numbers.
        series: Name to one share from 0 to 1 per round, or None where unknown.
    """
    figure = go.Figure()
    for i, (name, values) in enumerate(series.items()):
        figure.add_scatter(
            x=list(rounds),
            y=[None if v is None else 100 * v for v in values],
            mode="lines+markers",
            name=name,
            line={"color": CATEGORICAL[i % len(CATEGORICAL)], "width": 2},
            connectgaps=True,
        )
    _layout(figure, x=t("round"), y=t("percent"))
    figure.update_xaxes(tickmode="array", tickvals=list(rounds))
    figure.update_yaxes(range=[0, 100])
    return figure
