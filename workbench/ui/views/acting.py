"""Every change from the app goes through here: the plan is shown, applied, and undone with one key.

    acting.review(project, plan)     # bulk: opens the plan's dialog; Apply or Cancel
    acting.apply_now(project, plan)  # one conversation by key: applied at once, undone with `u`

The pending plan lives in the browser session until it is applied or cancelled; the audit log and undo are the
store's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import streamlit as st

from crlft.errors import CrlftError
from workbench.domain.curation import Action, Plan
from workbench.domain.errors import NotFound
from workbench.services import curation, jobs, work
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import said, t, tn
from workbench.ui.views import following
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.errors import error_box, in_words, plain
from workbench.ui.widgets.layout import progress_line

_PENDING, _NOTICE, _AFTER = "pending_plan", "notice", "pending_plan_after"
_APPLYING = "plan_applying"
_STALE, _SOON, _UNDOING = "frame_stale", "undo_soon", "undo_soon_ids"
SUMMARY_ROWS = 12
FIELD_NAMES = {
    "class_name": "class",
    "coarse_reward": "reward",
    "drop_reason": "reason",
    "turns": "text",
    "tagged_by": "tagged by",
}
"""Record field → what a reader calls it, where that is another word."""


def review(plan: Plan, *, after: Callable[[Action], None] | None = None) -> None:
    """Open the plan's dialog, where it is applied or cancelled; a plan without changes is only said so.

    Call it from a page's or fragment's body, not from a widget's callback.

    Args:
        plan: What will be done, all of it.
        after: Called once with the logged action after it was applied (to clear a selection, for example).
    """
    if plan.affected == 0:
        state.say(t("Nothing to change: {n} already as asked", n=plan.unchanged), icon=":material/info:")
    else:
        st.session_state[_PENDING] = plan
        st.session_state[_AFTER] = after
    st.rerun()


def apply_now(project: Project, plan: Plan) -> Action | None:
    """Apply a plan without asking (single decisions by key); returns None if there was nothing to change."""
    if plan.affected == 0:
        return None
    return curation.apply_plan(project, plan, actor=state.curator())


def undo(project: Project, action_id: int | None = None) -> Action | None:
    """Undo an action (None: this curator's last) and say what was undone; a refusal is said too."""
    try:
        with progress() as report:
            action = curation.undo(project, action_id, actor=state.curator(), on_progress=report)
    except CrlftError as error:
        state.say(in_words(error), icon=":material/error:")
        return None
    say_undone(action)
    st.session_state.pop(_STALE, None)
    return action


def say_undone(action: Action) -> None:
    """Say what an undo has taken back; the line of what was done last goes, where it stands."""
    title = said(action.title.removeprefix("undo: "))
    state.say(t("Undone: {title}", title=plain(title)), icon=":material/undo:")
    if st.session_state.pop(_NOTICE, None) is not None:
        st.session_state[_STALE] = True


def undo_soon(decision_id: str) -> None:
    """Let the frame undo this curator's last action, with its progress; asked for twice, it does so once."""
    if not is_undoing(decision_id):
        st.session_state[_UNDOING].add(decision_id)
        st.session_state[_SOON] = st.session_state[_STALE] = True


def is_undoing(decision_id: str) -> bool:
    """Return whether `undo_soon` was asked for by this decision."""
    return decision_id in st.session_state.setdefault(_UNDOING, set())


def take_soon() -> bool:
    """Return once whether an undo was asked for by `undo_soon`."""
    return bool(st.session_state.pop(_SOON, False))


def draw_frame_anew() -> None:
    """Run the whole page where a fragment's decisions have changed what stands around it; a fragment begins so."""
    if st.session_state.pop(_STALE, False):
        st.rerun()


def draw_pending(project: Project) -> None:
    """Draw the dialog of the pending plan, if there is one; the frame calls this once a run."""
    if isinstance(st.session_state.get(_PENDING), Plan):
        dialog = st.dialog(t("Review before it is done"), width="medium", on_dismiss=_forget)(_dialog)
        dialog(project)


def draw_notice(project: Project) -> None:
    """Draw the line that says what was just done, with its undo; the frame calls this once a run."""
    action = st.session_state.get(_NOTICE)
    if not isinstance(action, Action):
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="wb-notice"):
        st.markdown(":material/check: " + plain(t("Done: {title}", title=said(action.title))), width="stretch")
        if action.undoable and st.button(t("Undo"), key="notice-undo", icon=":material/undo:"):
            undo(project, action.id)
            st.rerun()
        if st.button(t("Close"), key="notice-close", type="tertiary", icon=":material/close:"):
            st.session_state.pop(_NOTICE)
            st.rerun()


def notify(action: Action) -> None:
    """Show an action that was done elsewhere (an import, a round brought back) with its undo."""
    st.session_state[_NOTICE] = action


def plan_summary(plan: Plan) -> None:
    """Draw how many change, what from, what to, and how many stay as they are."""
    rows = plan.summary()
    table(
        [t("Field"), t("Before"), t("After"), t("Conversations")],
        [(field_name(field), t(before), t(after), n) for field, before, after, n in rows[:SUMMARY_ROWS]],
        numeric=[3],
    )
    notes = []
    if len(rows) > SUMMARY_ROWS:
        notes.append(t("{n} more kinds of change.", n=len(rows) - SUMMARY_ROWS))
    if plan.unchanged:
        notes.append(
            tn(plan.unchanged, "{n} of those selected stays as it is.", "{n} of those selected stay as they are.")
        )
    if plan.reason:
        notes.append(t("Reason: {reason}", reason=said(plan.reason)))
    for note in notes:
        st.caption(plain(note))


def field_name(field: str) -> str:
    """Return what a reader calls a record's field."""
    return t(FIELD_NAMES.get(field, field))


def _dialog(project: Project) -> None:
    plan = st.session_state.get(_PENDING)
    if not isinstance(plan, Plan):
        st.rerun()
    title = said(plan.title[:1].upper() + plan.title[1:])
    st.markdown(f"**{plain(title)}**")
    plan_summary(plan)
    with st.container(horizontal=True, key="wb-plan-buttons"):
        label = tn(plan.affected, "Apply to {n} conversation", "Apply to {n} conversations")
        go = st.button(label, type="primary", key="plan-apply", shortcut="Enter")
        cancel = st.button(t("Cancel"), key="plan-cancel")
    if cancel:
        _forget()
        st.rerun()
    if go:
        _apply(project, plan)


def _apply(project: Project, plan: Plan) -> None:
    if work.is_large(plan):
        _apply_as_job(project, plan)
    try:
        with st.spinner(t("Applying…")), progress() as report:
            action = curation.apply_plan(project, plan, actor=state.curator(), on_progress=report)
    except CrlftError as error:
        error_box(error)
        return
    after = st.session_state.get(_AFTER)
    _forget()
    notify(action)
    if after is not None:
        after(action)
    st.rerun()


@contextmanager
def progress() -> Iterator[Callable[[int, int | None], None]]:
    """Give what draws how far a large act is; a small one never calls it."""
    place = st.empty()

    def report(done: int, of: int | None) -> None:
        with place:
            progress_line(done, of, label=t("Applying…"))

    yield report
    place.empty()


def _apply_as_job(project: Project, plan: Plan) -> NoReturn:
    """Hand a large plan to a process of its own: the app answers everybody meanwhile, and may be closed."""
    after = st.session_state.get(_AFTER)
    with st.spinner(t("Writing the plan down…")):
        job = work.start_apply(project, plan, actor=state.curator())
    st.session_state[_APPLYING] = (job.id, after)
    _forget()
    st.rerun()


def applying(project: Project) -> bool:
    """Return whether a large plan of this browser session is being applied: what it rests on will change."""
    job_id = str(st.session_state.get(_APPLYING, ("",))[0])
    try:
        return bool(job_id) and jobs.get_job(project, job_id).live
    except NotFound:
        return False


def draw_applying(project: Project) -> None:
    """Draw a large plan that is being applied, and what became of it; the frame calls this once a run."""
    job_id, after = st.session_state.get(_APPLYING, ("", None))
    if not job_id:
        return
    try:
        job = jobs.get_job(project, job_id)
    except NotFound:  # somebody has deleted the job
        del st.session_state[_APPLYING]
        return
    if job.live:
        following.watch(project, job, label=plain(t("Applying: {title}", title=said(job.title))))
        return
    if job.status != "done":
        following.ended_early(project, job, leave=lambda: st.session_state.pop(_APPLYING))
        return
    del st.session_state[_APPLYING]
    action = work.result(project, job_id)
    notify(action)
    if after is not None:
        after(action)


def _forget() -> None:
    st.session_state.pop(_PENDING, None)
    st.session_state.pop(_AFTER, None)
