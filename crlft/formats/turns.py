"""Turns in and out of the two vocabularies that chat data uses: `from`/`value` and `role`/`content`.

Message fields that a turn has no place for are kept in the metadata under `turn_fields`, one entry for each turn,
and go back to their turns on the way out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from crlft.conversation import Conversation, Role, ToolCall, Turn
from crlft.errors import DataError
from crlft.formats.fields import described, json_text
from crlft.quick import quick

TURN_FIELDS = "turn_fields"
"""The metadata field that keeps foreign message fields: a list with an object or null for each turn."""

ROLE_NAMES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "model": "assistant",
    "function_call": "assistant",
    "tool": "tool",
    "function": "tool",
    "function_response": "tool",
    "observation": "tool",
    "ipython": "tool",
}
"""Every name of a role that is understood, in lower case."""

make_turn = quick(Turn)
make_conversation = quick(Conversation)
TEXT_FIELDS = ("content", "value", "text")
_REASONING_FIELDS = ("reasoning", "reasoning_content", "thinking")


def take_system(rest: dict[str, Any]) -> list[Turn]:
    """Read a row's field `system`: one turn, or none where it is empty or missing."""
    if "system" not in rest or not isinstance(rest["system"], str | None):
        return []
    text = rest.pop("system")
    return [Turn("system", text)] if text else []


def read_turns(
    messages: Sequence[Any], rest: dict[str, Any], before: Sequence[Turn] = (), drop: Sequence[str] = ()
) -> tuple[Turn, ...]:
    """Read a list of messages.

    Args:
        messages: The row's messages, in either vocabulary.
        rest: The row's other fields; foreign message fields are added to it.
        before: Turns that stand before the list.
        drop: Message fields that say nothing new and are not kept.

    Raises:
        DataError: There is no message, or one cannot be read.
    """
    if not messages:
        raise DataError("the conversation has no turns")
    turns: list[Turn] = list(before)
    foreign: list[dict[str, Any] | None] = [None] * len(turns)
    for number, message in enumerate(messages, 1):
        plain = _plain_turn(message)
        if plain is not None:
            turns.append(plain)
            foreign.append(None)
            continue
        if not isinstance(message, Mapping):
            raise DataError(f"turn {number} is {described(message)}, not an object with a role and a text")
        left = {k: v for k, v in message.items() if k not in drop}
        turns.append(_read_turn(left, number))
        foreign.append(left or None)
    if any(foreign):
        rest[TURN_FIELDS] = foreign
    return tuple(turns)


def _plain_turn(message: Any) -> Turn | None:
    """Return the turn of a message that is just a known role and a text, as most are; None for all others."""
    if type(message) is not dict or len(message) != 2:
        return None
    role = ROLE_NAMES.get(_word(message.get("role")) or _word(message.get("from")))
    text = message.get("content", message.get("value"))
    # A ShareGPT function call holds its call in the text.
    if role is None or type(text) is not str or message.get("from") == "function_call":
        return None
    return make_turn(role, text)


def _word(value: Any) -> str:
    return value if type(value) is str else ""


def _read_turn(left: dict[str, Any], number: int) -> Turn:
    """Read one message, taking what is understood out of `left`."""
    said = left.pop("role" if "role" in left else "from", None)
    role = ROLE_NAMES.get(said.strip().lower()) if isinstance(said, str) else None
    if role is None:
        if said is None:
            raise DataError(f"turn {number} does not say whose it is", "give each turn a `role` or `from`")
        known = "system, user, assistant, tool (or human, gpt, observation, …)"
        raise DataError(f"turn {number} has the unknown role {str(said)[:40]!r}", f"known are {known}")
    calls = _take_calls(left, number)
    content = _take_text(left, number, needed=not calls)
    if said == "function_call" and not calls:
        calls = calls_in(content)
        content = "" if calls else content
    excluded = _take_excluded(left, role)
    reward = left.get("reward") if role == "assistant" else None
    rewarded = isinstance(reward, int | float) and not isinstance(reward, bool) and math.isfinite(reward)
    return Turn(
        role=role,
        content=content,
        reasoning=next((left.pop(f) for f in _REASONING_FIELDS if isinstance(left.get(f), str)), None),
        tool_calls=calls,
        tool_call_id=left.pop("tool_call_id") if isinstance(left.get("tool_call_id"), str) else None,
        name=left.pop("name") if isinstance(left.get("name"), str) else None,
        excluded=excluded,
        reward=float(left.pop("reward")) if rewarded else None,
    )


def _take_text(left: dict[str, Any], number: int, *, needed: bool) -> str:
    field = next((f for f in TEXT_FIELDS if f in left), None)
    if field is None:
        if needed:
            raise DataError(f"turn {number} has no text")
        return ""
    value = left.pop(field)
    if value is None:
        return ""
    if isinstance(value, list):
        return _join_parts(value, number)
    if not isinstance(value, str):
        raise DataError(f"turn {number} holds {described(value)} where text is expected")
    return value


def _join_parts(parts: list[Any], number: int) -> str:
    """Join content parts (`[{"type": "text", "text": …}]`); anything but text cannot be held."""
    texts = []
    for part in parts:
        text = part.get("text") if isinstance(part, Mapping) else part
        if not isinstance(text, str):
            kind = part.get("type", "object") if isinstance(part, Mapping) else type(part).__name__
            raise DataError(f"turn {number} holds a part of type {kind!r}; only text can be held")
        texts.append(text)
    return "".join(texts)


def _take_excluded(left: dict[str, Any], role: Role) -> bool:
    """Read `excluded` and a message weight of 0 or 1; other weights stay foreign fields."""
    excluded = left.pop("excluded") if isinstance(left.get("excluded"), bool) else False
    if left.get("weight") in (0, 1):
        weight = left.pop("weight")
        excluded = excluded or (role == "assistant" and weight == 0)
    return excluded


def _take_calls(left: dict[str, Any], number: int) -> tuple[ToolCall, ...]:
    calls = left.pop("tool_calls", None) or ()
    if not calls and isinstance(left.get("function_call"), Mapping):
        calls = [left.pop("function_call")]
    if not isinstance(calls, list | tuple):
        raise DataError(f"turn {number}: `tool_calls` is {described(calls)}, not a list")
    return tuple(_read_call(call, number) for call in calls)


def _read_call(call: Any, number: int) -> ToolCall:
    function = call.get("function", call) if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise DataError(f"turn {number} calls a tool without a name")
    given = call.get("id")
    return ToolCall(
        function["name"], json_text(function.get("arguments", "{}")), None if given is None else str(given)
    )


def calls_in(text: str) -> tuple[ToolCall, ...]:
    """Read the text of a ShareGPT `function_call`: an object or a list of objects with `name` and `arguments`.

    Returns:
        The calls, or none where the text is something else.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    calls = value if isinstance(value, list) else [value]
    if not all(
        isinstance(c, dict) and set(c) == {"name", "arguments"} and isinstance(c["name"], str) for c in calls
    ):
        return ()
    return tuple(ToolCall(c["name"], json_text(c["arguments"])) for c in calls)


def foreign_fields(conversation: Conversation) -> Sequence[Mapping[str, Any] | None] | None:
    """Return the kept message fields if they still fit the turns, else None (they are then plain metadata)."""
    kept = conversation.metadata.get(TURN_FIELDS)
    if not isinstance(kept, list | tuple) or len(kept) != len(conversation.turns):
        return None
    return kept if all(k is None or isinstance(k, Mapping) for k in kept) else None


def plain_turn_loss(turn: Turn) -> list[str]:
    """Name what a message of just a role and a text leaves out of a turn."""
    lost = {
        "reasoning": turn.reasoning is not None,
        "answers excluded from the loss": turn.excluded,
        "rewards of single answers": turn.reward is not None,
        "names of speakers": turn.name is not None,
        "ids of tool calls": turn.tool_call_id is not None or any(c.id is not None for c in turn.tool_calls),
    }
    return [what for what, is_there in lost.items() if is_there]
