"""Which prompts of the data are held-out ones, or nearly: written by `services.heldout`, read by queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from workbench.store.schema import actions, conversations, held_out_prompts
from workbench.store.settings import get_setting, set_setting

COPY, NEAR, REWORDED = "copy", "near", "reworded"
WAYS = (COPY, NEAR, REWORDED)
"""From the surest to the least sure: where a word gave way to another it is often another question."""
LEAVING_OUT = "held_out_leaving_out"
"""Setting: up to which of these ways a conversation stays out of snapshots."""
USUAL = NEAR
_COMPARED_WITH = "held_out_compared"
_p = held_out_prompts.c


class Compared(NamedTuple):
    """A prompt of the data, compared with the held-out ones.

    Attributes:
        prompt_hash: The prompt.
        prompt_id: The held-out prompt that is most alike; None where none is alike enough.
        way: One of `WAYS`; None as above.
        similarity: From 0 to 1; None as above.
    """

    prompt_hash: str
    prompt_id: str | None = None
    way: str | None = None
    similarity: float | None = None


class Held(NamedTuple):
    """A conversation that asks what is held out.

    Attributes:
        seq: The conversation.
        prompt_id: The held-out prompt.
        way: One of `WAYS`.
        similarity: From 0 to 1.
    """

    seq: int
    prompt_id: str
    way: str
    similarity: float


def found(ways: Sequence[str] = WAYS) -> Select[str]:
    """Select the prompts of the data that are held-out ones in these ways."""
    return select(_p.prompt_hash).where(_p.way.in_(list(ways)))


def ways_left_out(connection: Connection) -> tuple[str, ...]:
    """Return which ways keep a conversation out of snapshots: a copy always, others as was decided."""
    return WAYS[: WAYS.index(get_setting(connection, LEAVING_OUT, USUAL)) + 1]


def is_held_out(connection: Connection) -> ColumnElement[bool]:
    """Return the condition on `conversations` by which they stay out of snapshots."""
    return conversations.c.prompt_hash.in_(found(ways_left_out(connection)))


def known(connection: Connection) -> set[str]:
    """Return the prompts by which conversations stay out of snapshots."""
    return set(connection.execute(found(ways_left_out(connection))).scalars())


def compared_with(connection: Connection) -> str:
    """Return the digest of the held-out prompts that the table speaks of; empty before the first comparison."""
    return str(get_setting(connection, _COMPARED_WITH, ""))


def begin(connection: Connection, digest: str) -> None:
    """Forget everything: other prompts are held out now. In a write transaction."""
    connection.execute(delete(held_out_prompts))
    set_setting(connection, _COMPARED_WITH, digest)


def state(connection: Connection) -> tuple[int, int]:
    """Return what grows with whatever can bring new prompts: the last row and the last entry of the log."""
    rows = connection.execute(select(func.coalesce(func.max(conversations.c.seq), 0))).scalar_one()
    return rows, connection.execute(select(func.coalesce(func.max(actions.c.id), 0))).scalar_one()


def _waiting() -> Select[Any]:
    c = conversations.c
    query = select(c.prompt_hash, func.min(c.seq))
    return query.where(c.prompt_hash.not_in(select(_p.prompt_hash))).group_by(c.prompt_hash)


def waiting(connection: Connection) -> dict[int, str]:
    """Return one conversation for each prompt that was not compared yet, with the prompt's hash; in order."""
    return {seq: digest for digest, seq in sorted(connection.execute(_waiting()), key=lambda row: row[1])}


def count_waiting(connection: Connection) -> int:
    """Return how many prompts were not compared yet."""
    return connection.execute(select(func.count()).select_from(_waiting().subquery())).scalar_one()


def count_prompts(connection: Connection) -> int:
    """Return how many different prompts the data has."""
    return connection.execute(select(func.count(conversations.c.prompt_hash.distinct()))).scalar_one()


def write(connection: Connection, rows: Sequence[Compared]) -> None:
    """Write what was compared; what somebody else has written meanwhile stays. In a write transaction."""
    if rows:
        connection.execute(insert(held_out_prompts).on_conflict_do_nothing(), [row._asdict() for row in rows])


def held(connection: Connection, condition: ColumnElement[bool], limit: int | None = None) -> list[Held]:
    """Return the conversations that ask what is held out, copies first, then the most alike.

    Args:
        connection: Any connection.
        condition: On `conversations`: which of them.
        limit: So many at most; None is all.
    """
    c = conversations.c
    query = (
        select(c.seq, _p.prompt_id, _p.way, _p.similarity)
        .join(held_out_prompts, _p.prompt_hash == c.prompt_hash)
        .where(_p.way.in_(WAYS), condition)
        .order_by(_p.way, _p.similarity.desc(), c.seq)  # the ways' names happen to stand in their order
        .limit(limit)
    )
    return [Held._make(row) for row in connection.execute(query)]


def count_held(connection: Connection, condition: ColumnElement[bool]) -> dict[str, int]:
    """Return how many of some conversations ask what is held out, by way."""
    query = (
        select(_p.way, func.count())
        .select_from(conversations.join(held_out_prompts, _p.prompt_hash == conversations.c.prompt_hash))
        .where(_p.way.in_(WAYS), condition)
        .group_by(_p.way)
    )
    counts = {way: n for way, n in connection.execute(query)}
    return {way: counts.get(way, 0) for way in WAYS}
