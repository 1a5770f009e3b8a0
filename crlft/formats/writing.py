"""Rows into a file: a JSON array or JSON Lines by the file's name, gzip or zstd where it says so.

    with write_rows(Path("out.jsonl.gz")) as put:
        put({"messages": […]})

The file appears under its name when it is whole: it is written beside itself and renamed at the end.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, cast

import orjson
import zstandard

from crlft.errors import DataError

SUFFIXES = (".json", ".jsonl", ".json.gz", ".jsonl.gz", ".json.zst", ".jsonl.zst")
"""How a file's name says what to write."""


def check_name(path: Path) -> tuple[bool, str]:
    """Return whether a file's name asks for JSON Lines, and its compression (`gz`, `zst` or empty).

    Raises:
        DataError: The name says neither JSON nor JSON Lines.
    """
    name = path.name.lower()
    suffix = next((s for s in sorted(SUFFIXES, key=len, reverse=True) if name.endswith(s)), None)
    if suffix is None:
        raise DataError(
            f"{path.name} does not say what to write", f"end the name with one of {', '.join(SUFFIXES)}"
        )
    kind, _, compression = suffix[1:].partition(".")
    return kind == "jsonl", compression


@contextmanager
def write_rows(path: Path) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Give a function that writes one row; an existing file is replaced when the block ends well.

    Raises:
        DataError: The name says neither JSON nor JSON Lines, or the file cannot be written.
    """
    lines, compression = check_name(path)
    scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with ExitStack() as stack:
            file = _open(stack, scratch, compression)
            between = b"" if lines else b"[\n"

            def put(row: Mapping[str, Any]) -> None:
                nonlocal between
                file.write(between + _dump(row))
                between = b"\n" if lines else b",\n"

            yield put
            ends = {b"[\n": b"[]\n", b",\n": b"\n]\n", b"\n": b"\n", b"": b""}
            file.write(ends[between])
        scratch.replace(path)
    except OSError as error:
        remedy = "check the folder, its permissions and the room on the disk"
        raise DataError(f"{path} cannot be written: {error.strerror}", remedy) from error
    finally:
        scratch.unlink(missing_ok=True)


def _open(stack: ExitStack, path: Path, compression: str) -> IO[bytes]:
    file = stack.enter_context(path.open("wb"))
    if compression == "gz":
        # No file name and no time inside: the same rows give the same bytes.
        packed: Any = gzip.GzipFile("", "wb", 6, file, 0)
        return cast(IO[bytes], stack.enter_context(packed))
    if compression == "zst":
        return stack.enter_context(zstandard.ZstdCompressor().stream_writer(file))
    return file


def _dump(row: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(row)
    except (TypeError, orjson.JSONEncodeError):  # what UTF-8 cannot hold is written as escapes
        return json.dumps(row).encode()
