"""Making the map: a job with progress and the time left; it goes on when the page is closed."""

from __future__ import annotations

import streamlit as st

from workbench.domain.run import Job
from workbench.services import mapping
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.widgets.errors import guarded, plain
from workbench.ui.widgets.layout import empty_state, progress_line

POLL_SECONDS = 2.0


def draw(project: Project, *, has_map: bool) -> None:
    """Draw the job under way, or the button that starts one."""
    job = mapping.map_job(project)
    if job is not None and job.live:
        _watch(project, job.id)
        return
    if job is not None and job.status in ("failed", "killed"):
        st.error(plain(job.error or t("The map's job ended without a result.")), icon=":material/error:")
        if job.remedy:
            st.caption(plain(job.remedy))
    if has_map:
        if st.button(t("Update the map"), key="map-update", type="tertiary", icon=":material/refresh:"):
            mapping.start_map(project, state.curator())
            st.rerun()
        return
    empty_state(
        t("No map yet"),
        t(
            "The map lays conversations of like meaning together, so that topics, islands and odd corners show. "
            "Making it takes a minute for some thousand conversations; you can go on working meanwhile."
        ),
        key="map",
    )
    if st.button(t("Make the map"), type="primary", key="map-start", icon=":material/map:"):
        mapping.start_map(project, state.curator())
        st.rerun()


@st.fragment(run_every=POLL_SECONDS)
@guarded
def _watch(project: Project, job_id: str) -> None:
    job: Job | None = mapping.map_job(project)
    if job is None or job.id != job_id or not job.live:
        if job is not None and job.status == "done":
            mapping.collect_map(project, job_id)
        st.rerun()
    label = {"queued": t("Waiting for the device"), "stopping": t("Stopping")}.get(job.status, t("Making the map"))
    progress_line(job.step, job.total, label=label, eta_seconds=job.eta_seconds)
