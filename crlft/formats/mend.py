"""Rows that are JSON but hold their turns in the wrong type: made readable, each repair named.

| repair | what was found | what it becomes |
|---|---|---|
| `nested-json` | a text holding the JSON (or Python) form of the row, its turns or one turn | the value |
| `turned-columns` | `{"role": ["user", …], "content": ["Hi", …]}`, as `datasets` may store it | a list of turns |
| `number-as-text` | a number where text is expected | its digits |

Only rows that cannot be read as they are come here, so a text that merely looks like JSON stays a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crlft.formats.jsontext import parse
from crlft.formats.messages import LIST_FIELDS

_TURNS = (*LIST_FIELDS, "items")
_PARTS = ("chosen", "rejected", "prompt", "completion")
_TEXTS = ("prompt", "question", "query", "completion", "response", "answer", "output", "instruction", "input",
          "context", "system", "chosen", "rejected")  # fmt: skip
_SAID = ("content", "value", "text")


def mend(row: Any) -> tuple[Any, tuple[str, ...]]:
    """Return a row with what was found mended, and the repairs' names; none means that nothing helps."""
    repairs: set[str] = set()
    if isinstance(row, str) and row.lstrip()[:1] == "{":
        row = _parsed(row, repairs)
    if not isinstance(row, Mapping):
        return row, ()
    mended = dict(row)
    for name in _TURNS:
        if name in mended:
            mended[name] = _turns(mended[name], repairs)
    for name in _PARTS:
        value = mended.get(name)
        if isinstance(value, list | dict):
            mended[name] = _turns(value, repairs)
    for name in _TEXTS:
        if name in mended:
            mended[name] = _text(mended[name], repairs)
    return (mended, tuple(sorted(repairs))) if repairs else (row, ())


def _parsed(text: str, repairs: set[str]) -> Any:
    """Return the value a text holds, or the text where it holds none."""
    try:
        value, mended = parse(text.encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return text
    repairs.update(("nested-json", *mended))
    return value


def _turns(value: Any, repairs: set[str]) -> Any:
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        value = _parsed(value, repairs)
    if isinstance(value, Mapping):
        columns = list(value.values())
        if columns and all(isinstance(c, list) and len(c) == len(columns[0]) for c in columns):
            repairs.add("turned-columns")
            value = [dict(zip(value, cells, strict=True)) for cells in zip(*columns, strict=True)]
    if isinstance(value, list):
        return [_turn(turn, repairs) for turn in value]
    return _turn(value, repairs) if isinstance(value, Mapping) else value


def _turn(turn: Any, repairs: set[str]) -> Any:
    if isinstance(turn, str) and turn.lstrip()[:1] == "{":
        turn = _parsed(turn, repairs)
    if not isinstance(turn, Mapping):
        return turn
    said = next((name for name in _SAID if name in turn), None)
    if said is None:
        return turn
    text = _text(turn[said], repairs)
    return turn if text is turn[said] else {**turn, said: text}


def _text(value: Any, repairs: set[str]) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        repairs.add("number-as-text")
        return str(value)
    return value
