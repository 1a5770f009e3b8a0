"""Duplicates: search, question the result, look at a group, plan what to drop.

result = find_duplicates(project, method="near", threshold=0.8)
plan = plan_dedupe(project, result.rethreshold(0.9), keep="best")      # then curation.apply_plan
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy import Connection

from crlft.conversation import Turn
from workbench.curate.dedupe import (
    KEEP,
    METHODS,
    PARTS,
    SHINGLES,
    Document,
    DuplicateResult,
    Found,
    Members,
    Method,
    NearSettings,
    Pairs,
    Part,
    Progress,
    Reading,
    exact_of,
    find_exact,
    in_blocks,
    sides,
)
from workbench.curate.dedupe.exact import exact_keys
from workbench.domain.errors import NotFound, PlanError
from workbench.services.dupgroups import GroupView, MemberView, plan_dedupe, view_group
from workbench.services.dupsearch import MEMORY, hash_numbers, search_near, search_near_on_cluster, stamps_of
from workbench.services.meaning import compile_text
from workbench.services.partvectors import project_embedder
from workbench.services.project import Project
from workbench.services.semantic import find_by_meaning
from workbench.store import duplicates as store

__all__ = [
    "KEEP",
    "METHODS",
    "SHINGLES",
    "THRESHOLDS",
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

THRESHOLDS: Mapping[Method, float] = {"exact": 1.0, "near": 0.8, "semantic": 0.95}
"""Where each method begins."""

def find_duplicates(
    project: Project,
    *,
    method: str = "near",
    part: str = "conversation",
    threshold: float | None = None,
    query: str = "",
    shingles: str = "words",
    punctuation: bool = True,
    engine: str = "local",
    ray_address: str | None = None,
    actor: str = "",
    on_progress: Progress | None = None,
) -> DuplicateResult:
    """Search the matching conversations that are not dropped, and store what was found.

    Args:
        project: The project.
        method: `exact` (equal up to width, case and white space), `near` (MinHash, verified) or `semantic`
            (embeddings; what has none is embedded by a job first, and this waits for it).
        part: What is compared: `conversation`, `prompt` or `answer`.
        threshold: Least similarity that counts; None is the method's own.
        query: Which conversations.
        shingles: A name of `SHINGLES`, for `near`.
        punctuation: Whether it makes two texts unequal, for `exact`.
        engine: `local`, or `ray`: for `near` by words, the same groups.
        ray_address: Of a Ray cluster; None starts one on this machine.
        actor: Who asks.
        on_progress: Called with (conversations done, in all).

    Raises:
        PlanError: Method, part, threshold, shingles or engine make no sense.
        QueryError: The query has a mistake.
        JobError: The embeddings could not be made.
    """
    chosen_method, chosen_part, clustered = known_method(method), known_part(part), on_ray(engine, ray_address)
    threshold = THRESHOLDS[chosen_method] if threshold is None else threshold
    if not 0.3 <= threshold <= 1:
        raise PlanError(f"threshold {threshold:g} is outside 0.3 to 1", "0.8 is a good start, 1 means equal")
    if shingles not in SHINGLES:
        raise PlanError(f"there are no shingles of {shingles!r}", f"use one of {', '.join(SHINGLES)}")
    if clustered and (chosen_method == "semantic" or shingles != "words"):
        raise PlanError("Ray compares near-duplicates by words only", "use --engine local for this search")
    params: dict[str, Any]
    if chosen_method == "semantic":
        params = {"embedder": project_embedder(project)}
        rows, found = find_by_meaning(
            project, chosen_part, threshold=threshold, query=query, actor=actor, on_progress=on_progress
        )
    else:
        params = {"shingles": shingles} if chosen_method == "near" else {"punctuation": punctuation}
        reading = replace(SHINGLES[shingles], punctuation=punctuation)
        with project.database.read() as connection:
            rows = store.living_hashes(connection, compile_text(project, connection, query))
            if chosen_method == "exact":
                found = _exact(connection, rows, chosen_part, reading, on_progress)
            else:
                address = (ray_address,) if clustered else None
                found = _near(project, connection, rows, chosen_part, reading, threshold, address, on_progress)
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
        params=params,
    )
    return _store(project, result)


def _near(
    project: Project,
    connection: Connection,
    rows: Sequence[store.Hashes],
    part: Part,
    reading: Reading,
    threshold: float,
    address: tuple[str | None] | None,
    on_progress: Progress | None,
) -> Found:
    """Search here, or where `address` is one, on the cluster it names."""
    seqs = [row.seq for row in rows]
    if address is not None:
        return search_near_on_cluster(
            connection, seqs, part, address[0], threshold=threshold, on_progress=on_progress
        )
    return search_near(
        connection,
        seqs,
        project.root / MEMORY,
        part,
        stamps=stamps_of(rows),
        threshold=threshold,
        settings=NearSettings(reading=reading),
        on_progress=on_progress,
    )


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


def _exact(
    connection: Connection,
    rows: Sequence[store.Hashes],
    part: Part,
    reading: Reading,
    on_progress: Progress | None,
) -> Found:
    if not reading.punctuation:  # the stored hashes count it
        texts = in_blocks(_documents(connection, rows, part))
        return find_exact(texts, reading, total=len(rows), on_progress=on_progress)
    found = _by_hash(rows, part)
    if on_progress is not None:
        on_progress(len(rows), len(rows))
    return found


def _by_hash(rows: Sequence[store.Hashes], part: Part) -> Found:
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


def _documents(connection: Connection, rows: Sequence[store.Hashes], part: Part) -> Iterator[Document]:
    for seq, turns in store.iterate_turns(connection, [row.seq for row in rows]):
        yield Document(seq, sides([Turn.from_dict(t) for t in turns], part))


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
        "params": dict(result.params),
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
        params=stored.params,
        id=stored.id,
        created_at=stored.created_at,
    )
    return result.without({m.seq for m in members if m.status == "dropped"})


def set_threshold(project: Project, result: DuplicateResult) -> None:
    """Store the threshold that a result stands at, so that the query field `dup:` follows it."""
    with project.database.write() as connection:
        store.set_groups(connection, result.id, result.threshold, result.memberships())
