"""What a live run's page shows and asks for again: a run's events read once for all tabs and all that show it.

`live_now` is what the page draws first and what `workbench.ui.live_address` answers every two seconds after that.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from typing import Any, TypeVar

from workbench.domain.run import Job
from workbench.services import curation, jobs, training
from workbench.services.project import Project
from workbench.ui.i18n import language, t
from workbench.ui.views.train_figures import Rows, cost_figures, figures, note
from workbench.ui.widgets.layout import progress_words
from workbench.ui.widgets.live_run import light
from workbench.ui.widgets.run_curves import RunCurves
from workbench.ui.widgets.run_lines import class_loss_chart, loss_chart, small_charts

_T = TypeVar("_T")
FRESH_SECONDS = 0.9
"""Tabs that ask within this time are told the same."""
CHARTS_SECONDS, CHARTS_LATER_SECONDS, LATER_SECONDS = 5.0, 15.0, 180.0
"""Charts are drawn anew more seldom than figures, and more seldom still once a run is some minutes old: one step
more is a hair's breadth then, and drawing takes from the processor that trains."""
MOST_KEPT = 8
"""Runs whose series are kept."""

_lock = threading.Lock()
_series: dict[str, tuple[int, RunCurves]] = {}
_told: dict[str, tuple[float, dict[str, Any]]] = {}
_charts: dict[str, tuple[str, str]] = {}


def read_curves(project: Project, run_id: str) -> RunCurves:
    """Return a run's series; only what was written since anybody looked last is read.

    Raises:
        NotFound: There is no such run.
    """
    name = f"{project.root} {run_id}"
    with _lock:
        offset, curves = _series.get(name, (0, RunCurves()))
        events, offset = training.run_curves(project, run_id, offset)
        curves.add(events)
        _keep(_series, name, (offset, curves))
        return curves


def live_now(project: Project, run_id: str) -> dict[str, Any]:
    """Return what there is to say about a run: figures, and marks of what its page draws besides.

    Keys: `mark` changes when the page must be drawn anew (status, a warning, another start); `note`, `bar`,
    `rows`, `costs` are shown as they are; `parts` say how much there is behind each tab; `charts_every` is in
    seconds.

    Raises:
        NotFound: There is no such run.
    """
    job, curves = training.get_run(project, run_id), read_curves(project, run_id)
    now = {
        "mark": f"{job.status} {curves.attempts} {len(curves.warnings)}",
        "note": note(project, job, curves),
        "bar": _bar(job),
        "rows": _texts(figures(job, curves)),
        "costs": _texts(cost_figures(curves)),
        "parts": parts(project, job, curves),
        "charts_every": CHARTS_LATER_SECONDS if _seconds(curves) > LATER_SECONDS else CHARTS_SECONDS,
    }
    with _lock:
        _keep(_told, _name(project, run_id), (time.monotonic(), now))
    return now


def live_text(project: Project, run_id: str, *, charts: str | None) -> str:
    """Return `live_now` as JSON, with `charts` where they look other than those that have a mark.

    Args:
        project: The open project.
        run_id: Which run.
        charts: The mark of those that are known; None asks for none.

    Raises:
        NotFound: There is no such run.
    """
    name = _name(project, run_id)
    told = _told.get(name)
    fresh = told is not None and time.monotonic() - told[0] < FRESH_SECONDS
    text = json.dumps(told[1] if told is not None and fresh else live_now(project, run_id))
    if charts is None:
        return text
    curves = read_curves(project, run_id)
    mark = " ".join(map(str, curves.mark()))
    if mark == charts or not curves.steps:
        return text
    drawn = _charts.get(name)
    if drawn is None or drawn[0] != mark:
        colours = {row.name: row.colour for row in curation.class_table(project)}
        made = light([loss_chart(curves), class_loss_chart(curves, colours)], small_charts(curves))
        drawn = (mark, json.dumps({"mark": mark, **made}))
        with _lock:
            _keep(_charts, name, drawn)
    return f'{text[:-1]}, "charts": {drawn[1]}}}'


def parts(project: Project, job: Job, curves: RunCurves) -> dict[str, int]:
    """Return how much there is behind each tab of a run's page, by the tab's name."""
    return {
        "Curves": int(bool(curves.steps)),
        "Samples": len(curves.samples),
        "Data": len(curves.data.get("classes") or ()),
        "Log": jobs.log_bytes(project, job.id),
        "Settings": curves.attempts,
    }


def _bar(job: Job) -> Mapping[str, Any] | None:
    if not job.live or not job.total:
        return None
    text = progress_words(job.step, job.total, label=t("step"), eta_seconds=job.eta_seconds)
    return {"part": min(1.0, job.step / job.total), "text": text}


def _texts(rows: Rows) -> list[tuple[str, str, str]]:
    return [(label, f"{v:,}" if isinstance(v, int) else str(v), hint) for label, v, hint in rows]


def _seconds(curves: RunCurves) -> float:
    if not curves.steps:
        return 0.0
    return float(curves.steps[-1].get("time", 0)) - float(curves.steps[0].get("time", 0))


def _name(project: Project, run_id: str) -> str:
    return f"{project.root} {run_id} {language()}"


def _keep(kept: dict[str, _T], name: str, value: _T) -> None:
    kept.pop(name, None)
    kept[name] = value
    while len(kept) > MOST_KEPT:
        kept.pop(next(iter(kept)))
