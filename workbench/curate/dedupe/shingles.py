"""What is compared of a conversation: the asked and the answered text, and the numbers in it.

Two texts are compared by the Jaccard similarity of their shingle sets (`hashing`, `folding`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from crlft.conversation import Turn

Part = Literal["conversation", "prompt", "answer"]
PARTS: tuple[Part, ...] = ("conversation", "prompt", "answer")

# Numbers, and signs that stand between numbers or apart: "7 - 3" and "7 + 3" have the same words.
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*|(?<=[\d\s(])[-+*/=<>^%×÷](?=[\d\s(])")


@dataclass(frozen=True, slots=True)
class Document:
    """A conversation as the comparison sees it.

    Attributes:
        seq: The conversation's row number.
        key: Equal exactly where the compared parts are equal once width, case and white space are evened out.
        sides: The texts that must *all* be alike: (asked, answered) for whole conversations, else one text.
    """

    seq: int
    key: str
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


def exact_key(part: Part, prompt_hash: str, answer_hash: str) -> str:
    """Return a document's `key` from the hashes that the store keeps for every conversation."""
    return {"conversation": f"{prompt_hash}:{answer_hash}", "prompt": prompt_hash, "answer": answer_hash}[part]


def figures(text: str) -> tuple[str, ...]:
    """Return every number and arithmetic sign in the text, sorted."""
    return tuple(sorted(_FIGURE.findall(text)))
