"""A live run in the browser: figures and curves that ask for what is new themselves, while their tab is in view.

    live_figures(now, run=…, key=…)     asks `ADDRESS` every two seconds and shows what it says
    light_charts(large, small, key=…)   draws the curves; the figures bring it newer ones
    pulse("Samples", 12, key=…)         draws its fragment anew once the run has more of something
    heartbeat(2.0, key=…)               draws its fragment anew again and again, for lists of what lives

No script runs and no element of the page is looked at for a tick: a hidden tab asks nothing, and one in view costs
the machine that trains a few milliseconds. Where the address cannot be reached the page is drawn anew instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from workbench.ui.i18n import language, t
from workbench.ui.widgets.run_lines import Chart

ADDRESS = "/live/run"
EVERY_MS = 2000
"""Between two looks of a tab in view."""

_HERE = Path(__file__)
_figures = st.components.v2.component(
    "workbench_live_run",
    html='<div class="wl-live"></div>',
    js=_HERE.with_suffix(".js").read_text("utf-8"),
    isolate_styles=False,
)
_charts = st.components.v2.component(
    "workbench_light_charts",
    html='<div class="wl-charts"></div>',
    js=_HERE.with_name("light_charts.js").read_text("utf-8"),
    isolate_styles=False,
)
_pulse = st.components.v2.component(
    "workbench_live_pulse",
    html="<span></span>",
    js=_HERE.with_name("live_pulse.js").read_text("utf-8"),
)
_heartbeat = st.components.v2.component(
    "workbench_heartbeat",
    html="<span></span>",
    js=_HERE.with_name("heartbeat.js").read_text("utf-8"),
)


def live_figures(now: Mapping[str, Any], *, run: str, key: str) -> None:
    """Show a run's figures and keep them fresh; its fragment is drawn anew when `now["mark"]` has changed.

    Args:
        now: As `train_live.live_now` says it.
        run: The run's id.
        key: Widget key.
    """
    _figures(
        key=key,
        data={"now": dict(now), "address": ADDRESS, "run": run, "lang": language(), "every": EVERY_MS},
        on_moved_change=_nothing,
    )


def light_charts(large: Sequence[Chart], small: Sequence[Chart], *, key: str) -> None:
    """Draw a live run's charts: no zoom, values under the pointer, a line hidden by a click on its name."""
    _charts(key=key, data={**light(large, small), "step": t("step")})


def light(large: Sequence[Chart], small: Sequence[Chart]) -> dict[str, Any]:
    """Return charts as the light drawing takes them."""
    return {"large": [c.light() for c in large], "small": [c.light() for c in small]}


def pulse(part: str, seen: object, *, key: str, every_ms: int = 4000) -> None:
    """Draw the fragment it stands in anew once a live run's `now["parts"][part]` is no longer what was seen.

    Args:
        part: A key of `parts`.
        seen: What it is in what is drawn now.
        key: Widget key.
        every_ms: Not more often than this.
    """
    _pulse(key=key, data={"part": part, "seen": seen, "every": every_ms}, on_moved_change=_nothing)


def heartbeat(every_seconds: float, *, key: str) -> None:
    """Draw the fragment it stands in anew again and again; a hidden tab waits until it is seen."""
    _heartbeat(key=key, data={"every": round(1000 * every_seconds)}, on_beat_change=_nothing)


def _nothing() -> None:
    """A trigger needs somebody to call; the rerun it brings is all that is wanted."""
