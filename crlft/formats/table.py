"""CSV and TSV: the dialect and the header are found out; each record is cut, and checked, by itself.

A record ends where its quotation marks are even. One that does not end (a mark is missing) costs its first line,
and reading goes on behind that. Cells are text; empty ones are left out; those of fields that hold turns are
parsed. Names of columns in other cases or with blanks (`Prompt`, ` answer `) are taken as the field they mean.

A leading `'` before `=`, `+`, `-`, `@`, tab or return is what `crlft.formats.tables_out` (and spreadsheets' own
advice) put there against formulas, and is taken away again.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson

from crlft.formats.encodings import decode
from crlft.formats.jsontext import parse
from crlft.formats.messages import LIST_FIELDS
from crlft.formats.rawrow import RawRow
from crlft.formats.splitter import MAX_ROW_BYTES, too_long

GUARD = re.compile(r"'+[=+\-@\t\r]")
"""A cell that was guarded against being taken for a formula."""

KNOWN_FIELDS = frozenset(
    "id class coarse_reward tools source language generator model conversations messages conversation items "
    "system condition instruction input output history context response prompt completion question answer query "
    "chosen rejected label kto_tag text pair chosen_fields rejected_fields turn_fields".split()
)
"""Column names that some format knows."""

_DELIMITERS = ",\t;|"
_LOOK_RECORDS = 20
_RECORD_LINES = 2_000
_LISTS = frozenset((*LIST_FIELDS, "items", "history", "chosen_fields", "rejected_fields", "turn_fields"))
_MESSAGES = frozenset(("prompt", "completion", "chosen", "rejected"))
_NUMBERS = frozenset(("coarse_reward",))
_LONGEST_NAME = 64
_SPOKEN = frozenset(("role", "from"))
_NUMBER = re.compile(r"[-+]?[\d.,]+\Z")


@dataclass(frozen=True, slots=True)
class Table:
    """How a table is written.

    Attributes:
        delimiter: Between cells.
        escape: A backslash where quotation marks are escaped by it, else None.
        header: The columns' names.
        has_header: False where the first record is data already, and columns are just numbered.
    """

    delimiter: str
    escape: str | None
    header: tuple[str, ...]
    has_header: bool

    def rows(self, stream: io.BufferedReader) -> Iterator[RawRow]:
        """Cut a stream into rows."""
        csv.field_size_limit(MAX_ROW_BYTES)
        skip = self.has_header
        for line, data, cells in _records(stream, self):
            if skip:
                skip = False
            elif len(data) > MAX_ROW_BYTES:
                yield RawRow(line, None, data[:20_000], too_long(len(data)))
            else:
                yield self._row(line, data, cells)

    def _row(self, line: int, data: bytes, cells: list[str] | None) -> RawRow:
        text, repairs = decode(data)
        if text.count('"') % 2 and self._is_open(text):
            reason = "the row is cut off, or a quotation mark is missing: a cell does not end"
            return RawRow(line, None, data, reason)
        cells = self.cells(text) if cells is None else cells
        while len(cells) > len(self.header) and not cells[-1]:
            cells.pop()
        if len(cells) != len(self.header):
            reason = f"the row has {len(cells)} cells where the header names {len(self.header)} columns"
            return RawRow(line, None, data, reason)
        value = {}
        for name, cell in zip(self.header, cells, strict=True):
            if not cell:
                continue
            if cell[0] == "'" and GUARD.match(cell):
                cell = cell[1:]
            if "\x00" in cell:
                cell, repairs = cell.replace("\x00", "\ufffd"), (*repairs, "nul")
            value[name], more = unnested(name, cell)
            repairs += more
        return RawRow(line, value, orjson.dumps(value), None, repairs)

    def _is_open(self, text: str) -> bool:
        """Return whether a record ends inside a quoted cell; a mark inside a plain cell (5" wide) opens none."""
        try:
            next(csv.reader((text,), delimiter=self.delimiter, escapechar=self.escape, strict=True), [])
        except csv.Error as error:
            return "end of data" in str(error)
        return False

    def cells(self, text: str) -> list[str]:
        """Return the cells of one record."""
        with suppress(csv.Error):  # a line break outside quotation marks
            return next(csv.reader((text,), delimiter=self.delimiter, escapechar=self.escape), [])
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter, escapechar=self.escape)
        cells = next(reader, [])
        for more in reader:  # a bare return inside a record that the reader takes for its end
            cells[-1:] = ["\n".join([*cells[-1:], *more[:1]]), *more[1:]]
        return cells


def unnested(name: str, cell: str) -> tuple[Any, tuple[str, ...]]:
    """Return what a cell means in its column, with the repairs that took: turns, a number, or just the text."""
    if name in _NUMBERS:
        with suppress(ValueError):
            return float(cell), ()
    if cell[0] not in "[{" or name not in (_LISTS | _MESSAGES):
        return cell, ()
    if name == "conversation" and cell[0] == "{":  # a column of `crlft.formats.own`
        return cell, ()
    try:
        value, repairs = parse(cell.encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return cell, ()
    messages = [value] if isinstance(value, dict) else value
    if name in _MESSAGES and not (messages and all(isinstance(m, dict) and _SPOKEN & set(m) for m in messages)):
        return cell, ()
    return value, repairs


def _records(stream: io.BufferedReader, table: Table) -> Iterator[tuple[int, bytes, list[str] | None]]:
    """Yield each record: its first line's number, its bytes without the last line break, its cells if known."""
    waiting: list[bytes] = []
    number = 0
    while True:
        line = waiting.pop() if waiting else stream.readline(MAX_ROW_BYTES + 1)
        if not line:
            return
        number += 1
        if not line.strip():
            continue
        record, lines = [line], 1
        size, marks, at_end = len(line), _marks(line, table.escape), False
        while marks % 2 and size <= MAX_ROW_BYTES and lines < _RECORD_LINES:
            more = waiting.pop() if waiting else stream.readline(MAX_ROW_BYTES + 1)
            if not more:
                at_end = True
                break
            record.append(more)
            lines, size, marks = lines + 1, size + len(more), marks + _marks(more, table.escape)
        cells = _cells(b"".join(record), table) if len(record) > 1 and marks % 2 == 0 else None
        torn = len(record) > 1 and (cells is None or len(cells) != len(table.header))
        if torn and not (at_end and _is_rest(record, table)):
            # The record does not close, or swallowed others: its first line stands for itself.
            waiting.extend(reversed(record[1:]))
            record, cells = record[:1], None
        yield number, b"".join(record).rstrip(b"\r\n"), cells
        number += len(record) - 1


def _marks(line: bytes, escape: str | None) -> int:
    return line.count(b'"') - (line.count(b'\\"') if escape else 0)


def _is_rest(record: Sequence[bytes], table: Table) -> bool:
    """Return whether the lines at a file's end are one record that was cut off: none is a record by itself."""
    return not any(len(_cells(line, table)) == len(table.header) for line in record[1:])


def _cells(record: bytes, table: Table) -> list[str]:
    return table.cells(decode(record.rstrip(b"\r\n"))[0])


def sniff_table(head: bytes, *, whole: bool, named: bool) -> Table | None:
    """Find out how a table is written, or that there is none.

    Args:
        head: The stream's beginning.
        whole: True if that is all.
        named: True if the file's name says that it is a table; then less evidence is needed.
    """
    text, _ = decode(head)
    if not whole and "\n" in text:
        text = text[: text.rindex("\n")]
    csv.field_size_limit(MAX_ROW_BYTES)
    escape = "\\" if '\\"' in text and '""' not in text.replace('\\"', "") else None
    best: tuple[float, Table] | None = None
    for delimiter in _DELIMITERS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, escapechar=escape)
        try:
            records = [r for _, r in zip(range(_LOOK_RECORDS), (r for r in reader if r), strict=False)]
        except csv.Error:
            continue
        score = _score(records, named)
        if score > 0 and (best is None or score > best[0]):
            has_header = _is_header(records[0])
            names = _names(records[0]) if has_header else [f"column_{i + 1}" for i in range(len(records[0]))]
            best = score, Table(delimiter, escape, tuple(names), has_header)
    return best[1] if best is not None else None


def _score(records: Sequence[Sequence[str]], named: bool) -> float:
    """Rate a delimiter: how many records have as many cells as the first, and how many names are known."""
    if not records:
        return 0.0
    if len(records[0]) == 1:  # a column of turns and nothing else
        return 0.5 if records[0][0] in _LISTS and all(len(r) == 1 for r in records) else 0.0
    known = sum(name.strip().lower() in KNOWN_FIELDS for name in records[0])
    fitting = sum(len(r) == len(records[0]) for r in records) / len(records)
    if not (known or named or (fitting == 1 and len(records) > 2 and _is_header(records[0]))):
        return 0.0
    return known + fitting + 0.01 * len(records[0]) if fitting >= 0.5 else 0.0


def _is_header(record: Sequence[str]) -> bool:
    """Return whether a record names columns: known names, or short distinct words."""
    names = [name.strip() for name in record]
    if any(name.lower() in KNOWN_FIELDS for name in names):
        return True
    return len(set(names)) == len(names) and all(
        0 < len(name) <= _LONGEST_NAME and len(name.split()) <= 3 and not _NUMBER.match(name)
        and not name.endswith((".", "?", "!", "。", "？", "！"))
        for name in names
    )  # fmt: skip


def _names(record: Sequence[str]) -> list[str]:
    """Return names for columns: known ones as they are known, empty and repeated ones numbered."""
    names: list[str] = []
    for number, cell in enumerate(record, 1):
        name = column_name(cell) or f"column_{number}"
        names.append(name if name not in names else f"{name}_{number}")
    return names


def column_name(cell: str) -> str:
    """Return the field that a header's cell names."""
    name = (cell[1:] if GUARD.match(cell) else cell).strip()
    return name.lower() if name.lower() in KNOWN_FIELDS else name
