"""A run's curves as a picture and as a page that needs no network: from its events, into the model's folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9")
"""Okabe and Ito's colours, told apart by colour-blind readers too."""


@dataclass
class Curves:
    """What is drawn; each series is (steps, values).

    Attributes:
        loss: The weighted training loss.
        train: Training loss per class.
        held_out: Held-out loss per class.
        swap: Held-out loss under the wrong condition minus that under the right one, per class.
    """

    loss: tuple[list[int], list[float]] = field(default_factory=lambda: ([], []))
    train: dict[str, tuple[list[int], list[float]]] = field(default_factory=dict)
    held_out: dict[str, tuple[list[int], list[float]]] = field(default_factory=dict)
    swap: dict[str, tuple[list[int], list[float]]] = field(default_factory=dict)


def read_curves(events: Sequence[dict[str, Any]]) -> Curves:
    """Return the series of a run's events; of a step told twice, after a resume, the later telling counts."""
    steps = {e["step"]: e for e in events if e["event"] == "step"}
    evaluations = {e["step"]: e for e in events if e["event"] == "eval"}
    out = Curves()
    for step, event in sorted(steps.items()):
        _add(out.loss, step, event["loss"])
        for name, value in event["loss_by_class"].items():
            _add(out.train.setdefault(name, ([], [])), step, value)
    for step, event in sorted(evaluations.items()):
        for name, value in event["loss_by_class"].items():
            _add(out.held_out.setdefault(name, ([], [])), step, value)
        for name, pair in event.get("swap", {}).items():
            _add(out.swap.setdefault(name, ([], [])), step, pair["wrong"] - pair["right"])
    return out


def write_curves(events: Sequence[dict[str, Any]], folder: Path) -> None:
    """Write `curves.png` and `curves.html`."""
    curves = read_curves(events)
    _write_png(curves, folder / "curves.png")
    _write_html(curves, folder / "curves.html")


def smoothed(values: Sequence[float], share: float = 0.02) -> list[float]:
    """Return an exponential moving average over about a `share` of the series, without the usual late start."""
    decay = 1 - 1 / max(1.0, share * len(values))
    out: list[float] = []
    total = weight = 0.0
    for value in values:
        total = decay * total + (1 - decay) * value if decay else value
        weight = decay * weight + (1 - decay) if decay else 1.0
        out.append(total / weight)
    return out


def _add(series: tuple[list[int], list[float]], step: int, value: float) -> None:
    series[0].append(step)
    series[1].append(value)


def _write_png(curves: Curves, path: Path) -> None:
    from matplotlib.figure import Figure  # no pyplot: no display, no global state

    figure = Figure(figsize=(11, 4), dpi=110, layout="constrained")
    left, right = figure.subplots(1, 2)
    for number, (name, (steps, values)) in enumerate(curves.train.items()):
        colour = PALETTE[number % len(PALETTE)]
        left.plot(steps, values, color=colour, alpha=0.15, linewidth=0.8)
        left.plot(steps, smoothed(values), color=colour, label=f"{name}, training")
        if name in curves.held_out:
            left.plot(*curves.held_out[name], "o--", color=colour, markersize=4, label=f"{name}, held out")
    left.set(xlabel="step", ylabel="loss, nats a token", title="Loss by class")
    left.legend(fontsize=8)
    for number, (name, series) in enumerate(curves.swap.items()):
        right.plot(*series, "o-", color=PALETTE[number % len(PALETTE)], markersize=4, label=name)
    right.axhline(0, color="grey", linewidth=0.8)
    right.set(xlabel="step", ylabel="nats a token", title="Swap test: wrong condition minus right one")
    if curves.swap:
        right.legend(fontsize=8)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def _write_html(curves: Curves, path: Path) -> None:
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    titles = ("Loss by class, nats a token", "Swap test: wrong condition minus right one")
    figure = make_subplots(1, 2, subplot_titles=titles)
    for number, name in enumerate(curves.train):
        colour = PALETTE[number % len(PALETTE)]
        steps, values = curves.train[name]
        line = {"color": colour}
        figure.add_trace(go.Scatter(x=steps, y=smoothed(values), name=f"{name}, training", line=line), 1, 1)
        for label, found, column, dash in (
            ("held out", curves.held_out, 1, "dash"),
            ("swap test", curves.swap, 2, "solid"),
        ):
            if name in found:
                x, y = found[name]
                style = {**line, "dash": dash}
                trace = go.Scatter(x=x, y=y, name=f"{name}, {label}", line=style, mode="lines+markers")
                figure.add_trace(trace, 1, column)
    figure.update_xaxes(title_text="step")
    figure.update_layout(template="plotly_white", height=480)
    figure.write_html(path, include_plotlyjs=True)
