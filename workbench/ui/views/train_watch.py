"""A run under way or ended: how far, how well, what it says, and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from workbench.domain.run import Job
from workbench.services import jobs, training
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import t, tn
from workbench.ui.nav import goto, set_params
from workbench.ui.views.train_failure import again_with_changes, end_now, next_step, trouble
from workbench.ui.views.train_keep import draw_baselines, draw_keep
from workbench.ui.views.train_panels import draw_curves, draw_data, draw_log, draw_samples, draw_settings
from workbench.ui.views.working import address_tabs
from workbench.ui.widgets.chips import chip
from workbench.ui.widgets.errors import guarded, plain
from workbench.ui.widgets.layout import duration, metric_row, progress_line
from workbench.ui.widgets.run_curves import RunCurves
from workbench.ui.widgets.sizes import gigabytes

REFRESH_SECONDS = 2.0
CHARTS_SECONDS, CHARTS_LATER_SECONDS, LATER_SECONDS = 5.0, 15.0, 180.0
"""Charts are drawn anew more seldom than figures, and more seldom still once a run is some minutes old: one step
more is a hair's breadth then, and drawing takes from the processor that trains."""
JOB_COLOURS = {
    "queued": "#8a8f98",
    "running": "#4a6fb5",
    "stopping": "#d08a2e",
    "stopped": "#d08a2e",
    "done": "#2f7d6d",
    "failed": "#b5544a",
    "killed": "#b5544a",
}
PHASES = {
    "reading": "reading the data",
    "tokenising": "turning text into tokens",
    "loading": "loading the model",
    "probing": "trying learning rates",
    "rehearsing": "rehearsing one step on the longest batch",
    "training": "training",
    "saving": "writing the model",
}
"""Words for what a worker says it does."""
_TABS = ("Curves", "Samples", "Data", "Log", "Settings")


def job_chip(status: str) -> str:
    """Return the chip of a job's status."""
    return chip(t(status), JOB_COLOURS.get(status), solid=True)


def draw_run(project: Project, run_id: str, colours: Mapping[str, str]) -> None:
    """Draw one run; while it lives the figures refresh by themselves.

    Args:
        project: The open project.
        run_id: Which run.
        colours: Class name to colour.
    """
    job = training.get_run(project, run_id)
    _head(project, job)
    st.fragment(_watch, run_every=REFRESH_SECONDS if job.live else None)(project, run_id, job.status)
    every = _charts_every(project, job)
    st.fragment(_look, run_every=every)(project, run_id, colours, every)
    if job.kind == "train" and (job.live or job.status == "done"):
        draw_baselines(project, run_id)


def _head(project: Project, job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="wl-run-head"):
        if st.button(t("All runs"), icon=":material/arrow_back:", type="tertiary"):
            set_params(run=None)
            st.rerun()
        st.html(
            f'<div class="wb-chips"><b>{escape(job.title or job.id)}</b>{job_chip(job.status)}'
            f'<span class="wl-quiet">{escape(job.id)}</span></div>'
        )
    trouble(project, job)
    with st.container(horizontal=True, key="wl-run-acts"):
        _acts(project, job)
    draw_keep(project, job.id)


def _acts(project: Project, job: Job) -> None:
    if job.live:
        label = t("Stopping…") if job.status == "stopping" else t("Stop and save")
        if st.button(label, icon=":material/stop_circle:", disabled=job.status == "stopping"):
            training.stop_run(project, job.id)
            state.say(t("It saves at the end of its step and stops"), icon=":material/stop_circle:")
            st.rerun()
        end_now(project, job)
        return
    if job.status == "done":
        if st.button(t("Compare its answers"), type="primary", icon=":material/compare:"):
            goto("compare", run=job.id)
        if st.button(t("Train on from this model"), icon=":material/model_training:"):
            goto("train", base=job.id)
    next_step(project, job)
    again_with_changes(project, job)


@guarded
def _watch(project: Project, run_id: str, status: str) -> None:
    job = training.get_run(project, run_id)
    if job.status != status:
        st.rerun()
    curves = read_curves(project, run_id)
    _progress(project, job, curves)
    for warning in curves.warnings:
        st.warning(plain(warning), icon=":material/warning:")


@guarded
def _look(project: Project, run_id: str, colours: Mapping[str, str], every: float | None) -> None:
    job = training.get_run(project, run_id)
    if job.live and _charts_every(project, job) != every:
        st.rerun()  # it has grown old enough to be drawn more seldom
    curves = read_curves(project, run_id)
    tabs = address_tabs("section", _TABS)
    for tab, draw in zip(tabs, (draw_curves, draw_samples, draw_data, draw_log, draw_settings), strict=True):
        if tab.open:
            with tab:
                draw(project, job, curves, colours)


def _charts_every(project: Project, job: Job) -> float | None:
    """Return how often what lies in the tabs is drawn anew; never once the run has ended."""
    if not job.live:
        return None
    steps = read_curves(project, job.id).steps
    young = not steps or float(steps[-1].get("time", 0)) - float(steps[0].get("time", 0)) < LATER_SECONDS
    return CHARTS_SECONDS if young else CHARTS_LATER_SECONDS


def read_curves(project: Project, run_id: str) -> RunCurves:
    """Return a run's series, reading only what was written since this browser session looked last."""
    kept: dict[str, tuple[int, RunCurves]] = st.session_state.setdefault("run-curves", {})
    offset, curves = kept.pop(run_id, (0, RunCurves()))
    events, offset = training.run_curves(project, run_id, offset)
    curves.add(events)
    kept[run_id] = (offset, curves)
    while len(kept) > 4:
        kept.pop(next(iter(kept)))
    return curves


def _progress(project: Project, job: Job, curves: RunCurves) -> None:
    if job.status == "queued":
        ahead = jobs.waits_for(project, job.id)
        text = tn(len(ahead), "One job goes first: ", "{n} jobs go first: ") + ", ".join(ahead) if ahead else ""
        st.info(
            t("Waiting for the device; one job runs at a time.") + (" " + plain(text) if text else ""),
            icon=":material/hourglass:",
        )
        return
    if job.status == "running" and not curves.steps:
        st.info(t("Preparing: {phase}", phase=phase_words(curves)), icon=":material/hourglass:")
    elif job.status == "running" and curves.phases and curves.phases[-1] == "saving":
        st.info(t("Trained; now {phase}", phase=phase_words(curves)), icon=":material/save:")
    if job.live and job.total:
        progress_line(job.step, job.total, label=t("step"), eta_seconds=job.eta_seconds)
    metric_row(_figures(job, curves))
    costs = cost_figures(curves)
    if costs:
        metric_row(costs)


def phase_words(curves: RunCurves) -> str:
    """Return what the worker is doing, in words."""
    if not curves.phases:
        return t("starting")
    return t(PHASES.get(curves.phases[-1], curves.phases[-1]))


def cost_figures(curves: RunCurves) -> list[tuple[str, object, str]]:
    """Return time and memory: what was planned, what the rehearsal measured, and what is used now."""
    rows: list[tuple[str, object, str]] = []
    data, rehearsal = curves.data, curves.rehearsal
    if rehearsal.get("expected_seconds"):
        hint = t("by one real step on the longest batch")
        rows.append((t("Expected time"), f"≈ {duration(rehearsal['expected_seconds'])}", hint))
    peak = (curves.steps[-1] if curves.steps else rehearsal).get("peak_memory_bytes")
    free = data.get("free_memory_bytes")
    if peak:
        hint = t("{free} were free at the start", free=gigabytes(free)) if free else ""
        rows.append((t("Memory at its peak"), gigabytes(peak), hint))
    if data.get("memory_bytes"):
        hint = t("weights, optimiser, activations; the program itself comes on top")
        rows.append((t("Memory planned"), f"≈ {gigabytes(data['memory_bytes'])}", hint))
    trained, parameters = data.get("trained_parameters"), data.get("parameters")
    if trained and parameters:
        hint = t("of {n} M", n=f"{parameters / 1e6:,.1f}")
        rows.append((t("Trained parameters"), f"{trained / 1e6:,.2f} M", hint))
    if rehearsal.get("micro_batch_tokens"):
        rows.append((t("Computed at once"), t("{n} tokens", n=int(rehearsal["micro_batch_tokens"])), ""))
    return rows


def _figures(job: Job, curves: RunCurves) -> list[tuple[str, object, str]]:
    last: Mapping[str, Any] = curves.steps[-1] if curves.steps else {}
    held_out = curves.evals[-1] if curves.evals else {}
    total = job.total or last.get("total")
    rows: list[tuple[str, object, str]] = [
        (t("Step"), int(last.get("step") or job.step), t("of {n}", n=int(total)) if total else ""),
        (t("Loss"), _number(last.get("loss")), t("weighted, per token")),
        (t("Held-out loss"), _number(held_out.get("loss")), _at(held_out)),
        (t("Tokens per second"), _number(last.get("tokens_per_second"), 0), ""),
        (t("Learning rate"), f"{last['learning_rate']:.2g}" if last.get("learning_rate") else "–", ""),
    ]
    swaps = curves.swap_series()[1]
    if swaps:
        hint = t("above 0: the class in the prompt matters")
        rows.append((t("Swap test"), f"{swaps[-1]:+.3f}", hint))
    if job.eta_seconds is not None and job.live:
        rows.insert(1, (t("Time left"), duration(job.eta_seconds), t("measured from this start")))
    return rows


def _number(value: object, digits: int = 3) -> str:
    return f"{value:,.{digits}f}" if isinstance(value, int | float) else "–"


def _at(event: Mapping[str, Any]) -> str:
    return t("at step {n}", n=int(event.get("step", 0))) if event else ""
