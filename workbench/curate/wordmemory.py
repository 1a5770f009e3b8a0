"""Counts for the words of texts, each word counted once and remembered by a hash: millions of words a second.

    memory = WordMemory(lengths_of)                  # list of words → how many tokens each
    memory.count(["the first text", "the second"])   # one sum for each text

Words are cut, hashed and looked up by numpy over the bytes of many texts at once; only words never met before
reach the tokenizer. Cutting a text where white space begins changes no count for any tokenizer that does not join
across the start of white space.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence

import numpy as np
import numpy.typing as npt

LengthsOf = Callable[[list[str]], list[int]]
"""Counts the tokens of words."""

Words = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

_AT_ONCE_BYTES = 1 << 18
"""Bytes worked on together: what is computed for them stays in the processor's cache."""

_SLOT_BITS = 20
_SPACE = 1
_KINDS = {
    "letter": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "digit": "0123456789",
    "mark": '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~',  # not the apostrophe: "don't" may be one word
}
_NUMBERS = {name: number for number, name in enumerate(_KINDS, 2)}

Cut = tuple[str, str]
"""Two kinds of signs, `letter`, `digit` or `mark`, between which a text may be cut."""


def _kind_table() -> npt.NDArray[np.uint8]:
    """Return each byte's kind: white space, one of `_NUMBERS`, or 0 for all others."""
    kinds = np.zeros(256, dtype=np.uint8)
    kinds[list(b" \t\n\r\f\v")] = _SPACE
    for name, signs in _KINDS.items():
        kinds[list(signs.encode())] = _NUMBERS[name]
    return kinds


def _beginnings(cuts: Collection[Cut]) -> npt.NDArray[np.bool_]:
    """Return whether a byte begins a word, by its kind and eight times the kind of the byte before it."""
    begins = np.zeros(64, dtype=np.bool_)
    for other in range(8):
        begins[_SPACE | other << 3] = other != _SPACE
    for before, kind in cuts:
        begins[_NUMBERS[kind] | _NUMBERS[before] << 3] = True
    return begins


class WordMemory:
    """Token counts of words, remembered.

    Args:
        lengths_of: Counts words that are new.
        cuts: Where else texts may be cut without changing a count: so there are fewer different words.
    """

    def __init__(self, lengths_of: LengthsOf, cuts: Collection[Cut] = ()) -> None:
        self._lengths_of = lengths_of
        self._kinds, self._begins = _kind_table(), _beginnings(cuts)
        # A word's hash is the sum of byte × base^place modulo 2^64, places from 1; the odd base is drawn anew in
        # each process. Every bit counts: words that differ by one in their first sign differ in few of them.
        base = random.SystemRandom().getrandbits(64) | 1
        self._powers: Words = np.multiply.accumulate(np.full(_AT_ONCE_BYTES, base, dtype=np.uint64))
        inverse = np.full(_AT_ONCE_BYTES, pow(base, -1, 1 << 64), dtype=np.uint64)
        inverse[0] = 1
        self._inverse: Words = np.multiply.accumulate(inverse)
        self._known: Words = np.zeros(1 << _SLOT_BITS, dtype=np.uint64)
        self._lengths = np.zeros(1 << _SLOT_BITS, dtype=np.int32)

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
        text_ends = np.cumsum([len(text) for text in texts])
        data = np.frombuffer(joined, dtype=np.uint8)
        edges = self._edges(data, text_ends)
        hashes = self._hashes(data, edges)
        sums = np.concatenate(([0], np.cumsum(self._look_up(joined, edges, hashes))))
        behind = np.searchsorted(edges[:-1], text_ends, side="left")  # words that begin before each text's end
        return [int(n) for n in np.diff(sums[behind], prepend=0)]

    def _edges(self, data: npt.NDArray[np.uint8], text_ends: Places) -> Places:
        """Return where words begin, and the end."""
        kinds = self._kinds[data]
        before = np.empty_like(kinds)
        before[0], before[1:] = 0, kinds[:-1]
        begins = self._begins[kinds | before << 3]
        begins[0] = True
        inner = text_ends[:-1]
        begins[inner[inner < len(data)]] = True
        return np.append(np.flatnonzero(begins), len(data))

    def _hashes(self, data: npt.NDArray[np.uint8], edges: Places) -> Words:
        """Return each word's hash; 0, which stands for an empty slot, once in 2^64 words."""
        summed = np.zeros(len(data) + 1, dtype=np.uint64)
        # One more than the byte, so that a NUL counts; 255 does not occur in UTF-8.
        np.cumsum((data + np.uint8(1)) * self._powers[: len(data)], out=summed[1:])
        return np.diff(summed[edges]) * self._inverse[edges[:-1]]

    def _look_up(self, joined: bytes, edges: Places, hashes: Words) -> npt.NDArray[np.int32]:
        """Return the count of each word, asking for those that are not known."""
        slots = (hashes >> np.uint64(64 - _SLOT_BITS)).astype(np.int64)
        lengths = self._lengths[slots]
        missed = np.flatnonzero(self._known[slots] != hashes)
        if len(missed):
            unique, examples, which = np.unique(hashes[missed], return_index=True, return_inverse=True)
            lengths[missed] = self._look_further(joined, edges, unique, missed[examples])[which]
        return lengths

    def _look_further(self, joined: bytes, edges: Places, hashes: Words, places: Places) -> npt.NDArray[np.int32]:
        """Return the counts of words that are not in their first slot, each asked for once."""
        first = (hashes >> np.uint64(64 - _SLOT_BITS)).astype(np.int64)
        mixed = (hashes ^ (hashes >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        second = (mixed >> np.uint64(64 - _SLOT_BITS)).astype(np.int64)
        lengths = self._lengths[second]
        new = np.flatnonzero(self._known[second] != hashes)
        if len(new):
            spans = zip(edges[places[new]].tolist(), edges[places[new] + 1].tolist(), strict=True)
            found = np.array(self._lengths_of([joined[a:b].decode() for a, b in spans]), dtype=np.int32)
            lengths[new] = found
            free = self._known[first[new]] == 0
            self._remember(np.where(free, first[new], second[new]), hashes[new], found)
        return lengths

    def _remember(self, slots: Places, hashes: Words, lengths: npt.NDArray[np.int32]) -> None:
        """Write words into their slots; of two that want the same one the last stays."""
        self._known[slots] = hashes
        # Asked of what stands there now: with equal slots numpy does not promise which of two values is written.
        stays = self._known[slots] == hashes
        self._lengths[slots[stays]] = lengths[stays]


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
