"""The list of runs: open one, choose some to lay beside each other, take one out of the trash."""

from __future__ import annotations

import streamlit as st

from workbench.services import jobs, runs
from workbench.services.project import Project
from workbench.services.runs import RunRow
from workbench.ui import state
from workbench.ui.i18n import said, t
from workbench.ui.nav import set_params
from workbench.ui.views.reader import local_time
from workbench.ui.widgets.click_table import click_table
from workbench.ui.widgets.errors import guarded
from workbench.ui.widgets.layout import duration, section
from workbench.ui.widgets.live_run import heartbeat

REFRESH_SECONDS = 3.0


def draw_runs(project: Project) -> None:
    """Draw the list; while a run lives it refreshes by itself. Draws nothing where there are no runs."""
    rows = runs.run_rows(project)
    if rows:
        st.fragment(_list)(project)
    _trash(project)


@guarded
def _list(project: Project) -> None:
    rows = runs.run_rows(project)
    section(t("Runs"), t("starred first, then the newest; click a row to open it"))
    rows.sort(key=lambda r: not r.starred)
    bar = st.column_config.ProgressColumn(format="percent", max_value=1.0)
    picked = click_table(runs_table(rows), "run-list", column_config={t("progress"): bar})
    if picked is not None:
        set_params(run=rows[picked].job.id)
        st.rerun()
    if len(rows) > 1:
        _choose(rows)
    if any(r.job.live for r in rows):
        heartbeat(REFRESH_SECONDS, key="run-list-beat")


def _choose(rows: list[RunRow]) -> None:
    names = {r.job.id: f"{said(r.job.title or r.job.id)} · {r.job.id[:15]}" for r in rows}
    with st.container(horizontal=True, vertical_alignment="bottom", key="wl-run-compare"):
        chosen = st.multiselect(
            t("Lay runs beside each other"),
            list(names),
            format_func=lambda run: names.get(run, run),
            key="runs-compare",
            placeholder=t("choose two or more"),
        )
        if st.button(t("Compare runs"), disabled=len(chosen) < 2, icon=":material/stacked_line_chart:"):
            set_params(beside=",".join(chosen))
            st.rerun()


def runs_table(rows: list[RunRow]) -> dict[str, list[object]]:
    """Return the list of runs as columns."""
    found = [r.job for r in rows]
    return {
        t("run"): [("★ " if r.starred else "") + said(r.job.title or r.job.id) for r in rows],
        t("status"): [t(j.status) for j in found],
        t("progress"): [j.step / j.total if j.total else (1.0 if j.status == "done" else 0.0) for j in found],
        t("time left"): [
            duration(j.eta_seconds) if j.eta_seconds is not None and j.live else "" for j in found
        ],
        t("method"): [str(j.params.get("method", "")) for j in found],
        t("data"): [str(j.params.get("snapshot", "")) for j in found],
        t("base"): [str(j.params.get("base", "")) for j in found],
        t("loss"): [_figure(r, "loss") for r in rows],
        t("held out"): [_figure(r, "eval_loss") for r in rows],
        t("started"): [local_time(j.created_at) for j in found],
        t("notes"): [r.notes for r in rows],
        t("id"): [j.id for j in found],
    }


def _figure(row: RunRow, name: str) -> float | None:
    metrics = row.job.metrics
    value = metrics.get(name)
    if value is None and name == "eval_loss":
        value = (metrics.get("held_out") or {}).get("loss")
    return round(float(value), 3) if isinstance(value, int | float) else None


def _trash(project: Project) -> None:
    lying = runs.trashed_runs(project)
    if not lying:
        return
    with st.expander(t("Trash ({n})", n=len(lying))):
        for run_id, title in lying:
            with st.container(horizontal=True, vertical_alignment="center", key=f"wl-trash-{run_id}"):
                st.caption(f"{title or run_id} · {run_id}".replace("[", "\\["))
                if st.button(t("Take back"), key=f"restore-{run_id}", icon=":material/restore_from_trash:"):
                    jobs.restore(project, run_id, actor=state.curator())
                    st.rerun()
