"""The quarantine: rows that could not be read are looked through, mended, sent again, or taken elsewhere.

    page = quarantine_page(project, containing="dump.jsonl")
    report = send_again(project, {row.id: mended_text}, actor="ann")     # what can be read now is imported
    write_quarantine(project, Path("broken.jsonl"))                      # id, file, line, reason, raw
    edits = read_edits(Path("broken.jsonl"))                             # the same file, mended in an editor
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crlft.conversation import Conversation
from crlft.errors import DataError
from crlft.formats import FORMATS, Format
from crlft.formats.containers import open_rows
from crlft.formats.detect import detect
from crlft.formats.jsontext import parse, reason_of
from crlft.formats.mapping import ColumnMapping, MappedColumns, fingerprint
from crlft.formats.rawrow import RawRow
from crlft.formats.writing import write_rows
from workbench.curate.text import content_uid
from workbench.domain.curation import Action
from workbench.domain.errors import ImportFault
from workbench.services.arrivals import ClassChoice, make_records
from workbench.services.columns import remembered_mappings
from workbench.services.inspecting import read_checked
from workbench.services.progress import current_round
from workbench.services.project import Project
from workbench.store import quarantine as store
from workbench.store.actions import get_action, record_action, update_action
from workbench.store.classes import read_scheme
from workbench.store.conversations import insert_records
from workbench.store.quarantine import QuarantineRow

__all__ = [
    "ImportFault",
    "QuarantinePage",
    "QuarantineRow",
    "SentAgain",
    "quarantine_page",
    "quarantine_row",
    "read_edits",
    "send_again",
    "write_quarantine",
]

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class QuarantinePage:
    """Some rows of the quarantine.

    Attributes:
        rows: Newest first.
        matching: How many there are of the kind asked for.
        total: How many there are.
    """

    rows: list[QuarantineRow]
    matching: int
    total: int


@dataclass(frozen=True, slots=True)
class SentAgain:
    """Where rows went that were sent again; the three add up to what was sent.

    Attributes:
        imported: Rows that became conversations.
        already_there: Rows whose content the project has already; they left the quarantine too.
        quarantined: Rows that still cannot be read, by id: why.
        action: The entry of the log, which can be undone; None where nothing new came in.
    """

    imported: int
    already_there: int
    quarantined: dict[int, str]
    action: Action | None


def quarantine_page(
    project: Project, limit: int = 50, offset: int = 0, containing: str = ""
) -> QuarantinePage:
    """Return rows that could not be read, with file, line, reason and text.

    Args:
        project: The project.
        limit: How many at most.
        offset: How many to pass over.
        containing: Only rows that hold this text in file, reason or row.
    """
    with project.database.read() as connection:
        rows = store.list_quarantine(connection, limit, offset, containing=containing)
        total = store.count_quarantine(connection)
        matching = store.count_quarantine(connection, containing) if containing else total
    return QuarantinePage(rows, matching, total)


def quarantine_row(project: Project, number: int) -> QuarantineRow:
    """Return one row.

    Raises:
        ImportFault: There is none of this number.
    """
    with project.database.read() as connection:
        row = store.get_quarantine(connection, [number]).get(number)
    if row is None:
        raise ImportFault(f"no row {number} is in quarantine", "look at the list again")
    return row


def send_again(project: Project, edits: Mapping[int, str], *, actor: str) -> SentAgain:
    """Read rows of the quarantine again, as they were mended, in one transaction.

    They are read in the format of their import (or the one they show now), get their class by its table, and keep
    the text they had in quarantine in their provenance. What still cannot be read stays, with the new reason.

    Args:
        project: The project.
        edits: Number of a row in quarantine to its text: one JSON object.
        actor: Who sends them.

    Raises:
        ImportFault: A number is not in quarantine; nothing was changed.
    """
    mappings = remembered_mappings(project)
    with project.database.write() as connection:
        rows = store.get_quarantine(connection, list(edits))
        missing = [str(number) for number in edits if number not in rows]
        if missing:
            raise ImportFault(f"no row {', '.join(missing)} is in quarantine", "look at the list again")
        asked = store.imports_of(connection, [row.import_id for row in rows.values() if row.import_id])
        scheme = read_scheme(connection)
        read: dict[int, list[Conversation]] = {}
        refused: dict[int, str] = {}
        for number, text in edits.items():
            how = asked.get(rows[number].import_id or 0, {"format": "", "asked": {}})
            stated = how["asked"]
            choice = ClassChoice(
                scheme, stated.get("class_name"), stated.get("class_field"), stated.get("class_map") or {}
            )
            try:
                read[number] = _read(rows[number], text, how, mappings, choice)
            except DataError as error:
                refused[number] = str(error)
                store.update_quarantine(connection, number, reason=str(error), raw=text)
        action, new = None, set[str]()
        uids = {number: [content_uid(c) for c in held] for number, held in read.items()}
        if read:
            action = record_action(connection, "import", "rows of the quarantine sent again", actor, undoable=True)
            origins = [_origin(rows[number]) for number, held in read.items() for _ in held]
            records = make_records(
                [c for held in read.values() for c in held],
                [uid for held in uids.values() for uid in held],
                origins,
                round_number=current_round(connection),
            )
            new = set(insert_records(connection, records, action_id=action.id).uids)
            title = f"{len(read)} row{'' if len(read) == 1 else 's'} of the quarantine sent again"
            update_action(connection, action.id, title=title, affected=len(new), undoable=bool(new))
            action = get_action(connection, action.id)
            store.remove_quarantine(connection, list(read))
    imported = 0
    for held in uids.values():
        imported += not new.isdisjoint(held)
        new.difference_update(held)
    return SentAgain(imported, len(read) - imported, refused, action)


def _origin(row: QuarantineRow) -> dict[str, Any]:
    return {"file": Path(row.file).name, "row": row.line, "quarantined": {"reason": row.reason, "raw": row.raw}}


def _read(
    row: QuarantineRow,
    text: str,
    how: Mapping[str, Any],
    mappings: Mapping[str, ColumnMapping],
    choice: ClassChoice,
) -> list[Conversation]:
    """Read a mended row.

    Raises:
        DataError: It still cannot be read.
    """
    data = text.strip().encode("utf-8", "replace")
    try:
        value, repairs = parse(data)
    except (ValueError, RecursionError) as error:
        raise DataError(reason_of(error, data)) from error
    form = _form(value, how, mappings)
    held = read_checked(RawRow(row.line, value, data, None, repairs), form)
    values = value if isinstance(value, Mapping) else {}
    return [choice.classify(values, conversation) for conversation in held.conversations]


def _form(value: Any, how: Mapping[str, Any], mappings: Mapping[str, ColumnMapping]) -> Format:
    """Return what reads a row: its import's mapping or format, else the format it shows."""
    stated = how["asked"].get("mapping")
    if stated:
        return MappedColumns(ColumnMapping.from_dict(stated))
    if how["format"] in FORMATS:
        return FORMATS[how["format"]]
    remembered = mappings.get(fingerprint([value]))
    return MappedColumns(remembered) if remembered is not None else FORMATS[detect([value]).format]


def write_quarantine(project: Project, out: Path | str, containing: str = "") -> int:
    """Write rows of the quarantine to a file (JSON, JSON Lines, CSV or Parquet by its name); return how many.

    Raises:
        ImportFault: The file is there already, its name does not say what to write, or it cannot be written.
    """
    path = Path(out)
    if path.exists():
        raise ImportFault(f"{path} is already there", "name a new file, or remove that one first")
    written = 0
    try:
        with write_rows(path) as put:
            while rows := quarantine_page(project, _PAGE, written, containing).rows:
                for row in rows:
                    put({"id": row.id, "file": row.file, "line": row.line, "reason": row.reason, "raw": row.raw})
                written += len(rows)
    except DataError as error:
        raise ImportFault(error.message, error.remedy) from error
    return written


def read_edits(path: Path | str) -> dict[int, str]:
    """Read a file of `write_quarantine` that was mended: number of the row to its text.

    Raises:
        ImportFault: The file cannot be read, or a row lacks `id` or `raw`.
    """
    edits: dict[int, str] = {}
    try:
        with open_rows(Path(path)) as rows:
            for row in rows:
                value = row.value if isinstance(row.value, Mapping) else {}
                number, text = str(value.get("id", "")), value.get("raw")
                if row.error is not None or not number.isdecimal() or not isinstance(text, str):
                    reason = row.error or "a row needs its `id` and its text in `raw`"
                    remedy = "write it as `workbench quarantine --export` does"
                    raise ImportFault(f"{path}:{row.line}: {reason}", remedy)
                edits[int(number)] = text
    except DataError as error:
        raise ImportFault(error.message, error.remedy) from error
    return edits
