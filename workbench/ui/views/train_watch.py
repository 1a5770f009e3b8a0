"""A run under way or ended: how far, how well, what it says, and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from workbench.domain.run import Job
from workbench.services import training
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import said, t
from workbench.ui.nav import goto, set_params
from workbench.ui.views.train_failure import again_with_changes, end_now, next_step, trouble
from workbench.ui.views.train_figures import cost_figures, figures
from workbench.ui.views.train_keep import draw_baselines, draw_keep, draw_note
from workbench.ui.views.train_live import live_now, parts, read_curves
from workbench.ui.views.train_panels import draw_curves, draw_data, draw_log, draw_samples, draw_settings
from workbench.ui.views.working import address_tabs
from workbench.ui.widgets.chips import chip
from workbench.ui.widgets.errors import fault_words, guarded
from workbench.ui.widgets.layout import metric_row
from workbench.ui.widgets.live_run import live_figures, pulse

REFRESH_SECONDS = 2.0
"""How often the pages of other jobs look at them."""
JOB_COLOURS = {
    "queued": "#8a8f98",
    "running": "#4a6fb5",
    "stopping": "#d08a2e",
    "stopped": "#d08a2e",
    "done": "#2f7d6d",
    "failed": "#b5544a",
    "killed": "#b5544a",
}
_TABS = ("Curves", "Samples", "Data", "Log", "Settings")


def job_chip(status: str) -> str:
    """Return the chip of a job's status."""
    return chip(t(status), JOB_COLOURS.get(status), solid=True)


def draw_run(project: Project, run_id: str, colours: Mapping[str, str]) -> None:
    """Draw one run; while it lives its figures and curves keep themselves fresh (`widgets.live_run`).

    Args:
        project: The open project.
        run_id: Which run.
        colours: Class name to colour.
    """
    job = training.get_run(project, run_id)
    _head(project, job)
    st.fragment(_watch)(project, run_id, job.status)
    st.fragment(_look)(project, run_id, colours)
    if job.kind == "train" and (job.live or job.status == "done"):
        draw_baselines(project, run_id)


def _head(project: Project, job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="wl-run-head"):
        if st.button(t("All runs"), icon=":material/arrow_back:", type="tertiary"):
            set_params(run=None)
            st.rerun()
        st.html(
            f'<div class="wb-chips"><b>{escape(said(job.title or job.id))}</b>{job_chip(job.status)}'
            f'<span class="wl-quiet">{escape(job.id)}</span></div>'
        )
    trouble(project, job)
    with st.container(horizontal=True, vertical_alignment="center", key="wl-run-acts"):
        _acts(project, job)
        draw_keep(project, job.id)
    draw_note(project, job.id)


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
    if job.live:
        live_figures(live_now(project, run_id), run=run_id, key="run-live")
    else:
        metric_row(figures(job, curves))
        costs = cost_figures(curves)
        if costs:
            metric_row(costs)
    for warning in curves.warnings:
        st.warning(fault_words(warning), icon=":material/warning:")


@guarded
def _look(project: Project, run_id: str, colours: Mapping[str, str]) -> None:
    job = training.get_run(project, run_id)
    curves = read_curves(project, run_id)
    tabs = address_tabs("section", _TABS)
    draws = (draw_curves, draw_samples, draw_data, draw_log, draw_settings)
    for name, tab, draw in zip(_TABS, tabs, draws, strict=True):
        if tab.open:
            with tab:
                draw(project, job, curves, colours)
                if job.live:
                    pulse(name, parts(project, job, curves)[name], key=f"run-pulse-{name}")
