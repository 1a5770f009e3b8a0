"""The columns of rows that no format knows: their names, their fingerprint, and what they may be."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

_FEW = 3
"""Of fewer rows, nothing is known by what does not differ."""
_LIKELY = {
    "prompt": ("prompt", "question", "query", "instruction", "input", "ask", "q", "user", "human", "problem",
               "title"),
    "answer": ("answer", "response", "output", "completion", "reply", "a", "assistant", "gpt", "solution", "text"),
    "system": ("system", "system_prompt"),
    "class_field": ("class", "quality", "rating", "label", "grade", "tier"),
    "source": ("source", "generator", "model", "author", "annotator"),
    "id": ("id", "uid", "uuid", "idx", "index"),
}  # fmt: skip


def get_column(row: Mapping[str, Any], column: str) -> Any:
    """Return what stands in a column; `a.b` is the field `b` of the object `a`."""
    if column in row or "." not in column:
        return row.get(column)
    first, rest = column.split(".", 1)
    inner = row.get(first)
    return get_column(inner, rest) if isinstance(inner, Mapping) else None


def columns_of(rows: Sequence[Any]) -> list[str]:
    """Return the columns that at least half of the rows have, those of nested objects with a dot, in order."""
    seen: Counter[str] = Counter()
    good = [row for row in rows if isinstance(row, Mapping)]
    for row in good:
        for name, value in row.items():
            inner = [f"{name}.{k}" for k in value] if isinstance(value, Mapping) else [name]
            seen.update(inner)
    return [name for name, n in seen.items() if 2 * n >= len(good)]


def fingerprint(rows: Sequence[Any]) -> str:
    """Return a name for the columns of rows: files of one schema have the same, whatever they say."""
    return hashlib.blake2b("\n".join(sorted(columns_of(rows))).encode(), digest_size=8).hexdigest()


def guess(rows: Sequence[Any]) -> dict[str, str]:
    """Return a first proposal for a person to correct: by the columns' names, then by what they hold.

    Returns:
        Fields of `crlft.formats.mapping.ColumnMapping`.
    """
    good = [row for row in rows if isinstance(row, Mapping)]
    columns = columns_of(good)
    lists = [
        c for c in columns if any(isinstance(get_column(row, c), list) and get_column(row, c) for row in good)
    ]
    found: dict[str, str] = {"messages": lists[0]} if lists else {}
    for what, names in _LIKELY.items():
        if lists and what in ("prompt", "answer"):
            continue
        free = [c for c in columns if c not in found.values()]
        match = next((c for n in names for c in free if c.rsplit(".", 1)[-1].lower() == n), None)
        if match is not None:
            found[what] = match
    if not lists:
        _guess_texts(good, columns, found)
    return found


def _guess_texts(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], found: dict[str, str]) -> None:
    """Propose the longest texts that differ from row to row; of two, the one that stands first is the prompt."""
    missing = [what for what in ("prompt", "answer") if what not in found]
    lengths: dict[str, int] = {}
    for column in columns:
        texts = [text for row in rows if isinstance(text := get_column(row, column), str)]
        differ = len(rows) < _FEW or len(set(texts)) > 1
        if column not in found.values() and texts and differ:
            lengths[column] = sum(map(len, set(texts)))
    longest = sorted(lengths, key=lambda column: -lengths[column])[: len(missing)]
    parts = missing if len(longest) > 1 else missing[-1:]
    found.update(zip(parts, sorted(longest, key=columns.index), strict=False))
