"""Suggested classes of untagged conversations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, select

from workbench.store.conversations import chunks
from workbench.store.schema import conversations, suggestions


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The likeliest class of an untagged conversation.

    Attributes:
        seq: The conversation.
        class_name: The class.
        confidence: Its calibrated probability, 0 to 1.
        by_model: Whether a trained model says so, and not the similar ones that are tagged.
    """

    seq: int
    class_name: str
    confidence: float
    by_model: bool = False


def replace_suggestions(connection: Connection, found: Iterable[Suggestion]) -> None:
    """Write suggestions in place of all earlier ones."""
    connection.execute(suggestions.delete())
    rows = [{"seq": s.seq, "class_name": s.class_name, "confidence": s.confidence} for s in found]
    for part in chunks(rows):
        connection.execute(suggestions.insert(), list(part))


def get_suggestions(connection: Connection, seqs: Sequence[int]) -> dict[int, Suggestion]:
    """Return suggestions by conversation; those without one are left out."""
    found: dict[int, Suggestion] = {}
    for part in chunks(list(seqs)):
        for row in connection.execute(select(suggestions).where(suggestions.c.seq.in_(part))):
            found[int(row.seq)] = Suggestion(int(row.seq), str(row.class_name), float(row.confidence))
    return found


def open_suggestions(
    connection: Connection, *, least: float = 0.0, class_name: str | None = None
) -> list[Suggestion]:
    """Return suggestions that nobody has decided yet, surest first; dropped conversations are left out."""
    s = suggestions.c
    query = _open(select(s.seq, s.class_name, s.confidence), least).order_by(s.confidence.desc(), s.seq)
    if class_name is not None:
        query = query.where(s.class_name == class_name)
    return [Suggestion(seq, name, confidence) for seq, name, confidence in connection.execute(query)]


def count_open(connection: Connection, least: float = 0.0) -> int:
    """Return how many suggestions of at least this confidence nobody has decided yet."""
    return int(connection.execute(_open(select(func.count(suggestions.c.seq)), least)).scalar_one())


def sample_open(connection: Connection, least: float, n: int) -> list[Suggestion]:
    """Return a few of them, the same each time: the two least sure, and others from all over; least sure first."""
    s = suggestions.c
    chosen = _open(select(s.seq, s.class_name, s.confidence), least)
    mixed = (s.seq * _MULTIPLIER) % 2**32
    found: dict[int, Suggestion] = {}
    for query in (chosen.order_by(s.confidence, s.seq).limit(2), chosen.order_by(mixed).limit(n)):
        for seq, name, confidence in connection.execute(query):
            if len(found) < n:
                found[seq] = Suggestion(seq, name, confidence)
    return sorted(found.values(), key=lambda one: (one.confidence, one.seq))


_MULTIPLIER = 2_654_435_761
"""Knuth's: row numbers times it, modulo 2³², stand in no order that data has."""


def _open(query: Select[*tuple[Any, ...]], least: float) -> Select[*tuple[Any, ...]]:
    s, c = suggestions.c, conversations.c
    return query.join(conversations, c.seq == s.seq).where(
        c.class_name.is_(None), c.status != "dropped", s.confidence >= least
    )
