"""Making the map: a job with progress and the time left; it goes on when the page is closed."""

from __future__ import annotations

import streamlit as st

from workbench.domain.errors import PlanError
from workbench.domain.run import Job
from workbench.services import jobs, mapping
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.widgets.errors import error_box, fault_words, guarded, plain
from workbench.ui.widgets.layout import empty_state, progress_line

POLL_SECONDS = 2.0


def draw(project: Project, *, has_map: bool) -> None:
    """Draw the job under way, what became of a broken one, or (without a map) the button that makes one."""
    job = mapping.map_job(project)
    if job is not None and job.live:
        _watch(project, job.id)
        return
    if job is not None and job.status in ("stopped", "failed", "killed"):
        _ended_early(project, job)
    if not has_map:
        empty_state(
            t("No map yet"),
            t(
                "The map lays conversations of like meaning together, so that topics, islands and odd corners "
                "show. Making it takes a minute or so for each thousand; you can go on working meanwhile."
            ),
            key="map",
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            _button(project, t("Make the map"), first=True)
            _embedder(project)


def update_button(project: Project) -> None:
    """Draw the button that lays the map out anew; only new conversations are embedded."""
    job = mapping.map_job(project)
    if job is None or not job.live:
        with st.container(horizontal=True, width="content", gap="small"):
            _embedder(project)
            _button(project, t("Update the map"), first=False)


def _embedder(project: Project) -> None:
    """Draw the choice of what turns texts into points."""
    now = mapping.chosen_embedder(project)
    with st.popover(t("Embedder"), icon=":material/tune:", type="tertiary", key="map-embedder"):
        st.caption(
            t(
                "What turns a text into a place on the map. “offline” is built in and good at English; for "
                "other languages name a multilingual sentence-transformers model: a hub name such as owner/model "
                "(downloaded once), or a folder. A new embedder reads every text again with the next map."
            )
        )
        with st.form("map-embedder-form", border=False):
            name = st.text_input(t("Embedder"), now, placeholder=mapping.OFFLINE)
            chosen = st.form_submit_button(t("Use it for the next map"))
    if chosen and (name.strip() or mapping.OFFLINE) != now:
        try:
            used = mapping.choose_embedder(project, name, actor=state.curator())
        except PlanError as error:
            error_box(error)
            return
        state.say(t("The next map is made by “{name}”", name=plain(used)))
        st.rerun()


def _button(project: Project, label: str, *, first: bool) -> None:
    if st.button(label, type="primary" if first else "tertiary", key="map-start", icon=":material/map:"):
        mapping.start_map(project, state.curator())
        st.rerun()


def _ended_early(project: Project, job: Job) -> None:
    words = {"stopped": t("Making the map was stopped."), "killed": t("The map's process was killed.")}
    happened = job.error or words.get(job.status, t("The map could not be made."))
    st.warning(fault_words(happened, job.remedy), icon=":material/warning:")
    if job.status != "failed" and st.button(t("Go on with it"), key="map-resume", icon=":material/play_arrow:"):
        jobs.resume(project, job.id)
        st.rerun()


@st.fragment(run_every=POLL_SECONDS)
@guarded
def _watch(project: Project, job_id: str) -> None:
    job = mapping.map_job(project)
    if job is None or job.id != job_id or not job.live:
        st.rerun()
    label = {
        "queued": t("Waiting for the device"),
        "stopping": t("Stopping"),
    }.get(job.status, t("Making the map"))
    with st.container(horizontal=True, vertical_alignment="center"):
        progress_line(job.step, job.total, label=label, eta_seconds=job.eta_seconds)
        if st.button(
            t("Stop"), key="map-stop", icon=":material/stop:", disabled=job.status == "stopping", width="content"
        ):
            jobs.stop(project, job_id)
