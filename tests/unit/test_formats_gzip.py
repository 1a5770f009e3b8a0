"""Gzip files as the world has them: several members, padding, cut off, damaged, something behind them."""

from __future__ import annotations

import gzip
import io
import random

import pytest

from crlft.formats.gzipstream import PIECE_BYTES, Damaged, GzipStream

TEXT = b"".join(b'{"n": %d, "t": "%x"}\n' % (i, random.Random(i).getrandbits(200)) for i in range(4000))


def unpacked(data: bytes, size: int = 1 << 16) -> tuple[bytes, Exception | None]:
    stream, out = GzipStream(io.BytesIO(data)), b""
    try:
        while piece := stream.read1(size):
            out += piece
    except (EOFError, Damaged) as error:
        return out, error
    return out, None


@pytest.mark.parametrize("size", [1, 7, 4096, 1 << 20])
def test_whole_files(size):
    text = TEXT[: 3000 if size < 100 else None]
    assert unpacked(gzip.compress(text), size) == (text, None)


@pytest.mark.parametrize("padding", [b"", b"\0", b"\0" * 3 * PIECE_BYTES])
def test_several_members_and_padding(padding):
    parts = [TEXT[:10], b"", TEXT[10:]]
    data = b"".join(gzip.compress(part) + padding for part in parts)
    assert unpacked(data) == (TEXT, None)


def test_a_file_that_is_cut_off_gives_all_but_the_last_piece():
    data = gzip.compress(TEXT)
    for cut in (len(data) // 2, len(data) - 4):
        out, error = unpacked(data[:cut])
        assert isinstance(error, EOFError)
        assert TEXT.startswith(out)
        assert len(out) > len(TEXT) * (cut - PIECE_BYTES) / len(data) * 0.9


def test_damage_and_wrong_checksums_are_seen():
    data = gzip.compress(TEXT)
    middle = len(data) // 2
    broken = data[:middle] + b"\xff" * 64 + data[middle + 64 :]
    out, error = unpacked(broken)
    assert error is not None
    assert TEXT[: len(out) // 4] == out[: len(out) // 4]
    out, error = unpacked(data[:-8] + b"\0\0\0\0" + data[-4:])
    assert isinstance(error, Damaged)


def test_something_else_behind_the_packed_data():
    out, error = unpacked(gzip.compress(TEXT) + b"hello")
    assert out == TEXT
    assert "something else follows" in str(error)
