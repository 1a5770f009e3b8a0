"""Texts as comparable pieces: words, CJK characters, shingles, and their stable 64-bit hashes.

Two texts are compared by the Jaccard similarity of their shingle sets. Case, width, white space and
punctuation do not count; scripts written without spaces are split into single characters, so Chinese is
compared as finely as English. Hashes depend on the text alone, never on the order or number of texts: the
same input gives the same result on every machine.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from crlft.conversation import Turn
from workbench.curate.text import normalise

Part = Literal["conversation", "prompt", "answer"]
PARTS: tuple[Part, ...] = ("conversation", "prompt", "answer")

Hashes = npt.NDArray[np.uint64]

# Scripts without spaces between words: CJK and its extensions, kana, hangul, Thai, Lao, Burmese, Khmer.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_WORD = re.compile(f"[{_UNSPACED}]|[^\\W_{_UNSPACED}]+")
# Numbers, and signs that stand between numbers or apart: "7 - 3" and "7 + 3" have the same words.
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*|(?<=[\d\s(])[-+*/=<>^%×÷](?=[\d\s(])")
# ASCII shortcut of the same rule: letters lowered, digits kept, all else a space (twice as fast as the regex).
_ASCII = bytes(ord(chr(i).lower()) if i < 128 and chr(i).isalnum() else (i if i > 127 else 32) for i in range(256))

_MIX = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)
_CACHE_LIMIT = 400_000


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


def words(text: str) -> list[str]:
    """Split into lower-case words and single characters of unspaced scripts; punctuation falls away."""
    if text.isascii():
        return text.encode().translate(_ASCII).decode().split()
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def figures(text: str) -> tuple[str, ...]:
    """Return every number and arithmetic sign in the text, sorted."""
    return tuple(sorted(_FIGURE.findall(text)))


def stable_hash(text: str) -> int:
    """Return 64 bits that depend on the text alone."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


class _TokenHashes(dict[str, int]):
    """Hash of each word seen, computed once."""

    def __missing__(self, token: str) -> int:
        if len(self) >= _CACHE_LIMIT:  # bounds memory on corpora of names and codes
            self.clear()
        value = self[token] = stable_hash(token)
        return value


class Shingler:
    """Turns texts into sorted arrays of distinct shingle hashes.

    Args:
        width: Words (or characters of unspaced scripts) per shingle.
        short_tokens: Texts with fewer words than this get one hash of the whole normalised text, punctuation
            included: they are equal or they are not.
    """

    def __init__(self, width: int = 2, short_tokens: int = 4) -> None:
        self.width = width
        self.short_tokens = max(short_tokens, width)
        self._hashes = _TokenHashes()

    def shingles(self, text: str) -> Hashes:
        """Return the text's distinct shingle hashes, ascending; empty for a text without words."""
        found = words(text)
        if len(found) < self.short_tokens:
            whole = normalise(text)
            return np.array([stable_hash(whole)] if whole else [], dtype=np.uint64)
        tokens = np.fromiter(map(self._hashes.__getitem__, found), dtype=np.uint64, count=len(found))
        count = len(tokens) - self.width + 1
        mixed = tokens[:count].copy()
        for i in range(1, self.width):
            mixed *= _MIX
            mixed ^= mixed >> _SHIFT
            mixed += tokens[i : i + count]
        mixed *= _MIX
        mixed ^= mixed >> _SHIFT
        mixed.sort()
        keep = np.empty(count, dtype=bool)
        keep[0] = True
        np.not_equal(mixed[1:], mixed[:-1], out=keep[1:])
        return mixed[keep]
