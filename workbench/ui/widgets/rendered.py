"""A conversation as the model is trained on it: supervised text, or tokens, shaded by weight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Protocol

from workbench.ui.i18n import t, tn


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


def rendered_html(
    segments: Iterable[RenderedSegment], turn_weights: Sequence[float], condition: str = ""
) -> str:
    """Return rendered text as HTML.

    Args:
        segments: The segments in order.
        turn_weights: What a supervised token of each turn weighs; 1 is the best class's weight.
        condition: What stands in front of the roles, to be marked.
    """
    parts = ['<div class="wl-render" dir="auto">']
    for segment in segments:
        weight = turn_weights[segment.turn] if segment.supervised else 0.0
        style = f' style="{_shade(weight)}" title="{weight:.3g}"' if weight > 0 else ""
        kind = ' class="wl-control"' if segment.control else ""
        text, named = escape(segment.text), escape(condition)
        if named and not segment.supervised and text.lstrip().startswith(named):
            text = text.replace(named, f'<b class="wl-condition">{named}</b>', 1)
        parts.append(f"<span{kind}{style}>{text}</span>")
    return "".join(parts) + "</div>"


def tokens_html(view: Mapping[str, Any], heaviest: float) -> str:
    """Return an example's tokens as HTML, each a box of its own, shaded by what it weighs.

    Args:
        view: As `crlft.tokenview.token_view` returns it.
        heaviest: The weight that gets the full shade.
    """
    parts = ['<div class="wl-render wl-tokens" dir="auto">']
    for row in view["tokens"]:
        weight = float(row["weight"])
        names = ("wl-control" if row["control"] else "", "wl-condition" if row["condition"] else "")
        style = f' style="{_shade(weight / heaviest)}"' if weight > 0 else ""
        said = t("token {ids} · weight {weight}", ids=" ".join(map(str, row["ids"])), weight=f"{weight:.3g}")
        text = escape(row["text"]).replace("\n", "↵\n")
        kind = " ".join(n for n in names if n)
        parts.append(f'<span class="wl-token {kind}" title="{escape(said)}"{style}>{text}</span>')
    return "".join(parts) + _beyond(view) + "</div>"


def _beyond(view: Mapping[str, Any]) -> str:
    """Say what of the example is not shown, and why."""
    said = []
    if view.get("hidden"):
        said.append(tn(int(view["hidden"]), "and one token more", "and {n} tokens more"))
    if view.get("cut"):
        said.append(tn(int(view["cut"]), "one token lies behind the context", "{n} tokens lie behind the context"))
    return f'<span class="wl-quiet">… {escape("; ".join(said))}</span>' if said else ""


def heaviest_token(views: Iterable[Mapping[str, Any]]) -> float:
    """Return the largest weight of any token shown, 1 where there is none."""
    return max((float(row["weight"]) for view in views for row in view["tokens"]), default=0.0) or 1.0


def _shade(weight: float) -> str:
    alpha = 0.10 + 0.45 * min(1.0, weight)
    return f"background: rgba(46,158,91,{alpha:.2f}); border-radius: .2rem;"


def rendered_legend(turn_weights: Sequence[float]) -> str:
    """Return a few words that say what the shading means; turns of weight 0 are not spoken of."""
    weights = sorted({f"{w:.3g}" for w in turn_weights if w > 0}, key=float)
    if len(weights) > 1:
        return t("learnt with weights {least} to {most}, turn by turn", least=weights[0], most=weights[-1])
    return t("learnt with weight {weight}", weight=weights[0] if weights else "0")
