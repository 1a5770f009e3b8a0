"""Conversations to text, once for training, generation and preview. Torch-free.

A template (`crlft.layouts`) turns a conversation into *segments*: control tokens, context text and supervised
text. The same layout is written out as a Jinja chat template (`crlft.chat_template`), which travels with the
saved tokenizer, so that an engine that knows nothing of this package gives the model the ids it was trained on.

Text typed by people never becomes a control token, for two reasons that hold separately: segments are
encoded with special tokens off, and inside text every string that the tokenizer would read as a token of
its own is broken by an invisible U+2060 (`guard`), in training and in the Jinja template alike. The
second also protects engines that tokenise the rendered string.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from crlft.conversation import Conversation, Turn
from crlft.layouts import AUTO, TEMPLATES, Placement, RoleLayout, Template, get_template, pieces

__all__ = [
    "AUTO",
    "BREAK",
    "MARKUP",
    "TEMPLATES",
    "Placement",
    "RoleLayout",
    "Segment",
    "Template",
    "get_template",
    "guard",
    "render",
    "tools_text",
    "turn_text",
    "unguard",
]

BREAK = "\u2060"
"""Word joiner: invisible, zero wide, and part of no control token."""
MARKUP = ("<think>", "</think>", "<tool_call>", "</tool_call>")
"""What `turn_text` writes around reasoning and calls: control tokens where the tokenizer has them as such."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the rendered conversation.

    Attributes:
        text: The text; for a control segment exactly one control token.
        control: True for a control token, encoded by its id; False for text, encoded with special tokens off.
        supervised: True where the model learns to write it.
        turn: Index of the turn it belongs to, or -1 (the start token, a system turn that the template adds,
            the header of the answer to come). Text that no control token parts from the next turn's counts
            for the next.
    """

    text: str
    control: bool = False
    supervised: bool = False
    turn: int = -1


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
        start: The tokenizer's start token, or empty; a template that names its own start overrides it.
        reserved: Strings the tokenizer reads as tokens of their own; they are broken inside text.
        placement: `both` sides carry the condition, or the `assistant` only.
        answer_next: End with the header of an assistant turn, for generation.
    """
    condition = guard(condition, reserved)
    out = _Writer(template.controls)
    if template.start is not None:
        out.layout(template.start, -1)
    elif start:
        out.segments.append(Segment(start, control=True))
    for index, turn, joined in _arranged(conversation, template, reserved):
        head = template.header(turn.role, condition, placement)
        if turn.role == "assistant":
            _write_answer(out, index, turn, head, template, reserved)
        else:
            out.layout(head, index)
            out.text(joined + guard(template.trim(turn.role, turn.content), reserved), index)
            out.layout(template.roles[turn.role].tail, index)
    if answer_next:
        out.layout(template.header("assistant", condition, placement), -1)
    return out.segments


def turn_text(turn: Turn) -> str:
    """Return a turn's text: reasoning in `<think>`, the content, and tool calls in `<tool_call>`."""
    return "".join(text for text, _ in _answer_parts(turn)) if turn.role == "assistant" else turn.content


def tools_text(tools: str) -> str:
    """Return the tool definitions as they stand in the system turn; text that is no JSON stays as it is."""
    try:
        shown = json.dumps(json.loads(tools), ensure_ascii=False)
    except json.JSONDecodeError:
        shown = tools
    return f"# Tools\n{shown}"


@dataclass
class _Writer:
    """Segments in order; neighbouring texts that are tokenised together become one.

    Attributes:
        controls: What in a layout's text is a control token.
        segments: What is written.
        fresh: The next text begins a segment of its own.
    """

    controls: tuple[str, ...]
    segments: list[Segment] = field(default_factory=list)
    fresh: bool = False

    def layout(self, text: str, turn: int, *, supervised: bool = False) -> None:
        """Write text of the template, in which control tokens count."""
        for part, control in pieces(text, self.controls):
            if control:
                self.segments.append(Segment(part, True, supervised, turn))
                self.fresh = False
            else:
                self.text(part, turn, supervised=supervised)

    def text(self, text: str, turn: int, *, supervised: bool = False) -> None:
        """Write text in which nothing is a control token."""
        last = self.segments[-1] if self.segments else None
        if text and last and not last.control and not self.fresh and last.supervised == supervised:
            self.segments[-1] = Segment(last.text + text, False, supervised, turn)
        elif text:
            self.segments.append(Segment(text, False, supervised, turn))
            self.fresh = False


def _write_answer(
    out: _Writer, index: int, turn: Turn, head: str, template: Template, reserved: Sequence[str]
) -> None:
    """Write an assistant turn.

    Generation begins between an answer's header and its text, so these are two segments even where the turn
    is excluded; everything else is one run, as a string tokeniser sees it.
    """
    learnt = not turn.excluded
    out.layout(head, index)
    out.fresh = True
    parts = [(t if markup else guard(t, reserved), markup) for t, markup in _answer_parts(turn)]
    for text, markup in [(template.lead, False), *_trimmed(parts, template)]:
        if markup:
            out.layout(text, index, supervised=learnt)
        else:
            out.text(text, index, supervised=learnt)
    tail = template.roles["assistant"].tail
    end = tail.index(template.close) + len(template.close)
    out.layout(tail[:end], index, supervised=learnt)
    out.fresh = False
    out.layout(tail[end:], index)


def _answer_parts(turn: Turn) -> list[tuple[str, bool]]:
    """Return an assistant turn's text as (text, is it markup that this module writes) in order."""
    out: list[tuple[str, bool]] = []
    if turn.reasoning is not None:
        out += [("<think>", True), ("\n", False), (turn.reasoning, False), ("\n", False), ("</think>", True)]
        out.append(("\n\n", False))
    out.append((turn.content, False))
    for number, call in enumerate(turn.tool_calls):
        if turn.content or number:
            out.append(("\n", False))
        out += [("<tool_call>", True), ('\n{"name": ', False), (json.dumps(call.name, ensure_ascii=False), False)]
        out += [(', "arguments": ', False), (call.arguments, False), ("}\n", False), ("</tool_call>", True)]
    return out


def _trimmed(parts: list[tuple[str, bool]], template: Template) -> list[tuple[str, bool]]:
    """Return an answer's parts without the white space that the template drops at its ends."""
    out = [p for p in parts if p[0]]
    if template.strip or "assistant" in template.trimmed:
        while out and not out[0][0].strip():
            out.pop(0)
        if out:
            out[0] = (out[0][0].lstrip(), out[0][1])
    if "assistant" in template.trimmed:
        while out and not out[-1][0].strip():
            out.pop()
        if out:
            out[-1] = (out[-1][0].rstrip(), out[-1][1])
    return out


def _arranged(
    conversation: Conversation, template: Template, reserved: Sequence[str]
) -> Iterator[tuple[int, Turn, str]]:
    """Yield (index, turn, text to put in front) with system turns where the template has them.

    Tool definitions stand in the first system turn, which is added where there is none.
    """
    turns = list(enumerate(conversation.turns))
    tools = tools_text(conversation.tools) if conversation.tools else ""
    if (tools or template.default_system is not None) and not (turns and turns[0][1].role == "system"):
        turns.insert(0, (-1, Turn("system", template.default_system or "")))
    if tools:
        index, first = turns[0]
        turns[0] = (index, Turn("system", f"{first.content}\n\n{tools}" if first.content else tools))
    if template.system_in_user is None:
        yield from ((index, turn, "") for index, turn in turns)
        return
    waiting, since = "", -1
    for index, turn in turns:
        if waiting and turn.role != "user":
            yield since, Turn("user", ""), waiting
            waiting = ""
        if turn.role == "system":
            before, after = template.system_in_user
            waiting, since = before + guard(template.trim("system", turn.content), reserved) + after, index
        else:
            yield index, turn, waiting
            waiting = ""
    if waiting:
        yield since, Turn("user", ""), waiting
