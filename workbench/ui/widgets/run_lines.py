"""What a run's charts hold, apart from who draws it: light drawing while it lives, Plotly once it has ended.

`loss_chart`, `class_loss_chart` and `small_charts` turn a run's series into `Chart`s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from workbench.ui.i18n import t
from workbench.ui.theme import CATEGORICAL
from workbench.ui.widgets.run_curves import RunCurves, smooth, thin

ACCENT, HELD_OUT = CATEGORICAL[0], CATEGORICAL[1]
QUIET = "rgba(128,128,128,0.45)"
LIGHT_POINTS = 240
"""Points of a line that is drawn while the run lives: half a screen has no more."""


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a chart.

    Attributes:
        name: As the legend says it; empty: the legend and the readout leave it out.
        x: Steps, ascending.
        y: Values, one each.
        colour: Hexadecimal colour.
        width: Pixels.
        dotted: Drawn as dots.
        marks: Every value has a mark.
        joined: The values are joined by a line.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    colour: str = ACCENT
    width: float = 1.5
    dotted: bool = False
    marks: bool = False
    joined: bool = True


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over the run's steps; `legend` says which is which."""

    y: str
    lines: tuple[Line, ...]
    legend: bool = True

    def light(self) -> dict[str, Any]:
        """Return it as the browser's light drawing takes it: fewer points, five digits."""
        return {"y": self.y, "legend": self.legend, "lines": [_light(line) for line in self.lines]}


def _light(line: Line) -> dict[str, Any]:
    xs, ys = thin([int(x) for x in line.x], [float(y) for y in line.y], LIGHT_POINTS)
    return asdict(line) | {"x": xs, "y": [float(f"{y:.5g}") for y in ys]}


def loss_chart(curves: RunCurves) -> Chart:
    """Loss over steps: weighted (raw and smoothed), unweighted, held out both ways."""
    xs, ys = curves.series("loss")
    lines = [
        Line("", xs, ys, QUIET, 1),
        Line(t("weighted (trained on)"), xs, smooth(ys), ACCENT, 2),
    ]
    xs, ys = curves.series("loss_unweighted")
    lines.append(Line(t("unweighted"), xs, smooth(ys), ACCENT, dotted=True))
    lines.append(Line(t("held out"), *curves.eval_series("loss"), HELD_OUT, 2, marks=True))
    lines.append(
        Line(t("held out, weighted"), *curves.eval_series("loss_weighted"), HELD_OUT, dotted=True, marks=True)
    )
    return Chart(t("loss per token"), tuple(line for line in lines if line.y))


def class_loss_chart(curves: RunCurves, colours: Mapping[str, str]) -> Chart:
    """Loss of each class: lines while training, marks on held-out conversations."""
    lines = []
    for name in curves.class_names():
        colour = colours.get(name, ACCENT)
        xs, ys = curves.series("loss_by_class", name)
        lines.append(Line(name, xs, smooth(ys), colour))
        xs, ys = curves.eval_series("loss_by_class", name)
        lines.append(Line(t("{name}, held out", name=name), xs, ys, colour, marks=True, joined=False))
    return Chart(t("loss per token"), tuple(line for line in lines if line.y))


def small_charts(curves: RunCurves) -> list[Chart]:
    """One quiet line each: pace, learning rate, gradient norm, swap test, memory, where measured."""
    small = (
        (t("tokens per second"), curves.series("tokens_per_second")),
        (t("learning rate"), curves.series("learning_rate")),
        (t("gradient norm"), curves.series("grad_norm")),
        (t("swap test"), curves.swap_series()),
        (t("memory, GB"), _gigabytes(*curves.series("peak_memory_bytes"))),
    )
    return [
        Chart(label, (Line(label, xs, ys, marks=len(xs) == 1),), legend=False)
        for label, (xs, ys) in small
        if ys  # no swap test without conditions
    ]


def _gigabytes(xs: list[int], ys: list[float]) -> tuple[list[int], list[float]]:
    return xs, [y / 1e9 for y in ys]
