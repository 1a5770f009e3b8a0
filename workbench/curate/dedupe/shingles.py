"""What is compared of a conversation: the asked and the answered text.

Two texts are compared by the Jaccard similarity of their shingle sets (`reading`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from crlft.conversation import Turn

Part = Literal["conversation", "prompt", "answer"]
PARTS: tuple[Part, ...] = ("conversation", "prompt", "answer")


@dataclass(frozen=True, slots=True)
class Document:
    """A conversation as the comparison sees it.

    Attributes:
        seq: The conversation's row number.
        sides: The texts that must *all* be alike: (asked, answered) for whole conversations, else one text.
    """

    seq: int
    sides: tuple[str, ...]


def sides(turns: Sequence[Turn], part: Part) -> tuple[str, ...]:
    """Cut the part to compare out of a conversation's turns.

    `conversation` gives two sides, all that was asked and all that was answered: a long shared question must
    not make two different answers duplicates. `prompt` is everything before the last answer, `answer` the
    last answer.
    """
    if part == "conversation":
        asked = "\n".join(spoken(t) for t in turns if t.role != "assistant")
        return asked, "\n".join(spoken(t) for t in turns if t.role == "assistant")
    last = max((i for i, t in enumerate(turns) if t.role == "assistant"), default=len(turns))
    if part == "prompt":
        return ("\n".join(spoken(t) for t in turns[:last]),)
    return (spoken(turns[last]) if last < len(turns) else "",)


def spoken(turn: Turn) -> str:
    """Return a turn's text with its tool calls: the same words around different calls are different answers."""
    calls = "\n".join(f"{c.name} {c.arguments}" for c in turn.tool_calls)
    return f"{turn.content}\n{calls}" if calls else turn.content
