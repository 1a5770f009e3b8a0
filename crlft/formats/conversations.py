"""The conversations of files of any format, with their classes: what training and scoring read.

    for held in read_conversations("pairs.parquet", OPENCHAT_SCHEME): ...

Nothing is left out: a row that cannot be read stops the reading with its file and line. Rows get their class by
themselves: their `class`, an OpenChat `condition`, the side of a preference pair and a label (chosen and true: the
best class; rejected and false: the worst), or a `generator`, `model` or `source` that is named like a class. All
others are untagged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from crlft.condition import ClassScheme
from crlft.conversation import Conversation
from crlft.errors import DataError
from crlft.formats import FORMATS, Format
from crlft.formats.containers import open_rows
from crlft.formats.detect import ROWS_LOOKED_AT, detect, read_mended
from crlft.formats.kto import LABEL
from crlft.formats.preference import PREFERRED
from crlft.formats.rawrow import RawRow, Rows
from crlft.formats.sources import find_files, is_hub_name, open_hub

OWN_KEYS = frozenset(("messages", "id", "class", "reward", "tools", "source", "language", "metadata"))
"""Fields of `Conversation.to_dict`."""

_NAMED_LIKE_A_CLASS = ("generator", "model", "model_name")
_ASIDE = "correct it, or import the file into a project, which puts such rows aside"


def read_conversations(name: Path | str, scheme: ClassScheme) -> Iterator[Conversation]:
    """Yield the conversations of a file, a folder, a glob, or a hub dataset (`hub:owner/name`).

    Args:
        name: What to read.
        scheme: The classes that rows may be of.

    Raises:
        DataError: There is nothing to read, the format is unknown, or a row cannot be read; with its place.
    """
    if is_hub_name(str(name)):
        yield from _read(open_hub(str(name)), scheme)
        return
    for path in find_files([name]):
        yield from _read(open_rows(path), scheme)


def _read(rows: Rows, scheme: ClassScheme) -> Iterator[Conversation]:
    with rows:
        every = iter(rows)
        first = list(islice(every, ROWS_LOOKED_AT))
        form = _format(rows.path, first)
        for row in chain(first, every):
            where = f"{rows.path}:{row.line}"
            try:
                held = _own(row) or _foreign(row, form)
            except DataError as error:
                raise DataError(f"{where}: {error.message}", error.remedy or _ASIDE) from error
            for conversation in held:
                yield replace(conversation, class_name=class_of(conversation, scheme))


def _format(path: Path, first: list[RawRow]) -> Format | None:
    """Return the format of a file's rows; None where all that can be read are our own dictionaries."""
    values = [row.value for row in first if row.error is None]
    if all(_is_own(value) for value in values):
        return None
    try:
        found = FORMATS[detect(values).format]
    except DataError:
        return None  # the rows say better what is wrong
    if not found.readable:
        raise DataError(f"{path} holds {found.title}", found.remedy)
    return found


def _is_own(value: Any) -> bool:
    return isinstance(value, dict) and "messages" in value and value.keys() <= OWN_KEYS


def _own(row: RawRow) -> list[Conversation]:
    """Read a row that is the dictionary form of a conversation; nothing where it is another schema."""
    if row.error is not None:
        raise DataError(f"not JSON ({row.error})", _ASIDE)
    if not _is_own(row.value):
        return []
    try:
        return [Conversation.from_dict(row.value)]
    except DataError:
        if not FORMATS["messages"].matches(row.value):
            raise
        return read_mended(row.value, FORMATS["messages"])[0]
    except (KeyError, TypeError, AttributeError) as error:
        try:
            return read_mended(row.value, FORMATS["messages"])[0]
        except DataError as reason:
            raise DataError(f"a tool call cannot be read ({reason.message})", "give name and arguments") from error


def _foreign(row: RawRow, form: Format | None) -> list[Conversation]:
    if not isinstance(row.value, dict | str):
        raise DataError(f"{type(row.value).__name__}, not an object", 'write {"messages": […]}')
    return read_mended(row.value, form or FORMATS["messages"])[0]


def class_of(conversation: Conversation, scheme: ClassScheme) -> str | None:
    """Return the class that a row says, or None; a class the scheme does not have is the caller's to report."""
    if conversation.class_name is not None:
        return conversation.class_name
    metadata = conversation.metadata
    condition = metadata.get("condition")
    if condition is not None:
        return next((c.name for c in scheme.classes if c.condition == condition), None)
    said = {"chosen": True, "rejected": False}.get(str(metadata.get(PREFERRED)), metadata.get(LABEL))
    if isinstance(said, bool):
        return scheme.best.name if said else scheme.worst.name
    names = [metadata.get(field) for field in _NAMED_LIKE_A_CLASS] + [conversation.source]
    return next((n for n in names if isinstance(n, str) and n in scheme), None)
