"""Counts as horizontal bars that are a way in: a click answers with the value."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go
import streamlit as st

from workbench.ui.theme import CATEGORICAL
from workbench.ui.widgets.chips import safe_colour

BARS_SHOWN = 10
_BAR_PIXELS, _MARGIN_PIXELS = 26, 12


def counts_chart(
    counts: Mapping[str, int],
    *,
    key: str,
    colours: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
) -> str | None:
    """Draw the largest counts and return the value that was clicked, or None.

    Args:
        counts: Value to count.
        key: Widget key.
        colours: Value to hexadecimal colour, where a value has one of its own.
        labels: Value to what stands beside its bar, where that is another text.
    """
    top = sorted(counts.items(), key=lambda kv: -kv[1])[:BARS_SHOWN]
    values = [value for value, _ in top]
    event = st.plotly_chart(
        counts_figure(dict(top), colours or {}, labels or {}),
        key=key,
        on_select="rerun",
        selection_mode="points",
        config={"displayModeBar": False},
    )
    points = event["selection"]["point_indices"] if event else []
    return values[points[0]] if points and points[0] < len(values) else None


def counts_figure(counts: Mapping[str, int], colours: Mapping[str, str], labels: Mapping[str, str]) -> go.Figure:
    """Return the figure that `counts_chart` draws: names as text, the largest on top."""
    names = [_cut(labels.get(v, v)) for v in counts]
    figure = go.Figure(
        go.Bar(
            x=list(counts.values()),
            y=list(range(len(names))),
            orientation="h",
            marker_color=[safe_colour(colours.get(v)) if v in colours else CATEGORICAL[2] for v in counts],
            text=[f"{n:,}" for n in counts.values()],
            textposition="auto",
            cliponaxis=False,
            hovertemplate="%{x:,}<extra></extra>",
        )
    )
    figure.update_layout(
        height=_BAR_PIXELS * len(names) + _MARGIN_PIXELS + 10,
        margin={"l": 0, "r": 30, "t": 4, "b": 4},
        bargap=0.25,
        xaxis={"visible": False, "fixedrange": True},
        yaxis={
            "tickvals": list(range(len(names))),
            "ticktext": names,
            "autorange": "reversed",
            "fixedrange": True,
            "ticks": "",
            "automargin": True,
            "ticklabelstandoff": 2,
        },
        showlegend=False,
    )
    return figure


def _cut(text: str) -> str:
    """Return a short label; plotly reads a few HTML tags in labels, so angle brackets are replaced."""
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return text if len(text) <= 24 else text[:23] + "…"
