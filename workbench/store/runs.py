"""A light index of training runs and the list of rounds; the truth about a run is its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select
from sqlalchemy.dialects.sqlite import insert

from workbench.domain.run import Job
from workbench.store.conversations import now
from workbench.store.schema import brought_back, conversations, cube, rounds, runs


@dataclass(frozen=True, slots=True)
class RunEntry:
    """What the index knows of a run.

    Attributes:
        id: The run's folder name.
        round: The round of its data.
        snapshot: Its snapshot's name, or None.
        method: Its method, or None.
        base: What was asked for as its base, or None.
        actor: Who started it.
        created_at: ISO 8601 UTC time.
        status: Its status when last seen.
        metrics: Its figures when last seen.
        deleted_at: When it was moved to the trash, or None.
    """

    id: str
    round: int = 1
    snapshot: str | None = None
    method: str | None = None
    base: str | None = None
    actor: str = ""
    created_at: str = ""
    status: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    deleted_at: str | None = None


_COLUMNS = tuple(runs.c[name] for name in RunEntry.__dataclass_fields__)


def remember_run(connection: Connection, job: Job, actor: str = "") -> None:
    """Write a run into the index, or bring what it says of it up to date."""
    params = job.params
    seen = {"status": job.status, "metrics": dict(job.metrics), "deleted_at": None}
    values = {
        "id": job.id,
        "kind": job.kind,
        "title": job.title,
        "actor": actor or str(params.get("actor", "")),
        "created_at": job.created_at,
        "round": int(params.get("round", 1)),
        "snapshot": params.get("snapshot"),
        "method": params.get("method"),
        "base": params.get("base"),
        "params": dict(params),
    }
    statement = insert(runs).values(**values, **seen)
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=seen))


def mark_deleted(connection: Connection, run_id: str) -> None:
    """Note that a run's folder was moved to the trash."""
    connection.execute(runs.update().where(runs.c.id == run_id).values(deleted_at=now()))


def run_entries(connection: Connection) -> dict[str, RunEntry]:
    """Return every entry of the index by id, oldest first."""
    query = select(*_COLUMNS).order_by(runs.c.created_at, runs.c.id)
    return {row.id: RunEntry(**row._mapping) for row in connection.execute(query)}


def add_round(connection: Connection, number: int, actor: str, note: str = "") -> bool:
    """Open a round; False where it is open already."""
    statement = insert(rounds).values(number=number, started_at=now(), actor=actor, note=note)
    return connection.execute(statement.on_conflict_do_nothing()).rowcount > 0


def list_rounds(connection: Connection) -> dict[int, tuple[str, str]]:
    """Return the opened rounds: number → (when, note)."""
    query = select(rounds.c.number, rounds.c.started_at, rounds.c.note).order_by(rounds.c.number)
    return {row.number: (row.started_at, row.note) for row in connection.execute(query)}


def arrivals(connection: Connection) -> dict[int, dict[str, int]]:
    """Return how many conversations each round brought: round → class name ('' untagged) → number."""
    query = select(cube.c.round, cube.c.class_name, func.sum(cube.c.n)).group_by(cube.c.round, cube.c.class_name)
    found: dict[int, dict[str, int]] = {}
    for number, class_name, n in connection.execute(query):
        if n:
            found.setdefault(number, {})[class_name] = int(n)
    return found


def brought_back_counts(connection: Connection) -> dict[int, int]:
    """Return how many answers of each comparison stand in the project, those dropped again left out."""
    query = _returned(brought_back.c.comparison_id)
    return {int(comparison): int(n) for comparison, n in connection.execute(query)}


def model_made(connection: Connection) -> dict[int, int]:
    """Return how many conversations of each round are answers brought back, those dropped again left out."""
    return {int(number): int(n) for number, n in connection.execute(_returned(conversations.c.round))}


def _returned(by: ColumnElement[Any]) -> Select[Any]:
    joined = brought_back.join(conversations, conversations.c.seq == brought_back.c.seq)
    query = select(by, func.count()).select_from(joined)
    return query.where(conversations.c.status != "dropped").group_by(by)
