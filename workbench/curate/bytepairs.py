"""How many tokens byte-pair encoding makes of a plain word, by a compiled loop: the tokenizer's own merges.

A word of ASCII letters, with a space before it or not, is one piece to a byte-level tokenizer. Its symbols are
merged as `tokenizers` does it: of all neighbours the pair that was learnt first, the leftmost of several. The
library makes a Python object of every token of a word, which takes several times as long.
"""

from __future__ import annotations

import json
from string import ascii_letters
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from workbench.curate.compiled import compiled

LONGEST = 64
"""Bytes of the longest word that is counted here."""

_MIX = np.uint64(0x9E3779B97F4A7C15)
_HALF, _LOW = np.uint64(32), np.uint64((1 << 32) - 1)
_SPACE = "\u0120"
"""What byte-level tokenizers write for a space."""


class BytePairs(NamedTuple):
    """A tokenizer's merges, for `count_pairs`.

    Attributes:
        symbols: (256,), the id of each byte's symbol, -1 for bytes that stand in no plain word.
        keys: (2^bits,), a pair's ids as left · 2^32 + right + 1, 0 for a free slot.
        merged: (2^bits,), rank · 2^32 + the id that the pair becomes.
        bits: The size of the table; 0 where there is none.
    """

    symbols: npt.NDArray[np.int32]
    keys: npt.NDArray[np.uint64]
    merged: npt.NDArray[np.uint64]
    bits: int


NONE = BytePairs(np.full(256, -1, np.int32), np.zeros(1, np.uint64), np.zeros(1, np.uint64), 0)
"""For tokenizers that merge in another way."""


def read_pairs(tokenizer: Tokenizer) -> BytePairs:
    """Return a byte-level tokenizer's merges, or `NONE` where it is none that merges plain words by rank alone."""
    model = json.loads(tokenizer.to_str())["model"]
    plain = model["type"] == "BPE" and not any(
        model.get(option)
        for option in ("dropout", "continuing_subword_prefix", "end_of_word_suffix", "ignore_merges")
    )
    vocabulary = model["vocab"] if plain else {}
    signs = {" ": _SPACE, **dict(zip(ascii_letters, ascii_letters, strict=True))}
    if not all(written in vocabulary for written in signs.values()):
        return NONE
    symbols = np.full(256, -1, dtype=np.int32)
    for sign, written in signs.items():
        symbols[ord(sign)] = vocabulary[written]
    merges = [(vocabulary[a], vocabulary[b], vocabulary[a + b]) for a, b in model["merges"]]
    ids = np.array(merges, dtype=np.uint64)
    bits = max(4, (4 * len(ids)).bit_length())
    keys, merged = np.zeros((2, 1 << bits), dtype=np.uint64)
    _write(ids.reshape(-1, 3), bits, keys, merged)
    return BytePairs(symbols, keys, merged, bits)


@compiled
def _slot(key: np.uint64, bits: int) -> np.int64:
    return np.int64((key * _MIX) >> np.uint64(64 - bits))


@compiled
def _write(
    ids: npt.NDArray[np.uint64], bits: int, keys: npt.NDArray[np.uint64], merged: npt.NDArray[np.uint64]
) -> None:
    for rank in range(len(ids)):
        key = (ids[rank, 0] << _HALF | ids[rank, 1]) + np.uint64(1)
        slot = _slot(key, bits)
        while keys[slot] and keys[slot] != key:
            slot = (slot + 1) & ((1 << bits) - 1)
        keys[slot], merged[slot] = key, np.uint64(rank) << _HALF | ids[rank, 2]


@compiled
def _merge_of(
    left: np.uint64, right: np.uint64, keys: npt.NDArray[np.uint64], merged: npt.NDArray[np.uint64], bits: int
) -> np.uint64:
    """Return rank and id of a pair's merge, all ones where there is none."""
    key = (left << _HALF | right) + np.uint64(1)
    slot = _slot(key, bits)
    while keys[slot]:
        if keys[slot] == key:
            return np.uint64(merged[slot])
        slot = (slot + 1) & ((1 << bits) - 1)
    return np.uint64(0xFFFFFFFFFFFFFFFF)


@compiled
def _merge(
    ids: npt.NDArray[np.uint64],
    found: npt.NDArray[np.uint64],
    n: int,
    keys: npt.NDArray[np.uint64],
    merged: npt.NDArray[np.uint64],
    bits: int,
) -> int:
    """Merge the first `n` ids as far as it goes and return how many are left; `found` is for their merges."""
    none = np.uint64(0xFFFFFFFFFFFFFFFF)
    for i in range(n - 1):
        found[i] = _merge_of(ids[i], ids[i + 1], keys, merged, bits)
    while n > 1:
        best = 0
        for i in range(1, n - 1):
            if found[i] >> _HALF < found[best] >> _HALF:
                best = i
        if found[best] == none:
            break
        ids[best] = found[best] & _LOW
        n -= 1
        for i in range(best + 1, n):
            ids[i] = ids[i + 1]
            found[i - 1] = found[i]
        if best > 0:
            found[best - 1] = _merge_of(ids[best - 1], ids[best], keys, merged, bits)
        if best < n - 1:
            found[best] = _merge_of(ids[best], ids[best + 1], keys, merged, bits)
    return n


@compiled
def count_pairs(
    data: npt.NDArray[np.uint8],
    first: int,
    end: int,
    symbols: npt.NDArray[np.int32],
    keys: npt.NDArray[np.uint64],
    merged: npt.NDArray[np.uint64],
    bits: int,
    work: npt.NDArray[np.uint64],
) -> int:
    """Return how many tokens the bytes from `first` to `end` are, 0 where they are no plain word.

    Args:
        data: Text.
        first: Where the word begins.
        end: Where it ends, exclusive.
        symbols: As of `BytePairs`.
        keys: As of `BytePairs`.
        merged: As of `BytePairs`.
        bits: As of `BytePairs`.
        work: (2, `LONGEST`), for ids and merges.
    """
    n = end - first
    if bits == 0 or n > LONGEST:
        return 0
    ids = work[0]
    for i in range(n):
        symbol = symbols[data[first + i]]
        if symbol < 0 or (data[first + i] == np.uint8(32) and (i > 0 or n == 1)):
            return 0
        ids[i] = np.uint64(symbol)
    return _merge(ids, work[1], n, keys, merged, bits)
