"""A group of duplicates seen whole, and the plan that drops the copies.

    view = view_group(project, result, group_id)                  # who would stay, and why
    plan = plan_dedupe(project, result, keep="best")              # then curation.apply_plan
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from workbench.curate.dedupe import KEEP, Decision, DuplicateResult, Group, Member, decide
from workbench.domain.curation import Change, Plan
from workbench.domain.errors import NotFound, PlanError
from workbench.domain.record import Record
from workbench.services.project import Project
from workbench.store import duplicates as store
from workbench.store.conversations import get_records


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member of a group, for review.

    Attributes:
        record: The conversation.
        kept: Whether it stays.
        copy_of: Row number of the one it is dropped for, or None.
        score: Similarity to that one, 1 where it stays.
        why: Why it stays, or the reason it will be dropped with.
        reward: Its own coarse reward, else its class's, else None.
    """

    record: Record
    kept: bool
    copy_of: int | None
    score: float
    why: str
    reward: float | None = None


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group as it will be decided; members that stay first, then the most similar.

    Attributes:
        id: The group's id.
        members: All members that are not dropped.
        conflict: Whether equal texts carry different classes.
    """

    id: int
    members: tuple[MemberView, ...]
    conflict: bool


def view_group(
    project: Project, result: DuplicateResult, group_id: int, *, keep: str = "best", by_hand: int | None = None
) -> GroupView:
    """Return a group whole, with what would happen to each member.

    Raises:
        NotFound: There is no such group at the result's threshold.
        PlanError: The keep policy is unknown.
    """
    group = _group(result, group_id)
    with project.database.read() as connection:
        members = _standing(connection, [group])
        decisions = decide(result, group, members, _policy(keep), by_hand)
        records = {r.seq: r for r in get_records(connection, [d.seq for d in decisions])}
    views = [
        MemberView(records[d.seq], d.kept, d.copy_of, d.score, d.why, members[d.seq].reward) for d in decisions
    ]
    views.sort(key=lambda v: (not v.kept, -v.score))
    return GroupView(group.id, tuple(views), group.id in result.conflicts)


def plan_dedupe(
    project: Project,
    result: DuplicateResult,
    *,
    keep: str = "best",
    policies: Mapping[int, str] | None = None,
    overrides: Mapping[int, int] | None = None,
    groups: Collection[int] | None = None,
    skip_conflicts: bool = False,
) -> Plan:
    """Plan to drop all copies, each with the reason `duplicate of UID at SCORE`.

    Args:
        project: The project.
        result: At the wanted threshold.
        keep: A name of `KEEP`.
        policies: Group id → another name of `KEEP`, for that group alone.
        overrides: Group id → row number of the member that a person chose to keep.
        groups: Only these groups; None is all.
        skip_conflicts: Leave groups alone whose members are tagged differently.

    Raises:
        PlanError: The policy is unknown, or an override names no member of its group.
    """
    policy, policies, overrides = _policy(keep), policies or {}, overrides or {}
    own = {group_id: _policy(name) for group_id, name in policies.items() if _group(result, group_id)}
    chosen = [
        g
        for g in result.groups
        if (groups is None or g.id in groups) and not (skip_conflicts and g.id in result.conflicts)
    ]
    _check_overrides(result, overrides)
    with project.database.read() as connection:
        members = _standing(connection, chosen)
    decisions = [
        d for g in chosen for d in decide(result, g, members, own.get(g.id, policy), overrides.get(g.id))
    ]
    changes = [_change(members[d.seq], d) for d in decisions if not d.kept]
    return Plan(
        kind="dedupe",
        title=f"drop {_count(len(changes), 'duplicate')} in {_count(len(chosen), 'group')}",
        changes=changes,
        reason=f"{result.method} duplicates by {result.part}, keeping {KEEP[policy][0]}",
        unchanged=sum(d.kept for d in decisions),
        params={
            "method": result.method,
            "part": result.part,
            "threshold": result.threshold,
            "keep": policy,
            "query": result.query,
            "policies": {str(k): v for k, v in own.items()},
            "by_hand": {str(k): v for k, v in overrides.items()},
            **result.params,
        },
    )


def _policy(keep: str) -> str:
    if keep not in KEEP:
        raise PlanError(f"there is no keep policy {keep!r}", f"use one of {', '.join(KEEP)}")
    return keep


def _group(result: DuplicateResult, group_id: int) -> Group:
    group = result.group(group_id)
    if group is None:
        raise NotFound(
            f"there is no duplicate group {group_id} at threshold {result.threshold:g}",
            "lower the threshold, or search again",
        )
    return group


def _check_overrides(result: DuplicateResult, overrides: Mapping[int, int]) -> None:
    for group_id, seq in overrides.items():
        if seq not in _group(result, group_id).seqs:
            raise PlanError(f"conversation {seq} is not in group {group_id}", "choose one of its members")


def _standing(connection: Connection, groups: Sequence[Group]) -> dict[int, Member]:
    rows = store.read_standing(connection, [seq for g in groups for seq in g.seqs])
    return {row["seq"]: Member(**row) for row in rows}


def _change(member: Member, decision: Decision) -> Change:
    return Change(
        member.seq,
        member.revision,
        {"status": member.status, "drop_reason": member.drop_reason},
        {"status": "dropped", "drop_reason": decision.why},
    )


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
