"""Brings a database to this program's schema, in one transaction or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, inspect, select

from workbench.domain.errors import ProjectError
from workbench.store import schema, textindex

SCHEMA_VERSION = 6
"""The schema this program reads and writes."""


def _judgements(connection: Connection) -> None:
    """1 → 2: what a model said about the tags."""
    schema.judgements.create(connection)


def _curation(connection: Connection) -> None:
    """2 → 3: decisions by the browser's id, and suggestions."""
    for table in (schema.decisions, schema.suggestions):
        table.create(connection)


def _turn_rewards(connection: Connection) -> None:
    """3 → 4: rewards of single answers."""
    schema.turn_rewards.create(connection)


def _panels(connection: Connection) -> None:
    """4 → 5: several curators."""
    schema.opinions.drop(connection, checkfirst=True)  # some databases of version 3 have one that nothing used
    for table in (schema.panels, schema.panel_items, schema.opinions):
        table.create(connection)


def _held_out(connection: Connection) -> None:
    """5 → 6: which prompts of the data are held-out ones."""
    schema.held_out_prompts.create(connection)


MIGRATIONS: Mapping[int, Callable[[Connection], None]] = {
    1: _judgements,
    2: _curation,
    3: _turn_rewards,
    4: _panels,
    5: _held_out,
}
"""Schema version → the step that leads from it to the next."""


def schema_version(connection: Connection) -> int:
    """Return the database's schema version; 0 for an empty database."""
    if not inspect(connection).has_table("meta"):
        return 0
    query = select(schema.meta.c.value).where(schema.meta.c.key == "schema_version")
    return int(connection.execute(query).scalar_one())


def check_version(found: int, where: str, known: int = SCHEMA_VERSION) -> None:
    """Refuse a database of a newer program.

    Raises:
        ProjectError: `found` is newer than `known`.
    """
    if found > known:
        raise ProjectError(
            f"{where} was made by a newer version of this program (schema {found}, this program knows {known})",
            "update the program, or open the project with the version that made it",
        )


def migrate(
    connection: Connection,
    where: str = "the project",
    *,
    known: int = SCHEMA_VERSION,
    steps: Mapping[int, Callable[[Connection], None]] = MIGRATIONS,
) -> int:
    """Bring the database to schema `known`; the caller's transaction makes it all or nothing.

    Args:
        connection: In a write transaction.
        where: What to call the database in an error.
        known: The version to reach.
        steps: Version → the step to the next one.

    Returns:
        The version it had before; 0 if it was empty.

    Raises:
        ProjectError: It was made by a newer version.
    """
    found = schema_version(connection)
    check_version(found, where, known)
    if found == 0:
        schema.METADATA.create_all(connection)
        textindex.create(connection)
        connection.execute(schema.meta.insert().values(key="schema_version", value=str(known)))
        return found
    for version in range(found, known):
        steps[version](connection)
    if found < known:
        stamp = schema.meta.update().where(schema.meta.c.key == "schema_version")
        connection.execute(stamp.values(value=str(known)))
    return found
