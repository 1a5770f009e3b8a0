"""Long work on a page: begun here, followed wherever the page is opened, its result taken once.

    following.begin(project, "dedupe", request, title=…, small=n <= 2000, key=TASK)
    taken, busy = following.take(project, "dedupe", key=TASK, label=t("conversations read"))

Small work is done in a thread of the app at once: starting a process would take longer. All else is a job
(`workbench.services.work`): it goes on when the tab is closed or the app ends, and whoever opens the page next
finds it under way or ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from workbench.domain.errors import NotFound
from workbench.domain.run import Job
from workbench.services import jobs, work
from workbench.services.project import Project
from workbench.ui import background, state
from workbench.ui.i18n import said, t
from workbench.ui.views import working
from workbench.ui.widgets.errors import fault_words, guarded, plain
from workbench.ui.widgets.layout import progress_line

POLL_SECONDS = 0.7


@dataclass(frozen=True, slots=True)
class Taken:
    """What work has made.

    Attributes:
        result: As `work.result`.
        request: What was asked for.
        job_id: The job that made it; empty where the app did.
    """

    result: Any
    request: Mapping[str, Any]
    job_id: str = ""


def begin(
    project: Project,
    kind: str,
    request: Mapping[str, Any],
    *,
    title: str,
    small: bool,
    key: str,
    should_stop: Callable[[], bool] | None = None,
) -> None:
    """Begin work: at once in the app where it is small, else as a job.

    Args:
        project: The project.
        kind: One of `work.KINDS`.
        request: What to do, as JSON.
        title: One line for lists of jobs, in English: it is stored, and `said` in the reader's language.
        small: Whether it takes less time than starting a process.
        key: The task's key where it is small.
        should_stop: Asked while small work is done; a job is stopped by its file.
    """
    who = state.curator()
    if small:
        st.session_state[f"asked-{key}"] = dict(request)

        def here(report: background.Report) -> Any:
            return work.perform(project, kind, request, actor=who, on_progress=report, should_stop=should_stop)

        background.start(key, here)
        return
    done_with(project, kind, mine=True)  # what was asked before is history
    st.session_state[f"work-{kind}"] = work.start(project, kind, request, actor=who, title=title).id


def take(
    project: Project, kind: str, *, key: str, label: str, mine: bool = False, keep: bool = False
) -> tuple[Taken | None, bool]:
    """Draw work under way, or what became of it; return its result once after it ended well, and whether it runs.

    Args:
        project: The project.
        kind: One of `work.KINDS`.
        key: The task's key where it is small.
        label: What the progress line says.
        mine: Only what this curator asked for.
        keep: Another browser session may take it too, until `done_with` says that it is history.
    """
    if background.task(key) is not None:
        made = working.take(key, label=label)
        asked = st.session_state.get(f"asked-{key}", {})
        return (None if made is None else Taken(made, asked)), working.busy(key)
    job = current(project, kind, mine=mine)
    if job is None:
        return None, False
    if job.live:
        watch(project, job, label=label)
        return None, True
    if job.status == "done":
        if keep and st.session_state.get(f"taken-{kind}") == job.id:
            return None, False
        made = work.result(project, job.id)
        st.session_state[f"taken-{kind}"] = job.id
        if not keep:
            put_away(project, job)
        return Taken(made, job.params, job.id), False
    ended_early(project, job)
    return None, False


def current(project: Project, kind: str, *, mine: bool = False) -> Job | None:
    """Return the job that this browser session follows, else the newest one that nobody has put away."""
    followed = f"work-{kind}"
    known = str(st.session_state.get(followed, ""))
    try:
        if known:
            return jobs.get_job(project, known)
    except NotFound:
        st.session_state.pop(followed)  # deleted meanwhile
    job = work.latest(project, kind, actor=state.curator() if mine else None)
    if job is not None and job.live:
        st.session_state[followed] = job.id
    return job


def done_with(project: Project, kind: str, *, mine: bool = False) -> None:
    """Put away what `take` kept."""
    job = current(project, kind, mine=mine)
    if job is not None and not job.live:
        put_away(project, job)


def put_away(project: Project, job: Job) -> None:
    """Note that its end was seen."""
    st.session_state.pop(f"work-{job.kind}", None)
    work.put_away(project, job.id)


def watch(project: Project, job: Job, *, label: str) -> None:
    """Draw a live job's progress with its stop, and redraw the whole page when it ends."""

    @st.fragment(run_every=POLL_SECONDS)
    @guarded
    def poll() -> None:
        now = jobs.get_job(project, job.id)
        if not now.live:
            st.rerun()
        words = {"queued": t("Waiting for another of its kind"), "stopping": t("Stopping…")}
        with st.container(horizontal=True, vertical_alignment="center", key=f"wl-work-{job.kind}"):
            progress_line(now.step, now.total, label=words.get(now.status, label), eta_seconds=now.eta_seconds)
            stopping = now.status == "stopping"
            icon = ":material/stop:"
            if st.button(t("Stop"), key=f"work-stop-{job.kind}", icon=icon, disabled=stopping, width="content"):
                jobs.stop(project, job.id)
                st.rerun(scope="fragment")
        st.caption(t("It goes on when you leave this page; Jobs shows it too."))

    poll()


def ended_early(project: Project, job: Job, *, leave: Callable[[], object] | None = None) -> None:
    """Say why a job did not come to its end, and offer to do it again or to leave it.

    Args:
        project: The project.
        job: It ended, and not well.
        leave: What else is to be forgotten where it is left.
    """
    words = {"stopped": t("It was stopped before its end."), "killed": t("Its process was killed.")}
    text = fault_words(words.get(job.status) or job.error, "" if job.status == "stopped" else job.remedy)
    (st.info if job.status == "stopped" else st.error)(f"{plain(said(job.title))}: {text}", icon=":material/info:")
    with st.container(horizontal=True, key=f"wl-work-ended-{job.kind}"):
        if st.button(t("Do it again"), type="primary", key=f"work-again-{job.kind}", icon=":material/replay:"):
            jobs.resume(project, job.id)
            st.session_state[f"work-{job.kind}"] = job.id
            st.rerun()
        if st.button(t("Leave it"), key=f"work-leave-{job.kind}"):
            put_away(project, job)
            if leave is not None:
                leave()
            st.rerun()
