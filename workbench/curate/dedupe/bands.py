"""Candidates: texts that share a band of their signatures and may be alike enough.

Buckets are compared within, never dropped: dropping big ones halves the recall where many models answer one
prompt. Only in a bucket beyond `HUGE` is each compared with its nearest in the order of signatures and with
leaders from all over the bucket, not with all.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from workbench.curate.dedupe.corpus import Corpus, NearSettings, Signatures

Codes = npt.NDArray[np.int64]
"""Pairs of text indices, each as one number: left · texts + right, left < right."""

HUGE = 4_096
"""Distinct texts in a bucket from which not all pairs are compared."""
NEAREST = 64
LEADERS = 64

BLOCK = 1 << 20
"""Pairs looked at together."""
_SIGNATURE_BLOCK = 8_192
_SIGNATURE_MARGIN = 0.18
"""Four standard deviations of a 128-permutation estimate at .5: what a signature may err by."""

_MIX = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(32)


def candidates(corpus: Corpus, settings: NearSettings, floor: float) -> Codes:
    """Return the pairs that share a band and may reach the floor, each once, ascending."""
    found = np.empty(0, dtype=np.int64)
    for band in range(settings.bands):
        keys = _band_keys(corpus.signatures[:, band * settings.rows : (band + 1) * settings.rows])
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        edges = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1], [True])))
        sizes = np.diff(edges)
        shared = sizes > 1
        fresh = [
            _possible(corpus, codes, floor)
            for codes in _pairs(order, edges[:-1][shared], sizes[shared], corpus.signatures)
        ]
        if fresh:
            found = _distinct(np.concatenate((found, *fresh)))
    return found


def _band_keys(rows: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint64]:
    """Return one number for each row; unequal rows meet by chance once in 2^64, and are verified anyway."""
    keys = np.zeros(len(rows), dtype=np.uint64)
    for column in rows.T:
        keys = (keys ^ (keys >> _SHIFT)) * _MIX + column
    return keys


def _pairs(
    order: npt.NDArray[np.intp], begins: npt.NDArray[np.intp], sizes: npt.NDArray[np.intp], signatures: Signatures
) -> Iterator[Codes]:
    """Yield every pair of every bucket, in blocks.

    Args:
        order: Texts, bucket behind bucket.
        begins: Where each bucket begins.
        sizes: Texts in each.
        signatures: Of all texts.
    """
    n = len(order)
    huge = sizes > HUGE
    for begin, size in zip(begins[huge].tolist(), sizes[huge].tolist(), strict=True):
        yield from _huge(order[begin : begin + size], signatures)
    begins, sizes = begins[~huge], sizes[~huge]
    # Each member is paired with all behind it in its bucket.
    first = np.repeat(begins, sizes)
    place = np.arange(len(first)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    behind = np.repeat(sizes, sizes) - 1 - place
    one = first + place
    ends = np.cumsum(behind)
    cuts = np.searchsorted(ends, np.arange(BLOCK, ends[-1] if len(ends) else 0, BLOCK)).tolist()
    for a, b in zip([0, *cuts], [*cuts, len(one)], strict=True):
        lefts = np.repeat(one[a:b], behind[a:b])
        steps = np.arange(len(lefts)) - np.repeat(np.cumsum(behind[a:b]) - behind[a:b], behind[a:b])
        yield _coded(order[lefts], order[lefts + 1 + steps], n)


def _huge(members: npt.NDArray[np.intp], signatures: npt.NDArray[np.uint32]) -> Iterator[Codes]:
    n = len(signatures)
    ranked = members[np.lexsort(signatures[members].T)]
    for step in range(1, NEAREST + 1):
        yield _coded(ranked[:-step], ranked[step:], n)
    for leader in ranked[:: max(len(ranked) // LEADERS, 1)].tolist():
        others = ranked[ranked != leader]
        yield _coded(np.full(len(others), leader), others, n)


def _coded(left: npt.NDArray[np.intp], right: npt.NDArray[np.intp], n: int) -> Codes:
    return np.minimum(left, right).astype(np.int64) * n + np.maximum(left, right)


def _possible(corpus: Corpus, codes: Codes, floor: float) -> Codes:
    """Leave out pairs whose sizes or signatures already say that they cannot reach the floor."""
    n = len(corpus.signatures)
    left, right = codes // n, codes % n
    one, other = corpus.sizes[left], corpus.sizes[right]
    fits = np.flatnonzero((np.minimum(one, other) >= floor * np.maximum(one, other)).all(axis=1))
    shared = [
        (corpus.signatures[left[part]] == corpus.signatures[right[part]]).mean(axis=1)
        for part in np.array_split(fits, len(fits) // _SIGNATURE_BLOCK + 1)
    ]
    return codes[fits[np.concatenate(shared) >= floor - _SIGNATURE_MARGIN]]


def _distinct(codes: Codes) -> Codes:
    """Return each code once, ascending."""
    codes.sort()
    return codes[np.concatenate(([True], codes[1:] != codes[:-1]))] if len(codes) else codes
