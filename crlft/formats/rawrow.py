"""What every container gives: rows, one after the other, with their place and what was mended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson

from crlft.formats.jsontext import clean


@dataclass(slots=True)
class RawRow:
    """One row of a file.

    Attributes:
        line: Line number in JSON Lines and CSV, row number otherwise, from 1.
        value: The parsed value; None where `error` says why there is none.
        data: The row as text (UTF-8): as it stands in a text file, as JSON where it came out of a table.
        error: Why the row could not be parsed, for a curator, or None.
        repairs: Names of what was mended on the way (`not-a-number`, `single-quotes`, `encoding-gb18030`, …).
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


class Rows(Protocol):
    """An open file, or hub dataset, of rows: iterate it once, and close it (or use it in a `with`).

    Attributes:
        path: The file; for a hub dataset its name.
        container: How the rows are packed, in words, such as `json lines, gzip`.
    """

    path: Path
    container: str

    @property
    def bytes_read(self) -> int:
        """How far the file on disk has been read, for progress."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...

    def __enter__(self) -> Rows: ...

    def __exit__(self, *_: object) -> None: ...

    def __iter__(self) -> Iterator[RawRow]: ...


def row_of_value(number: int, value: Any) -> RawRow:
    """Return a row for a value that did not come as text; dates and bytes become text."""
    repairs: set[str] = set()
    row = clean(_plain(value), repairs)
    try:
        data = orjson.dumps(row)
    except TypeError as error:
        return RawRow(number, None, repr(value)[:20_000].encode(), f"the row cannot be written as JSON: {error}")
    return RawRow(number, row, data, None, tuple(sorted(repairs)))


def _plain(value: Any) -> Any:
    """Return a value of JSON's own types."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
