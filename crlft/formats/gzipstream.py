"""A gzip file unpacked by ISA-L, three times as fast as by zlib; what comes before a damage is given out."""

from __future__ import annotations

from typing import IO, cast

from isal import isal_zlib

Damaged = cast("type[Exception]", isal_zlib.IsalError)  # its stub has an instance for the class
"""What is raised for packed data that are damaged."""

PIECE_BYTES = 8192
"""Packed bytes unpacked at once: so much, at most, is lost before a damage."""

_GZIP_BITS = 31
_MAGIC = b"\x1f\x8b"


class GzipStream:
    """The unpacked bytes of a gzip file, of one or several members.

    Args:
        file: The packed file, at its beginning.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._unpacker = isal_zlib.decompressobj(wbits=_GZIP_BITS)

    def read1(self, size: int) -> bytes:
        """Return `size` bytes at most, none at the end.

        Raises:
            EOFError: The file is cut off.
            Damaged: It is damaged, or something else than a member follows one.
        """
        while True:
            piece = self._unpacker.unconsumed_tail
            if self._unpacker.eof:
                piece = self._next_member()
                if not piece:
                    return b""
                self._unpacker = isal_zlib.decompressobj(wbits=_GZIP_BITS)
            piece = piece or self._file.read(PIECE_BYTES)
            if not piece:
                raise EOFError("it ends before the packed data does")
            if data := self._unpacker.decompress(piece, size):
                return data

    def _next_member(self) -> bytes:
        """Return the beginning of what follows a member, without the zeros that files may be padded with."""
        rest = self._unpacker.unused_data.lstrip(b"\0")
        while len(rest) < len(_MAGIC) and (more := self._file.read(PIECE_BYTES)):
            rest = (rest + more).lstrip(b"\0")
        if rest and not rest.startswith(_MAGIC):
            raise Damaged("something else follows the packed data")
        return rest
