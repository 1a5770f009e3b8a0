"""Alpaca: `{"instruction": …, "input": …, "output": …, "history": [[question, answer], …], "system": …}`.

The input follows the instruction after a line break, as LLaMA-Factory joins them. Rows with `context` and
`response` (Dolly) are read the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crlft.conversation import Conversation, Turn
from crlft.errors import DataError
from crlft.formats.fields import clashes, described, put_known, take_known, text_of
from crlft.formats.turns import make_conversation, make_turn, plain_turn_loss, take_system

_INPUTS = ("input", "context")
_OUTPUTS = ("output", "response", "answer", "completion")


class Alpaca:
    """Instruction lists; a conversation of several turns stands in `history`."""

    name = "alpaca"
    title = "Alpaca"
    sign = "`instruction` with `output`"
    readable = True
    remedy = ""

    def matches(self, row: Mapping[str, Any]) -> bool:
        """Return whether there is an instruction and an answer."""
        return "instruction" in row and ("output" in row or any(f in row for f in _OUTPUTS))

    def read(self, row: Mapping[str, Any]) -> list[Conversation]:
        """Read one conversation."""
        rest = dict(row)
        turns = take_system(rest) if "system" in rest else []
        if "history" in rest:
            for question, answer in _history(rest.pop("history")):
                turns += [Turn("user", question), Turn("assistant", answer)]
        output = "output" if "output" in row else next((f for f in _OUTPUTS if f in row), "output")
        asked = text_of(row, "instruction")
        for name in _INPUTS:
            more = _optional(rest, name) if name in rest else ""
            if more:
                asked = f"{asked}\n{more}" if asked else more
        turns += [make_turn("user", asked), make_turn("assistant", text_of(row, output))]
        del rest["instruction"], rest[output]
        return [make_conversation(turns=tuple(turns), **take_known(rest))]

    def write(
        self, conversation: Conversation, *, condition: str = "", loss_weight: float = 1.0
    ) -> dict[str, Any]:
        """Write one conversation; it has no place for the condition or the weight."""
        del condition, loss_weight
        turns = conversation.turns
        questions = [t.content for t in turns if t.role == "user"]
        answers = [t.content for t in turns if t.role == "assistant"]
        row: dict[str, Any] = {
            "instruction": questions[-1] if questions else "",
            "input": "",
            "output": answers[-1] if answers else "",
        }
        if turns and turns[0].role == "system":
            row["system"] = turns[0].content
        if len(questions) > 1:
            row["history"] = [list(pair) for pair in zip(questions[:-1], answers, strict=False)]
        return put_known(row, conversation)

    def cannot_hold(self, conversation: Conversation) -> list[str]:
        """Anything but questions and answers in turn, with a system prompt first, is lost."""
        turns = conversation.turns
        lost = [what for t in turns for what in plain_turn_loss(t)]
        if any(t.tool_calls for t in turns):
            lost.append("tool calls")
        talk = turns[1:] if turns and turns[0].role == "system" and turns[0].content else turns
        expected = ("user", "assistant")
        if not talk or len(talk) % 2 or any(t.role != expected[i % 2] for i, t in enumerate(talk)):
            lost.append("turns that are not question and answer in turn")
        taken = ("instruction", *_INPUTS, "output", "history", "system")
        return list(dict.fromkeys(lost)) + clashes(conversation, taken)


def _optional(rest: dict[str, Any], field: str) -> str:
    value = rest.pop(field, None)
    if value is None or isinstance(value, str):
        return value or ""
    raise DataError(f"`{field}` holds {described(value)} where text is expected")


def _history(value: Any) -> list[tuple[str, str]]:
    if not value:
        return []
    pairs = value if isinstance(value, list) else [value]
    for number, pair in enumerate(pairs, 1):
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair)):
            raise DataError(f"`history`: entry {number} is {described(pair)}, not a pair of question and answer")
    return [(question, answer) for question, answer in pairs]
