"""Rows that are one question and one answer and nothing else about the turns: read without making a conversation.

For passes over a file that need the texts only; whatever is not as plain as that goes the long way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_NOT_PLAIN = frozenset({"system", "history", "input", "context", "chosen", "label", "kto_tag"})
"""Fields that may add turns or text, or make the row another format's."""
_TURN = {"role", "content"}

Exchange = tuple[str, str]


def plain_exchange(row: Any, form: str) -> Exchange | None:
    """Return a row's question and answer as its format reads them, or None where there may be more to it.

    Args:
        row: The parsed row.
        form: Name of the file's format.
    """
    fields = _FIELDS.get(form)
    if fields is None or type(row) is not dict or not _NOT_PLAIN.isdisjoint(row):
        return None
    return fields(row)


def _texts(asked: str, answered: str) -> Callable[[Mapping[str, Any]], Exchange | None]:
    def read(row: Mapping[str, Any]) -> Exchange | None:
        one, other = row.get(asked), row.get(answered)
        return (one, other) if type(one) is str and type(other) is str else None

    return read


def _messages(row: Mapping[str, Any]) -> Exchange | None:
    messages = row.get("messages")
    if type(messages) is not list or len(messages) != 2:
        return None
    one, other = messages
    if type(one) is not dict or type(other) is not dict or one.keys() != _TURN or other.keys() != _TURN:
        return None
    if one["role"] != "user" or other["role"] != "assistant":
        return None
    asked, answered = one["content"], other["content"]
    return (asked, answered) if type(asked) is str and type(answered) is str else None


_FIELDS = {
    "prompt-completion": _texts("prompt", "completion"),
    "alpaca": _texts("instruction", "output"),
    "messages": _messages,
}
