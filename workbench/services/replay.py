"""Bulk decisions as part of a recipe: taken from the log, kept, shared, and made again on other data.

steps = bulk_decisions(project)                              # of the log, as far as they are in force
save_recipe(project, "house", with_decisions(recipe, steps), actor="ann")
look = preview(other_project, recipe.decisions)              # how many each would change now
done = replay(other_project, recipe.decisions, actor="ben")  # one entry of the log for each
undo_all(other_project, [a.id for a in done], actor="ben")
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from workbench.curate.query import parse_query
from workbench.domain.curation import Action, Plan
from workbench.domain.query import FieldTerm
from workbench.services import browsing, curation, planning
from workbench.services.project import Project
from workbench.services.recipes import BULK_KINDS, BulkDecision, Recipe
from workbench.store.schema import actions

STATUS = {"keep": "kept", "drop": "dropped", "restore": "pending"}
LOCAL_FIELDS = ("cluster", "dup", "id", "like", "prompt")
"""Fields whose values mean something else, or nothing, in another project."""
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class Logged:
    """A bulk decision of the log.

    Attributes:
        action: Its entry.
        decision: What was decided.
        local: Fields in its query that other projects read differently.
    """

    action: Action
    decision: BulkDecision
    local: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What a decision is about now.

    Attributes:
        decision: The decision.
        matches: Conversations that match, before the earlier steps are made.
        exact: False where there are more.
    """

    decision: BulkDecision
    matches: int
    exact: bool


def bulk_decisions(project: Project) -> list[Logged]:
    """Return the decisions over all that match a query that are in force, oldest first.

    Decisions over chosen conversations (a lasso, accepted suggestions) follow from no query and are left out.
    """
    a = actions.c
    asked = a.params["query"].as_string()
    query = select(a.id).where(a.undone_by.is_(None), a.kind.in_(BULK_KINDS), asked.is_not(None))
    with project.database.read() as connection:
        ids = list(connection.execute(query.order_by(a.id)).scalars())
    out = []
    for action in (curation.get_action(project, i) for i in ids):
        value = action.params.get("class" if action.kind == "tag" else "reward")
        decision = BulkDecision(action.kind, str(action.params["query"]), value, action.reason)
        out.append(Logged(action, decision, local_fields(decision.query)))
    return out


def local_fields(query: str) -> tuple[str, ...]:
    """Return the fields of a query that other projects read differently."""
    named = {term.field for term in parse_query(query).terms if isinstance(term, FieldTerm)}
    return tuple(name for name in LOCAL_FIELDS if name in named)


def with_decisions(recipe: Recipe, decisions: Sequence[BulkDecision]) -> Recipe:
    """Return the recipe with these decisions."""
    return replace(recipe, decisions=tuple(decisions))


def plan_step(project: Project, decision: BulkDecision, *, only: Sequence[int] | None = None) -> Plan:
    """Plan one decision, for all that match or only for some conversations.

    Raises:
        PlanError: The class or the reward cannot be, or a reason is missing.
        QueryError: The query has a mistake.
    """
    query, seqs = (decision.query, None) if only is None else (None, only)
    if decision.kind == "tag":
        name = None if decision.value is None else str(decision.value)
        return planning.plan_tag(project, name, query=query, seqs=seqs)
    if decision.kind == "reward":
        value = None if decision.value is None else float(decision.value)
        return planning.plan_reward(project, value, decision.reason, query=query, seqs=seqs)
    return planning.plan_status(project, STATUS[decision.kind], decision.reason, query=query, seqs=seqs)


def preview(project: Project, decisions: Sequence[BulkDecision]) -> list[Step]:
    """Return how many match each decision now; the later ones follow what the earlier ones make of the data.

    Raises:
        PlanError: One of them cannot be made here.
        QueryError: A query has a mistake.
    """
    steps = []
    for decision in decisions:
        plan_step(project, decision, only=())  # refuses a class or a reward that cannot be
        found = browsing.search(project, decision.query, limit=1)
        steps.append(Step(decision, found.total, found.exact))
    return steps


def replay(
    project: Project, decisions: Sequence[BulkDecision], *, actor: str, on_progress: Progress | None = None
) -> list[Action]:
    """Make the decisions, in order, one entry of the log for each that changes something.

    All of them are checked before the first is made, so that one that cannot be leaves everything as it is.

    Raises:
        PlanError: One of them cannot be made here.
        QueryError: A query has a mistake.
    """
    preview(project, decisions)
    done: list[Action] = []
    for i, decision in enumerate(decisions):
        plan = plan_step(project, decision)
        if plan.affected:
            done.append(curation.apply_plan(project, plan, actor=actor))
        if on_progress is not None:
            on_progress(i + 1, len(decisions))
    return done


def undo_all(project: Project, action_ids: Sequence[int], *, actor: str) -> list[Action]:
    """Undo several actions, the last one first.

    Raises:
        PlanError: One of them cannot be undone; the later ones are undone then.
    """
    return [curation.undo(project, action_id, actor=actor) for action_id in reversed(action_ids)]
