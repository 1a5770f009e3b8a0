"""Candidates: texts that share a band of their signatures and may be alike enough.

Buckets are compared within, never dropped: dropping big ones halves the recall where many models answer one
prompt. Only in a bucket beyond `NearSettings.huge` is each compared with its nearest in the order of signatures
and with leaders from all over the bucket, not with all. A pair is given once, by the first band whose bucket holds
it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workbench.curate.compiled import compiled
from workbench.curate.dedupe.corpus import NearSettings, Signatures

Codes = npt.NDArray[np.int64]
"""Pairs of text indices, each as one number: left · texts + right, left < right."""

NEAREST = 64
LEADERS = 64
MARGIN = 0.18
"""Four standard deviations of a 128-permutation estimate at .5: what a signature may err by."""


@dataclass(frozen=True, slots=True)
class Share:
    """Some of all buckets, for a search by several that see but a part each.

    Attributes:
        number: Buckets whose key leaves this remainder.
        of: Divided by this.
        huge: Keys of huge buckets, anybody's.
    """

    number: int
    of: int
    huge: npt.NDArray[np.uint64]


_MIX = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(32)


class Sketches(NamedTuple):
    """Texts as candidates are judged by; given whole to the compiled loops.

    Attributes:
        signatures: (texts, permutations)
        sizes: (texts, sides), number of shingles, at least 1.
        fresh: (texts,), pairs without any of these are not wanted.
        huge: (bands, texts), who stands in a huge bucket.
        limit: Texts in a bucket from which it is huge.
        rows: Rows per band.
        floor: Least similarity.
        needed: So many places of two signatures must agree.
    """

    signatures: Signatures
    sizes: npt.NDArray[np.int32]
    fresh: npt.NDArray[np.bool_]
    huge: npt.NDArray[np.bool_]
    limit: int
    rows: int
    floor: float
    needed: int


def candidates(
    signatures: Signatures,
    counts: npt.NDArray[np.int32],
    settings: NearSettings,
    floor: float,
    *,
    fresh: npt.NDArray[np.bool_] | None = None,
    share: Share | None = None,
) -> tuple[Codes, bool]:
    """Return the pairs that share a band and may reach the floor, each once, ascending; and if a bucket was huge.

    Args:
        signatures: (texts, permutations); the order of the texts must not depend on their arrival.
        counts: (texts, sides), number of shingles.
        settings: Bands and rows.
        floor: Least similarity.
        fresh: Only pairs with one of these; None is all. Means something only where no bucket is huge; that one
            is, is noticed only where a fresh text stands in it.
        share: Only some of the buckets; None is all.
    """
    n = len(signatures)
    if n < 2:
        return np.empty(0, dtype=np.int64), False
    everyone = np.ones(n, dtype=np.bool_) if fresh is None else fresh
    huge = np.zeros((settings.bands, n), dtype=np.bool_)
    needed = int(np.ceil((floor - MARGIN) * signatures.shape[1]))
    sizes = np.maximum(counts, 1)
    texts = Sketches(signatures, sizes, everyone, huge, settings.huge, settings.rows, floor, needed)
    found = []
    for band in range(settings.bands):
        keys = band_keys(signatures, settings, band)
        order, edges = buckets(keys, _wanted(keys, share, fresh))
        if share is not None:
            huge[band] = np.isin(keys, share.huge)
        for place in np.flatnonzero(np.diff(edges) > settings.huge):
            members = order[edges[place] : edges[place + 1]]
            huge[band, members] = True
            found += list(_of_huge(members, texts))
        found.append(_of_buckets(order, edges, band, texts))
    codes = np.concatenate(found)
    codes.sort()
    distinct = codes[np.concatenate(([True], codes[1:] != codes[:-1]))] if len(codes) else codes
    return distinct, bool(huge.any())


def band_keys(signatures: Signatures, settings: NearSettings, band: int) -> npt.NDArray[np.uint64]:
    """Return one number for each text's band; unequal bands meet by chance once in 2^64."""
    keys = np.full(len(signatures), band, dtype=np.uint64)
    for row in range(band * settings.rows, (band + 1) * settings.rows):
        keys = (keys ^ (keys >> _SHIFT)) * _MIX + signatures[:, row]
    return keys


def _wanted(
    keys: npt.NDArray[np.uint64], share: Share | None, fresh: npt.NDArray[np.bool_] | None
) -> npt.NDArray[np.intp] | None:
    """Return the texts whose buckets are looked at, ascending; None is all."""
    if share is not None:
        return np.flatnonzero(keys % np.uint64(share.of) == share.number)
    if fresh is None or fresh.all():
        return None
    news = np.unique(keys[fresh])
    if not len(news):
        return np.empty(0, dtype=np.intp)
    return np.flatnonzero(news[np.minimum(np.searchsorted(news, keys), len(news) - 1)] == keys)


def buckets(
    keys: npt.NDArray[np.uint64], mine: npt.NDArray[np.intp] | None = None
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the texts that share a key with another, bucket behind bucket, ascending within; and their edges.

    Args:
        keys: Of all texts.
        mine: Only these; None is all.
    """
    order = np.argsort(keys) if mine is None else mine[np.argsort(keys[mine])]
    ordered = keys[order]
    same = ordered[1:] == ordered[:-1]
    shared = (np.concatenate((same, [False])) | np.concatenate(([False], same)))[: len(order)]
    order, ordered = order[shared], ordered[shared]
    order = order[np.lexsort((order, ordered))]
    edges = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1], [True])))
    return order, edges if len(order) else np.zeros(1, dtype=np.intp)


def _of_huge(members: npt.NDArray[np.intp], texts: Sketches) -> Iterator[Codes]:
    ranked = members[np.lexsort(texts.signatures[members].T)]
    for step in range(1, NEAREST + 1):
        yield _fitting(ranked[:-step], ranked[step:], texts)
    for leader in ranked[:: max(len(ranked) // LEADERS, 1)].tolist():
        others = ranked[ranked != leader]
        yield _fitting(np.full(len(others), leader), others, texts)


@compiled
def _fits(x: int, y: int, texts: Sketches) -> bool:
    for side in range(texts.sizes.shape[1]):
        one, other = texts.sizes[x, side], texts.sizes[y, side]
        if min(one, other) < texts.floor * max(one, other):
            return False
    agreed = 0
    for k in range(texts.signatures.shape[1]):
        agreed += texts.signatures[x, k] == texts.signatures[y, k]
    return agreed >= texts.needed


@compiled
def _fitting(left: npt.NDArray[np.int64], right: npt.NDArray[np.int64], texts: Sketches) -> npt.NDArray[np.int64]:
    n = texts.signatures.shape[0]
    out = np.empty(len(left), dtype=np.int64)
    used = 0
    for i in range(len(left)):
        if _fits(left[i], right[i], texts):
            out[used] = min(left[i], right[i]) * n + max(left[i], right[i])
            used += 1
    return out[:used]


@compiled
def _first_band(x: int, y: int, band: int, texts: Sketches) -> bool:
    """Whether this band's bucket is the first to give the pair."""
    for earlier in range(band + 1):
        equal = True
        for k in range(earlier * texts.rows, (earlier + 1) * texts.rows):
            if texts.signatures[x, k] != texts.signatures[y, k]:
                equal = False
                break
        if equal and not texts.huge[earlier, x]:
            return earlier == band
    return False


@compiled
def _of_buckets(
    order: npt.NDArray[np.int64], edges: npt.NDArray[np.int64], band: int, texts: Sketches
) -> npt.NDArray[np.int64]:
    n = texts.signatures.shape[0]
    out = np.empty(1024, dtype=np.int64)
    used = 0
    for bucket in range(len(edges) - 1):
        begin, end = edges[bucket], edges[bucket + 1]
        if end - begin > texts.limit:
            continue
        for i in range(begin, end):
            for j in range(i + 1, end):
                x, y = order[i], order[j]
                if not (texts.fresh[x] or texts.fresh[y]):
                    continue
                if not _fits(x, y, texts) or not _first_band(x, y, band, texts):
                    continue
                if used == len(out):
                    more = np.empty(2 * used, dtype=np.int64)
                    more[:used] = out
                    out = more
                out[used] = min(x, y) * n + max(x, y)
                used += 1
    return out[:used]
