"""What a cleaning rule is.

A rule looks at one conversation and says what it found, or nothing. It is a pure function: it changes nothing,
knows nothing of other conversations, and gives the same answer every time. `fix` rules propose new turns;
`flag` rules mark the conversation for a person; `drop` rules propose to set it aside, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from crlft.conversation import Conversation, Role, Turn

Verdict = Literal["fix", "flag", "drop"]
VERDICTS: tuple[Verdict, ...] = ("fix", "flag", "drop")

TextRule = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found in a conversation.

    Attributes:
        reason: One short sentence for a curator; it becomes the drop reason.
        turn: Index of the first turn concerned, or None for the whole conversation.
        turns: The turns as they should be, for a fix; None otherwise.
    """

    reason: str
    turn: int | None = None
    turns: tuple[Turn, ...] | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A cleaning rule.

    Attributes:
        name: Stable name: on the command line, as a flag, in the log.
        title: A few words for lists.
        what: What it finds and what it does.
        why: Why that matters for training.
        verdict: What follows from a finding.
        check: Returns what it found, or None.
        default: Whether it runs unless somebody says otherwise.
        params: What it was built with.
        configure: Returns `check` for other parameters; None where a rule has none to set.
    """

    name: str
    title: str
    what: str
    why: str
    verdict: Verdict
    check: Callable[[Conversation], Finding | None] = field(repr=False)
    default: bool = True
    params: dict[str, Any] = field(default_factory=dict)
    configure: Callable[[Mapping[str, Any]], Callable[[Conversation], Finding | None]] | None = field(
        default=None, repr=False
    )


def fix_texts(
    conversation: Conversation,
    change: TextRule,
    reason: str,
    roles: Sequence[Role] = ("system", "user", "assistant"),
) -> Finding | None:
    """Apply a text change to every turn of some roles; None where nothing changes.

    Tool results stay as they are: they are data, not speech. A change that would leave a turn without any text
    is not made.
    """
    turns, first = list(conversation.turns), None
    for i, turn in enumerate(turns):
        if turn.role not in roles or not turn.content:
            continue
        content = change(turn.content)
        if content != turn.content and (content.strip() or not turn.content.strip()):
            turns[i] = replace(turn, content=content)
            first = i if first is None else first
    return None if first is None else Finding(reason, first, tuple(turns))


# Fenced blocks (closed, or open to the end), and inline code within one line.
_CODE = re.compile(r"(```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]+`)", re.DOTALL)


def outside_code(text: str, change: TextRule) -> str:
    """Apply a text change everywhere but in Markdown code."""
    if "`" not in text and "~~~" not in text:
        return change(text)
    pieces = _CODE.split(text)
    return "".join(piece if i % 2 else change(piece) for i, piece in enumerate(pieces))


def last_answer(conversation: Conversation) -> int | None:
    """Return the index of the last assistant turn, or None."""
    turns = conversation.turns
    return next((i for i in range(len(turns) - 1, -1, -1) if turns[i].role == "assistant"), None)
