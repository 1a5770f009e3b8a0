"""The OpenAI messages schema: `{"messages": [{"role": …, "content": …}]}`, also found under other names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crlft.conversation import Conversation
from crlft.errors import DataError
from crlft.formats.fields import clashes, described, json_value, names_of, put_known, take_known
from crlft.formats.turns import TURN_FIELDS, foreign_fields, read_turns, take_system

LIST_FIELDS = ("messages", "conversations", "conversation", "dialogue", "dialog", "chat")
"""Fields under which a list of messages is looked for, in this order."""


def list_field(row: Mapping[str, Any]) -> str | None:
    """Return the name of the field that holds the messages, or None."""
    return next((f for f in LIST_FIELDS if isinstance(row.get(f), list)), None)


def first_message(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the first message of a row, or an empty mapping."""
    field = list_field(row)
    first = row[field][0] if field is not None and row[field] else None
    return first if isinstance(first, Mapping) else {}


def read_listed(row: Mapping[str, Any]) -> list[Conversation]:
    """Read a row that lists its messages, in either vocabulary."""
    rest = dict(row)
    field = list_field(row)
    if field is None:
        wrong = next((f for f in LIST_FIELDS if f in row), None)
        if wrong is not None:
            raise DataError(f"`{wrong}` is {described(row[wrong])}, not a list of turns")
        raise DataError("the row has no list of turns", f"its fields are {names_of(row)}")
    messages = rest.pop(field)
    turns = read_turns(messages, rest, take_system(rest))
    return [Conversation(turns=turns, **take_known(rest))]


class Messages:
    """OpenAI fine-tuning files and most chat datasets.

    An answer that is excluded from the loss is written with `weight: 0`, as that schema has it.
    """

    name = "messages"
    title = "messages (OpenAI)"
    sign = "`messages` with `role`/`content`"
    readable = True
    remedy = ""

    def matches(self, row: Mapping[str, Any]) -> bool:
        """Return whether the first message has a role and content."""
        return "role" in first_message(row)

    def read(self, row: Mapping[str, Any]) -> list[Conversation]:
        """Read one conversation."""
        return read_listed(row)

    def write(
        self, conversation: Conversation, *, condition: str = "", loss_weight: float = 1.0
    ) -> dict[str, Any]:
        """Write one conversation; it has no place for the condition or the weight."""
        del condition, loss_weight
        foreign = foreign_fields(conversation)
        messages = []
        for i, turn in enumerate(conversation.turns):
            message = turn.to_dict()
            if turn.excluded and turn.role == "assistant":
                del message["excluded"]
                message["weight"] = 0
            messages.append({**((foreign[i] or {}) if foreign else {}), **message})
        row: dict[str, Any] = {"messages": messages}
        if conversation.tools:
            row["tools"] = json_value(conversation.tools)
        return put_known(row, conversation, leave_out=(TURN_FIELDS,) if foreign else ())

    def cannot_hold(self, conversation: Conversation) -> list[str]:
        """Only metadata fields whose names are taken are lost."""
        return clashes(conversation, (*LIST_FIELDS, "system"))
