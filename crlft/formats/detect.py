"""Which format a file's rows are in, found out by content, with the reason in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crlft.conversation import Conversation
from crlft.errors import DataError
from crlft.formats import FORMATS, LABELLED, READABLE, Format
from crlft.formats.fields import described, names_of
from crlft.formats.mend import mend

ROWS_LOOKED_AT = 200
"""How many readable rows decide."""


@dataclass(frozen=True, slots=True)
class Detection:
    """The verdict over a file's first rows.

    Attributes:
        format: The format's name.
        why: The reason, one sentence for a reader.
        votes: How many of the rows show which format.
    """

    format: str
    why: str
    votes: Mapping[str, int] = field(default_factory=dict)


def format_of(row: Any) -> str | None:
    """Return the name of the first format whose sign a row shows, or None."""
    if not isinstance(row, Mapping):
        return None
    return next((name for name, form in FORMATS.items() if form.matches(row)), None)


def _format_when_mended(row: Any) -> str | None:
    name = format_of(row)
    return name if name is not None else format_of(mend(row)[0])


def detect(rows: Sequence[Any]) -> Detection:
    """Return the format that most rows show.

    Args:
        rows: JSON values, usually the first `ROWS_LOOKED_AT` of a file that could be parsed.

    Raises:
        DataError: No row shows the sign of any format.
    """
    votes = Counter(name for name in map(_format_when_mended, rows) if name is not None)
    if not votes:
        found = _first_look(rows)
        raise DataError(found, f"known formats are {', '.join(READABLE)}; name one, or rename the fields")
    name, count = votes.most_common(1)[0]
    sign = FORMATS[name].sign
    if count == len(rows):
        which = "the only row looked at has" if count == 1 else f"all {count} rows looked at have"
    else:
        which = f"{count} of {len(rows)} rows looked at have"
    return Detection(name, f"{which} {sign}", dict(votes))


def _first_look(rows: Sequence[Any]) -> str:
    if not rows:
        return "no row could be read as JSON"
    first = rows[0]
    if isinstance(first, Mapping):
        return f"the fields of the first row are {names_of(first)}: no known conversation format"
    return f"the first row is {described(first)}, not an object with fields"


def read_row(row: Any, primary: Format) -> list[Conversation]:
    """Read a row in the file's format, or in the one it shows itself where a file mixes several.

    Raises:
        DataError: The row cannot be read, with the reason.
    """
    if type(row) is not dict and not isinstance(row, Mapping):
        raise DataError(f"the row is {described(row)}, not an object with fields")
    # Pairs and labelled answers show their prompt's format too, and must not be read as that alone.
    if "chosen" not in row and "label" not in row and "kto_tag" not in row and primary.matches(row):
        return primary.read(row)
    shown = format_of(row)
    if shown is not None and (shown in LABELLED or not primary.matches(row)):
        return FORMATS[shown].read(row)
    return primary.read(row)


def read_mended(row: Any, primary: Format) -> tuple[list[Conversation], tuple[str, ...]]:
    """Read a row as `read_row` does; one that cannot be read is mended where it is clear how.

    Returns:
        The conversations, and the names of the repairs (`crlft.formats.mend`).

    Raises:
        DataError: The row cannot be read, with the reason.
    """
    try:
        return read_row(row, primary), ()
    except DataError:
        mended, repairs = mend(row)
        if not repairs:
            raise
    return read_row(mended, primary), repairs
