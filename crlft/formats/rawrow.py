"""What every container gives: rows, one after the other, with their place and what was mended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
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
