"""Parquet files and Arrow files (those of `datasets.save_to_disk` as well), streamed batch by batch.

Nulls in tables mean that a field is absent, at the row's top and inside messages. Columns that this program wrote
as JSON text (their field says so, see `crlft.formats.tables_out`) are parsed again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crlft.errors import DataError
from crlft.formats.rawrow import RawRow, row_of_value

JSON_MARK = {b"crlft": b"json"}
"""Metadata of a column whose texts are JSON."""

_BATCH_ROWS = 1000


class ColumnFile:
    """An open Parquet or Arrow file.

    Attributes:
        path: The file.
        container: `parquet` or `arrow`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._size = path.stat().st_size
        self._tell: Callable[[], int] = lambda: self._size
        try:
            if _magic(path).startswith(b"PAR1"):
                self.container = "parquet"
                table = pq.ParquetFile(path, pre_buffer=False)
                self._schema, self._rows = table.schema_arrow, table.metadata.num_rows
                self._batches: Iterator[Any] = table.iter_batches(batch_size=_BATCH_ROWS)
                self._close: Callable[[], None] = table.close
            else:
                self.container = "arrow"
                source = pa.memory_map(str(path))
                whole = _magic(path).startswith(b"ARROW1")
                opened = pa.ipc.open_file(source) if whole else pa.ipc.open_stream(source)
                # A stream does not say how many rows it has: how far it has been read tells as much.
                self._rows = sum(batch.num_rows for batch in _ipc_batches(opened)) if whole else 0
                self._schema = opened.schema
                self._batches = _ipc_batches(opened)
                self._tell = source.tell
                self._close = source.close
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{path} is a table that is damaged: {_line(error)}", "get an intact copy") from error
        self._read = 0
        self._done = False

    @property
    def bytes_read(self) -> int:
        """How far the file has been read, estimated from the rows."""
        if self._done:
            return self._size
        return int(self._size * self._read // self._rows) if self._rows else self._tell()

    def __enter__(self) -> ColumnFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._close()

    def __iter__(self) -> Iterator[RawRow]:
        marked = marked_columns(self._schema)
        try:
            for batch in self._batches:
                for piece in range(0, batch.num_rows, _BATCH_ROWS):
                    for value in batch.slice(piece, _BATCH_ROWS).to_pylist():
                        self._read += 1
                        yield _row(self._read, value, marked)
        except (pa.ArrowException, OSError) as error:
            reason = f"the table is damaged after row {self._read}: {_line(error)}"
            yield RawRow(self._read + 1, None, b"", reason)
        self._done = True


def marked_columns(schema: Any) -> list[str]:
    """Return the columns whose texts are JSON."""
    return [f.name for f in schema if (f.metadata or {}).get(b"crlft") == b"json"]


def rows_of(table: Any, first: int) -> Iterator[RawRow]:
    """Yield the rows of an Arrow table or batch as a file of it gives them, numbered from `first`."""
    marked = marked_columns(table.schema)
    for number, value in enumerate(table.to_pylist(), first):
        yield _row(number, value, marked)


def _magic(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(8)


def _ipc_batches(opened: Any) -> Iterator[Any]:
    if isinstance(opened, pa.RecordBatchFileReader):
        return (opened.get_batch(i) for i in range(opened.num_record_batches))
    return iter(opened)


def _line(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


def _row(number: int, value: dict[str, Any], marked: list[str]) -> RawRow:
    row = {name: _without_nulls(cell) for name, cell in value.items() if cell is not None}
    for name in marked:
        if isinstance(row.get(name), str):
            with suppress(ValueError):
                row[name] = json.loads(row[name])
    return row_of_value(number, row)


def _without_nulls(cell: Any) -> Any:
    """Leave out the nulls that a table needs where messages, or structs, have different fields."""
    if isinstance(cell, dict):
        return {k: _without_nulls(v) for k, v in cell.items() if v is not None}
    return [_without_nulls(v) for v in cell] if isinstance(cell, list) else cell
