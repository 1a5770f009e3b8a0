"""One import under way: rows become records, in transactions of some thousands, and every row is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from crlft.conversation import Conversation
from crlft.errors import DataError
from crlft.formats.containers import RawRow
from workbench.curate.text import content_uid, measure_many
from workbench.curate.tokens import TokenCounter
from workbench.domain.curation import Action
from workbench.services.arrivals import TAGGED_BY, ClassChoice, make_records
from workbench.services.inspecting import OpenFile, read_checked
from workbench.services.project import Project
from workbench.store.actions import get_action, record_action, update_action
from workbench.store.arrivals import dropped_by_undo, known_uids
from workbench.store.changes import apply_changes
from workbench.store.conversations import insert_records
from workbench.store.quarantine import add_quarantine, finish_import, start_import

CHUNK_ROWS = 5000
"""Rows in one transaction; other curators wait less than a second for it."""

CHUNK_BYTES = 32 << 20
"""A transaction is closed earlier where rows are long."""

OnProgress = Callable[[int, int | None], None]
"""Called with rows done and rows in all, estimated from how far the files have been read."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Where every row went.

    Attributes:
        rows: Rows of all files; always `imported` + `already_there` + `quarantined`.
        imported: New conversations.
        already_there: Rows whose content the project has already, or that stand twice in the files.
        quarantined: Rows that could not be read.
        format: The format, or several, comma-separated.
        action: The entry of the log; undoing it drops the new conversations.
        restored: Of `already_there`, how many an undone import had dropped and are pending again.
        classes: Conversations read, by class; `none` is untagged.
        faults: Faults of the conversations read, by code; they wait on the cleaning page.
        repairs: Rows that had to be mended to be read, by what was mended.
    """

    rows: int
    imported: int
    already_there: int
    quarantined: int
    format: str
    action: Action
    restored: int
    classes: dict[str, int]
    faults: dict[str, int]
    repairs: dict[str, int]


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
    ) -> None:
        self._project, self._actor, self._choice = project, actor, choice
        self._round, self._counter, self._on_progress = round_number, counter, on_progress
        self._params = params
        sizes = {file: Path(file).stat().st_size for file in params["files"]}
        self._bytes_all, self._bytes_done = sum(sizes.values()), 0
        self._files: list[Counter[str]] = []
        self._classes: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._repairs: Counter[str] = Counter()
        self._imported = self._restored = 0
        self._restoring: int | None = None
        names = ", ".join(Path(f).name for f in params["files"][:3])
        self._title = f"import {names}" + (f" and {len(sizes) - 3} more" if len(sizes) > 3 else "")
        with project.database.write() as connection:
            self._action = record_action(connection, "import", self._title, actor, params=params, undoable=True).id

    def take(self, file: OpenFile) -> None:
        """Store all rows of a file."""
        with self._project.database.write() as connection:
            number = start_import(connection, str(file.path), file.detection.format, action_id=self._action)
        counts: Counter[str] = Counter()
        self._files.append(counts)
        for rows in _chunks(file.rows):
            self._store(file, rows, number, counts)
            if self._on_progress is not None:
                done = sum(c["n_rows"] for c in self._files)
                self._on_progress(done, self._expected(done, file))
        self._bytes_done += file.path.stat().st_size

    def _expected(self, done: int, file: OpenFile) -> int:
        """Estimate all rows from the share of the bytes that has been read."""
        read = self._bytes_done + file.bytes_read
        return max(done, round(done * self._bytes_all / read))

    def _store(self, file: OpenFile, rows: Sequence[RawRow], number: int, counts: Counter[str]) -> None:
        """Store some rows in one transaction, with the counts up to here."""
        good, bad = self._read(file, rows)
        conversations = [conversation for _, conversation in good]
        uids = [content_uid(conversation) for conversation in conversations]
        with self._project.database.read() as connection:
            known = known_uids(connection, uids)
        # Only what is new is measured; what comes in between now and then is found by the insert.
        fresh = [(row, c) for (row, c), uid in zip(good, uids, strict=True) if uid not in known]
        origins = [{"file": file.path.name, "row": row.line} for row, _ in fresh]
        records = make_records([c for _, c in fresh], origins, round_number=self._round, counter=self._counter)
        with self._project.database.write() as connection:
            inserted = insert_records(connection, records, action_id=self._action)
            add_quarantine(connection, bad, import_id=number)
            if len(inserted.seqs) < len(good):
                self._restore(connection, {u: c.class_name for u, c in zip(uids, conversations, strict=True)})
            counts.update(
                n_rows=len(rows),
                imported=len(inserted.seqs),
                already_there=len(good) - len(inserted.seqs),
                quarantined=len(bad),
            )
            finish_import(connection, number, **counts)
            self._imported += len(inserted.seqs)
            update_action(connection, self._action, affected=self._imported)
        self._classes.update(c.class_name or "none" for c in conversations)

    def _read(
        self, file: OpenFile, rows: Sequence[RawRow]
    ) -> tuple[list[tuple[RawRow, Conversation]], list[tuple[str, int, str, str]]]:
        """Split rows into those that are conversations and those for the quarantine."""
        good: list[tuple[RawRow, Conversation]] = []
        bad: list[tuple[str, int, str, str]] = []
        for row in rows:
            try:
                conversation, faults = read_checked(row, file.detection.format)
            except DataError as error:
                bad.append((str(file.path), row.line, str(error), row.raw))
                continue
            good.append((row, self._choice.classify(row.value, conversation)))
            self._faults.update({fault.code for fault in faults})
            self._repairs.update(row.repairs)
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
            title = f"{self._title}: {total['imported']:,} conversations"
            update_action(connection, self._action, title=title, undoable=total["imported"] > 0)
            action = get_action(connection, self._action)
        return ImportReport(
            rows=total["n_rows"],
            imported=total["imported"],
            already_there=total["already_there"],
            quarantined=total["quarantined"],
            format=str(self._params["format"]),
            action=action,
            restored=self._restored,
            classes=dict(self._classes.most_common()),
            faults=dict(self._faults.most_common()),
            repairs=dict(self._repairs.most_common()),
        )


def _chunks(rows: Iterator[RawRow]) -> Iterator[list[RawRow]]:
    """Cut rows into lists of `CHUNK_ROWS`, or fewer where they are long."""
    chunk: list[RawRow] = []
    size = 0
    for row in rows:
        chunk.append(row)
        size += len(row.data)
        if len(chunk) >= CHUNK_ROWS or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
