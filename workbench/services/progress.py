"""Which steps of the loop were done in the current round, and which comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Table, func, select

from workbench.store.cube import read_cube
from workbench.store.schema import actions, comparisons, duplicate_results, rounds, runs, snapshots

STEPS = ("import", "dedupe", "clean", "tag", "snapshot", "train", "compare")
"""In the loop's order."""

_DECIDED = ("dedupe", "clean", "snapshot", "train", "compare")
"""Steps that somebody has to start: what comes before the last of them was passed over knowingly."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the loop stands.

    Attributes:
        round: The current round, from 1.
        steps: `STEPS` and whether each was done in this round.
    """

    round: int
    steps: Mapping[str, bool]


def current_round(connection: Connection) -> int:
    """Return the number of the current round."""
    return connection.execute(select(func.max(rounds.c.number))).scalar() or 1


def standing(connection: Connection) -> Standing:
    """Find out where the loop stands."""
    number = current_round(connection)
    started = connection.execute(select(rounds.c.started_at).where(rounds.c.number == number)).scalar() or ""
    cells = read_cube(connection)
    active = [c for c in cells if c.key.status != "dropped"]
    steps = {
        "import": bool(cells),
        "dedupe": _searched(connection, started),
        "clean": _cleaned(connection, started),
        "tag": bool(active) and all(c.key.class_name for c in active),
        "snapshot": _in_round(connection, snapshots, number),
        "train": _in_round(connection, runs, number, kind="train"),
        "compare": _in_round(connection, comparisons, number),
    }
    return Standing(number, steps)


def next_step(steps: Mapping[str, bool]) -> str:
    """Return the first step that is not done behind the last one that somebody decided to do."""
    decided = [STEPS.index(s) for s in _DECIDED if steps[s]]
    start = max(decided) + 1 if decided else 0
    return next((s for s in STEPS[start:] if not steps[s]), "next-round")


def _searched(connection: Connection, started: str) -> bool:
    query = select(func.count()).where(duplicate_results.c.created_at >= started)
    return connection.execute(query).scalar_one() > 0


def _cleaned(connection: Connection, started: str) -> bool:
    query = select(func.count()).where(
        actions.c.kind == "clean", actions.c.at >= started, actions.c.undone_by.is_(None)
    )
    return connection.execute(query).scalar_one() > 0


def _in_round(connection: Connection, table: Table, number: int, **equal: str) -> bool:
    query = select(func.count()).select_from(table).where(table.c.round == number)
    query = query.where(*(table.c[column] == value for column, value in equal.items()))
    return connection.execute(query).scalar_one() > 0
