"""A file's rows, one after the other, whatever the container, the compression and the encoding.

    with open_rows(Path("dump.json.gz")) as rows:
        for row in rows:
            row.value if row.error is None else row.raw

JSON arrays, JSON Lines, objects in sequence, CSV and TSV; Parquet and Arrow (`crlft.formats.columnar`). The
container is found out by content. Memory does not grow with the file: an array is cut into its elements by a scan
for brackets outside strings, and each element is parsed by itself. So a broken element costs itself, not the file,
and its text can be shown.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

from crlft.errors import DataError
from crlft.formats.bytestream import HEAD_BYTES, open_file, unpack
from crlft.formats.jsontext import parse, reason_of
from crlft.formats.rawrow import RawRow, Rows
from crlft.formats.splitter import MAX_ROW_BYTES, Elements, TooLong, too_long
from crlft.formats.table import sniff_table

__all__ = ["RawRow", "RowFile", "Rows", "open_rows"]

_FOREIGN = {
    b"PK\x03\x04": (
        "a zip archive or a spreadsheet",
        "unpack it and name the files inside, or save as CSV or JSON Lines",
    ),
    b"BZh": ("a bzip2 file", "unpack it with bunzip2 first"),
    b"\xfd7zXZ": ("an xz file", "unpack it with unxz first"),
    b"%PDF": ("a PDF", "give a JSON, CSV or Parquet file"),
    b"SQLite": ("an SQLite database", "give a JSON, CSV or Parquet file"),
}
_COLUMNAR = (b"PAR1", b"ARROW1", b"\xff\xff\xff\xff")
_COMMENTS = (b"//", b"#")


class RowFile:
    """An open text file of rows: iterate it, and close it (or use it in a `with`).

    Attributes:
        path: The file.
        container: `json array`, `json lines`, `json objects`, `csv` or `tsv`, with compression and encoding.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._element_bytes = 0
        self._file = open_file(path)
        try:
            self._text = unpack(self._file)
            kind, self._cut = _container(self._text.bytes, path)
        except BaseException:
            self._file.close()
            raise
        self.container = kind + self._text.packing

    @property
    def bytes_read(self) -> int:
        """How much of the file on disk the rows given out took, for progress; what is read ahead is none of it."""
        return self._text.part_of(self._file.tell(), self._element_bytes or None)

    def __enter__(self) -> RowFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __iter__(self) -> Iterator[RawRow]:
        rows = self._cut(self._text.bytes)
        return self._watched(_marked(rows, f"encoding-{self._text.encoding}") if self._text.encoding else rows)

    def _watched(self, rows: Iterator[RawRow]) -> Iterator[RawRow]:
        last = 0
        elements = self._cut is _element_rows  # these are cut out of a window of their own
        try:
            for row in rows:
                last = row.line
                if elements:
                    self._element_bytes += len(row.data) + 2
                yield row
        except TooLong as error:
            yield RawRow(last + 1, None, error.head, str(error))
        if self._text.damage:
            reason = f"the compressed file is cut off or damaged after row {last}: {self._text.damage}"
            yield RawRow(last + 1, None, b"", reason)


def open_rows(path: Path) -> Rows:
    """Open a file for reading row by row.

    Raises:
        DataError: The file is missing, a folder, empty, damaged, or none of the containers; with the remedy.
    """
    with open_file(path) as file:
        head = file.read(8)
    if head.startswith(_COLUMNAR):
        from crlft.formats.columnar import ColumnFile  # pyarrow is slow to import

        return ColumnFile(path)
    return RowFile(path)


def _marked(rows: Iterator[RawRow], repair: str) -> Iterator[RawRow]:
    """Name the recoding among every row's repairs."""
    for row in rows:
        yield RawRow(row.line, row.value, row.data, row.error, (*row.repairs, repair))


def _parsed(line: int, data: bytes) -> RawRow:
    try:
        value, repairs = parse(data)
    except (ValueError, RecursionError) as error:
        return RawRow(line, None, data, reason_of(error, data))
    return RawRow(line, value, data, None, repairs)


Cutter = Callable[[io.BufferedReader], Iterator[RawRow]]
"""Cuts a stream into rows."""


def _container(stream: io.BufferedReader, path: Path) -> tuple[str, Cutter]:
    """Return the container's name and how to cut it."""
    head = stream.peek(HEAD_BYTES)[:HEAD_BYTES]
    for magic, (what, remedy) in _FOREIGN.items():
        if head.startswith(magic):
            raise DataError(f"{path} is {what}, not JSON", remedy)
    start = head.lstrip()
    if not start:
        raise DataError(f"{path} holds only white space", "name a file with conversations")
    if b"\x00" in start[:1024] and start[:1] not in b"[{":
        raise DataError(f"{path} is a binary file, not JSON", "give a JSON, CSV or Parquet file")
    lines = [line for line in start.splitlines()[:50] if line.strip()]
    talk = [line for line in lines if not line.lstrip().startswith(_COMMENTS)]
    if talk and talk[0].lstrip()[:1] == b"[" and not _is_row(talk[0]):
        return "json array", _element_rows
    if any(_is_row(line) for line in lines):
        return "json lines", _line_rows
    if talk and talk[0].lstrip()[:1] == b"{":
        return "json objects", _element_rows
    table = sniff_table(head, whole=len(head) < HEAD_BYTES, named=_table_name(path))
    if table is not None:
        return ("tsv" if table.delimiter == "\t" else "csv"), table.rows
    shown = lines[0][:60].decode("utf-8", "replace")
    raise DataError(
        f"{path} is no JSON and no table: it begins with {shown!r}",
        "give a JSON array, one JSON object per line, or a CSV file with a header; general text holds no"
        " conversations and goes to training as replay text instead",
    )


def _table_name(path: Path) -> bool:
    return any(s in (".csv", ".tsv", ".tab") for s in path.suffixes)


def _is_row(line: bytes) -> bool:
    """Return whether a line is a whole JSON object."""
    try:
        value, _ = parse(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) or (isinstance(value, str) and value[:1] == "{")


def _line_rows(stream: io.BufferedReader) -> Iterator[RawRow]:
    number, comment = 0, False
    while line := stream.readline(MAX_ROW_BYTES + 1):
        number += 1
        if len(line) > MAX_ROW_BYTES:
            yield RawRow(number, None, line[:20_000], too_long(_skip_line(stream, len(line))))
            continue
        line = line.strip()
        if not line:
            continue
        if line.startswith(_COMMENTS) and b'"' not in line:
            comment = True
            continue
        row = _parsed(number, line)
        if comment:
            row = RawRow(number, row.value, row.data, row.error, (*row.repairs, "comment"))
            comment = False
        yield row


def _skip_line(stream: io.BufferedReader, length: int) -> int:
    """Move past the rest of a line that is too long to be held; return how long it is in all."""
    while piece := stream.readline(1 << 20):
        length += len(piece)
        if piece.endswith(b"\n"):
            break
    return length


def _element_rows(stream: io.BufferedReader) -> Iterator[RawRow]:
    elements = Elements(stream)
    number = 0
    for element in elements:
        number += 1
        row = _parsed(number, element)
        if row.error is None:
            elements.learn(element)
            yield row
            continue
        pieces = elements.resplit(element)
        number -= 1
        for piece in pieces:
            number += 1
            yield _parsed(number, piece)
