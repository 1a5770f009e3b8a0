"""Conversations as every part of the program sees them: ordered turns plus what is known about them.

The dictionary form (`Conversation.to_dict`) follows the OpenAI messages schema; snapshots, job requests and
exports all use it. Torch-free.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, get_args

from crlft.errors import DataError

Role = Literal["system", "user", "assistant", "tool"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool by the assistant.

    Attributes:
        name: The tool's name.
        arguments: JSON text, exactly as the model wrote it (it may be broken, and stays so).
        id: The call's id, answered by a tool turn's `tool_call_id`.
    """

    name: str
    arguments: str = "{}"
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation.

    Attributes:
        role: One of `ROLES`.
        content: The text; empty only where `tool_calls` speak.
        reasoning: Thinking that precedes an assistant's answer.
        tool_calls: Calls made by an assistant turn.
        tool_call_id: The call that a tool turn answers.
        name: The speaker's or the tool's name, where the source gave one.
        excluded: True leaves this assistant turn out of the loss; it still stands in the context.
        reward: Coarse reward of this assistant turn alone, any finite number; None follows the conversation.
    """

    role: Role
    content: str
    reasoning: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None
    excluded: bool = False
    reward: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the OpenAI message form; fields at their defaults are left out."""
        out: dict[str, Any] = {"role": self.role, "content": self.content}
        if self.reasoning is not None:
            out["reasoning"] = self.reasoning
        if self.tool_calls:
            out["tool_calls"] = [
                {
                    **({"id": call.id} if call.id is not None else {}),
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments},
                }
                for call in self.tool_calls
            ]
        if self.tool_call_id is not None:
            out["tool_call_id"] = self.tool_call_id
        if self.name is not None:
            out["name"] = self.name
        if self.excluded:
            out["excluded"] = True
        if self.reward is not None:
            out["reward"] = self.reward
        return out

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Turn:
        """Read what `to_dict` wrote.

        Raises:
            DataError: The role is unknown, the content is no text, or the reward is no finite number.
        """
        role, content = data.get("role"), data.get("content", "")
        if role not in ROLES:
            raise DataError(f"unknown role {role!r}", f"use one of {', '.join(ROLES)}")
        if not isinstance(content, str):
            raise DataError(f"content of a {role} turn is {type(content).__name__}, not text", "give text")
        calls = tuple(
            ToolCall(c["function"]["name"], c["function"]["arguments"], c.get("id"))
            for c in data.get("tool_calls") or ()
        )
        return cls(
            role=role,
            content=content,
            reasoning=data.get("reasoning"),
            tool_calls=calls,
            tool_call_id=data.get("tool_call_id"),
            name=data.get("name"),
            excluded=bool(data.get("excluded", False)),
            reward=_turn_reward(role, data.get("reward")),
        )


def _turn_reward(role: str, value: Any) -> float | None:
    """Return a turn's own reward.

    Raises:
        DataError: It is no finite number, or the turn is not the assistant's.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise DataError(f"reward of a {role} turn is {value!r}", "give a finite number, or none")
    if role != "assistant":
        raise DataError(f"a {role} turn has a reward", "only assistant turns are trained on")
    return float(value)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation and what is known about it.

    Attributes:
        turns: The ordered turns, a system turn first where there is one.
        id: The source's own id, or empty.
        class_name: The quality class it is tagged with; None is untagged.
        coarse_reward: Overrides the class's reward for this conversation; None follows the class.
        tools: JSON text of the tool definitions the conversation was held with.
        source: Who or what answered (a model's name, a team).
        language: ISO 639-1 code, or empty where unknown.
        metadata: Every other field of the source row, kept and exported again.
    """

    turns: tuple[Turn, ...]
    id: str = ""
    class_name: str | None = None
    coarse_reward: float | None = None
    tools: str | None = None
    source: str = ""
    language: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def prompt(self) -> str:
        """The text of the first user turn, or empty."""
        return next((t.content for t in self.turns if t.role == "user"), "")

    @property
    def answer(self) -> str:
        """The text of the last assistant turn, or empty."""
        return next((t.content for t in reversed(self.turns) if t.role == "assistant"), "")

    def to_dict(self) -> dict[str, Any]:
        """Return the messages form; fields at their defaults are left out."""
        out: dict[str, Any] = {"messages": [t.to_dict() for t in self.turns]}
        optional = {
            "id": self.id,
            "class": self.class_name,
            "reward": self.coarse_reward,
            "tools": self.tools,
            "source": self.source,
            "language": self.language,
            "metadata": dict(self.metadata),
        }
        out.update({k: v for k, v in optional.items() if v is not None and v != "" and v != {}})
        return out

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Conversation:
        """Read what `to_dict` wrote.

        Raises:
            DataError: There is no message list, a message cannot be read, or the reward is no number.
        """
        messages = data.get("messages")
        if not isinstance(messages, list):
            raise DataError("no list of messages", 'give "messages": [{"role": …, "content": …}]')
        return cls(
            turns=tuple(Turn.from_dict(m) for m in messages),
            id=str(data.get("id", "")),
            class_name=data.get("class"),
            coarse_reward=_reward(data.get("reward")),
            tools=data.get("tools"),
            source=data.get("source") or "",
            language=data.get("language") or "",
            metadata=data.get("metadata") or {},
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a conversation's structure.

    Attributes:
        code: A stable name, for counting and filtering.
        message: One sentence for a reader.
        turn: The turn's index, or None for the whole conversation.
        fatal: True if the conversation cannot be held or trained on at all.
    """

    code: str
    message: str
    turn: int | None = None
    fatal: bool = False


def _in_turn(turns: tuple[Turn, ...]) -> bool:
    """Return whether user and assistant speak in turn and say something, behind a system turn or none."""
    roles = [t.role for t in turns]
    if roles[0] == "system":
        del roles[0]
    pairs = len(roles) // 2
    if not pairs or roles != ["user", "assistant"] * pairs:
        return False
    return all([t.content and not t.content.isspace() for t in turns])


def validate(conversation: Conversation) -> list[Fault]:
    """Return every structural fault of a conversation, fatal ones first."""
    turns = conversation.turns
    if not turns:
        return [Fault("no-turns", "the conversation has no turns", fatal=True)]
    return [] if _in_turn(turns) else _faults(turns)


def _faults(turns: tuple[Turn, ...]) -> list[Fault]:
    faults: list[Fault] = []
    if not any(t.role == "assistant" for t in turns):
        faults.append(Fault("no-answer", "no assistant turn: nothing to learn from"))
    spoken = [i for i, t in enumerate(turns) if t.role in ("user", "assistant")]
    if spoken and turns[spoken[0]].role == "assistant":
        faults.append(Fault("answer-first", "the assistant speaks before the user", spoken[0]))
    for a, b in pairwise(spoken):
        if b == a + 1 and turns[a].role == turns[b].role:
            faults.append(Fault("same-role-twice", f"two {turns[b].role} turns in a row", b))
    for i, t in enumerate(turns):
        if t.role == "system" and i > 0:
            faults.append(Fault("late-system", "a system turn that is not the first", i))
        if not t.content.strip() and not t.tool_calls:
            faults.append(Fault("empty-turn", f"the {t.role} turn is empty", i))
    if spoken and turns[spoken[-1]].role == "user":
        faults.append(Fault("unanswered", "the last user turn has no answer", spoken[-1]))
    return faults


def _reward(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise DataError(f"the reward {value!r} is no finite number", "give a number, or leave `reward` out")
    return float(value)
