"""A run that did not end well: what happened in words, the log's end, and the one next action."""

from __future__ import annotations

import streamlit as st

from workbench.domain.run import Job
from workbench.services import failures, jobs, snapshots, training
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.nav import goto, set_params
from workbench.ui.widgets.errors import fault_words

LOG_LINES = 12


def trouble(project: Project, job: Job, *, log: bool = True) -> None:
    """Say what happened and show the log's end; draws nothing for a run that did not fail.

    Args:
        project: The open project.
        job: The run.
        log: Whether to show the log's end, for pages that do not show it anyway.
    """
    kind = failures.failure_kind(job)
    if not kind:
        return
    words = fault_words(job.error or t("the run ended without saying why"), job.remedy)
    st.error(f"**{t(failures.KINDS[kind])}** \n\n{words}", icon=":material/error:")
    tail = jobs.job_log(project, job.id, lines=LOG_LINES) if log else ""
    if tail:
        with st.expander(t("The end of its log"), expanded=kind in ("error", "killed")):
            st.code(tail, language=None, wrap_lines=True)


def next_step(project: Project, job: Job) -> None:
    """Draw the one action that helps, and plain resuming beside it where that is another."""
    action = training.next_action(project, job)
    if action is None:
        return
    if action.code != "resume" and st.button(
        t(action.label), type="primary", icon=":material/restart_alt:", key=f"run-{action.code}"
    ):
        _carry_out(project, job, action)
    plain_resume = action.code == "resume"
    icon = ":material/play_arrow:"
    if st.button(t("Resume"), type="primary" if plain_resume else "secondary", icon=icon, key="run-resume"):
        training.resume_run(project, job.id)
        state.say(t("It goes on from its last checkpoint"), icon=icon)
        st.rerun()


def end_now(project: Project, job: Job) -> None:
    """Draw the way to end a live run at once, without waiting for the end of its step."""
    with st.popover(t("End it now"), icon=":material/cancel:", type="tertiary"):
        st.caption(t("It ends without a new checkpoint: what came after the last one is lost. It can be resumed."))
        if st.button(t("End it without saving"), type="primary", key="run-end-now"):
            jobs.stop(project, job.id, grace_seconds=0)
            st.rerun()


def again_with_changes(project: Project, job: Job) -> None:
    """Draw the way back to the form with everything as it was for this run, to change what should be."""
    if not st.button(t("Again with changes"), icon=":material/tune:", key="run-again"):
        return
    params = job.params
    for name, value in dict(params.get("overrides") or {}).items():
        st.session_state[f"train-{name}"] = str(value)
    st.session_state["train-method"] = params.get("method", "c-rlft")
    st.session_state["train-processes"] = int(params.get("processes", 1))
    named = str(params.get("snapshot", ""))
    known = {s.name for s in snapshots.list_snapshots(project)}
    goto("train", snapshot=named if named in known else "", base=str(params.get("base", "")))


def _carry_out(project: Project, job: Job, action: failures.NextAction) -> None:
    match action.code:
        case "retry":
            again = training.retry_run(project, job.id, action.overrides, actor=state.curator())
            set_params(run=again.id)
            st.rerun()
        case "data":
            goto("snapshots", snapshot=str(job.params.get("snapshot", "")))
        case "free-disk":
            goto("jobs", show="room")
        case _:
            goto("train", snapshot=str(job.params.get("snapshot", "")))
