"""What a model said about tags: written whole, read as a queue of what is still to be decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select

from workbench.store.conversations import chunks
from workbench.store.schema import conversations
from workbench.store.schema_judging import judgements

ORDERS = ("suspicion", "uncertainty", "mass")
"""What a queue can be ordered by, each from the largest."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the model said about one conversation.

    Attributes:
        seq: The conversation.
        job_id: The job that judged.
        tag: Its class then, or None.
        status: Its status then.
        proposal: The likeliest class.
        suspicion: How suspicious the tag is, 0 to 1; 0 where there is none.
        uncertainty: How undecided the evidence is, 0 to 1.
        mass: Reward mass at stake: what its supervised tokens would weigh more or less, times how likely that is.
        evidence: log p(y|x, proposal) - log p(y|x, tag or the next likeliest), nats a token.
        issue: Whether confident learning holds the tag for wrong.
        tokens: Supervised tokens that were scored.
        probabilities: Class → probability.
        confirmed_by: Who said that the tag is right, or empty.
    """

    seq: int
    job_id: str
    tag: str | None
    status: str
    proposal: str
    suspicion: float
    uncertainty: float
    mass: float
    evidence: float
    issue: bool = False
    tokens: int = 0
    probabilities: Mapping[str, float] = field(default_factory=dict)
    confirmed_by: str = ""


def replace_judgements(connection: Connection, found: Sequence[Judgement]) -> None:
    """Write judgements in place of all earlier ones."""
    connection.execute(judgements.delete())
    for part in chunks([asdict(j) for j in found], 500):
        connection.execute(judgements.insert(), part)


def confirm(connection: Connection, seqs: Sequence[int], actor: str) -> None:
    """Note who said that tags are right; an empty name takes it back."""
    for part in chunks(seqs):
        update = judgements.update().where(judgements.c.seq.in_(part))
        connection.execute(update.values(confirmed_by=actor))


def queue(
    connection: Connection, *, order: str, tagged: bool, limit: int, issues_only: bool = False
) -> list[Judgement]:
    """Return what is still to be decided.

    A conversation leaves the queue when its class or its status changes, or when its tag is confirmed; undoing the
    change brings it back.

    Args:
        connection: To read from.
        order: One of `ORDERS`.
        tagged: Suspected tags; False gives proposals for untagged conversations.
        limit: How many.
        issues_only: Only what confident learning holds for wrong.
    """
    query = _open(select(judgements), tagged)
    if issues_only:
        query = query.where(judgements.c.issue)
    query = query.order_by(judgements.c[order].desc(), judgements.c.seq).limit(limit)
    return [Judgement(**row._mapping) for row in connection.execute(query)]


def get_judgements(connection: Connection, seqs: Sequence[int]) -> dict[int, Judgement]:
    """Return the judgements of conversations by number."""
    found = {}
    for part in chunks(seqs):
        for row in connection.execute(select(judgements).where(judgements.c.seq.in_(part))):
            found[int(row.seq)] = Judgement(**row._mapping)
    return found


def count_open(connection: Connection) -> tuple[int, int, int]:
    """Return how many suspected tags, other tags and untagged conversations are still to be decided."""
    found = func.count(judgements.c.seq)
    suspected = func.count(case((judgements.c.issue, 1)))
    n, issues = connection.execute(_open(select(found, suspected), True)).one()
    untagged = connection.execute(_open(select(found), False)).scalar_one()
    return int(issues), int(n) - int(issues), int(untagged)


def agreement(connection: Connection) -> list[tuple[str, str, int]]:
    """Return tag now × proposal → number, over tagged conversations that are not dropped."""
    c = conversations.c
    query = (
        select(c.class_name, judgements.c.proposal, func.count())
        .join(judgements, judgements.c.seq == c.seq)
        .where(c.class_name.is_not(None), c.status != "dropped")
        .group_by(c.class_name, judgements.c.proposal)
        .order_by(c.class_name, judgements.c.proposal)
    )
    return [(str(tag), str(proposal), int(n)) for tag, proposal, n in connection.execute(query)]


def decided(connection: Connection) -> tuple[int, int]:
    """Return how many of the judged have been retagged, kept or confirmed since, and how many as proposed."""
    c, j = conversations.c, judgements.c
    retagged = func.coalesce(c.class_name, "") != func.coalesce(j.tag, "")
    kept = and_(c.status == "kept", j.status != "kept")
    query = (
        select(func.count(), func.count(case((c.class_name == j.proposal, 1))))
        .select_from(judgements.join(conversations, c.seq == j.seq))
        .where(c.status != "dropped", c.class_name.is_not(None), or_(retagged, kept, j.confirmed_by != ""))
    )
    n, agreed = connection.execute(query).one()
    return int(n), int(agreed)


def _open(query: Select[*tuple[Any, ...]], tagged: bool) -> Select[*tuple[Any, ...]]:
    c, j = conversations.c, judgements.c
    same: ColumnElement[bool] = or_(c.class_name == j.tag, and_(c.class_name.is_(None), j.tag.is_(None)))
    kind = j.tag.is_not(None) if tagged else j.tag.is_(None)
    return query.join(conversations, c.seq == j.seq).where(kind, same, c.status == j.status, j.confirmed_by == "")
