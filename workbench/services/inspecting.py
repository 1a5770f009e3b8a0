"""What a file holds, before anything is imported: the format and why, examples, counts, faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

from crlft.conversation import Conversation, Fault, validate
from crlft.errors import DataError
from crlft.formats import FORMATS, WRITABLE
from crlft.formats.containers import RawRow, open_rows
from crlft.formats.detect import ROWS_LOOKED_AT, Detection, detect, read_row
from workbench.domain.errors import ImportFault

MOST_ROWS = 50_000
"""How many rows an inspection looks at; about two seconds."""

EXAMPLES = 5
"""How many conversations an inspection shows."""

_LIKELY = ("class", "generator", "model", "source", "label", "kto_tag", "quality", "rating")
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
        complete: True if these are all.
        unreadable: How many of them will go to quarantine.
        unreadable_examples: Line and reason of the first few of those.
        examples: The first conversations as they will be imported.
        roles: Turns by role.
        class_fields: Fields whose values may name a quality class, the likeliest first: value to rows.
        faults: Faults found, by code: those of `crlft.conversation.validate`, repairs, and `unreadable`.
    """

    path: str
    format: str
    container: str
    why: str
    rows_seen: int
    complete: bool
    unreadable: int
    unreadable_examples: list[tuple[int, str]]
    examples: list[Conversation]
    roles: dict[str, int]
    class_fields: dict[str, dict[str, int]]
    faults: dict[str, int]


@dataclass(slots=True)
class OpenFile:
    """A file whose format is known.

    Attributes:
        path: The file.
        container: How the rows are packed.
        detection: The format and why.
        rows: Every row, from the first.
        bytes_read: How far the file on disk has been read.
    """

    path: Path
    container: str
    detection: Detection
    rows: Iterator[RawRow]
    _tell: Any = field(repr=False, default=None)

    @property
    def bytes_read(self) -> int:
        """How far the file on disk has been read."""
        return int(self._tell())


@contextmanager
def open_file(path: Path, format_name: str | None = None) -> Iterator[OpenFile]:
    """Open a file and find out its format.

    Args:
        path: The file.
        format_name: Read it as this format; None finds out.

    Raises:
        ImportFault: The file cannot be read, its format is unknown or cannot be imported; with the remedy.
    """
    if format_name is not None and format_name not in WRITABLE:
        raise ImportFault(f"unknown format {format_name!r}", f"use one of {', '.join(WRITABLE)}")
    try:
        file = open_rows(path)
    except DataError as error:
        raise ImportFault(error.message, error.remedy) from error
    with file:
        rows = iter(file)
        first = list(islice(rows, ROWS_LOOKED_AT))
        if format_name is None:
            detection = _detected(path, first)
        else:
            detection = Detection(format_name, "named by hand")
        opened = OpenFile(path, file.container, detection, chain(first, rows))
        opened._tell = lambda: file.bytes_read
        yield opened


def _detected(path: Path, first: list[RawRow]) -> Detection:
    try:
        detection = detect([row.value for row in first if row.error is None])
    except DataError as error:
        broken = next((row for row in first if row.error is not None), None)
        where = f"; line {broken.line}: {broken.error}" if broken is not None else ""
        raise ImportFault(f"{path}: {error.message}{where}", error.remedy) from error
    form = FORMATS[detection.format]
    if not form.readable:
        raise ImportFault(f"{path} holds {form.title}: {detection.why}", form.remedy)
    return detection


def read_checked(row: RawRow, format_name: str) -> tuple[Conversation, list[Fault]]:
    """Return a row's conversation with its faults, none of them fatal.

    Raises:
        DataError: The row is no JSON, not in the format, or the conversation has a fatal fault.
    """
    if row.error is not None:
        raise DataError(row.error)
    (conversation,) = read_row(row.value, FORMATS[format_name])
    faults = validate(conversation)
    fatal = next((f for f in faults if f.fatal), None)
    if fatal is not None:
        raise DataError(fatal.message)
    return conversation, faults


def inspect_file(path: Path | str, format_name: str | None = None, *, most_rows: int = MOST_ROWS) -> FileReport:
    """Look at a file without importing anything.

    Args:
        path: The file.
        format_name: Read it as this format; None finds out.
        most_rows: Stop after so many rows.

    Raises:
        ImportFault: The file cannot be read, its format is unknown or cannot be imported.
    """
    with open_file(Path(path), format_name) as file:
        look = _Look(file.detection.format)
        for row in islice(file.rows, most_rows):
            look.take(row)
        complete = next(file.rows, None) is None
        return FileReport(
            path=str(path),
            format=file.detection.format,
            container=file.container,
            why=file.detection.why,
            rows_seen=look.rows,
            complete=complete,
            unreadable=look.faults["unreadable"],
            unreadable_examples=look.unreadable,
            examples=look.examples,
            roles=dict(look.roles.most_common()),
            class_fields=look.class_fields(),
            faults=dict(look.faults.most_common()),
        )


class _Look:
    """Counts over the rows looked at."""

    def __init__(self, format_name: str) -> None:
        self._format = format_name
        self.rows = 0
        self.roles: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.examples: list[Conversation] = []
        self.unreadable: list[tuple[int, str]] = []
        self._values: dict[str, Counter[str] | None] = {}

    def take(self, row: RawRow) -> None:
        """Count one row."""
        self.rows += 1
        try:
            conversation, faults = read_checked(row, self._format)
        except DataError as error:
            self.faults["unreadable"] += 1
            if len(self.unreadable) < EXAMPLES:
                self.unreadable.append((row.line, str(error)))
            return
        self.faults.update(row.repairs)
        self.faults.update({fault.code for fault in faults})
        self.roles.update(turn.role for turn in conversation.turns)
        if len(self.examples) < EXAMPLES:
            self.examples.append(conversation)
        self._count_values(row.value)

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
        rank = {name: i for i, name in enumerate(_LIKELY)}
        names = sorted(found, key=lambda n: (rank.get(n, len(rank)), len(found[n]), n))
        return {name: dict(found[name].most_common()) for name in names}


def value_text(value: Any) -> str:
    """Return a field's value as a class table names it: `true` and `false` as in JSON, nothing as empty text."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
