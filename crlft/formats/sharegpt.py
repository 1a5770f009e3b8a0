"""ShareGPT: `{"conversations": [{"from": "human", "value": …}, {"from": "gpt", "value": …}], "system": …}`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from crlft.conversation import Conversation, Role, Turn
from crlft.formats.fields import clashes, json_value, put_known
from crlft.formats.messages import LIST_FIELDS, first_message, read_listed
from crlft.formats.turns import TURN_FIELDS, foreign_fields, plain_turn_loss

_SPEAKERS: dict[Role, str] = {"system": "system", "user": "human", "assistant": "gpt", "tool": "observation"}


class ShareGPT:
    """ShareGPT dumps, with system prompts and tool calls as LLaMA-Factory has them."""

    name = "sharegpt"
    title = "ShareGPT"
    sign = "`conversations` with `from`/`value`"
    readable = True
    remedy = ""

    def matches(self, row: Mapping[str, Any]) -> bool:
        """Return whether the first message says who it is from."""
        first = first_message(row)
        return "from" in first and "role" not in first

    def read(self, row: Mapping[str, Any]) -> list[Conversation]:
        """Read one conversation."""
        return read_listed(row)

    def write(
        self, conversation: Conversation, *, condition: str = "", loss_weight: float = 1.0
    ) -> dict[str, Any]:
        """Write one conversation; it has no place for the condition or the weight."""
        del condition, loss_weight
        foreign = foreign_fields(conversation)
        turns = conversation.turns
        row: dict[str, Any] = {"conversations": []}
        start = 0
        if len(turns) > 1 and turns[0].role == "system" and turns[0].content and not (foreign and foreign[0]):
            row["system"] = turns[0].content
            start = 1
        for i in range(start, len(turns)):
            extra = (foreign[i] or {}) if foreign else {}
            row["conversations"].append({**extra, **_write_turn(turns[i])})
        return put_known(row, conversation, leave_out=(TURN_FIELDS,) if foreign else ())

    def cannot_hold(self, conversation: Conversation) -> list[str]:
        """Reasoning, exclusions, names, ids of calls and text beside calls are lost."""
        lost = [what for turn in conversation.turns for what in plain_turn_loss(turn)]
        if any(t.content for t in conversation.turns if t.tool_calls):
            lost.append("text beside a tool call")
        if any(t.role != "assistant" for t in conversation.turns if t.tool_calls):
            lost.append("tool calls of others than the assistant")
        return list(dict.fromkeys(lost)) + clashes(conversation, (*LIST_FIELDS, "system"))


def _calls_text(turn: Turn) -> str:
    calls = [{"name": c.name, "arguments": json_value(c.arguments)} for c in turn.tool_calls]
    return json.dumps(calls[0] if len(calls) == 1 else calls, ensure_ascii=False)


def _write_turn(turn: Turn) -> dict[str, Any]:
    if turn.tool_calls and turn.role == "assistant":
        return {"from": "function_call", "value": _calls_text(turn)}
    return {"from": _SPEAKERS[turn.role], "value": turn.content}
