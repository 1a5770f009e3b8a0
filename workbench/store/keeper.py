"""Reads the narrow columns of a large project in a thread, while the database answers the first pages."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import Connection, func, select

from workbench.store import columnfile
from workbench.store.columnar import Columns
from workbench.store.schema import conversations
from workbench.store.selection import Selecting

WORTH_IT = 20_000
"""Below so many conversations the database is as fast."""

logger = logging.getLogger("workbench.store")


class Keeper:
    """Keeps a database's columns in memory.

    Args:
        read: Gives a connection that sees one state of the store.
        file: Where they are kept for the next start; None keeps them in memory alone.
    """

    def __init__(
        self, read: Callable[[], AbstractContextManager[Connection]], file: Path | None = None
    ) -> None:
        self._read = read
        self._file = file
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._selecting: Selecting | None = None
        self._closed = False

    def selecting(self, connection: Connection) -> Selecting | None:
        """Return what answers from memory, or None; the first question of a large project starts the reading."""
        if self._selecting is None and self._thread is None:
            newest = connection.execute(select(func.max(conversations.c.seq))).scalar() or 0
            if newest >= WORTH_IT:
                self._start()
        return self._selecting

    def wait(self) -> None:
        """Wait until what is being read has been read."""
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        """Stop reading and let the columns go."""
        self._closed = True
        self.wait()
        self._selecting = None

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._load, name="workbench columns", daemon=True)
                self._thread.start()

    def _load(self) -> None:
        try:
            with self._read() as connection:
                columns = None if self._file is None else columnfile.read(self._file, connection)
                written = None if columns is None else columns.newest
                if columns is None:
                    columns = Columns()
                    whole = columns.load(connection, keep_on=lambda: not self._closed)
                else:
                    columns.refresh(connection)
                    whole = True
                connection.exec_driver_sql("PRAGMA shrink_memory")  # its page cache holds what was read once
                if whole:
                    self._selecting = Selecting(columns)
                if whole and columns.newest != written:
                    self._keep(columns, connection)
        except Exception:  # the thread's boundary: recorded, and the database goes on answering
            logger.exception("the narrow columns could not be read; pages of large projects are slower")

    def _keep(self, columns: Columns, connection: Connection) -> None:
        if self._file is None:
            return
        try:
            columnfile.write(columns, self._file, connection)
        except OSError as error:
            logger.warning("the narrow columns are read anew at the next start: %s", error)
