"""An answer coloured by how likely a model finds every token of it; all text is escaped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from workbench.ui.i18n import t

SURE, LOST = 0.9, 0.01
"""Probabilities at which a token has no colour, and the full one."""


def likelihood_html(tokens: Sequence[tuple[str, float]]) -> str:
    """Return an answer with every unlikely token shaded, the deeper the less likely; the chance stands on hover.

    Args:
        tokens: (text, log p in nats); an empty one at the end is the end of the turn.
    """
    parts: list[str] = []
    for place, (text, logp) in enumerate(tokens, start=1):
        shade = shade_of(logp)
        percent = f"{100 * math.exp(min(0.0, logp)):.1f} %"
        shown = escape(text) or ("⏎" if place == len(tokens) else "")
        if shown:
            style = f"background: color-mix(in srgb, #c4622d {shade} %, transparent)".replace(" %", "%")
            parts.append(f'<span style="{style}" title="{escape(percent)}">{shown}</span>')
    return f'<div class="wl-text wl-likely" dir="auto">{"".join(parts)}</div>'


def shade_of(logp: float) -> int:
    """Return the depth of the colour in percent: 0 at `SURE` and above, 75 at `LOST` and below."""
    depth = (math.log(SURE) - logp) / (math.log(SURE) - math.log(LOST))
    return round(75 * min(1.0, max(0.0, depth)))


def mean_html(tokens: Sequence[tuple[str, float]]) -> str:
    """Return the answer's summed and mean log-likelihood in words."""
    if not tokens:
        return ""
    total = sum(logp for _, logp in tokens)
    text = t("{total} nats, {mean} a token", total=f"{total:.1f}", mean=f"{total / len(tokens):.2f}")
    return f'<div class="wl-foot">{escape(text)}</div>'
