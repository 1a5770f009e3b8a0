"""Prompt and completion, as TRL has them: two texts, or two lists of messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crlft.conversation import Conversation, Turn
from crlft.errors import DataError
from crlft.formats.fields import clashes, described, json_value, names_of, put_known, take_known
from crlft.formats.messages import Messages
from crlft.formats.turns import read_turns, take_system

_PROMPTS = ("prompt", "question", "query")
_COMPLETIONS = ("completion", "response", "answer", "output")


class PromptCompletion:
    """Pairs of a prompt and its completion; also question and answer, query and response."""

    name = "prompt-completion"
    title = "prompt and completion"
    sign = "`prompt` with `completion`"
    readable = True
    texts: Mapping[str, str] = {"prompt": "user", "completion": "assistant"}
    remedy = ""

    def matches(self, row: Mapping[str, Any]) -> bool:
        """Return whether there is a prompt and a completion."""
        return any(f in row for f in _PROMPTS) and any(f in row for f in _COMPLETIONS)

    def read(self, row: Mapping[str, Any]) -> list[Conversation]:
        """Read one conversation."""
        rest = dict(row)
        before = take_system(rest)
        asked = _messages(rest, _PROMPTS, "user", row)
        answered = _messages(rest, _COMPLETIONS, "assistant", row)
        turns = read_turns([*asked, *answered], rest, before)
        return [Conversation(turns=turns, **take_known(rest))]

    def write(
        self, conversation: Conversation, *, condition: str = "", loss_weight: float = 1.0
    ) -> dict[str, Any]:
        """Write one conversation: as texts if it is a bare question and answer, else as messages."""
        turns = conversation.turns
        row: dict[str, Any]
        if turns == (Turn("user", conversation.prompt), Turn("assistant", conversation.answer)):
            row = {"prompt": turns[0].content, "completion": turns[1].content}
            if conversation.tools:
                row["tools"] = json_value(conversation.tools)
            return put_known(row, conversation)
        full = Messages().write(conversation, condition=condition, loss_weight=loss_weight)
        messages = full.pop("messages")
        split = max(len(messages) - 1, 0)
        row = {"prompt": messages[:split], "completion": messages[split:]}
        return {**row, **{k: v for k, v in full.items() if k not in row}}

    def cannot_hold(self, conversation: Conversation) -> list[str]:
        """A conversation must end with an answer; metadata fields whose names are taken are lost."""
        turns = conversation.turns
        lost = [] if turns and turns[-1].role == "assistant" else ["conversations that do not end with an answer"]
        return lost + clashes(conversation, ("prompt", "completion", "system"))


def _messages(rest: dict[str, Any], fields: tuple[str, ...], role: str, row: Mapping[str, Any]) -> list[Any]:
    """Return a field's messages; a plain text is one message of that role."""
    field = next((f for f in fields if f in rest), None)
    if field is None:
        raise DataError(f"the row has no `{fields[0]}`", f"its fields are {names_of(row)}")
    value = rest.pop(field)
    if isinstance(value, str):
        return [{"role": role, "content": value}]
    if isinstance(value, list):
        return value
    raise DataError(f"`{field}` holds {described(value)} where text or a list of turns is expected")
