"""The database of a project: connections, transactions, opening.

SQLite in WAL mode: readers never wait; writers wait for each other (`busy_timeout`), each in one short
`BEGIN IMMEDIATE` transaction, so that a process killed at any instant leaves the store whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

from workbench.domain.errors import ProjectError
from workbench.store import jsontext
from workbench.store.keeper import Keeper
from workbench.store.migrations import SCHEMA_VERSION, check_version, migrate, schema_version
from workbench.store.selection import Selecting

BUSY_SECONDS = 30
"""How long a writer waits for another one: a bulk act over 100,000 conversations takes 6-17 s."""

PAGE_BYTES = 8192
"""A page of a new database. With SQLite's 4,096 an import spends a third more time in the system, and its file
is a sixteenth larger."""


class Database:
    """A project's database.

    Args:
        path: The SQLite file; it is made by the first connection.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.engine: Engine = create_engine(
            f"sqlite:///{path}",
            json_serializer=jsontext.dump,
            json_deserializer=jsontext.load,
            connect_args={"timeout": BUSY_SECONDS},
            pool_use_lifo=True,  # the connection used last is warm, and the others' page caches need not fill
        )
        event.listen(self.engine, "connect", _prepare)
        event.listen(self.engine, "begin", _begin)
        self._keeper: Keeper | None = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one consistent state of the store."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection in a write transaction: committed at the end, rolled back on any error.

        Raises:
            ProjectError: Another process held the store for longer than `BUSY_SECONDS`, the disk is full, or the
                file cannot be written. Nothing is changed then.
        """
        with self.engine.connect().execution_options(immediate=True) as connection:
            try:
                with connection.begin():
                    yield connection
            except OperationalError as error:
                known = _explained(error, self.path)
                if known is None:
                    raise
                raise known from error

    def keep_columns(self) -> None:
        """Have the narrow columns read into memory, for a process that stays: pages are answered from there."""
        if self._keeper is None:
            self._keeper = Keeper(self.read, self.path.parent / "cache" / "columns.npz")

    def selecting(self, connection: Connection) -> Selecting | None:
        """Return what answers queries from memory; None where nobody asked for it or it is not read yet."""
        return None if self._keeper is None else self._keeper.selecting(connection)

    def wait_for_columns(self) -> None:
        """Wait until the columns that are being read are in memory; for tests and benchmarks."""
        if self._keeper is not None:
            self._keeper.wait()

    def close(self) -> None:
        """Close every idle connection."""
        if self._keeper is not None:
            self._keeper.close()
        self.engine.dispose()


_CAUSES = {
    "locked": (
        f"was held by another process for {BUSY_SECONDS} seconds",
        "wait for its bulk act or import to end and try again",
    ),
    "full": ("could not be written: the disk is full", "make room and try again; nothing was changed"),
    "readonly": ("cannot be written", "make the file and its folder writable"),
    "unable to open": ("cannot be opened", "check that the folder is there and can be read and written"),
}
"""What SQLite's message holds → what happened to the file, and the remedy."""


def _explained(error: OperationalError, path: Path) -> ProjectError | None:
    for part, (happened, remedy) in _CAUSES.items():
        if part in str(error.orig):
            return ProjectError(f"{path} {happened}", remedy)
    return None


def open_database(path: Path) -> Database:
    """Open a database, making or migrating it as needed.

    Raises:
        ProjectError: The file is no database, or was made by a newer version.
    """
    database = Database(path)
    try:
        with database.read() as connection:
            found = schema_version(connection)
        check_version(found, str(path.parent))
        # Only where there is something to do: opening must not wait for another process's bulk act.
        if found < SCHEMA_VERSION:
            with database.write() as connection:
                migrate(connection, str(path.parent))
    except DatabaseError as error:
        database.close()
        raise ProjectError(
            f"{path} cannot be opened as a database: {error.orig}",
            "restore the file from a copy, or check that the disk is not full and the folder can be written",
        ) from error
    except ProjectError:
        database.close()
        raise
    return database


def _prepare(connection: Any, _record: object) -> None:
    """Set up a new SQLite connection; transactions are begun by `_begin`, not by the driver."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"page_size = {PAGE_BYTES}",
        f"busy_timeout = {BUSY_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        "cache_size = -65536",
        "temp_store = MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
