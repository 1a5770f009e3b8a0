"""Imports and the rows that could not be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select, true

from workbench.store.conversations import chunks, now
from workbench.store.jsontext import storable
from workbench.store.schema import actions, imports, quarantine

RAW_CHARACTERS = 1_000_000
"""How much of a faulty row is kept; its file and line lead to the rest."""


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """A row of a file that could not be read.

    Attributes:
        id: The store's number.
        import_id: The import it belongs to, or None.
        file: The file's path.
        line: Line, or row number in a JSON array, from 1.
        reason: What is wrong, for a curator.
        raw: The row's text, cut to `RAW_CHARACTERS`.
        at: When.
    """

    id: int
    import_id: int | None
    file: str
    line: int
    reason: str
    raw: str
    at: str


def start_import(connection: Connection, path: str, format_name: str, *, action_id: int | None = None) -> int:
    """Note that a file is being imported; returns the import's number."""
    row = {"path": path, "format": format_name, "action_id": action_id, "at": now()}
    return int(connection.execute(imports.insert().values(**row).returning(imports.c.id)).scalar_one())


def finish_import(connection: Connection, import_id: int, **columns: Any) -> None:
    """Set an import's figures (`n_rows`, `imported`, `already_there`, `quarantined`, `action_id`, `params`)."""
    connection.execute(imports.update().where(imports.c.id == import_id).values(**columns))


def add_quarantine(
    connection: Connection, rows: Sequence[tuple[str, int, str, str]], *, import_id: int | None = None
) -> None:
    """Keep rows that could not be read, but for those that are in quarantine already.

    Args:
        connection: In a write transaction.
        rows: Tuples of file, line, reason and raw text.
        import_id: The import they belong to.
    """
    at = now()
    values = [
        {
            "import_id": import_id,
            "file": storable(file),
            "line": line,
            "reason": storable(reason),
            "raw": storable(raw[:RAW_CHARACTERS]),
            "at": at,
        }
        for file, line, reason, raw in rows
    ]
    c = quarantine.c
    for part in chunks(values):
        lines, files = {v["line"] for v in part}, {v["file"] for v in part}
        there = select(c.file, c.line, c.raw).where(c.file.in_(files), c.line.in_(lines))
        known = {tuple(row) for row in connection.execute(there)}
        new = [v for v in part if (v["file"], v["line"], v["raw"]) not in known]
        if new:
            connection.execute(quarantine.insert(), new)


def count_quarantine(connection: Connection, containing: str = "") -> int:
    """Return how many rows are in quarantine, or how many of them hold a text in file, reason or row."""
    return connection.execute(select(func.count()).select_from(quarantine).where(_holds(containing))).scalar_one()


def list_quarantine(
    connection: Connection, limit: int = 50, offset: int = 0, *, containing: str = ""
) -> list[QuarantineRow]:
    """Return rows in quarantine, the newest import's first, each import's as they stand in its files.

    Args:
        connection: Any connection.
        limit: How many at most.
        offset: How many to pass over.
        containing: Only those that hold this text in file, reason or row.
    """
    query = select(quarantine.c.id).join(imports, imports.c.id == quarantine.c.import_id, isouter=True)
    query = query.where(_holds(containing)).order_by(imports.c.action_id.desc(), quarantine.c.id)
    ids = connection.execute(query.limit(limit).offset(offset)).scalars().all()  # numbers are sorted, not texts
    found = get_quarantine(connection, ids)
    return [found[number] for number in ids]


def get_quarantine(connection: Connection, ids: Sequence[int]) -> dict[int, QuarantineRow]:
    """Return rows in quarantine by their numbers; unknown ones are left out."""
    query = select(*_COLUMNS).where(quarantine.c.id.in_(ids))
    return {row.id: QuarantineRow(*row) for row in connection.execute(query)}


def update_quarantine(connection: Connection, row_id: int, *, reason: str, raw: str) -> None:
    """Keep an edited row that still cannot be read."""
    values = {"reason": storable(reason), "raw": storable(raw[:RAW_CHARACTERS])}
    connection.execute(quarantine.update().where(quarantine.c.id == row_id).values(**values))


def remove_quarantine(connection: Connection, ids: Sequence[int]) -> None:
    """Remove rows that became conversations."""
    connection.execute(quarantine.delete().where(quarantine.c.id.in_(ids)))


def imports_of(connection: Connection, ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """Return imports by number: their `format`, and as `asked` the parameters of their entry in the log."""
    query = select(imports.c.id, imports.c.format, actions.c.params.label("asked"))
    query = query.join(actions, actions.c.id == imports.c.action_id, isouter=True).where(imports.c.id.in_(ids))
    return {row.id: {"format": row.format, "asked": row.asked or {}} for row in connection.execute(query)}


_COLUMNS = tuple(quarantine.c[f] for f in QuarantineRow.__dataclass_fields__)


def _holds(text: str) -> ColumnElement[bool]:
    if not text:
        return true()
    columns = (quarantine.c.file, quarantine.c.reason, quarantine.c.raw)
    return or_(*(column.icontains(text, autoescape=True) for column in columns))
