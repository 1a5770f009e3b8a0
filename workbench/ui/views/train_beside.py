"""Runs beside each other: their curves in one plot, what their settings and their data differ in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from workbench.domain.run import Job
from workbench.services import rundiff, training
from workbench.services.project import Project
from workbench.ui.i18n import said, t
from workbench.ui.nav import set_params
from workbench.ui.theme import CATEGORICAL
from workbench.ui.views.train_live import read_curves
from workbench.ui.views.train_watch import job_chip
from workbench.ui.widgets.chips import chip, chips, table
from workbench.ui.widgets.config_form import setting_label
from workbench.ui.widgets.layout import section
from workbench.ui.widgets.loop_charts import CHART_CONFIG
from workbench.ui.widgets.run_charts import Line, overlay_figure
from workbench.ui.widgets.run_curves import RunCurves

MOST = 8
"""As many as there are colours."""


def draw_beside(project: Project, run_ids: Sequence[str]) -> None:
    """Draw two or more runs over each other."""
    if st.button(t("All runs"), icon=":material/arrow_back:", type="tertiary"):
        set_params(beside=None)
        st.rerun()
    found = [training.get_run(project, run_id) for run_id in dict.fromkeys(run_ids)][:MOST]
    names = short_names(found)
    curves = [read_curves(project, job.id) for job in found]
    for i, (job, name) in enumerate(zip(found, names, strict=True)):
        chips([chip(name, CATEGORICAL[i % len(CATEGORICAL)], solid=True), job_chip(job.status)])
    _plots(names, curves)
    if len(found) < 2:
        return
    left, right = found[0], found[1]
    if len(found) > 2:
        by_id = {job.id: name for job, name in zip(found, names, strict=True)}
        with st.container(horizontal=True, key="wl-beside-pair"):
            one = st.selectbox(t("Difference between"), list(by_id), format_func=by_id.__getitem__, key="diff-a")
            two = st.selectbox(t("and"), list(by_id), index=1, format_func=by_id.__getitem__, key="diff-b")
        left = next(j for j in found if j.id == one)
        right = next(j for j in found if j.id == two)
    _settings(project, left, right)
    _data(project, left, right)


def short_names(found: Sequence[Job]) -> list[str]:
    """Return a name for each run that tells it from the others: its title, with its time where titles repeat."""
    titles = [said(job.title or job.id) for job in found]
    return [
        title if titles.count(title) == 1 else f"{title} · {job.id[9:15]}-{job.id[-4:]}"
        for title, job in zip(titles, found, strict=True)
    ]


def _plots(names: Sequence[str], curves: Sequence[RunCurves]) -> None:
    def lines(of: Any) -> list[Line]:
        return [(name, *of(c)) for name, c in zip(names, curves, strict=True)]

    plots: list[tuple[str, list[Line], bool]] = [
        (t("loss per token"), lines(lambda c: c.series("loss")), False),
        (t("held-out loss"), lines(lambda c: c.eval_series("loss")), True),
        (t("swap test"), lines(lambda c: c.swap_series()), True),
    ]
    classes = dict.fromkeys(name for c in curves for name in c.class_names())
    plots += [
        (t("held-out loss of {name}", name=name), lines(lambda c, n=name: c.eval_series("loss_by_class", n)), True)
        for name in classes
    ]
    drawn = [(y, series, points) for y, series, points in plots if any(ys for _, _, ys in series)]
    if not drawn:
        st.caption(t("None of these runs has taken a step yet."))
    for start in range(0, len(drawn), 2):
        for place, (y, series, points) in zip(st.columns(2), drawn[start : start + 2], strict=False):
            with place:
                figure = overlay_figure(series, y=y, points=points)
                st.plotly_chart(figure, key=f"beside-{start}-{y}", config=CHART_CONFIG)


def _settings(project: Project, left: Job, right: Job) -> None:
    rows = rundiff.config_diff(project, left.id, right.id)
    section(t("Settings that differ"))
    if not rows:
        st.caption(t("None: the same settings."))
        return
    heads = short_names([left, right])
    table([t("Setting"), *heads], [(setting_label(name), _shown(a), _shown(b)) for name, a, b in rows])


def _shown(value: object) -> str:
    if value is None:
        return t("auto")
    return f"{value:g}" if isinstance(value, float) else str(value)


def _data(project: Project, left: Job, right: Job) -> None:
    found = rundiff.snapshot_diff(project, left.id, right.id)
    section(t("Data that differs"))
    if found is None:
        st.caption(t("The snapshot of one of them is no longer in this project."))
    elif found.left == found.right:
        st.caption(t("None: both learn from {name}.", name=found.left))
    elif found.same:
        st.caption(t("None: {left} and {right} hold the same conversations.", left=found.left, right=found.right))
    else:
        table(
            [t("What"), t("Conversations")],
            [
                (t("only in {name}", name=found.left), found.only_left),
                (t("only in {name}", name=found.right), found.only_right),
                (t("of another class"), found.retagged),
                (t("of another weight"), found.reweighted),
            ],
            numeric=[1],
        )
        rows = [(name, a, b) for name, (a, b) in found.classes.items()]
        table([t("Class"), found.left, found.right], rows, numeric=(1, 2))
