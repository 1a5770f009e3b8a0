"""Jobs: what runs, what waits and in which order, what ended; one job opened with its log.

Work so small that it is done in the app's own process stands here too while it lasts; jobs outlive the app, this
does not.
"""

from __future__ import annotations

import shlex

import streamlit as st

from workbench.domain.run import Job
from workbench.services import jobs, work
from workbench.services.project import Project
from workbench.ui import background, state
from workbench.ui.i18n import said, t, tn
from workbench.ui.nav import goto, param, set_params
from workbench.ui.views.jobs_room import draw_room
from workbench.ui.views.reader import local_time
from workbench.ui.views.train_failure import again_with_changes, end_now, next_step, trouble
from workbench.ui.views.train_watch import job_chip
from workbench.ui.widgets.chips import chip, chips
from workbench.ui.widgets.click_table import click_table
from workbench.ui.widgets.errors import guarded, plain
from workbench.ui.widgets.layout import duration, empty_state, page_header, progress_line, section
from workbench.ui.widgets.live_run import heartbeat
from workbench.ui.widgets.loop_styles import loop_styles
from workbench.ui.widgets.sizes import gigabytes

REFRESH_SECONDS = 2.0
LOG_LINES = 40
MOST_ENDED = 200

KINDS = {
    "train": "training",
    "generate": "answers for a comparison",
    "desk": "models kept ready to talk",
    "embed": "map",
    "embed-parts": "embeddings for duplicates",
    "suggest": "the model judges tags",
    "probe": "plain text of a run and its base",
    "clean": "clean scan",
    "dedupe": "search for duplicates",
    "leaks": "search for leaked evaluation prompts",
    "import": "import",
    "plan": "plan of a cleaning",
    "apply": "changes applied",
}
"""Words for what a job does; a kind without words is shown as it is."""

PAGES = {
    "dedupe": "duplicates",
    "leaks": "duplicates",
    "clean": "clean",
    "plan": "clean",
    "import": "import_",
    "embed": "browse",
    "generate": "compare",
}
"""Kind of a job → the page where its result is."""

TASKS = {
    "import": "import",
    "clean": "clean scan",
    "dedupe": "search for duplicates",
    "duplicates": "search for duplicates",
    "leaks": "search for leaked evaluation prompts",
    "snapshot": "snapshot",
    "export": "export",
}
"""Start of a task's key → words for it."""


def draw(project: Project) -> None:
    """Draw the Jobs page."""
    loop_styles()
    page_header(t("Jobs"), t("What runs and what waits. One device runs one job; the others stand in line."))
    opened = param("job")
    if opened:
        _one(project, opened)
        return
    found = jobs.all_jobs(project)
    if not found and not background.tasks():
        empty_state(
            t("Nothing has been started yet"),
            t("Training, comparing, importing and searching are jobs: they go on when the page is closed."),
            button=t("Go to Train"),
            page="train",
            key="jobs",
        )
        return
    st.fragment(_live)(project, _signature(found))
    draw_room(project)
    _ended(project, [j for j in found if not j.live])


def _signature(found: list[Job]) -> list[tuple[str, str]]:
    return [(j.id, j.status) for j in found]


@guarded
def _live(project: Project, seen: list[tuple[str, str]]) -> None:
    found = jobs.all_jobs(project)
    if _signature(found) != seen:
        st.rerun()
    live = [j for j in found if j.live]
    tasks = background.tasks()
    section(t("Running and waiting"))
    if not live and not tasks:
        st.caption(t("Nothing runs now."))
    ahead = {j.id: jobs.waits_for(project, j.id) for j in live if j.status == "queued"}
    for job in sorted(live, key=lambda j: (j.status == "queued", len(ahead.get(j.id, ())))):
        _card(project, job, ahead.get(job.id, []))
    for task in tasks:
        _task(task)
    if live or tasks:
        heartbeat(REFRESH_SECONDS, key="jobs-beat")


def _card(project: Project, job: Job, ahead: list[str]) -> None:
    with st.container(border=True, key=f"wl-job-{job.id}"):
        chips([job_chip(job.status), chip(kind_words(job.kind)), chip(local_time(job.created_at))])
        with st.container(horizontal=True, vertical_alignment="center"):
            with st.container():
                _how_far(job, ahead)
            _buttons(project, job, ahead)
        with st.expander(t("The end of its log")):
            st.code(jobs.job_log(project, job.id, lines=8) or t("The log is empty so far."), language=None)


def _how_far(job: Job, ahead: list[str]) -> None:
    title = plain(said(job.title or job.id))
    if job.status == "queued":
        place = tn(len(ahead), "one job goes first", "{n} jobs go first") if ahead else t("it is next")
        st.markdown(f"{title} · {place}")
    else:
        progress_line(job.step, job.total, label=title, eta_seconds=job.eta_seconds)


def _buttons(project: Project, job: Job, ahead: list[str]) -> None:
    if job.status == "queued" and ahead:
        if st.button(t("Go first"), key=f"first-{job.id}", icon=":material/vertical_align_top:"):
            jobs.go_first(project, job.id, actor=state.curator())
            st.rerun(scope="fragment")
    stopping = job.status == "stopping"
    label = t("Stopping…") if stopping else t("Leave the line") if job.status == "queued" else stop_words(job)
    if st.button(label, key=f"stop-{job.id}", icon=":material/stop_circle:", disabled=stopping):
        jobs.stop(project, job.id)
        st.rerun()
    if st.button(t("Open"), key=f"open-{job.id}", icon=":material/open_in_full:", type="tertiary"):
        _open(job)


def _task(task: background.Task) -> None:
    with st.container(border=True, key=f"wl-task-{task.key}"):
        words = next((w for start, w in TASKS.items() if task.key.startswith(start)), task.key)
        progress_line(task.done, task.total, label=t(words), eta_seconds=task.eta_seconds)
        st.caption(t("In the app's own process: it ends with the app."))


def stop_words(job: Job) -> str:
    """Return what a button that stops a job says: not every kind has something to save."""
    return t("Stop") if job.kind in work.KINDS else t("Stop and save")


def kind_words(kind: str) -> str:
    """Return what a job of this kind does, in words."""
    return t(KINDS.get(kind, kind))


def _open(job: Job) -> None:
    if job.kind == "train":
        goto("train", run=job.id)
    set_params(job=job.id)
    st.rerun()


def _ended(project: Project, found: list[Job]) -> None:
    if not found:
        return
    section(t("Ended"), t("newest first; click a row to open it"))
    shown = found[:MOST_ENDED]
    picked = click_table(ended_table(project, shown), "job-list")
    if picked is not None:
        set_params(job=shown[picked].id)
        st.rerun()
    if len(found) > len(shown):
        st.caption(t("The newest {n} of {total}.", n=len(shown), total=len(found)))


def ended_table(project: Project, found: list[Job]) -> dict[str, list[object]]:
    """Return ended jobs as columns."""
    return {
        t("job"): [said(j.title or j.id) for j in found],
        t("kind"): [kind_words(j.kind) for j in found],
        t("status"): [t(j.status) for j in found],
        t("how far"): [f"{j.step:,} / {j.total:,}" if j.total else "" for j in found],
        t("started"): [local_time(j.created_at) for j in found],
        t("on the disk"): [gigabytes(jobs.folder_bytes(project, j.id)) for j in found],
        t("id"): [j.id for j in found],
    }


def _one(project: Project, job_id: str) -> None:
    job = jobs.get_job(project, job_id)
    with st.container(horizontal=True, vertical_alignment="center", key="wl-job-head"):
        if st.button(t("All jobs"), icon=":material/arrow_back:", type="tertiary"):
            set_params(job=None)
            st.rerun()
        chips([chip(said(job.title or job.id)), job_chip(job.status), chip(kind_words(job.kind))])
    trouble(project, job, log=False)
    with st.container(horizontal=True, vertical_alignment="center", key="wl-job-acts"):
        _acts(project, job)
    st.fragment(_watch)(project, job_id, job.status)


def _acts(project: Project, job: Job) -> None:
    if job.kind == "train" and st.button(
        t("Curves and samples"),
        type="primary" if job.live or job.status == "done" else "secondary",  # else what helps comes first
        icon=":material/show_chart:",
    ):
        goto("train", run=job.id)
    if job.kind in PAGES and st.button(t("Its page"), icon=":material/open_in_full:", key="job-page"):
        goto(PAGES[job.kind])
    if job.live:
        stopping = job.status == "stopping"
        if st.button(stop_words(job), icon=":material/stop_circle:", disabled=stopping, key="job-stop"):
            jobs.stop(project, job.id)
            st.rerun()
        if job.kind not in work.KINDS:
            end_now(project, job)
        return
    if job.kind == "train":
        next_step(project, job)
        again_with_changes(project, job)
    elif job.status != "done" and st.button(
        t("Do it again") if job.kind in work.KINDS else t("Resume"), icon=":material/play_arrow:", key="job-resume"
    ):
        jobs.resume(project, job.id)
        again = t("It is done again; what was kept is not lost")
        words = again if job.kind in work.KINDS else t("It goes on from its last checkpoint")
        state.say(words, icon=":material/play_arrow:")
        st.rerun()
    if st.button(t("Delete"), icon=":material/delete:", type="tertiary", key="job-delete"):
        jobs.delete(project, job.id, actor=state.curator())
        state.say(t("It lies in the trash; its folder is {folder}", folder=f"runs/.trash/{job.id}"))
        set_params(job=None)
        st.rerun()


@guarded
def _watch(project: Project, job_id: str, status: str) -> None:
    job = jobs.get_job(project, job_id)
    if job.status != status:
        st.rerun()
    if job.live:
        progress_line(job.step, job.total, label=t(job.status), eta_seconds=job.eta_seconds)
        heartbeat(REFRESH_SECONDS, key="job-beat")
    elif job.metrics.get("seconds"):
        st.caption(t("It took {time}.", time=duration(float(job.metrics["seconds"]))))
    section(t("The end of its log"))
    st.code(jobs.job_log(project, job_id, lines=LOG_LINES) or t("The log is empty so far."), language=None)
    st.caption(t("The command that runs"))
    st.code(shlex.join(job.command), language="bash", wrap_lines=True)
