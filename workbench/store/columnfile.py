"""The narrow columns on disk: what takes seconds to read from a million rows is there at once at the next start.

    columnfile.write(columns, path, connection)
    columns = columnfile.read(path, connection)      # None where it is not of this store, or not there

It is a cache: made from the database, brought up to date from its log (`Columns.refresh`), and left aside where it
was made from another state of the store, such as one that was restored from a copy.
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import orjson
from sqlalchemy import Connection, func, select

from workbench.store.columnar import Columns
from workbench.store.migrations import schema_version
from workbench.store.schema import actions, conversations

_ABOUT = "about"


def write(columns: Columns, path: Path, connection: Connection) -> None:
    """Write the columns, whole or not at all.

    Raises:
        OSError: The folder cannot be written, or the disk is full.
    """
    with columns.lock:
        arrays, about = columns.state()
    about |= {"store": _mark(connection, int(about["newest"]))}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            parts = {**arrays, _ABOUT: np.frombuffer(orjson.dumps(about), dtype=np.uint8)}
            np.savez(file, allow_pickle=False, **parts)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def read(path: Path, connection: Connection) -> Columns | None:
    """Return the columns as they were written, still to be refreshed; None where they are not of this store."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            about = orjson.loads(file[_ABOUT].tobytes())
            if about["store"] != _mark(connection, int(about["newest"])):
                return None
            found = Columns.of_state({name: file[name] for name in file.files if name != _ABOUT}, about)
    except (OSError, KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile):
        return None  # cut short, or by another version: it is made again
    last = int(found["seq"][-1]) if len(found) else 0
    there = connection.execute(select(func.count()).where(conversations.c.seq <= last)).scalar()
    return found if there == len(found) else None


def _mark(connection: Connection, action_id: int) -> list[object]:
    """Return what tells one state of a store from another: its schema and the action that was the newest then."""
    row = connection.execute(select(actions.c.at, actions.c.title).where(actions.c.id == action_id)).first()
    return [schema_version(connection), action_id, *(list(row) if row is not None else ())]
