"""Counts for the words of texts, each word counted once and remembered by a hash: millions of words a second.

    memory = WordMemory(lengths_of)                  # list of words → how many tokens each
    memory.count(["the first text", "the second"])   # one sum for each text

Words are cut, hashed and looked up by a compiled loop over the bytes of many texts; only words never met before
reach the tokenizer. Cutting a text where white space begins changes no count for any tokenizer that does not join
across the start of white space.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

from workbench.curate import bytepairs, textloops
from workbench.curate.bytepairs import BytePairs
from workbench.curate.textloops import Places, Words

LengthsOf = Callable[[list[str]], list[int]]
"""Counts the tokens of words."""

_AT_ONCE_BYTES = 1 << 18
"""Bytes worked on together: what is computed for them stays in the processor's cache."""

_SLOT_BITS = 20
_NEAR_BITS = 14
_SPACE = 1
_KINDS = {
    "letter": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "digit": "0123456789",
    "mark": '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~',
    "apostrophe": "'",  # "don't" may be one word
    "break": "\n\r",
}
_NUMBERS = {name: number for number, name in enumerate(_KINDS, 2)}

Cut = tuple[str, str]
"""Two kinds of signs, of `letter`, `digit`, `mark`, `apostrophe`, `break`, between which a text may be cut."""


def _kind_table() -> npt.NDArray[np.uint8]:
    """Return each byte's kind: white space, one of `_NUMBERS`, or 0 for all others."""
    kinds = np.zeros(256, dtype=np.uint8)
    kinds[list(b" \t\f\v")] = _SPACE
    for name, signs in _KINDS.items():
        kinds[list(signs.encode())] = _NUMBERS[name]
    return kinds


def _beginnings(cuts: Collection[Cut]) -> npt.NDArray[np.bool_]:
    """Return whether a byte begins a word, by its kind and eight times the kind of the byte before it."""
    begins = np.zeros(64, dtype=np.bool_)
    white = (_SPACE, _NUMBERS["break"])
    for this, other in product(white, range(8)):
        begins[this | other << 3] = other not in white
    for before, kind in cuts:
        begins[_NUMBERS[kind] | _NUMBERS[before] << 3] = True
    return begins


class WordMemory:
    """Token counts of words, remembered.

    Args:
        lengths_of: Counts words that are new.
        cuts: Where else texts may be cut without changing a count: so there are fewer different words.
        spaced: Kinds of signs before which the last space of several begins a word.
        pairs: Counts plain words that are new without asking; `bytepairs.NONE` counts none.
    """

    def __init__(
        self,
        lengths_of: LengthsOf,
        cuts: Collection[Cut] = (),
        spaced: Collection[str] = (),
        pairs: BytePairs = bytepairs.NONE,
    ) -> None:
        self._lengths_of, self._pairs = lengths_of, pairs
        self._kinds, self._begins = _kind_table(), _beginnings(cuts)
        self._spaced = np.zeros(8, dtype=np.bool_)
        self._spaced[[_NUMBERS[kind] for kind in spaced]] = True
        # The base of the hashes is odd and drawn anew in each process.
        self._base = np.uint64(random.SystemRandom().getrandbits(64) | 1)
        self._known: Words = np.zeros(1 << _SLOT_BITS, dtype=np.uint64)
        self._near: Words = np.zeros(1 << _NEAR_BITS, dtype=np.uint64)
        self._work: Words = np.empty((2, bytepairs.LONGEST), dtype=np.uint64)
        # Room for the words of as many bytes as are worked on together; what is not used takes no memory.
        self._missed: Places = np.empty((_AT_ONCE_BYTES, 3), dtype=np.int64)
        self._missed_words: Words = np.empty(_AT_ONCE_BYTES, dtype=np.uint64)

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the sum over each text's words."""
        counts: list[int] = []
        together: list[bytes] = []
        size = 0
        for text in texts:
            data = text.encode("utf-8", "replace")
            if size + len(data) > _AT_ONCE_BYTES and together:
                counts += self._count(together)
                together, size = [], 0
            if len(data) > _AT_ONCE_BYTES:
                counts.append(sum(self._lengths_of(_pieces(data))))
                continue
            together.append(data)
            size += len(data)
        return counts + self._count(together)

    def _count(self, texts: list[bytes]) -> list[int]:
        """Count texts of `_AT_ONCE_BYTES` together at most."""
        joined = b"".join(texts)
        if not joined:
            return [0] * len(texts)
        text_ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
        data = np.frombuffer(joined, dtype=np.uint8)
        sums = np.empty(len(texts), dtype=np.int64)
        n = textloops.look_up_words(
            data, text_ends, self._kinds, self._begins, self._spaced, self._base, _SLOT_BITS, self._known,
            self._near, *self._pairs, self._work, sums, self._missed, self._missed_words,
        )  # fmt: skip
        if n:
            self._learn(joined, self._missed[:n], self._missed_words[:n], sums)
        return sums.tolist()

    def _learn(self, joined: bytes, missed: Places, hashes: Words, sums: Places) -> None:
        """Ask for the counts of words that are not known, each once; remember them and add them to their texts."""
        words, examples, which = np.unique(hashes, return_index=True, return_inverse=True)
        spans = missed[examples, :2].tolist()
        counts = np.array(self._lengths_of([joined[a:b].decode() for a, b in spans]), dtype=np.int32)
        np.add.at(sums, missed[:, 2], counts[which])
        textloops.remember_words(words, counts, _SLOT_BITS, self._known)


def _pieces(data: bytes) -> list[str]:
    """Cut one enormous text before every line break that follows other signs: few pieces, same count."""
    lines = data.decode().split("\n")
    joined: list[str] = [lines[0]]
    for line in lines[1:]:
        if joined[-1] and not joined[-1][-1].isspace():
            joined.append("\n" + line)
        else:
            joined[-1] += "\n" + line
    return joined
