"""This program's own rows, as snapshots and exported `datasets` folders have them.

The column `conversation` holds the JSON text of `Conversation.to_dict()`, and with it everything; the columns
beside it are for people.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from crlft.conversation import Conversation
from crlft.errors import DataError
from crlft.formats.fields import described
from crlft.formats.jsontext import parse

FIELD = "conversation"
"""The column that counts."""


class Workbench:
    """Rows of snapshots and `datasets` folders made here."""

    name = "workbench"
    title = "C-RLFT Workbench"
    sign = "`conversation` as this program writes it"
    readable = True
    remedy = ""

    def matches(self, row: Mapping[str, Any]) -> bool:
        """Return whether the column holds the text of an object with messages."""
        text = row.get(FIELD)
        return isinstance(text, str) and text.startswith("{") and '"messages"' in text

    def read(self, row: Mapping[str, Any]) -> list[Conversation]:
        """Read the conversation; the other columns follow from it and are left aside."""
        text = row.get(FIELD)
        if not isinstance(text, str):
            raise DataError(f"`{FIELD}` holds {described(text)} where the text of a conversation is expected")
        try:
            return [Conversation.from_dict(parse(text.encode("utf-8", "replace"))[0])]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DataError(f"`{FIELD}` cannot be read: {error!r}") from error

    def write(
        self, conversation: Conversation, *, condition: str = "", loss_weight: float = 1.0
    ) -> dict[str, Any]:
        """Write one conversation, with columns for people beside it."""
        text = json.dumps(conversation.to_dict(), ensure_ascii=False)
        del loss_weight
        row = {
            "id": conversation.id,
            "prompt": conversation.prompt,
            "answer": conversation.answer,
            "class": conversation.class_name,
            "condition": condition,
        }
        return {**{k: v for k, v in row.items() if v}, FIELD: text}

    def cannot_hold(self, conversation: Conversation) -> list[str]:
        """Nothing is lost."""
        del conversation
        return []
