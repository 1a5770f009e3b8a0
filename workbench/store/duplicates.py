"""Searches for duplicates in the database: what they read, what they found."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Text, delete, func, select, type_coerce, update

from workbench.store.conversations import chunks, now
from workbench.store.schema import (
    bodies,
    classes,
    conversations,
    duplicate_members,
    duplicate_pairs,
    duplicate_results,
)
from workbench.store.search import Compiled

RESULTS_KEPT = 5
"""Older results go when a new one is stored: they can be computed again."""


class Hashes(NamedTuple):
    """What exact comparison needs of a conversation.

    Attributes:
        seq: Row number.
        revision: Counted up with every change.
        prompt_hash: Of everything before the last answer.
        answer_hash: Of the last answer.
        prompt_head: Beginning of the prompt.
        answer_head: Beginning of the answer.
        class_name: Quality class or None.
    """

    seq: int
    revision: int
    prompt_hash: str
    answer_hash: str
    prompt_head: str
    answer_head: str
    class_name: str | None


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result as it lies in the database; see `workbench.curate.dedupe.DuplicateResult`."""

    id: int
    created_at: str
    method: str
    part: str
    threshold: float
    floor: float
    query: str
    considered: int
    contrasts: list[list[int]]
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredMember:
    """A conversation in a result.

    Attributes:
        seq: Row number.
        rep: Smallest row number with an equal text.
        class_name: Its class now, or None.
        status: Its status now.
    """

    seq: int
    rep: int
    class_name: str | None
    status: str


def living_hashes(connection: Connection, compiled: Compiled) -> list[Hashes]:
    """Return the hashes of all matching conversations that are not dropped, ascending."""
    c = conversations.c
    columns = (c.seq, c.revision, c.prompt_hash, c.answer_hash, c.prompt_head, c.answer_head, c.class_name)
    query = select(*columns).where(compiled.where(), c.status != "dropped").order_by(c.seq)
    return [Hashes._make(row) for row in connection.execute(query).all()]


def iterate_bodies(connection: Connection, seqs: Sequence[int]) -> Iterator[tuple[list[int], list[str]]]:
    """Yield row numbers and their turns as JSON text, chunk by chunk, ascending within each."""
    c = bodies.c
    query = select(c.seq, type_coerce(c.turns, Text)).order_by(c.seq)
    for part in chunks(sorted(seqs)):
        if part[-1] - part[0] < 2 * len(part):  # a range is read faster than a list is written
            wanted = set(part)
            rows = connection.execute(query.where(c.seq.between(part[0], part[-1]))).all()
            held = [row for row in rows if row[0] in wanted]
        else:
            held = list(connection.execute(query.where(c.seq.in_(part))).all())
        yield [row[0] for row in held], [row[1] for row in held]


def iterate_turns(connection: Connection, seqs: Sequence[int]) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Yield (row number, message dictionaries), ascending within each chunk."""
    for numbers, texts in iterate_bodies(connection, seqs):
        for seq, text in zip(numbers, texts, strict=True):
            yield seq, json.loads(text)


def save_result(
    connection: Connection,
    header: Mapping[str, Any],
    pairs: Iterable[tuple[int, int, float]],
    members: Iterable[tuple[int, int, int | None]],
) -> StoredResult:
    """Store a result, and forget the oldest ones.

    Args:
        connection: In a write transaction.
        header: The columns of `duplicate_results` without id and time.
        pairs: (a, b, score).
        members: (row number, representative, group id or None).
    """
    row = {**header, "created_at": now()}
    inserted = duplicate_results.insert().values(**row).returning(duplicate_results.c.id)
    result_id = connection.execute(inserted).scalar_one()
    _insert(connection, duplicate_pairs, ("result_id", "a", "b", "score"), ((result_id, *p) for p in pairs))
    _insert(connection, duplicate_members, _MEMBER_COLUMNS, ((result_id, *m) for m in members))
    keep = select(duplicate_results.c.id).order_by(duplicate_results.c.id.desc()).limit(RESULTS_KEPT)
    connection.execute(delete(duplicate_results).where(duplicate_results.c.id.not_in(keep)))
    found = read_result(connection, result_id)
    assert found is not None
    return found


_MEMBER_COLUMNS = ("result_id", "seq", "rep", "group_id")


def _insert(connection: Connection, table: Any, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    values = [dict(zip(columns, row, strict=True)) for row in rows]
    if values:
        connection.execute(table.insert(), values)


def set_groups(
    connection: Connection, result_id: int, threshold: float, members: Iterable[tuple[int, int, int | None]]
) -> None:
    """Store a result's groups at another threshold."""
    row = duplicate_results.c.id == result_id
    connection.execute(update(duplicate_results).where(row).values(threshold=threshold))
    connection.execute(delete(duplicate_members).where(duplicate_members.c.result_id == result_id))
    _insert(connection, duplicate_members, _MEMBER_COLUMNS, ((result_id, *m) for m in members))


def read_result(connection: Connection, result_id: int | None = None) -> StoredResult | None:
    """Return a stored result, the newest one if no id is given, or None."""
    c = duplicate_results.c
    columns = (c[name] for name in StoredResult.__dataclass_fields__)
    wanted = select(func.max(c.id)).scalar_subquery() if result_id is None else result_id
    row = connection.execute(select(*columns).where(c.id == wanted)).one_or_none()
    return None if row is None else StoredResult(*row)


def read_pairs(connection: Connection, result_id: int) -> list[tuple[int, int, float]]:
    """Return (a, b, score) of a result, ascending."""
    c = duplicate_pairs.c
    query = select(c.a, c.b, c.score).where(c.result_id == result_id).order_by(c.a, c.b)
    return [(row.a, row.b, row.score) for row in connection.execute(query)]


def read_members(connection: Connection, result_id: int) -> list[StoredMember]:
    """Return every conversation in a result, ascending."""
    c = duplicate_members.c
    query = (
        select(c.seq, c.rep, conversations.c.class_name, conversations.c.status)
        .join(conversations, conversations.c.seq == c.seq)
        .where(c.result_id == result_id)
        .order_by(c.seq)
    )
    return [StoredMember(*row) for row in connection.execute(query)]


def read_standing(connection: Connection, seqs: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Yield what the choice of the one to keep looks at; `reward` is the conversation's own or its class's."""
    c = conversations.c
    columns = (
        c.seq,
        c.uid,
        c.revision,
        c.class_name,
        func.coalesce(c.coarse_reward, classes.c.reward).label("reward"),
        c.status,
        c.drop_reason,
        c.supervised_tokens.label("answer_tokens"),
        c.arrived_at,
    )
    joined = conversations.outerjoin(classes, classes.c.name == c.class_name)
    for part in chunks(seqs):
        rows = connection.execute(select(*columns).select_from(joined).where(c.seq.in_(part)))
        yield from (dict(row._mapping) for row in rows)
