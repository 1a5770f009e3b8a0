"""A file's text as a buffered stream of UTF-8 bytes, whatever it is packed with and encoded in."""

from __future__ import annotations

import codecs
import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import zstandard

from crlft.errors import DataError
from crlft.formats.encodings import BOMS, stream_encoding
from crlft.formats.gzipstream import Damaged, GzipStream

HEAD_BYTES = 1 << 16
"""How much of a stream is looked at to find out what it is."""

_BUFFER_BYTES = 1 << 20
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_BROKEN = (EOFError, Damaged, zstandard.ZstdError)
_NAMES = {
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16 (big-endian)",
    "utf-32-le": "UTF-32",
    "utf-32-be": "UTF-32 (big-endian)",
    "gb18030": "GB18030",
}


@dataclass(slots=True)
class TextStream:
    """A stream of UTF-8 bytes.

    Attributes:
        bytes: The stream, without a byte order mark.
        packing: How it was packed and encoded, in words, each after a comma.
        encoding: The encoding the whole stream was recoded from, or empty.
    """

    bytes: io.BufferedReader
    packing: str
    encoding: str
    _unpacked: Unpacked
    _recoded_from: io.BufferedReader | None = None

    @property
    def damage(self) -> str:
        """Why the packed stream ended early, or empty."""
        return self._unpacked.damage

    def part_of(self, file_bytes: int, most: int | None = None) -> int:
        """Return how many of the bytes read from the file were taken from this stream; read-ahead is none of them.

        Args:
            file_bytes: How far the file has been read.
            most: Bytes of this stream that were made use of, where it is known that not all were.
        """
        taken = self.bytes.tell()
        parts = [(taken if most is None else min(taken, most), self.bytes.raw.tell())]
        if self._recoded_from is not None:
            parts.append((self._recoded_from.tell(), self._recoded_from.raw.tell()))
        return round(file_bytes * math.prod(used / given if given else 1 for used, given in parts))


def open_file(path: Path) -> IO[bytes]:
    """Open a file that must be there and hold something.

    Raises:
        DataError: It does not exist, is a folder, is empty or cannot be read.
    """
    if path.is_dir():
        raise DataError(f"{path} is a folder", "name the files in it")
    try:
        if path.stat().st_size == 0:
            raise DataError(f"{path} is empty", "name a file with conversations")
        return path.open("rb", buffering=_BUFFER_BYTES)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist", "check the path") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "check its permissions") from error


def unpack(file: IO[bytes]) -> TextStream:
    """Return the text of an open file.

    Raises:
        DataError: It is compressed and damaged from the start.
    """
    magic = file.read(4)
    file.seek(0)
    raw: Any = file
    packing = ""
    if magic[:2] == _GZIP:
        raw, packing = GzipStream(file), ", gzip"
    elif magic == _ZSTD:
        raw, packing = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True), ", zstd"
    unpacked = Unpacked(raw)
    stream: Any = io.BufferedReader(unpacked, _BUFFER_BYTES)
    head = stream.peek(HEAD_BYTES)[:HEAD_BYTES]
    if unpacked.damage and not head:
        raise DataError(
            f"{file.name} is a compressed file that is damaged: {unpacked.damage}", "get an intact copy"
        )
    if head.startswith(codecs.BOM_UTF8):
        stream.read(len(codecs.BOM_UTF8))
        return TextStream(stream, packing + ", byte order mark", "", unpacked)
    encoding = stream_encoding(head)
    if encoding is None:
        return TextStream(stream, packing, "", unpacked)
    stream.read(next((len(mark) for mark in BOMS if head.startswith(mark)), 0))
    recoded: Any = io.BufferedReader(_Recoded(stream, encoding), _BUFFER_BYTES)
    return TextStream(recoded, f"{packing}, {_NAMES.get(encoding, encoding)}", encoding, unpacked, stream)


class Unpacked(io.RawIOBase):
    """A decompressor that gives all it can: where the file is damaged it ends, and `damage` says why."""

    def __init__(self, raw: Any) -> None:
        # read1 gives what one piece unpacks to, read would lose it where the next piece is damaged.
        self._read: Callable[[int], bytes] = raw.read1 if hasattr(raw, "read1") else raw.read
        self._given = 0
        self.damage = ""

    def tell(self) -> int:
        """Return how many bytes were given out."""
        return self._given

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the file goes; 0 bytes are the end."""
        filled = 0
        while filled < len(buffer) and not self.damage:
            try:
                data = self._read(len(buffer) - filled)
            except _BROKEN as error:
                self.damage = str(error)
                break
            if not data:
                break
            buffer[filled : filled + len(data)] = data
            filled += len(data)
        self._given += filled
        return filled


class _Recoded(io.RawIOBase):
    """Bytes of another encoding as UTF-8; what is no text in it is shown, as `decode` shows it."""

    def __init__(self, stream: io.BufferedReader, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("crlft-show")
        self._ready = b""
        self._given = 0

    def tell(self) -> int:
        """Return how many bytes were given out."""
        return self._given

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
        self._given += n
        return n
