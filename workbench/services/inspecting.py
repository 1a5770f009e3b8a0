"""What a file holds, before anything is imported: the format and why, examples, counts, faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

from crlft.conversation import Conversation, Fault, validate
from crlft.errors import DataError
from crlft.formats import FORMATS, READABLE, Format
from crlft.formats.columns import get_column
from crlft.formats.containers import open_rows
from crlft.formats.detect import ROWS_LOOKED_AT, Detection, detect, read_mended
from crlft.formats.mapping import ColumnMapping, MappedColumns, columns_of, fingerprint, guess
from crlft.formats.preference import PREFERRED
from crlft.formats.rawrow import RawRow, Rows
from crlft.formats.sources import is_hub_name, open_hub
from workbench.domain.errors import ImportFault

MOST_ROWS = 50_000
"""How many rows an inspection looks at; about two seconds."""

EXAMPLES = 5
"""How many conversations an inspection shows."""

_SAY_WHICH = "say which column is what (on the import page, or with --column prompt=NAME --column answer=NAME)"
_LIKELY = (PREFERRED, "class", "generator", "model", "source", "label", "kto_tag", "quality", "rating")
_MOST_VALUES = 200
_LONGEST_VALUE = 80


@dataclass(frozen=True, slots=True)
class FileReport:
    """What a file holds.

    Attributes:
        path: The file.
        format: The format's name.
        container: How the rows are packed, such as `json lines, gzip`.
        why: The reason for the format, in words.
        rows_seen: How many rows were looked at.
        conversations: How many conversations they hold: a preference pair is two.
        complete: True if these are all.
        unreadable: How many of them will go to quarantine.
        unreadable_examples: Line and reason of the first few of those.
        examples: The first conversations as they will be imported.
        roles: Turns by role.
        class_fields: Fields whose values may name a quality class, the likeliest first: value to rows.
        faults: Faults found, by code: those of `crlft.conversation.validate`, and `unreadable`.
        repairs: What was mended so that rows could be read, by name.
        schema: As `OpenFile.schema`.
    """

    path: str
    format: str
    container: str
    why: str
    rows_seen: int
    conversations: int
    complete: bool
    unreadable: int
    unreadable_examples: list[tuple[int, str]]
    examples: list[Conversation]
    roles: dict[str, int]
    class_fields: dict[str, dict[str, int]]
    faults: dict[str, int]
    repairs: dict[str, int]
    schema: str = ""


@dataclass(slots=True)
class OpenFile:
    """A file, or a hub dataset, whose format is known.

    Attributes:
        path: The file, or the dataset's name.
        container: How the rows are packed.
        detection: The format and why.
        form: What reads its rows.
        schema: The fingerprint of columns that were mapped by hand, else empty.
        rows: Every row, from the first.
    """

    path: Path
    container: str
    detection: Detection
    form: Format
    schema: str
    rows: Iterator[RawRow]
    _source: Rows = field(repr=False)

    @property
    def bytes_read(self) -> int:
        """How far the file on disk has been read."""
        return self._source.bytes_read


class UnknownSchema(ImportFault):
    """Rows of no known format: their columns can be mapped by hand.

    Attributes:
        columns: The rows' columns.
        fingerprint: The schema's name, under which a mapping is remembered.
        proposal: A first guess to correct.
        examples: The first rows.
        rows: All rows that were looked at.
    """

    def __init__(self, message: str, remedy: str, rows: Sequence[Any]) -> None:
        super().__init__(message, remedy)
        self.columns = columns_of(rows)
        self.fingerprint = fingerprint(rows)
        self.proposal = guess(rows)
        self.examples = list(rows[:EXAMPLES])
        self.rows = list(rows)

    def read_with(self, mapping: ColumnMapping) -> list[Conversation]:
        """Return the first conversations as a mapping reads them.

        Raises:
            ImportFault: The mapping makes no sense, or none of the first rows can be read by it.
        """
        _, form = _mapped(mapping)
        read: list[Conversation] = []
        faults: list[DataError] = []
        for value in self.examples:
            try:
                read += read_checked(RawRow(0, value, b""), form).conversations
            except DataError as error:
                faults.append(error)
        if not read and faults:
            raise ImportFault(faults[0].message, faults[0].remedy)
        return read


@contextmanager
def open_file(
    path: Path | str,
    format_name: str | None = None,
    mapping: ColumnMapping | None = None,
    mappings: Mapping[str, ColumnMapping] | None = None,
) -> Iterator[OpenFile]:
    """Open a file, or a hub dataset, and find out its format.

    Args:
        path: The file, or `hub:owner/name`.
        format_name: Read it as this format; None finds out.
        mapping: Read it by this mapping of its columns instead.
        mappings: Mappings remembered by schema, for files of no known format.

    Raises:
        UnknownSchema: The rows have fields that no format knows.
        ImportFault: The file cannot be read, its format is unknown or cannot be imported; with the remedy.
    """
    if format_name is not None and format_name not in READABLE:
        raise ImportFault(f"unknown format {format_name!r}", f"use one of {', '.join(READABLE)}")
    try:
        file = open_hub(str(path)) if is_hub_name(str(path)) else open_rows(Path(path))
    except DataError as error:
        raise ImportFault(error.message, error.remedy) from error
    with file:
        rows = iter(file)
        first = list(islice(rows, ROWS_LOOKED_AT))
        if mapping is not None:
            detection, form = _mapped(mapping)
        elif format_name is not None:
            detection, form = Detection(format_name, "named by hand"), FORMATS[format_name]
        else:
            detection, form = _detected(file.path, first, mappings or {})
        mapped = isinstance(form, MappedColumns)
        schema = fingerprint([row.value for row in first if isinstance(row.value, Mapping)]) if mapped else ""
        yield OpenFile(file.path, file.container, detection, form, schema, chain(first, rows), file)


def _mapped(mapping: ColumnMapping) -> tuple[Detection, Format]:
    try:
        form = MappedColumns(mapping)
    except DataError as error:
        raise ImportFault(error.message, error.remedy) from error
    return Detection(form.name, "its columns were mapped by hand"), form


def _detected(
    path: Path, first: list[RawRow], mappings: Mapping[str, ColumnMapping]
) -> tuple[Detection, Format]:
    values = [row.value for row in first if row.error is None]
    try:
        detection = detect(values)
    except DataError as error:
        objects = [value for value in values if isinstance(value, Mapping)]
        if not first:
            raise ImportFault(f"{path} is empty", "name a file with conversations") from error
        if not objects:
            broken = next((row for row in first if row.error is not None), None)
            where = f"; line {broken.line}: {broken.error}" if broken is not None else ""
            raise ImportFault(f"{path}: {error.message}{where}", error.remedy) from error
        remembered = mappings.get(fingerprint(objects))
        if remembered is not None:
            return _mapped(remembered)
        raise UnknownSchema(f"{path}: {error.message}", _SAY_WHICH, objects) from error
    form = FORMATS[detection.format]
    if not form.readable:
        raise ImportFault(f"{path} holds {form.title}: {detection.why}", form.remedy)
    return detection, form


@dataclass(frozen=True, slots=True)
class Checked:
    """What a row holds.

    Attributes:
        conversations: One, or the two of a preference pair.
        faults: Their faults, none of them fatal.
        repairs: What was mended, by name.
    """

    conversations: list[Conversation]
    faults: list[Fault]
    repairs: tuple[str, ...]


def read_checked(row: RawRow, form: Format) -> Checked:
    """Return what a row holds.

    Raises:
        DataError: The row is no JSON, not in the format, or a conversation has a fatal fault.
    """
    if row.error is not None:
        raise DataError(row.error)
    conversations, repairs = read_mended(row.value, form)
    if not conversations:
        raise DataError("the row holds no conversation")
    faults = [fault for conversation in conversations for fault in validate(conversation)]
    fatal = next((f for f in faults if f.fatal), None)
    if fatal is not None:
        raise DataError(fatal.message)
    return Checked(conversations, faults, (*row.repairs, *repairs))


def inspect_file(
    path: Path | str,
    format_name: str | None = None,
    *,
    mapping: ColumnMapping | None = None,
    mappings: Mapping[str, ColumnMapping] | None = None,
    most_rows: int = MOST_ROWS,
) -> FileReport:
    """Look at a file without importing anything.

    Args:
        path: The file, or `hub:owner/name`.
        format_name: Read it as this format; None finds out.
        mapping: Read it by this mapping of its columns instead.
        mappings: Mappings remembered by schema.
        most_rows: Stop after so many rows.

    Raises:
        UnknownSchema: The rows have fields that no format knows.
        ImportFault: The file cannot be read, its format is unknown or cannot be imported.
    """
    with open_file(path, format_name, mapping, mappings) as file:
        look = _Look(file.form)
        for row in islice(file.rows, most_rows):
            look.take(row)
        complete = next(file.rows, None) is None
        return FileReport(
            path=str(path),
            format=file.detection.format,
            container=file.container,
            why=file.detection.why,
            rows_seen=look.rows,
            conversations=look.conversations,
            complete=complete,
            unreadable=look.faults["unreadable"],
            unreadable_examples=look.unreadable,
            examples=look.examples,
            roles=dict(look.roles.most_common()),
            class_fields=look.class_fields(),
            faults=dict(look.faults.most_common()),
            repairs=dict(look.repairs.most_common()),
            schema=file.schema,
        )


class _Look:
    """Counts over the rows looked at."""

    def __init__(self, form: Format) -> None:
        self._form = form
        self.rows = self.conversations = 0
        self.roles: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.repairs: Counter[str] = Counter()
        self.examples: list[Conversation] = []
        self.unreadable: list[tuple[int, str]] = []
        self._values: dict[str, Counter[str] | None] = {}
        # What a person named as the class comes first, also where it is a column of a nested object.
        self._stated = form.mapping.class_field if isinstance(form, MappedColumns) else ""

    def take(self, row: RawRow) -> None:
        """Count one row."""
        self.rows += 1
        try:
            held = read_checked(row, self._form)
        except DataError as error:
            self.faults["unreadable"] += 1
            if len(self.unreadable) < EXAMPLES:
                self.unreadable.append((row.line, str(error)))
            return
        self.repairs.update(held.repairs)
        self.faults.update({fault.code for fault in held.faults})
        self.conversations += len(held.conversations)
        for conversation in held.conversations:
            self.roles.update(turn.role for turn in conversation.turns)
            if len(self.examples) < EXAMPLES:
                self.examples.append(conversation)
            if PREFERRED in conversation.metadata:
                self._count_values({PREFERRED: conversation.metadata[PREFERRED]})
        if isinstance(row.value, Mapping):
            self._count_values(row.value)
            if "." in self._stated:
                self._count_values({self._stated: get_column(row.value, self._stated)})

    def _count_values(self, row: Mapping[str, Any]) -> None:
        """Count the values of fields that may name a class: short, few and repeating."""
        for name, value in row.items():
            if name == "id" or not isinstance(value, str | bool | int):
                continue
            counts = self._values.setdefault(name, Counter())
            if counts is None:
                continue
            text = value_text(value)
            counts[text] += 1
            if len(text) > _LONGEST_VALUE or len(counts) > _MOST_VALUES:
                self._values[name] = None

    def class_fields(self) -> dict[str, dict[str, int]]:
        """Return the candidates, likely names first, then those with fewer values."""
        found = {n: c for n, c in self._values.items() if c and len(c) <= max(1, c.total() // 2)}
        rank = {name: i for i, name in enumerate((self._stated, *_LIKELY))}
        names = sorted(found, key=lambda n: (rank.get(n, len(rank)), len(found[n]), n))
        return {name: dict(found[name].most_common()) for name in names}


def value_text(value: Any) -> str:
    """Return a field's value as a class table names it: `true` and `false` as in JSON, nothing as empty text."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
