"""Train: the list of runs, one run, or the form that starts one."""

from __future__ import annotations

import streamlit as st

from workbench.domain.run import Job
from workbench.services import curation, training
from workbench.services.project import Project
from workbench.ui.i18n import t
from workbench.ui.nav import param, set_params
from workbench.ui.views.reader import local_time
from workbench.ui.views.train_new import draw_new
from workbench.ui.views.train_watch import REFRESH_SECONDS, draw_run
from workbench.ui.widgets.click_table import click_table
from workbench.ui.widgets.errors import guarded
from workbench.ui.widgets.layout import duration, page_header, section
from workbench.ui.widgets.loop_styles import loop_styles


def draw(project: Project) -> None:
    """Draw the Train page."""
    loop_styles()
    page_header(t("Train"), t("One button starts a run; the curves are live, and closing the tab stops nothing."))
    colours = {row.name: row.colour for row in curation.class_table(project)}
    run = param("run")
    if run:
        draw_run(project, run, colours)
        return
    runs = training.list_runs(project)
    if runs:
        live = any(j.live for j in runs)
        st.fragment(_runs, run_every=2 * REFRESH_SECONDS if live else None)(project)
    draw_new(project, colours)


@guarded
def _runs(project: Project) -> None:
    runs = training.list_runs(project)
    section(t("Runs"), t("newest first; click a row to open it"))
    bar = st.column_config.ProgressColumn(format="percent", max_value=1.0)
    picked = click_table(runs_table(runs), "run-list", column_config={t("progress"): bar})
    if picked is not None:
        set_params(run=runs[picked].id)
        st.rerun()


def runs_table(runs: list[Job]) -> dict[str, list[object]]:
    """Return the list of runs as columns."""
    return {
        t("run"): [j.title or j.id for j in runs],
        t("status"): [t(j.status) for j in runs],
        t("progress"): [j.step / j.total if j.total else (1.0 if j.status == "done" else 0.0) for j in runs],
        t("time left"): [duration(j.eta_seconds) if j.eta_seconds is not None and j.live else "" for j in runs],
        t("loss"): [_figure(j, "loss") for j in runs],
        t("held out"): [_figure(j, "eval_loss") for j in runs],
        t("started"): [local_time(j.created_at) for j in runs],
        t("id"): [j.id for j in runs],
    }


def _figure(job: Job, name: str) -> float | None:
    value = job.metrics.get(name)
    return round(float(value), 3) if isinstance(value, int | float) else None
