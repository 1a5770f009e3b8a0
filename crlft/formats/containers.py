"""A file's rows, one after the other: JSON arrays, JSON Lines and objects in sequence; plain, gzip or zstd.

    with open_rows(Path("dump.json.gz")) as rows:
        for row in rows:
            row.value if row.error is None else row.raw

Memory does not grow with the file: an array is cut into its elements by a scan for brackets outside strings, and
each element is parsed by itself. So a broken element costs itself, not the file, and its text can be shown.
"""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import zstandard

from crlft.errors import DataError
from crlft.formats.jsontext import parse, reason_of
from crlft.formats.splitter import MAX_ROW_BYTES, Elements, TooLong

_HEAD_BYTES = 1 << 16
_BUFFER_BYTES = 1 << 20
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_FOREIGN = {
    b"PAR1": ("a Parquet file", "convert it to JSON Lines first"),
    b"PK\x03\x04": (
        "a zip archive or a spreadsheet",
        "unpack it and name the files inside, or save as JSON Lines",
    ),
    b"BZh": ("a bzip2 file", "unpack it with bunzip2 first"),
    b"\xfd7zXZ": ("an xz file", "unpack it with unxz first"),
    b"%PDF": ("a PDF", "give a JSON or JSON Lines file"),
    b"SQLite": ("an SQLite database", "give a JSON or JSON Lines file"),
}
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_BROKEN = (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError)


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row of a file.

    Attributes:
        line: Line number in JSON Lines, row number otherwise, from 1.
        value: The parsed JSON value; None where `error` says why there is none.
        data: The row's bytes as they stand in the file (UTF-8).
        error: Why the row could not be parsed, for a curator, or None.
        repairs: Names of what was mended on the way (`not-a-number`, `lone-surrogate`, `nul`).
    """

    line: int
    value: Any
    data: bytes
    error: str | None = None
    repairs: tuple[str, ...] = ()

    @property
    def raw(self) -> str:
        """The row's text; bytes that are no UTF-8 are shown as hexadecimal escapes."""
        return self.data.decode("utf-8", "backslashreplace")


class RowFile:
    """An open file of rows: iterate it, and close it (or use it in a `with`).

    Attributes:
        path: The file.
        container: `json array`, `json lines` or `json objects`, with the compression.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = _open_bytes(path)
        try:
            self._stream, self._unpacked, compression = _unpack(self._file)
            kind, self._cut = _container(self._stream, path)
        except BaseException:
            self._file.close()
            raise
        self.container = kind + compression

    @property
    def bytes_read(self) -> int:
        """How far the file on disk has been read, for progress."""
        return self._file.tell()

    def __enter__(self) -> RowFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __iter__(self) -> Iterator[RawRow]:
        last = 0
        try:
            for row in self._cut(self._stream):
                last = row.line
                yield row
        except TooLong as error:
            yield RawRow(last + 1, None, error.head, str(error))
        if self._unpacked.damage:
            reason = f"the compressed file is cut off or damaged after row {last}: {self._unpacked.damage}"
            yield RawRow(last + 1, None, b"", reason)


def open_rows(path: Path) -> RowFile:
    """Open a file for reading row by row.

    Raises:
        DataError: The file is missing, a folder, empty, damaged, or none of the containers; with the remedy.
    """
    return RowFile(path)


def _parsed(line: int, data: bytes) -> RawRow:
    try:
        value, repairs = parse(data)
    except (ValueError, RecursionError) as error:
        return RawRow(line, None, data, reason_of(error, data))
    return RawRow(line, value, data, repairs=repairs)


def _open_bytes(path: Path) -> IO[bytes]:
    if path.is_dir():
        raise DataError(f"{path} is a folder", "name the files in it")
    try:
        if path.stat().st_size == 0:
            raise DataError(f"{path} is empty", "name a file with conversations")
        return path.open("rb")
    except FileNotFoundError:
        raise DataError(f"{path} does not exist", "check the path") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "check its permissions") from error


def _unpack(file: IO[bytes]) -> tuple[io.BufferedReader, _Unpacked, str]:
    """Return a buffered stream of the file's text as UTF-8, the unpacker below it, and the packing in words."""
    magic = file.read(4)
    file.seek(0)
    raw: Any = file
    packing = ""
    if magic[:2] == _GZIP:
        raw, packing = gzip.GzipFile(fileobj=file), ", gzip"
    elif magic == _ZSTD:
        raw, packing = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True), ", zstd"
    unpacked = _Unpacked(raw)
    stream: Any = io.BufferedReader(unpacked, _BUFFER_BYTES)
    head = stream.peek(4)
    if unpacked.damage and not head:
        raise DataError(
            f"{file.name} is a compressed file that is damaged: {unpacked.damage}", "get an intact copy"
        )
    encoding = _UTF16.get(head[:2])
    if encoding is not None:
        stream = io.BufferedReader(_Recoded(stream, encoding), _BUFFER_BYTES)
        packing += ", UTF-16"
    if stream.peek(3)[:3] == codecs.BOM_UTF8:
        stream.read(3)
    return stream, unpacked, packing


class _Unpacked(io.RawIOBase):
    """A decompressor that gives all it can: where the file is damaged it ends, and `damage` says why."""

    def __init__(self, raw: Any) -> None:
        # read1 gives what one piece unpacks to, read would lose it where the next piece is damaged.
        self._read: Callable[[int], bytes] = getattr(raw, "read1", raw.read)
        self.damage = ""

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; 0 bytes are the end."""
        try:
            data = self._read(len(buffer))
        except _BROKEN as error:
            self.damage = str(error)
            data = b""
        buffer[: len(data)] = data
        return len(data)


class _Recoded(io.RawIOBase):
    """UTF-16 bytes as UTF-8 bytes."""

    def __init__(self, stream: io.BufferedReader, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._ready = b""

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; 0 bytes are the end."""
        while not self._ready:
            chunk = self._stream.read(1 << 16)
            self._ready = self._decoder.decode(chunk, final=not chunk).encode("utf-8", "replace")
            if not chunk:
                break
        n = min(len(buffer), len(self._ready))
        buffer[:n] = self._ready[:n]
        self._ready = self._ready[n:]
        return n


Cutter = Callable[[io.BufferedReader], Iterator[RawRow]]
"""Cuts a stream into rows."""


def _container(stream: io.BufferedReader, path: Path) -> tuple[str, Cutter]:
    """Return the container's name and how to cut it."""
    head = stream.peek(_HEAD_BYTES)[:_HEAD_BYTES]
    for magic, (what, remedy) in _FOREIGN.items():
        if head.startswith(magic):
            raise DataError(f"{path} is {what}, not JSON", remedy)
    start = head.lstrip()
    if not start:
        raise DataError(f"{path} holds only white space", "name a file with conversations")
    if b"\x00" in start[:1024] and start[:1] not in b"[{":
        raise DataError(f"{path} is a binary file, not JSON", "give a JSON or JSON Lines file")
    lines = [line for line in start.splitlines()[:50] if line.strip()]
    if start[:1] == b"[" and not _is_row(lines[0]):
        return "json array", _element_rows
    if any(_is_row(line) for line in lines):
        return "json lines", _line_rows
    if start[:1] == b"{":
        return "json objects", _element_rows
    shown = lines[0][:60].decode("utf-8", "replace")
    raise DataError(
        f"{path} is no JSON: it begins with {shown!r}", "give a JSON array or one JSON object per line"
    )


def _is_row(line: bytes) -> bool:
    """Return whether a line is a whole JSON object."""
    try:
        value, _ = parse(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict)


def _line_rows(stream: io.BufferedReader) -> Iterator[RawRow]:
    number = 0
    while line := stream.readline(MAX_ROW_BYTES + 1):
        number += 1
        if len(line) > MAX_ROW_BYTES:
            raise TooLong(line)
        line = line.strip()
        if line:
            yield _parsed(number, line)


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
