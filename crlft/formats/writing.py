"""Rows into a file: JSON, JSON Lines, CSV, TSV or Parquet by the file's name, gzip or zstd where it says so.

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
from crlft.formats.jsontext import parse
from crlft.formats.tables_out import Columns, csv_loss, write_csv, write_parquet

_PACKED = ("", ".gz", ".zst")
_KINDS = ("json", "jsonl", "csv", "tsv")

SUFFIXES = (*(f".{kind}{packed}" for packed in _PACKED for kind in _KINDS), ".parquet")
"""How a file's name says what to write."""

Put = Callable[[Mapping[str, Any]], None]
"""Writes one row."""


def check_name(path: Path) -> tuple[str, str]:
    """Return what a file's name asks for (`json`, `jsonl`, `csv`, `tsv`, `parquet`) and its compression.

    Raises:
        DataError: The name says none of these.
    """
    name = path.name.lower()
    suffix = next((s for s in sorted(SUFFIXES, key=len, reverse=True) if name.endswith(s)), None)
    if suffix is None:
        raise DataError(
            f"{path.name} does not say what to write", f"end the name with one of {', '.join(SUFFIXES)}"
        )
    kind, _, compression = suffix[1:].partition(".")
    return kind, compression


def container_loss(path: Path, row: Mapping[str, Any]) -> list[str]:
    """Name what a file of this name cannot hold of a row: CSV knows texts only; the others hold everything."""
    return csv_loss(row) if check_name(path)[0] in ("csv", "tsv") else []


@contextmanager
def write_rows(path: Path) -> Iterator[Put]:
    """Give a function that writes one row; an existing file is replaced when the block ends well.

    Raises:
        DataError: The name does not say what to write, or the file cannot be written.
    """
    kind, compression = check_name(path)
    scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        writer = _json_writer if kind in ("json", "jsonl") else _table_writer
        with writer(scratch, kind, compression) as put:
            yield put
        scratch.replace(path)
    except OSError as error:
        remedy = "check the folder, its permissions and the room on the disk"
        raise DataError(f"{path} cannot be written: {error.strerror}", remedy) from error
    finally:
        scratch.unlink(missing_ok=True)


@contextmanager
def _json_writer(path: Path, kind: str, compression: str) -> Iterator[Put]:
    lines = kind == "jsonl"
    with ExitStack() as stack:
        file = _open(stack, path, compression)
        between = b"" if lines else b"[\n"

        def put(row: Mapping[str, Any]) -> None:
            nonlocal between
            file.write(between + _dump(row))
            between = b"\n" if lines else b",\n"

        yield put
        ends = {b"[\n": b"[]\n", b",\n": b"\n]\n", b"\n": b"\n", b"": b""}
        file.write(ends[between])


@contextmanager
def _table_writer(path: Path, kind: str, compression: str) -> Iterator[Put]:
    """Write rows to a scratch file first: the table's columns are known when all have come."""
    columns = Columns()
    spool = path.with_name(f"{path.name}.rows")
    try:
        with spool.open("wb") as file:

            def put(row: Mapping[str, Any]) -> None:
                columns.note(row)
                file.write(_dump(row) + b"\n")

            yield put
        with spool.open("rb") as lines, ExitStack() as stack:
            rows = (parse(line)[0] for line in lines)
            if kind == "parquet":
                write_parquet(rows, columns, path)
            else:
                write_csv(rows, columns.kinds, _open(stack, path, compression), "\t" if kind == "tsv" else ",")
    finally:
        spool.unlink(missing_ok=True)


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
