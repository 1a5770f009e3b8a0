"""Fields that rows of every format share, and how foreign fields are kept.

row field                   conversation
id                          id
class, coarse_reward        class_name, coarse_reward (this program's own exports write them)
tools                       tools, as JSON text
source, generator, model    source: the first that is there; generator and model stay metadata as well
language                    language, where it is an ISO 639-1 code
anything else               metadata, and back out again
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from crlft.conversation import Conversation
from crlft.errors import DataError

OWN_FIELDS = ("id", "class", "coarse_reward", "tools", "source", "language")
"""Row fields that every format reads into the conversation itself."""

DERIVED_FIELDS = ("preferred", "label")
"""Metadata fields that a format may find out by itself, and that may name a class."""

_OWN = frozenset(OWN_FIELDS)
_WHO_ANSWERED = ("generator", "model", "model_name")
_LANGUAGE_CODE = re.compile(r"[a-z]{2}\Z")


class Known(TypedDict):
    """What a row says about its conversation besides the turns: keyword arguments of `Conversation`."""

    id: str
    class_name: str | None
    coarse_reward: float | None
    tools: str | None
    source: str
    language: str
    metadata: dict[str, Any]


def take_known(rest: dict[str, Any]) -> Known:
    """Read the shared fields; what is left of `rest` becomes the metadata.

    Args:
        rest: The row without the fields that hold its turns; it is emptied of what is taken.
    """
    known: Known = {
        "id": "",
        "class_name": None,
        "coarse_reward": None,
        "tools": None,
        "source": "",
        "language": "",
        "metadata": rest,
    }
    if _OWN.isdisjoint(rest):  # as in most files
        known["source"] = _who_answered(rest)
    else:
        _take_own(rest, known)
    return known


def _take_own(rest: dict[str, Any], known: Known) -> None:
    if _is_id(rest.get("id")):
        known["id"] = str(rest.pop("id"))
    if _is_name(rest.get("class")):
        known["class_name"] = rest.pop("class")
    if _is_number(rest.get("coarse_reward")):
        known["coarse_reward"] = float(rest.pop("coarse_reward"))
    known["tools"] = _take_tools(rest)
    known["source"] = _take_source(rest)
    if _is_code(rest.get("language")):
        known["language"] = rest.pop("language")


def _is_id(value: object) -> bool:
    return (isinstance(value, str) and value != "") or (isinstance(value, int) and not isinstance(value, bool))


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_code(value: object) -> bool:
    return isinstance(value, str) and _LANGUAGE_CODE.match(value) is not None


def _take_source(rest: dict[str, Any]) -> str:
    if isinstance(rest.get("source"), str):
        return str(rest.pop("source"))
    return _who_answered(rest)


def _who_answered(rest: Mapping[str, Any]) -> str:
    for name in _WHO_ANSWERED:
        value = rest.get(name)
        if value and isinstance(value, str):
            return value
    return ""


def _take_tools(rest: dict[str, Any]) -> str | None:
    tools = rest.get("tools")
    if isinstance(tools, list | dict) or _is_name(tools):
        return json_text(rest.pop("tools"))
    return None


def put_known(row: dict[str, Any], conversation: Conversation, *, leave_out: Iterable[str] = ()) -> dict[str, Any]:
    """Add the shared fields and the metadata to a row that holds the turns; fields already there win."""
    metadata = {k: v for k, v in conversation.metadata.items() if k not in leave_out}
    derived = not conversation.source and any(_is_name(metadata.get(f)) for f in _WHO_ANSWERED)
    known = {
        "id": conversation.id or None,
        "class": conversation.class_name,
        "coarse_reward": conversation.coarse_reward,
        "tools": conversation.tools or None,
        "source": conversation.source if conversation.source or derived else None,
        "language": conversation.language or None,
    }
    for name, value in known.items():
        if value is not None:
            row.setdefault(name, value)
    for name, value in metadata.items():
        row.setdefault(name, value)
    return row


def class_values(row: Mapping[str, Any], conversation: Conversation) -> Mapping[str, Any]:
    """Return the fields whose values may name the class of a row's conversation.

    These are the row's own and what its format found out about this conversation: the side of a preference pair
    (`preferred`), the label of a labelled answer (`label`, true or false whatever the row calls it).
    """
    found = {k: conversation.metadata[k] for k in DERIVED_FIELDS if k in conversation.metadata}
    return {**row, **found} if found else row


def clashes(conversation: Conversation, taken: Iterable[str]) -> list[str]:
    """Name the metadata fields that cannot be written because the row needs their names for something else."""
    return [f"the metadata field {name!r}" for name in taken if name in conversation.metadata] + [
        f"the metadata field {name!r}"
        for name in OWN_FIELDS
        if name in conversation.metadata and name in put_known({}, _without_metadata(conversation))
    ]


def _without_metadata(conversation: Conversation) -> Conversation:
    return Conversation(
        turns=(),
        id=conversation.id,
        class_name=conversation.class_name,
        coarse_reward=conversation.coarse_reward,
        tools=conversation.tools,
        source=conversation.source,
        language=conversation.language,
    )


def json_text(value: Any) -> str:
    """Return JSON text for a value, or the text itself where it is one already."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def json_value(text: str) -> Any:
    """Return the object or list that a JSON text holds if `json_text` gives the same text back, else the text."""
    try:
        value = json.loads(text)
        same = isinstance(value, dict | list) and json_text(value) == text
    except (ValueError, RecursionError):
        return text
    return value if same else text


def text_of(row: Mapping[str, Any], field: str) -> str:
    """Return a text field.

    Raises:
        DataError: It is missing or holds something else.
    """
    value = row.get(field)
    if isinstance(value, str):
        return value
    if field not in row:
        raise DataError(f"the row has no `{field}`", f"its fields are {names_of(row)}")
    raise DataError(f"`{field}` holds {described(value)} where text is expected")


def names_of(row: Mapping[str, Any]) -> str:
    """List a row's field names for a reader, the first eight."""
    names = [f"`{name}`" for name in row]
    return ", ".join(names[:8]) + (" and more" if len(names) > 8 else "") or "none"


def described(value: object) -> str:
    """Describe a JSON value of the wrong type for a reader."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"the value {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    return f"a list of {len(value)}" if isinstance(value, list) else "an object"
