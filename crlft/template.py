"""Conversations to text, once for training, generation and preview. Torch-free.

A template turns a conversation into *segments*: control tokens, context text and supervised text. The same
layout is written out as a Jinja chat template (`crlft.chat_template`), which travels with the saved
tokenizer, so that an engine that knows nothing of this package gives the model the ids it was trained on.

Text typed by people never becomes a control token, for two reasons that hold separately: segments are
encoded with special tokens off, and inside text every string that the tokenizer would read as a token of
its own is broken by an invisible U+2060 (`guard`), in training and in the Jinja template alike. The
second also protects engines that tokenise the rendered string.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from crlft.conversation import Conversation, Turn
from crlft.errors import TemplateError

Placement = Literal["both", "assistant"]
BREAK = "\u2060"
"""Word joiner: invisible, zero wide, and part of no control token."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the rendered conversation.

    Attributes:
        text: The text; for a control segment exactly one control token.
        control: True for a control token, encoded by its id; False for text, encoded with special tokens off.
        supervised: True where the model learns to write it.
        turn: Index of the turn it belongs to, or -1 (the start token, the header of the answer to come).
    """

    text: str
    control: bool = False
    supervised: bool = False
    turn: int = -1


@dataclass(frozen=True, slots=True)
class Template:
    """How turns become text.

    A turn is `open`, its header, its text and `close`, then `gap`. The header is the condition, a space and
    the role's word; a conversation starts with the tokenizer's start token where it has one.

    Attributes:
        name: What `--template` takes.
        open: Control token before a turn's header, or empty.
        close: Control token that ends a turn; the model writes it too.
        gap: Text between turns.
        roles: The word of each role.
        after_role: Text between the role's word and the turn's text that still belongs to the header.
        lead: Text that begins every turn's text (it is supervised in an answer).
        strip: Whether white space in front of an answer is dropped. Where the header ends in white space a
            tokenizer may merge the two, and the served ids would not be the trained ones.
    """

    name: str
    open: str
    close: str
    gap: str
    roles: dict[str, str]
    after_role: str
    lead: str
    strip: bool

    @property
    def controls(self) -> tuple[str, ...]:
        """The control tokens the tokenizer must have."""
        return tuple(t for t in (self.open, self.close) if t)

    def header(self, role: str, condition: str, placement: str = "both") -> str:
        """Return the header's text for a role under a condition."""
        shown = condition if placement == "both" or role == "assistant" else ""
        return f"{shown} {self.roles[role]}{self.after_role}" if shown else f"{self.roles[role]}{self.after_role}"


TEMPLATES: dict[str, Template] = {
    "openchat": Template(
        name="openchat",
        open="",
        close="<|end_of_turn|>",
        gap="",
        roles={"system": "System", "user": "User", "assistant": "Assistant", "tool": "Tool"},
        after_role=":",
        lead=" ",
        strip=False,
    ),
    "chatml": Template(
        name="chatml",
        open="<|im_start|>",
        close="<|im_end|>",
        gap="\n",
        roles={"system": "system", "user": "user", "assistant": "assistant", "tool": "tool"},
        after_role="\n",
        lead="",
        strip=True,
    ),
}


def get_template(name: str) -> Template:
    """Return a template by name.

    Raises:
        TemplateError: There is none of that name.
    """
    try:
        return TEMPLATES[name]
    except KeyError:
        raise TemplateError(f"unknown template {name!r}", f"use one of {', '.join(TEMPLATES)}") from None


def guard(text: str, reserved: Sequence[str]) -> str:
    """Return text in which no reserved string occurs: each is broken behind its first character."""
    for token in reserved:
        if token in text:
            text = text.replace(token, token[0] + BREAK + token[1:])
    return text


def unguard(text: str, reserved: Sequence[str]) -> str:
    """Undo `guard` on a generated answer."""
    if BREAK in text:
        for token in reserved:
            text = text.replace(token[0] + BREAK + token[1:], token)
    return text


def render(
    conversation: Conversation,
    condition: str,
    template: Template,
    *,
    start: str = "",
    reserved: Sequence[str] = (),
    placement: str = "both",
    answer_next: bool = False,
) -> list[Segment]:
    """Return the segments of a conversation.

    Args:
        conversation: What to render.
        condition: The condition's text; empty renders unconditioned.
        template: The layout.
        start: The tokenizer's start token, or empty.
        reserved: Strings the tokenizer reads as tokens of their own; they are broken inside text.
        placement: `both` sides carry the condition, or the `assistant` only.
        answer_next: End with the header of an assistant turn, for generation.
    """
    out: list[Segment] = [Segment(start, control=True)] if start else []
    condition = guard(condition, reserved)
    for index, turn in _with_tools(conversation):
        out += _turn_segments(index, turn, condition, template, reserved, placement)
    if answer_next:
        if template.open:
            out.append(Segment(template.open, control=True))
        out.append(Segment(template.header("assistant", condition, placement)))
    return out


def turn_text(turn: Turn) -> str:
    """Return a turn's text: reasoning in `<think>`, the content, and tool calls in `<tool_call>`."""
    if turn.role != "assistant":
        return turn.content
    calls = [
        f'<tool_call>\n{{"name": {json.dumps(call.name, ensure_ascii=False)}, "arguments": {call.arguments}}}\n'
        "</tool_call>"
        for call in turn.tool_calls
    ]
    thought = f"<think>\n{turn.reasoning}\n</think>\n\n" if turn.reasoning is not None else ""
    return thought + "\n".join([turn.content, *calls] if turn.content else calls)


def tools_text(tools: str) -> str:
    """Return the tool definitions as they stand in the system turn; text that is no JSON stays as it is."""
    try:
        shown = json.dumps(json.loads(tools), ensure_ascii=False)
    except json.JSONDecodeError:
        shown = tools
    return f"# Tools\n{shown}"


def _with_tools(conversation: Conversation) -> Iterable[tuple[int, Turn]]:
    """Return (index, turn) pairs, the tool definitions standing in the system turn."""
    turns = list(enumerate(conversation.turns))
    if not conversation.tools:
        return turns
    text = tools_text(conversation.tools)
    if turns and turns[0][1].role == "system":
        return [(0, Turn("system", f"{turns[0][1].content}\n\n{text}")), *turns[1:]]
    return [(-1, Turn("system", text)), *turns]


def _turn_segments(
    index: int, turn: Turn, condition: str, template: Template, reserved: Sequence[str], placement: str
) -> list[Segment]:
    header = template.header(turn.role, condition, placement)
    text = turn_text(turn)
    out = [Segment(template.open, control=True, turn=index)] if template.open else []
    if turn.role == "assistant":
        # Generation begins between an answer's header and its text, so these are two segments even where
        # the turn is excluded; everything else is one run, as a string tokeniser sees it.
        learnt = not turn.excluded
        text = template.lead + guard(text.lstrip() if template.strip else text, reserved)
        out.append(Segment(header, turn=index))
        if text:
            out.append(Segment(text, supervised=learnt, turn=index))
    else:
        learnt = False
        out.append(Segment(header + template.lead + guard(text, reserved), turn=index))
    out.append(Segment(template.close, control=True, supervised=learnt, turn=index))
    if template.gap:
        out.append(Segment(template.gap, turn=index))
    return out
