"""Duplicates: search, question the result, look at a group, plan what to drop.

result = find_duplicates(project, method="near", threshold=0.8)
plan = plan_dedupe(project, result.rethreshold(0.9), keep="best")      # then curation.apply_plan
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Connection

from workbench.curate.dedupe import (
    KEEP,
    METHODS,
    PARTS,
    Decision,
    DuplicateResult,
    Found,
    Group,
    Member,
    Members,
    Method,
    Pairs,
    Part,
    Progress,
    decide,
    exact_of,
)
from workbench.curate.dedupe.exact import exact_keys
from workbench.domain.curation import Change, Plan
from workbench.domain.errors import NotFound, PlanError
from workbench.domain.record import Record
from workbench.services.dupsearch import MEMORY, hash_numbers, search_near, search_near_on_cluster, stamps_of
from workbench.services.meaning import compile_text
from workbench.services.project import Project
from workbench.store import duplicates as store
from workbench.store.conversations import get_records

__all__ = [
    "KEEP",
    "DuplicateResult",
    "GroupView",
    "MemberView",
    "find_duplicates",
    "known_method",
    "known_part",
    "latest_duplicates",
    "load_duplicates",
    "on_ray",
    "plan_dedupe",
    "set_threshold",
    "view_group",
]


ENGINES = ("local", "ray")
HEAD = 60
"""Signs of a beginning that show whether there are two words."""


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member of a group, for review.

    Attributes:
        record: The conversation.
        kept: Whether it stays.
        copy_of: Row number of the one it is dropped for, or None.
        score: Similarity to that one, 1 where it stays.
        why: Why it stays, or the reason it will be dropped with.
    """

    record: Record
    kept: bool
    copy_of: int | None
    score: float
    why: str


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


def find_duplicates(
    project: Project,
    *,
    method: str = "near",
    part: str = "conversation",
    threshold: float = 0.8,
    query: str = "",
    engine: str = "local",
    ray_address: str | None = None,
    on_progress: Progress | None = None,
) -> DuplicateResult:
    """Search the matching conversations that are not dropped, and store what was found.

    Args:
        project: The project.
        method: `exact` (equal up to width, case and white space) or `near` (MinHash, verified).
        part: What is compared: `conversation`, `prompt` or `answer`.
        threshold: Least similarity that counts, for `near`.
        query: Which conversations.
        engine: `local`, or `ray`: for `near`, the same groups.
        ray_address: Of a Ray cluster; None starts one on this machine.
        on_progress: Called with (conversations done, in all).

    Raises:
        PlanError: Method, part, threshold or engine make no sense.
        QueryError: The query has a mistake.
    """
    chosen_method, chosen_part, clustered = known_method(method), known_part(part), on_ray(engine, ray_address)
    if not 0.3 <= threshold <= 1:
        raise PlanError(f"threshold {threshold:g} is outside 0.3 to 1", "0.8 is a good start, 1 means equal")
    with project.database.read() as connection:
        rows = store.living_hashes(connection, compile_text(project, connection, query))
        if chosen_method == "exact":
            found = _exact(rows, chosen_part)
            if on_progress is not None:
                on_progress(len(rows), len(rows))
        elif clustered:
            found = search_near_on_cluster(
                connection,
                [row.seq for row in rows],
                chosen_part,
                ray_address,
                threshold=threshold,
                on_progress=on_progress,
            )
        else:
            found = search_near(
                connection,
                [row.seq for row in rows],
                project.root / MEMORY,
                chosen_part,
                stamps=stamps_of(rows),
                threshold=threshold,
                on_progress=on_progress,
            )
    concerned = set(found.members.seqs.tolist())
    result = DuplicateResult(
        method=chosen_method,
        part=chosen_part,
        threshold=1.0 if chosen_method == "exact" else threshold,
        floor=found.floor,
        considered=found.considered,
        members=found.members,
        pairs=found.pairs,
        contrasts=_contrasts(rows),
        classes={row.seq: row.class_name for row in rows if row.seq in concerned},
        query=query,
    )
    return _store(project, result)


def known_method(name: str) -> Method:
    """Return the method of this name.

    Raises:
        PlanError: There is none.
    """
    for method in METHODS:
        if method == name:
            return method
    raise PlanError(f"there is no method {name!r}", f"use one of {', '.join(METHODS)}")


def on_ray(engine: str, address: str | None) -> bool:
    """Return whether Ray is asked for.

    Raises:
        PlanError: There is no such engine, or an address stands without it.
    """
    if engine not in ENGINES:
        raise PlanError(f"there is no engine {engine!r}", f"use one of {', '.join(ENGINES)}")
    if address is not None and engine != "ray":
        raise PlanError("--ray-address goes with --engine ray", "add --engine ray, or leave the address out")
    return engine == "ray"


def known_part(name: str) -> Part:
    """Return the part of this name.

    Raises:
        PlanError: There is none.
    """
    for part in PARTS:
        if part == name:
            return part
    raise PlanError(f"there is no part {name!r}", f"use one of {', '.join(PARTS)}")


def _exact(rows: Sequence[store.Hashes], part: Part) -> Found:
    """Group rows by the hashes that stand in the store; the heads only show that there are words."""
    keys = np.zeros((len(rows), 2), dtype=np.uint64)
    words = np.zeros(len(rows), dtype=np.int32)
    if part != "answer":
        keys[:, 0] = hash_numbers([row.prompt_hash for row in rows])
        words += exact_keys([row.prompt_head[:HEAD] for row in rows])[1]
    if part != "prompt":
        keys[:, 1] = hash_numbers([row.answer_hash for row in rows])
        words += exact_keys([row.answer_head[:HEAD] for row in rows])[1]
    wordy = words > 1
    found = exact_of(np.array([row.seq for row in rows], dtype=np.int64)[wordy], keys[wordy])
    return replace(found, considered=len(rows))


def _contrasts(rows: Sequence[store.Hashes]) -> tuple[tuple[int, ...], ...]:
    """Return the conversations that share a prompt and differ in class, one tuple for each prompt."""
    by_prompt: dict[str, list[store.Hashes]] = {}
    for row in rows:
        if row.class_name is not None and row.prompt_head:
            by_prompt.setdefault(row.prompt_hash, []).append(row)
    return tuple(
        tuple(row.seq for row in same) for same in by_prompt.values() if len({row.class_name for row in same}) > 1
    )


def _store(project: Project, result: DuplicateResult) -> DuplicateResult:
    header = {
        "method": result.method,
        "part": result.part,
        "threshold": result.threshold,
        "floor": result.floor,
        "query": result.query,
        "considered": result.considered,
        "contrasts": [list(seqs) for seqs in result.contrasts],
    }
    with project.database.write() as connection:
        pairs = zip(result.pairs.a.tolist(), result.pairs.b.tolist(), result.pairs.scores.tolist(), strict=True)
        stored = store.save_result(connection, header, pairs, result.memberships())
    return replace(result, id=stored.id, created_at=stored.created_at)


def load_duplicates(project: Project, result_id: int | None = None) -> DuplicateResult:
    """Return a stored result without the conversations dropped since, the newest one by default.

    Raises:
        NotFound: There is no such result.
    """
    found = _load(project, result_id)
    if found is None:
        which = "no search for duplicates is stored" if result_id is None else f"there is no search {result_id}"
        raise NotFound(which, "search for duplicates first; the five newest searches are kept")
    return found


def latest_duplicates(project: Project) -> DuplicateResult | None:
    """Return the newest result without the conversations dropped since, or None."""
    return _load(project, None)


def _load(project: Project, result_id: int | None) -> DuplicateResult | None:
    with project.database.read() as connection:
        stored = store.read_result(connection, result_id)
        if stored is None:
            return None
        members = store.read_members(connection, stored.id)
        pairs = store.read_pairs(connection, stored.id)
    result = DuplicateResult(
        method=known_method(stored.method),
        part=known_part(stored.part),
        threshold=stored.threshold,
        floor=stored.floor,
        considered=stored.considered,
        members=Members.of({m.seq: m.rep for m in members}),
        pairs=Pairs.of(pairs),
        contrasts=tuple(map(tuple, stored.contrasts)),
        classes={m.seq: m.class_name for m in members},
        query=stored.query,
        id=stored.id,
        created_at=stored.created_at,
    )
    return result.without({m.seq for m in members if m.status == "dropped"})


def set_threshold(project: Project, result: DuplicateResult) -> None:
    """Store the threshold that a result stands at, so that the query field `dup:` follows it."""
    with project.database.write() as connection:
        store.set_groups(connection, result.id, result.threshold, result.memberships())


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
    views = [MemberView(records[d.seq], d.kept, d.copy_of, d.score, d.why) for d in decisions]
    views.sort(key=lambda v: (not v.kept, -v.score))
    return GroupView(group.id, tuple(views), group.id in result.conflicts)


def plan_dedupe(
    project: Project,
    result: DuplicateResult,
    *,
    keep: str = "best",
    overrides: Mapping[int, int] | None = None,
    groups: Collection[int] | None = None,
    skip_conflicts: bool = False,
) -> Plan:
    """Plan to drop all copies, each with the reason `duplicate of UID at SCORE`.

    Args:
        project: The project.
        result: At the wanted threshold.
        keep: A name of `KEEP`.
        overrides: Group id → row number of the member that a person chose to keep.
        groups: Only these groups; None is all.
        skip_conflicts: Leave groups alone whose members are tagged differently.

    Raises:
        PlanError: The policy is unknown, or an override names no member of its group.
    """
    policy, overrides = _policy(keep), overrides or {}
    chosen = [
        g
        for g in result.groups
        if (groups is None or g.id in groups) and not (skip_conflicts and g.id in result.conflicts)
    ]
    _check_overrides(result, overrides)
    with project.database.read() as connection:
        members = _standing(connection, chosen)
    decisions = [d for g in chosen for d in decide(result, g, members, policy, overrides.get(g.id))]
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
            "by_hand": {str(k): v for k, v in overrides.items()},
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
