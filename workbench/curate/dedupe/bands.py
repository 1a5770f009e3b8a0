"""Candidates: texts that share a band of their signatures and may be alike enough.

Buckets are compared within, never dropped: dropping big ones halves the recall where many models answer one
prompt. Only in a bucket beyond `HUGE` is each compared with its nearest in the order of signatures and with
leaders from all over the bucket, not with all. A pair is given once, by the first band whose bucket holds it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from workbench.curate.dedupe.compiled import compiled
from workbench.curate.dedupe.corpus import NearSettings, Signatures

Codes = npt.NDArray[np.int64]
"""Pairs of text indices, each as one number: left · texts + right, left < right."""

HUGE = 4_096
"""Distinct texts in a bucket from which not all pairs are compared."""
NEAREST = 64
LEADERS = 64
MARGIN = 0.18
"""Four standard deviations of a 128-permutation estimate at .5: what a signature may err by."""

_MIX = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(32)


def candidates(
    signatures: Signatures, counts: npt.NDArray[np.int32], settings: NearSettings, floor: float
) -> Codes:
    """Return the pairs that share a band and may reach the floor, each once, ascending.

    Args:
        signatures: (texts, permutations); the order of the texts must not depend on their arrival.
        counts: (texts, sides), number of shingles.
        settings: Bands and rows.
        floor: Least similarity.
    """
    n = len(signatures)
    if n < 2:
        return np.empty(0, dtype=np.int64)
    needed = int(np.ceil((floor - MARGIN) * signatures.shape[1]))
    sizes = np.maximum(counts, 1)
    huge = np.zeros((settings.bands, n), dtype=np.bool_)
    found = []
    for band in range(settings.bands):
        keys = band_keys(signatures, settings, band)
        order, edges = buckets(keys)
        for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            if end - begin > HUGE:
                huge[band, order[begin:end]] = True
                found += list(_of_huge(order[begin:end], signatures, sizes, floor, needed))
        found.append(_of_buckets(order, edges, signatures, sizes, floor, needed, band, settings.rows, huge))
    codes = np.concatenate(found)
    codes.sort()
    return codes[np.concatenate(([True], codes[1:] != codes[:-1]))] if len(codes) else codes


def band_keys(signatures: Signatures, settings: NearSettings, band: int) -> npt.NDArray[np.uint64]:
    """Return one number for each text's band; unequal bands meet by chance once in 2^64."""
    keys = np.full(len(signatures), band, dtype=np.uint64)
    for row in range(band * settings.rows, (band + 1) * settings.rows):
        keys = (keys ^ (keys >> _SHIFT)) * _MIX + signatures[:, row]
    return keys


def buckets(keys: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the texts that share a key with another, bucket behind bucket, ascending within; and their edges."""
    order = np.argsort(keys)
    ordered = keys[order]
    same = ordered[1:] == ordered[:-1]
    shared = np.concatenate((same, [False])) | np.concatenate(([False], same))
    order, ordered = order[shared], ordered[shared]
    order = order[np.lexsort((order, ordered))]
    edges = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1], [True])))
    return order, edges if len(order) else np.zeros(1, dtype=np.intp)


def _of_huge(
    members: npt.NDArray[np.intp],
    signatures: Signatures,
    sizes: npt.NDArray[np.int32],
    floor: float,
    needed: int,
) -> Iterator[Codes]:
    ranked = members[np.lexsort(signatures[members].T)]
    for step in range(1, NEAREST + 1):
        yield _fitting(ranked[:-step], ranked[step:], signatures, sizes, floor, needed)
    for leader in ranked[:: max(len(ranked) // LEADERS, 1)].tolist():
        others = ranked[ranked != leader]
        yield _fitting(np.full(len(others), leader), others, signatures, sizes, floor, needed)


@compiled
def _fits(
    x: int,
    y: int,
    signatures: npt.NDArray[np.uint32],
    sizes: npt.NDArray[np.int32],
    floor: float,
    needed: int,
) -> bool:
    for side in range(sizes.shape[1]):
        one, other = sizes[x, side], sizes[y, side]
        if min(one, other) < floor * max(one, other):
            return False
    agreed = 0
    for k in range(signatures.shape[1]):
        agreed += signatures[x, k] == signatures[y, k]
    return agreed >= needed


@compiled
def _fitting(
    left: npt.NDArray[np.int64],
    right: npt.NDArray[np.int64],
    signatures: npt.NDArray[np.uint32],
    sizes: npt.NDArray[np.int32],
    floor: float,
    needed: int,
) -> npt.NDArray[np.int64]:
    n = signatures.shape[0]
    out = np.empty(len(left), dtype=np.int64)
    used = 0
    for i in range(len(left)):
        if _fits(left[i], right[i], signatures, sizes, floor, needed):
            out[used] = min(left[i], right[i]) * n + max(left[i], right[i])
            used += 1
    return out[:used]


@compiled
def _first_band(
    x: int,
    y: int,
    signatures: npt.NDArray[np.uint32],
    band: int,
    rows: int,
    huge: npt.NDArray[np.bool_],
) -> bool:
    """Whether this band's bucket is the first to give the pair."""
    for earlier in range(band + 1):
        equal = True
        for k in range(earlier * rows, (earlier + 1) * rows):
            if signatures[x, k] != signatures[y, k]:
                equal = False
                break
        if equal and not huge[earlier, x]:
            return earlier == band
    return False


@compiled
def _of_buckets(
    order: npt.NDArray[np.int64],
    edges: npt.NDArray[np.int64],
    signatures: npt.NDArray[np.uint32],
    sizes: npt.NDArray[np.int32],
    floor: float,
    needed: int,
    band: int,
    rows: int,
    huge: npt.NDArray[np.bool_],
) -> npt.NDArray[np.int64]:
    n = signatures.shape[0]
    out = np.empty(1024, dtype=np.int64)
    used = 0
    for bucket in range(len(edges) - 1):
        begin, end = edges[bucket], edges[bucket + 1]
        if end - begin > HUGE:
            continue
        for i in range(begin, end):
            for j in range(i + 1, end):
                x, y = order[i], order[j]
                if not _fits(x, y, signatures, sizes, floor, needed):
                    continue
                if not _first_band(x, y, signatures, band, rows, huge):
                    continue
                if used == len(out):
                    more = np.empty(2 * used, dtype=np.int64)
                    more[:used] = out
                    out = more
                out[used] = min(x, y) * n + max(x, y)
                used += 1
    return out[:used]
