"""Candidates judged by their true Jaccard similarity, many at a time."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from workbench.curate.dedupe.corpus import Corpus
from workbench.curate.dedupe.shingles import figures

Places = npt.NDArray[np.int64]

BLOCK_SHINGLES = 1 << 18
"""Shingles compared at a time."""


def similarities(corpus: Corpus, left: Places, right: Places) -> npt.NDArray[np.float64]:
    """Return for each pair of texts the smallest Jaccard similarity over its sides.

    0 where a short side differs in a number or a sign between numbers.
    """
    sides = corpus.sizes.shape[1]
    scores = np.ones(len(left))
    for side in range(sides):
        scores = np.minimum(scores, _jaccard(corpus, left * sides + side, right * sides + side))
    maybe = np.flatnonzero(scores > 0)
    same = _same_figures(corpus, left[maybe], right[maybe])
    scores[maybe[~same]] = 0.0
    return scores


def _same_figures(corpus: Corpus, left: Places, right: Places) -> npt.NDArray[np.bool_]:
    short, sides = corpus.short, corpus.sizes.shape[1]

    @cache
    def of(piece: int) -> tuple[str, ...] | None:
        text = short[piece]
        return None if text is None else figures(text)

    def same(a: int, b: int) -> bool:
        for side in range(sides):
            one, other = of(a * sides + side), of(b * sides + side)
            if one is not None and other is not None and one != other:
                return False
        return True

    return np.array([same(a, b) for a, b in zip(left.tolist(), right.tolist(), strict=True)], dtype=bool)


def _jaccard(corpus: Corpus, left: Places, right: Places) -> npt.NDArray[np.float64]:
    """Return the Jaccard similarity of pieces; two empty ones are alike."""
    sizes = np.diff(corpus.offsets)
    both = sizes[left] + sizes[right]
    ends = np.cumsum(both)
    cuts = np.searchsorted(ends, np.arange(BLOCK_SHINGLES, ends[-1] if len(ends) else 0, BLOCK_SHINGLES))
    shared = [
        _shared(corpus, left[a:b], right[a:b], sizes)
        for a, b in zip([0, *cuts.tolist()], [*cuts.tolist(), len(left)], strict=True)
    ]
    common = np.concatenate(shared)
    return np.where(both == 0, 1.0, common / np.maximum(both - common, 1))


def _shared(corpus: Corpus, left: Places, right: Places, sizes: npt.NDArray[np.int64]) -> Places:
    """Return how many shingles two pieces have in common: sorted together, those that stand twice."""
    pieces = np.stack((left, right), axis=1).ravel()
    lengths = sizes[pieces]
    begins = np.cumsum(lengths) - lengths
    places = np.arange(lengths.sum()) + np.repeat(corpus.offsets[pieces] - begins, lengths)
    owners = np.repeat(np.arange(len(left), dtype=np.uint64).repeat(2), lengths)
    keys = (owners << np.uint64(32)) | corpus.hashes[places]
    keys.sort()
    twice = keys[1:][keys[1:] == keys[:-1]] >> np.uint64(32)
    return np.bincount(twice.astype(np.int64), minlength=len(left))
