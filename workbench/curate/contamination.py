"""Evaluation texts that stand in the data: found by runs of words that both share, with the place.

    needles = Needles([Item("gsm-17", "Natalia sold clips to 48 of her friends in April …")])
    for row, item in needles.suspects(texts): …       # fast, compiled; some too many
    hit = needles.overlap(item, turns)                # exact: how much of the item, and where

An item's *overlap* is the share of its words that stand in runs of `run_words` words (signs, in scripts without
spaces) found in the conversation too, as contamination is measured since GPT-3 (Brown et al. 2020, appendix C) and
Llama 2 (Touvron et al. 2023, appendix A.6). Shorter items must be there whole. Where a number of the item is
missing, another question is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workbench.curate.dedupe.folding import UNSPACED, even
from workbench.curate.dedupe.texts import Reading, digest

RUN_WORDS = 8
FEWEST_WORDS = 4
"""Shorter items are too common to be a leak: they are looked for only as the whole of a turn."""
_WORD = re.compile(f"[{UNSPACED}]|[^\\W_{UNSPACED}]+")


@dataclass(frozen=True, slots=True)
class Item:
    """Something a model is to be evaluated on.

    Attributes:
        id: Its name, for reasons and lists.
        prompt: What is asked.
        answer: The right answer where it is known; looked for only where it is long enough to be no accident.
    """

    id: str
    prompt: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a turn.

    Attributes:
        turn: Which turn, from 0.
        begin: First character.
        end: Behind the last.
    """

    turn: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """How much of an item stands in a conversation.

    Attributes:
        share: Of its words, from 0 to 1.
        side: `prompt` or `answer`: which of the item's texts.
        spans: Where, in order.
    """

    share: float
    side: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class _Needle:
    item: int
    side: str
    words: tuple[str, ...]
    width: int


def split_words(text: str) -> list[tuple[str, int, int]]:
    """Return a text's words, folded, with where they begin and end."""
    return [(even(m.group()), m.start(), m.end()) for m in _WORD.finditer(text)]


class Needles:
    """Evaluation items, ready to be looked for."""

    def __init__(self, items: Sequence[Item], run_words: int = RUN_WORDS) -> None:
        self.items = tuple(items)
        self._by_item: dict[int, list[_Needle]] = {}
        self._tables: dict[int, tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]] = {}
        hashes: dict[int, list[npt.NDArray[np.uint32]]] = {}
        owners: dict[int, list[npt.NDArray[np.int64]]] = {}
        for number, item in enumerate(self.items):
            for side, text in (("prompt", item.prompt), ("answer", item.answer)):
                words = tuple(word for word, _, _ in split_words(text))
                if not words or (side == "answer" and len(words) < run_words):
                    continue
                needle = _Needle(number, side, words, min(run_words, len(words)))
                self._by_item.setdefault(number, []).append(needle)
                read = digest([text], _reading(needle.width))
                hashes.setdefault(needle.width, []).append(read.hashes)
                owners.setdefault(needle.width, []).append(np.full(len(read.hashes), number))
        for width, found in hashes.items():
            together, who = np.concatenate(found), np.concatenate(owners[width])
            order = np.argsort(together, kind="stable")
            self._tables[width] = together[order], who[order]

    def suspects(self, texts: Sequence[str]) -> Iterator[tuple[int, int]]:
        """Yield (place of a text, place of an item) of all that share a run of words; a few share none."""
        pairs = [self._sharing(texts, width) for width in self._tables]
        if pairs:
            codes = np.unique(np.concatenate(pairs))
            for row, item in zip(*np.divmod(codes, max(len(self.items), 1)), strict=True):
                yield int(row), int(item)

    def _sharing(self, texts: Sequence[str], width: int) -> npt.NDArray[np.int64]:
        wanted, owners = self._tables[width]
        read = digest(list(texts), _reading(width))
        left = np.searchsorted(wanted, read.hashes, "left")
        many = np.searchsorted(wanted, read.hashes, "right") - left
        hits = np.flatnonzero(many)
        many = many[hits]
        # Shingles of a text lie together, but texts not always in their order.
        order = np.argsort(read.begins, kind="stable")
        rows = order[np.searchsorted(read.begins[order], hits, "right") - 1]
        at = np.repeat(left[hits], many) + np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many, many)
        codes: npt.NDArray[np.int64] = np.repeat(rows, many) * len(self.items) + owners[at]
        return codes

    def overlap(self, item: int, turns: Sequence[Sequence[tuple[str, int, int]]]) -> Overlap | None:
        """Return how much of an item stands in a conversation's turns (of `split_words`), or None."""
        found = [hit for needle in self._by_item.get(item, ()) if (hit := _found(needle, turns)) is not None]
        return max(found, key=lambda hit: (hit.share, hit.side), default=None)


def _reading(width: int) -> Reading:
    return Reading(width=width, short_words=0)


def _found(needle: _Needle, turns: Sequence[Sequence[tuple[str, int, int]]]) -> Overlap | None:
    words, width = needle.words, needle.width
    if len(words) < FEWEST_WORDS:
        turns = [turn if tuple(w for w, _, _ in turn) == words else () for turn in turns]
    places: dict[tuple[str, ...], list[int]] = {}
    for at in range(len(words) - width + 1):
        places.setdefault(words[at : at + width], []).append(at)
    covered = bytearray(len(words))
    spans: list[Span] = []
    for number, turn in enumerate(turns):
        said = [word for word, _, _ in turn]
        marked = bytearray(len(said))
        for at in range(len(said) - width + 1):
            for place in places.get(tuple(said[at : at + width]), ()):
                covered[place : place + width] = b"\1" * width
                marked[at : at + width] = b"\1" * width
        spans += [Span(number, turn[a][1], turn[b - 1][2]) for a, b in _runs(marked)]
    if not spans or any(not c and any(map(str.isdigit, w)) for c, w in zip(covered, words, strict=True)):
        return None
    return Overlap(sum(covered) / len(words), needle.side, tuple(spans))


def _runs(marked: bytearray) -> Iterator[tuple[int, int]]:
    begin = None
    for at, mark in enumerate((*marked, 0)):
        if mark and begin is None:
            begin = at
        elif not mark and begin is not None:
            yield begin, at
            begin = None


def common_spans(words: Sequence[str], turns: Sequence[Sequence[tuple[str, int, int]]]) -> tuple[Span, ...]:
    """Return where a conversation says words of a text, for showing what two like texts share."""
    wanted = set(words)
    spans = []
    for number, turn in enumerate(turns):
        marked = bytearray(word in wanted for word, _, _ in turn)
        spans += [Span(number, turn[a][1], turn[b - 1][2]) for a, b in _runs(marked)]
    return tuple(spans)
