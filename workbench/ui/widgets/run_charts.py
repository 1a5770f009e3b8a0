"""Plotly figures of runs: how long the data is, and several runs laid over each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from workbench.services.lengths import Lengths
from workbench.ui.i18n import t
from workbench.ui.theme import CATEGORICAL
from workbench.ui.widgets.loop_charts import figure_layout
from workbench.ui.widgets.run_curves import smooth
from workbench.ui.widgets.run_lines import HELD_OUT

Line = tuple[str, Sequence[float], Sequence[float]]
"""A name with steps and values."""


def length_figure(found: Lengths, colours: Mapping[str, str]) -> go.Figure:
    """Conversations by length, stacked by class, with the line behind which the end is cut off.

    Args:
        found: The lengths.
        colours: Class name to colour.
    """
    figure = go.Figure()
    for name, counts in found.bars.items():
        figure.add_bar(
            x=[(i + 0.5) * found.width for i in range(len(counts))],
            y=list(counts),
            width=found.width * 0.94,
            name=name,
            marker={"color": colours.get(name)},
            hovertemplate="%{y:,}",
        )
    reach = max((len(c) for c in found.bars.values()), default=0) * found.width
    if found.cut_off <= reach:
        figure.add_vline(x=found.cut_off, line={"color": HELD_OUT, "width": 2, "dash": "dash"})
    figure.update_layout(barmode="stack")
    figure_layout(figure, x=t("tokens"), y=t("conversations"), height=210)
    figure.update_xaxes(range=[0, max(reach, 1)])
    return figure


def overlay_figure(lines: Sequence[Line], *, y: str, points: bool = False) -> go.Figure:
    """Several runs' series in one plot, each run in its colour.

    Args:
        lines: One a run, in the runs' order; a run without values keeps its colour.
        y: What the values are.
        points: Mark every value (few, measured ones); otherwise they are smoothed.
    """
    figure = go.Figure()
    for i, (name, xs, ys) in enumerate(lines):
        if ys:
            figure.add_scatter(
                x=list(xs),
                y=list(ys) if points else smooth(list(ys)),
                mode="lines+markers" if points else "lines",
                name=name,
                line={"color": CATEGORICAL[i % len(CATEGORICAL)], "width": 2},
            )
    return figure_layout(figure, x=t("step"), y=y, height=260)
