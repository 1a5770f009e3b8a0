"""What people note about runs: a star, a few words, and what lies in the trash."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from workbench.store.schema import runs


@dataclass(frozen=True, slots=True)
class RunMark:
    """What is noted about a run.

    Attributes:
        starred: Somebody marked it.
        notes: Somebody's words; empty for none.
        title: Its title, for the trash.
        deleted_at: When it was moved to the trash, or None.
    """

    starred: bool = False
    notes: str = ""
    title: str = ""
    deleted_at: str | None = None


def run_marks(connection: Connection) -> dict[str, RunMark]:
    """Return what is noted, by run, newest first."""
    columns = (runs.c.id, runs.c.starred, runs.c.notes, runs.c.title, runs.c.deleted_at)
    query = select(*columns).order_by(runs.c.created_at.desc(), runs.c.id.desc())
    return {
        row.id: RunMark(bool(row.starred), row.notes or "", row.title, row.deleted_at)
        for row in connection.execute(query)
    }


def set_star(connection: Connection, run_id: str, *, starred: bool) -> None:
    """Mark a run or take the mark away."""
    connection.execute(runs.update().where(runs.c.id == run_id).values(starred=int(starred)))


def set_notes(connection: Connection, run_id: str, notes: str) -> None:
    """Write down words about a run."""
    connection.execute(runs.update().where(runs.c.id == run_id).values(notes=notes))
