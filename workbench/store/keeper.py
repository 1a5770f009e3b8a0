"""Reads the narrow columns of a large project in a thread, while the database answers the first pages."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import Connection, func, select

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
    """

    def __init__(self, read: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._read = read
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
        columns = Columns()
        try:
            with self._read() as connection:
                whole = columns.load(connection, keep_on=lambda: not self._closed)
                connection.exec_driver_sql("PRAGMA shrink_memory")  # its page cache holds what was read once
        except Exception:  # the thread's boundary: recorded, and the database goes on answering
            logger.exception("the narrow columns could not be read; pages of large projects are slower")
            return
        if whole:
            self._selecting = Selecting(columns)
