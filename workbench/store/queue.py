"""Queues that follow what is known of conversations besides their own columns: suspicion, doubt, weight."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, Float, Select, case, cast, func, literal, select

from workbench.store.schema import conversations, judgements, suggestions
from workbench.store.search import Compiled

_c = conversations.c


def suspected(connection: Connection, compiled: Compiled, limit: int) -> list[int]:
    """Return tagged conversations by the suspicion of the model, most first; confirmed ones are left out."""
    query = (
        compiled.restrict(select(_c.seq))
        .join(judgements, judgements.c.seq == _c.seq)
        .where(judgements.c.tag == _c.class_name, judgements.c.confirmed_by == "", judgements.c.suspicion > 0)
        .order_by(judgements.c.suspicion.desc(), _c.seq)
    )
    return _seqs(connection, query, limit)


def uncertain(connection: Connection, compiled: Compiled, limit: int) -> list[int]:
    """Return conversations by doubt, most first: of the suggestion, or where there is none of the model."""
    doubt = func.coalesce(1 - suggestions.c.confidence, judgements.c.uncertainty)
    query = (
        compiled.restrict(select(_c.seq))
        .outerjoin(suggestions, suggestions.c.seq == _c.seq)
        .outerjoin(judgements, judgements.c.seq == _c.seq)
        .where(doubt.is_not(None))
        .order_by(doubt.desc(), _c.seq)
    )
    return _seqs(connection, query, limit)


def heaviest(connection: Connection, compiled: Compiled, weights: Mapping[str, float], limit: int) -> list[int]:
    """Return conversations by supervised tokens times the weight of their class; untagged ones weigh 1."""
    whens = [(_c.class_name == name, literal(weight)) for name, weight in weights.items()]
    weight: ColumnElement[float] = case(*whens, else_=literal(1.0)) if whens else literal(1.0)
    mass = cast(_c.supervised_tokens, Float) * weight
    return _seqs(connection, compiled.restrict(select(_c.seq)).order_by(mass.desc(), _c.seq), limit)


def _seqs(connection: Connection, query: Select[int], limit: int) -> list[int]:
    return list(connection.execute(query.limit(limit)).scalars())
