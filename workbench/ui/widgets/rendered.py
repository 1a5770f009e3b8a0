"""A conversation as the model is trained on it: control text marked, supervised text shaded by its weight."""

from __future__ import annotations

from collections.abc import Iterable
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


def rendered_html(segments: Iterable[RenderedSegment], loss_weight: float) -> str:
    """Return rendered text as HTML.

    Args:
        segments: The segments in order.
        loss_weight: Weight of the conversation's supervised tokens, 1 for the best class.
    """
    alpha = 0.10 + 0.45 * min(1.0, max(0.0, loss_weight))
    shade = f"background: rgba(46,158,91,{alpha:.2f}); border-radius: .2rem;"
    parts = ['<div class="wl-render" dir="auto">']
    for segment in segments:
        style = f' style="{shade}"' if segment.supervised and loss_weight > 0 else ""
        kind = ' class="wl-control"' if segment.control else ""
        parts.append(f"<span{kind}{style}>{escape(segment.text)}</span>")
    return "".join(parts) + "</div>"


def rendered_legend(loss_weight: float) -> str:
    """Return a few words that say what the shading means."""
    return t("learnt with weight {weight}", weight=f"{loss_weight:.3g}")
