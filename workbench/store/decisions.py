"""Decisions by the id that a browser gave them, so that one that is sent twice is done once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, select

from workbench.store.conversations import chunks, now
from workbench.store.schema import actions, changes, conversations, decisions


@dataclass(frozen=True, slots=True)
class Stored:
    """A decision that was carried out.

    Attributes:
        id: The browser's id of it.
        seq: The conversation.
        kind: What was decided.
        action_id: Its entry in the log; None where the conversation was so already.
        revision: The conversation's revision after it.
        actor: Who decided.
    """

    id: str
    seq: int
    kind: str
    action_id: int | None
    revision: int
    actor: str


def get_decision(connection: Connection, key: str) -> Stored | None:
    """Return a decision that was carried out, or None."""
    columns = (decisions.c[f] for f in Stored.__dataclass_fields__)
    row = connection.execute(select(*columns).where(decisions.c.id == key)).one_or_none()
    return None if row is None else Stored(**row._mapping)


def record_decision(connection: Connection, decision: Stored) -> None:
    """Note a decision, in the transaction that carries it out."""
    connection.execute(decisions.insert().values(**asdict(decision), at=now()))


def revisions(connection: Connection, seqs: Sequence[int]) -> dict[int, int]:
    """Return the revisions of conversations; unknown ones are left out."""
    found: dict[int, int] = {}
    for part in chunks(list(seqs)):
        query = select(conversations.c.seq, conversations.c.revision).where(conversations.c.seq.in_(part))
        found.update((seq, revision) for seq, revision in connection.execute(query))
    return found


def last_change(connection: Connection, seq: int) -> tuple[str, str] | None:
    """Return who changed a conversation last and what that was called, or None."""
    query = (
        select(actions.c.actor, actions.c.title)
        .join(changes, changes.c.action_id == actions.c.id)
        .where(changes.c.seq == seq)
        .order_by(actions.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else (str(row.actor), str(row.title))
