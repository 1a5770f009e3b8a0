"""JSON as the database stores it: compact, Chinese as itself, and able to hold whatever a file held."""

from __future__ import annotations

import json
from typing import Any

import orjson


def dump(value: Any) -> str:
    """Return JSON text; keys keep their order.

    Lone surrogates (broken UTF-16 in scraped files) cannot be encoded as UTF-8: they are written as escapes.
    """
    try:
        return orjson.dumps(value).decode()
    except (TypeError, orjson.JSONEncodeError):
        return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def load(text: str | bytes) -> Any:
    """Read what `dump` wrote."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


def canonical(value: Any) -> str:
    """Return JSON text that is the same for equal values: keys sorted. For hashing and comparing."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except (TypeError, orjson.JSONEncodeError):
        return json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True)


def storable(text: str) -> str:
    """Return the text with lone surrogates replaced, so that a database driver takes it."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
