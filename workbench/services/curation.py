"""Decisions over conversations: plan, look, apply, undo.

plan = plan_tag(project, "expert", query="source:gpt4 class:none")
action = apply_plan(project, plan, actor="ann")     # exactly the plan, or nothing at all
undo(project, action.id, actor="ann")
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from workbench.curate.text import measure_many
from workbench.domain.curation import Action, Plan
from workbench.domain.errors import PlanError
from workbench.services.classes import (
    ClassRow,
    class_scheme,
    class_table,
    make_grades,
    remove_class,
    set_beta,
    set_class,
    set_rewards,
)
from workbench.services.planning import (
    plan_comment,
    plan_edit,
    plan_exclude_turn,
    plan_ranking,
    plan_reward,
    plan_reward_turn,
    plan_status,
    plan_tag,
)
from workbench.services.project import Project
from workbench.store import actions as action_store
from workbench.store.changes import Progress, apply_changes, signed_by
from workbench.store.undo import undo_action

__all__ = [
    "ClassRow",
    "applied_by",
    "apply_plan",
    "apply_within",
    "class_scheme",
    "class_table",
    "get_action",
    "log",
    "make_grades",
    "plan_comment",
    "plan_edit",
    "plan_exclude_turn",
    "plan_ranking",
    "plan_reward",
    "plan_reward_turn",
    "plan_status",
    "plan_tag",
    "remove_class",
    "set_beta",
    "set_class",
    "set_rewards",
    "undo",
]

UNDONE_AT_ONCE = 2_000
"""Undoing a larger action shows its progress."""
ASKED_BY_NUMBER = ("import", "bring-back")
"""Actions that are undone only when named: pressing undo once too often must not drop an import."""


def apply_plan(
    project: Project, plan: Plan, *, actor: str, job_id: str = "", on_progress: Progress | None = None
) -> Action:
    """Do exactly what a plan says, in one transaction.

    Args:
        project: The project.
        plan: What to do.
        actor: Who decides; a tag notes them beside the class.
        job_id: The job that does it, noted in the log; `applied_by` finds it there.
        on_progress: Called after each part of a large act; what it raises takes all of it back.

    Raises:
        PlanError: It changes nothing, or some of its conversations were changed meanwhile; then nothing is done.
    """
    if not plan.changes:
        raise PlanError(f"{plan.title or plan.kind}: there is nothing to change", "select other conversations")
    if job_id:
        plan = replace(plan, params={**plan.params, "job": job_id})
    with project.database.write() as connection:
        return apply_within(connection, plan, actor, on_progress)


def applied_by(project: Project, job_id: str) -> Action | None:
    """Return what a job has applied, or None where it has not come so far."""
    with project.database.read() as connection:
        return action_store.find_action(connection, job_id)


def apply_within(
    connection: Connection, plan: Plan, actor: str, on_progress: Progress | None = None
) -> Action:
    """Do what a plan says in the caller's write transaction, which takes everything back on an error.

    Raises:
        PlanError: Some of its conversations were changed meanwhile.
    """
    action = action_store.record_action(
        connection,
        plan.kind,
        plan.title,
        actor,
        reason=plan.reason,
        affected=plan.affected,
        params=plan.params,
        undoable=True,
    )
    changes = signed_by(connection, plan.changes, actor) if plan.kind == "tag" else plan.changes
    apply_changes(connection, action.id, changes, measure_many, on_progress)
    return action


def undo(
    project: Project, action_id: int | None = None, *, actor: str, on_progress: Progress | None = None
) -> Action:
    """Undo an action; undoing an undo does it again.

    Args:
        project: The project.
        action_id: What to undo; None is this actor's last action that is in force.
        actor: Who undoes it.
        on_progress: Called after each part of a large act.

    Returns:
        The undo, an action of its own.

    Raises:
        NotFound: There is no such action.
        PlanError: There is nothing to undo, or later actions changed the same fields.
    """
    with project.database.write() as connection:
        if action_id is None:
            action_id = last_to_undo(connection, actor).id
        return undo_action(connection, action_id, actor, measure_many, on_progress)


def last_to_undo(connection: Connection, actor: str) -> Action:
    """Return what an undo that names no action takes back.

    Raises:
        PlanError: There is nothing, or it is to be asked for by its number.
    """
    last = action_store.last_undoable(connection, actor)
    if last is None:
        raise PlanError(f"{actor} has done nothing that can be undone", "name an action of the log")
    if last.kind in ASKED_BY_NUMBER:
        raise PlanError(
            f"the last action is {last.id} ({last.title}); undoing it drops its conversations",
            f"name it if that is meant: undo {last.id}",
        )
    return last


def undo_takes_long(project: Project, actor: str) -> bool:
    """Return whether to undo this actor's last action takes so long that its progress should be seen."""
    with project.database.read() as connection:
        last = action_store.last_undoable(connection, actor)
    return last is not None and last.affected > UNDONE_AT_ONCE


def log(project: Project, limit: int = 50, *, before: int | None = None, kind: str | None = None) -> list[Action]:
    """Return entries of the audit log, newest first.

    Args:
        project: The project.
        limit: How many at most.
        before: Only those with a smaller number: the next page.
        kind: Only those of this kind.
    """
    with project.database.read() as connection:
        return action_store.list_actions(connection, limit, before=before, kind=kind)


def get_action(project: Project, action_id: int) -> Action:
    """Return an entry of the audit log.

    Raises:
        NotFound: There is none of this number.
    """
    with project.database.read() as connection:
        return action_store.get_action(connection, action_id)
