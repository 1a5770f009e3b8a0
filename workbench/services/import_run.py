"""One import under way: rows become records, in transactions of some thousands, and every row is counted."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from crlft.conversation import Conversation
from crlft.errors import DataError
from crlft.formats.rawrow import RawRow
from workbench.curate.text import content_uid, measure_many
from workbench.curate.tokens import TokenCounter
from workbench.domain.curation import Action
from workbench.domain.record import Record
from workbench.services.arrivals import TAGGED_BY, ClassChoice, make_records
from workbench.services.inspecting import OpenFile, read_checked
from workbench.services.project import Project
from workbench.store import textindex
from workbench.store.actions import get_action, record_action, update_action
from workbench.store.arrivals import dropped_by_undo
from workbench.store.changes import apply_changes
from workbench.store.conversations import insert_records, known_uids
from workbench.store.quarantine import add_quarantine, finish_import, start_import

CHUNK_ROWS = 8000
"""Rows in one transaction; other curators wait less than a second for it."""

FIRST_ROWS = 250
"""Rows in the first transaction, doubled for each that follows: so there is an estimate of the time at once."""

CHUNK_BYTES = 16 << 20
"""A transaction is closed earlier where rows are long."""

_OBJECTS = 100_000
"""New objects between two looks of the garbage collector while rows come in."""

UNDER_WAY, STOPPED, FINISHED = "under way", "stopped", "finished"
"""What an import's entry in the log says in its parameter `state`."""

OnProgress = Callable[[int, int | None], None]
"""Called with rows done and rows in all, estimated from how far the files have been read; None where unknown."""

ShouldStop = Callable[[], bool]
"""Asked between transactions."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Where every row went.

    Attributes:
        rows: Rows of all files; always `imported` + `already_there` + `quarantined`.
        imported: Rows that brought something new.
        already_there: Rows whose content the project has already, or that stand twice in the files.
        quarantined: Rows that could not be read.
        format: The format, or several, comma-separated.
        action: The entry of the log; undoing it drops the new conversations.
        conversations: New conversations: a preference pair is one row and two of them.
        restored: Of `already_there`, how many an undone import had dropped and are pending again.
        classes: Conversations read, by class; `none` is untagged.
        faults: Faults of the conversations read, by code; they wait on the cleaning page.
        repairs: Rows that had to be mended to be read, by what was mended.
        stopped: Whether it was stopped before the end; importing the same again goes on where it stopped.
    """

    rows: int
    imported: int
    already_there: int
    quarantined: int
    format: str
    action: Action
    conversations: int
    restored: int
    classes: dict[str, int]
    faults: dict[str, int]
    repairs: dict[str, int]
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Rows that were read and measured, ready for the store.

    Attributes:
        good: What each readable row holds, by content ids, with the classes of these.
        bad: Rows for the quarantine: file, line, reason, text.
        records: What the store did not have when they were measured.
        bytes_read: How far the file had been read.
    """

    good: list[dict[str, str | None]]
    bad: list[tuple[str, int, str, str]]
    records: list[Record]
    bytes_read: int


class ImportRun:
    """One import under way: its place in the log and its counts.

    Args:
        project: The project.
        actor: Who imports.
        choice: How rows get their class.
        round_number: The round they arrive in.
        counter: Counts tokens; None is the default one.
        params: What the import was asked with; `files` lists the paths.
        on_progress: Called after each transaction.
        should_stop: Asked between transactions.

    Attributes:
        stopped: Whether it was stopped.
    """

    def __init__(
        self,
        project: Project,
        actor: str,
        choice: ClassChoice,
        round_number: int,
        counter: TokenCounter | None,
        params: Mapping[str, Any],
        on_progress: OnProgress | None,
        should_stop: ShouldStop | None = None,
    ) -> None:
        self._project, self._actor, self._choice = project, actor, choice
        self._round, self._counter, self._on_progress = round_number, counter, on_progress
        self._params = params
        self._should_stop = should_stop or (lambda: False)
        self.stopped = False
        self._sizes = {file: _size(file) for file in params["files"]}
        self._bytes_done = 0
        self._files: list[Counter[str]] = []
        self._classes: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._repairs: Counter[str] = Counter()
        self._conversations = self._restored = 0
        self._restoring: int | None = None
        names = ", ".join(Path(f).name for f in params["files"][:3])
        self._title = f"import {names}" + (f" and {len(self._sizes) - 3} more" if len(self._sizes) > 3 else "")
        with project.database.write() as connection:
            textindex.tune(connection)
            under_way = {**params, "state": UNDER_WAY}
            action = record_action(connection, "import", self._title, actor, params=under_way, undoable=True)
            self._action = action.id

    def take(self, file: OpenFile) -> None:
        """Store all rows of a file, or those up to where it is stopped."""
        with self._project.database.write() as connection:
            number = start_import(connection, str(file.path), file.detection.format, action_id=self._action)
        counts: Counter[str] = Counter()
        self._files.append(counts)
        with _rare_collections():
            for rows in _chunks(file.rows):
                self.stopped = self.stopped or self._should_stop()
                if self.stopped:
                    break
                chunk = self._prepare(file, rows)
                self._store(chunk, number, counts)
                if self._on_progress is not None:
                    done = sum(counts["n_rows"] for counts in self._files)
                    self._on_progress(done, self._expected(done, chunk.bytes_read))
        self._bytes_done += self._sizes.get(str(file.path), 0)

    def _expected(self, done: int, bytes_read: int) -> int | None:
        """Estimate all rows from the share of the bytes that has been read."""
        everything = sum(self._sizes.values())
        read = self._bytes_done + bytes_read
        return max(done, round(done * everything / read)) if everything and read else None

    def _prepare(self, file: OpenFile, rows: Sequence[RawRow]) -> _Chunk:
        """Read rows and measure what the store does not have."""
        read, bad = self._read(file, rows)
        good = [{content_uid(c): c for c in conversations} for _, conversations in read]
        with self._project.database.read() as connection:
            known = known_uids(connection, [uid for held in good for uid in held])
        fresh: dict[str, Conversation] = {}
        origins: list[dict[str, Any]] = []
        name = file.path.name
        for (row, _), held in zip(read, good, strict=True):
            for uid, conversation in held.items():
                if uid not in known and uid not in fresh:
                    fresh[uid] = conversation
                    origins.append({"file": name, "row": row.line})
        records = make_records(
            list(fresh.values()), list(fresh), origins, round_number=self._round, counter=self._counter
        )
        classes = [{uid: c.class_name for uid, c in held.items()} for held in good]
        return _Chunk(classes, bad, records, file.bytes_read)

    def _store(self, chunk: _Chunk, number: int, counts: Counter[str]) -> None:
        """Store some rows in one transaction, with the counts up to here."""
        with self._project.database.write() as connection:
            inserted = insert_records(connection, chunk.records, action_id=self._action)
            add_quarantine(connection, chunk.bad, import_id=number)
            new = set(inserted.uids)
            imported = 0
            for held in chunk.good:
                if not new.isdisjoint(held):
                    imported += 1
                    new.difference_update(held)
            if imported < len(chunk.good):
                self._restore(connection, {uid: name for held in chunk.good for uid, name in held.items()})
            counts.update(
                n_rows=len(chunk.good) + len(chunk.bad),
                imported=imported,
                already_there=len(chunk.good) - imported,
                quarantined=len(chunk.bad),
            )
            finish_import(connection, number, **counts)
            self._conversations += len(inserted.seqs)
            update_action(connection, self._action, affected=self._conversations)
        self._classes.update(name or "none" for held in chunk.good for name in held.values())

    def _read(
        self, file: OpenFile, rows: Sequence[RawRow]
    ) -> tuple[list[tuple[RawRow, list[Conversation]]], list[tuple[str, int, str, str]]]:
        """Split rows into those that hold conversations and those for the quarantine."""
        good: list[tuple[RawRow, list[Conversation]]] = []
        bad: list[tuple[str, int, str, str]] = []
        for row in rows:
            try:
                held = read_checked(row, file.form)
            except DataError as error:
                bad.append((str(file.path), row.line, str(error), row.raw))
                continue
            values = row.value if isinstance(row.value, Mapping) else {}
            good.append((row, [self._choice.classify(values, c) for c in held.conversations]))
            if held.faults:
                self._faults.update({fault.code for fault in held.faults})
            if held.repairs:
                self._repairs.update(held.repairs)
        return good, bad

    def _restore(self, connection: Connection, classes: Mapping[str, str | None]) -> None:
        """Make pending again what an undone import had dropped; an entry of the log of its own."""
        changes = dropped_by_undo(connection, classes, TAGGED_BY)
        if not changes:
            return
        if self._restoring is None:
            title = "restore what an undone import had dropped"
            self._restoring = record_action(connection, "restore", title, self._actor, undoable=True).id
        apply_changes(connection, self._restoring, changes, measure_many)
        self._restored += len(changes)
        update_action(connection, self._restoring, affected=self._restored)

    def finish(self) -> ImportReport:
        """Close the entry of the log and say where every row went."""
        total: Counter[str] = Counter()
        for counts in self._files:
            total.update(counts)
        assert total["n_rows"] == total["imported"] + total["already_there"] + total["quarantined"]
        with self._project.database.write() as connection:
            n = self._conversations
            title = f"{self._title}: {n:,} conversation{'' if n == 1 else 's'}"
            state = STOPPED if self.stopped else FINISHED
            params = {**self._params, "state": state}
            update_action(connection, self._action, title=title, undoable=n > 0, params=params)
            action = get_action(connection, self._action)
        return ImportReport(
            rows=total["n_rows"],
            imported=total["imported"],
            already_there=total["already_there"],
            quarantined=total["quarantined"],
            format=str(self._params["format"]),
            action=action,
            conversations=self._conversations,
            restored=self._restored,
            classes=dict(self._classes.most_common()),
            faults=dict(self._faults.most_common()),
            repairs=dict(self._repairs.most_common()),
            stopped=self.stopped,
        )


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for cycles once in a hundred thousand objects, not in 700: rows make many objects and no cycles."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _size(name: str) -> int:
    """Return a file's bytes; 0 for a hub dataset, whose size is not known."""
    path = Path(name)
    return path.stat().st_size if path.is_file() else 0


def _chunks(rows: Iterator[RawRow]) -> Iterator[list[RawRow]]:
    """Cut rows into lists of `CHUNK_ROWS`, or fewer where they are long and at the beginning."""
    chunk: list[RawRow] = []
    size, most = 0, min(FIRST_ROWS, CHUNK_ROWS)
    for row in rows:
        chunk.append(row)
        size += len(row.data)
        if len(chunk) >= most or size >= CHUNK_BYTES:
            yield chunk
            chunk, size, most = [], 0, min(2 * most, CHUNK_ROWS)
    if chunk:
        yield chunk
