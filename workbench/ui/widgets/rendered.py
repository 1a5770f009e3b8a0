"""A conversation as the model is trained on it: control text marked, supervised text shaded by its weight."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Protocol

from workbench.ui.i18n import t


class RenderedSegment(Protocol):
    """What `crlft.template.render` yields: a stretch of text and what it is."""

    @property
    def text(self) -> str:
        """The text."""
        ...

    @property
    def control(self) -> bool:
        """Whether it was written by the template, not by a person."""
        ...

    @property
    def supervised(self) -> bool:
        """Whether the loss is computed on it."""
        ...

    @property
    def turn(self) -> int:
        """Index of the turn it belongs to, or -1."""
        ...


def rendered_html(segments: Iterable[RenderedSegment], turn_weights: Sequence[float]) -> str:
    """Return rendered text as HTML.

    Args:
        segments: The segments in order.
        turn_weights: What a supervised token of each turn weighs; 1 is the best class's weight.
    """
    parts = ['<div class="wl-render" dir="auto">']
    for segment in segments:
        weight = turn_weights[segment.turn] if segment.supervised else 0.0
        style = f' style="{_shade(weight)}" title="{weight:.3g}"' if weight > 0 else ""
        kind = ' class="wl-control"' if segment.control else ""
        parts.append(f"<span{kind}{style}>{escape(segment.text)}</span>")
    return "".join(parts) + "</div>"


def _shade(weight: float) -> str:
    alpha = 0.10 + 0.45 * min(1.0, weight)
    return f"background: rgba(46,158,91,{alpha:.2f}); border-radius: .2rem;"


def rendered_legend(turn_weights: Sequence[float]) -> str:
    """Return a few words that say what the shading means; turns of weight 0 are not spoken of."""
    weights = sorted({f"{w:.3g}" for w in turn_weights if w > 0}, key=float)
    if len(weights) > 1:
        return t("learnt with weights {least} to {most}, turn by turn", least=weights[0], most=weights[-1])
    return t("learnt with weight {weight}", weight=weights[0] if weights else "0")
