"""JSON text to values that every part of the program can hold: strict and fast first, then with repairs.

Repairs: those of `crlft.formats.lenient` (quotes, commas, comments, …) and of `crlft.formats.encodings`; lone
surrogates (UTF-16 cut in half by a scraper) and NUL become U+FFFD (`lone-surrogate`, `nul`), integers beyond 64
bits become text (`huge-integer`).
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import orjson

from crlft.formats.encodings import decode
from crlft.formats.lenient import DuplicateKey, parse_lenient

_SURROGATE = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "�"
_LARGEST = 2**63
_NUL = "\x00"
_NESTED = frozenset({dict, list})

MAX_DEPTH = 100
"""Levels of lists and objects that a row may have."""


def parse(data: bytes) -> tuple[Any, tuple[str, ...]]:
    """Return a JSON text's value and the names of the repairs it needed.

    Raises:
        ValueError: It is no JSON and cannot be mended, or a key stands twice with different values.
        RecursionError: It is nested too deeply.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _parse_slowly(data)
    flat = _is_flat(value)
    if not flat:
        _check_depth(value, data)
    # A search in the texts is quicker than one in their escapes.
    nul = any(_NUL in v for v in value.values() if type(v) is str) if flat else b"\\u0000" in data
    if nul or _maybe_duplicate(value, data):
        return _parse_slowly(data)
    return value, ()


def _is_flat(value: Any) -> bool:
    """Return whether a value is an object of plain values, as most rows are, with no NUL in its keys."""
    if type(value) is not dict or not _NESTED.isdisjoint(map(type, value.values())):
        return False
    return _NUL not in "".join(value)


def _maybe_duplicate(value: Any, data: bytes) -> bool:
    """Return whether a key may stand twice: orjson keeps the last one and says nothing.

    A colon behind a quotation mark ends a key, so more of them than keys are suspicious.
    """
    colons = data.count(b'":')
    if type(value) is dict and colons <= len(value):
        return False
    colons -= data.count(b'\\":')
    return colons > _keys_in(value)


def _keys_in(value: Any) -> int:
    """Return how many keys all objects of a value have."""
    if type(value) is dict:
        return len(value) + sum(_keys_in(v) for v in value.values() if type(v) is dict or type(v) is list)
    if type(value) is list:
        return sum(_keys_in(v) for v in value if type(v) is dict or type(v) is list)
    return 0


def _parse_slowly(data: bytes) -> tuple[Any, tuple[str, ...]]:
    text, mended = decode(data)
    repairs = set(mended)
    try:
        value = json.loads(text, strict=True, object_pairs_hook=lambda pairs: _object(pairs, repairs))
    except DuplicateKey:
        raise
    except ValueError as error:
        repairs = set(mended)
        try:
            value = parse_lenient(text, repairs, max_depth=MAX_DEPTH)
        except DuplicateKey:
            raise
        except ValueError:
            raise error from None
    _check_depth(value, data)
    return clean(value, repairs), tuple(sorted(repairs))


def _object(pairs: list[tuple[str, Any]], repairs: set[str]) -> dict[str, Any]:
    """Make an object; a key may stand twice if it says the same."""
    result = dict(pairs)
    if len(result) < len(pairs):
        for key, value in pairs:
            if result[key] != value:
                raise DuplicateKey(key)
        repairs.add("duplicate-key")
    return result


def _check_depth(value: Any, data: bytes) -> None:
    """Refuse what could be read but not be written again: orjson writes 254 levels, recursion ends at 1,000."""
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return
    level = [value]
    for _ in range(MAX_DEPTH):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        level = inner
    if any(isinstance(item, dict | list) for item in level):
        raise RecursionError


def clean(value: Any, repairs: set[str]) -> Any:
    """Return the value without what UTF-8, JSON or a database cannot hold; adds the repairs' names."""
    if isinstance(value, str):
        return _clean_text(value, repairs)
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        repairs.add("not-a-number")
        return None
    if isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
        repairs.add("huge-integer")
        return str(value)
    if isinstance(value, list):
        return [clean(item, repairs) for item in value]
    if isinstance(value, dict):
        return {_clean_text(k, repairs): clean(v, repairs) for k, v in value.items()}
    return value


def _clean_text(text: str, repairs: set[str]) -> str:
    if text.isascii() and "\x00" not in text:
        return text
    if "\x00" in text:
        repairs.add("nul")
        text = text.replace("\x00", _REPLACEMENT)
    if _SURROGATE.search(text):
        repairs.add("lone-surrogate")
        text = _SURROGATE.sub(_REPLACEMENT, text)
    return text


def reason_of(error: Exception, data: bytes) -> str:
    """Say for a curator why a row is no JSON."""
    if isinstance(error, RecursionError):
        return "the row is nested too deeply"
    if isinstance(error, DuplicateKey):
        return str(error)
    if not data.strip().startswith((b"{", b"[")):
        begins = data.strip()[:30].decode("utf-8", "replace")
        return f"the row is no JSON: it begins with {begins!r}"
    if not data.rstrip().endswith((b"}", b"]")):
        return "the row is cut off: it ends before its last bracket is closed"
    if isinstance(error, json.JSONDecodeError):
        if error.msg.startswith("Unterminated string"):
            return "the row ends inside a text: it is cut off, or a quotation mark is missing"
        near = error.doc[max(error.pos - 15, 0) : error.pos + 15]
        return f"the row is no valid JSON: {error.msg.lower()} at character {error.pos + 1}, near {near!r}"
    return f"the row is no valid JSON: {error}"
