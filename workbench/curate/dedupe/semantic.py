"""Texts that mean the same: pairs of embeddings, each compared with every other, then judged by what they say.

Two texts alike in meaning differ in words, so an embedding decides; but it knows little of numbers ("7 plus 4" and
"7 plus 5" are neighbours) and nothing of texts of a word or two. Such pairs are judged as near-duplicates are:
short texts compare exactly, and texts of few words with other numbers are never the same.

A conversation's similarity is the smaller of its asked and its answered side's cosine, here too.

Up to `EXACT_AT_MOST` different texts all pairs are compared, in tiles that stay near the processor. Of more, each
is compared with those that share one of its `PROBES` nearest of some hundred landmarks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from workbench.curate.dedupe.corpus import joint_keys
from workbench.curate.dedupe.pairs import Found, representatives, strongest
from workbench.curate.dedupe.tables import Members, Numbers, Pairs
from workbench.curate.dedupe.texts import Digest, Reading

Vectors = npt.NDArray[np.float16]
Floats = npt.NDArray[np.float64]

FLOOR = 0.8
"""Pairs from here on are kept, so that the threshold can move without another search."""
EXACT_AT_MOST = 60_000
PROBES = 4
LANDMARKS = 1024
CROWD = 256
"""A pair of texts that more pairs of conversations hold is searched by the conversations' other side at once."""
TILE_ROWS, TILE_COLUMNS = 1024, 16_384
EXPANDED = 65_536
"""Pairs of conversations made at a time from a pair of texts that many hold."""
SLACK = 1e-3
"""Tiles are in single precision, and their last digits depend on the machine; the verdict is in double."""
MOST_PAIRS = 2_000_000
SLICE = 8_192
"""Pairs judged at a time: their vectors fit the processor's memory."""


@dataclass(frozen=True, slots=True)
class Meanings:
    """Texts of one kind, such as all answers; row i of everything is text i.

    Attributes:
        vectors: (texts, width), of unit length; anything for empty texts.
        keys: (texts,), equal for equal texts.
        words: (texts,)
        counts: (texts,), shingles.
        figures: (texts,), equal where numbers are the same.
    """

    vectors: Vectors
    keys: npt.NDArray[np.uint64]
    words: npt.NDArray[np.int32]
    counts: npt.NDArray[np.int32]
    figures: npt.NDArray[np.uint64]

    def take(self, places: Numbers) -> Meanings:
        """Return some of them."""
        return Meanings(
            self.vectors[places],
            self.keys[places],
            self.words[places],
            self.counts[places],
            self.figures[places],
        )


def find_semantic(
    seqs: Numbers,
    digests: Sequence[Digest],
    vectors: Sequence[Vectors],
    *,
    threshold: float,
    floor: float = FLOOR,
    reading: Reading | None = None,
) -> Found:
    """Find equal texts and those that mean the same.

    Args:
        seqs: Row numbers, in any order; the result does not depend on it.
        digests: Of each side, what its texts say.
        vectors: Of each side, (rows, width), of unit length.
        threshold: What will be asked for; the floor never rises above it.
        floor: Pairs below it are not kept.
        reading: What short texts are.
    """
    reading, floor = reading or Reading(), min(floor, threshold)
    wordy = np.flatnonzero(np.sum([d.words for d in digests], axis=0) > 1)
    reps, firsts = representatives(seqs[wordy], joint_keys([d.keys for d in digests])[wordy])
    chosen = wordy[firsts]
    sides = [
        Meanings(v, d.keys[:, 0], d.words, d.counts, d.figures).take(chosen)
        for d, v in zip(digests, vectors, strict=True)
    ]
    left, right, scores, floor = _verified(sides, threshold, floor, reading)
    texts = seqs[chosen]
    pairs = Pairs.sorted(texts[left], texts[right], scores)
    return Found(len(seqs), Members.found(seqs[wordy], reps, pairs), pairs, floor)


def _verified(
    sides: Sequence[Meanings], threshold: float, floor: float, reading: Reading
) -> tuple[Numbers, Numbers, Floats, float]:
    """Return places and scores of all pairs from the floor on, and the floor: higher if there were too many."""
    kept: list[tuple[Numbers, Numbers, Floats]] = []
    held = 0
    for left, right in close_pairs(sides, floor):
        scores = similarities(sides, left, right, reading, floor)
        good = scores >= floor
        kept.append((left[good], right[good], scores[good]))
        held += int(good.sum())
        if held > 2 * MOST_PAIRS:
            kept, floor = _thinned(kept, floor, threshold)
            held = len(kept[0][0])
    kept, floor = _thinned(kept, floor, threshold)
    left, right, scores = kept[0]
    _, once = np.unique(left * np.int64(1 << 32) + right, return_index=True)  # cells overlap
    return left[once], right[once], scores[once], floor


def _thinned(
    kept: Sequence[tuple[Numbers, Numbers, Floats]], floor: float, threshold: float
) -> tuple[list[tuple[Numbers, Numbers, Floats]], float]:
    none: Numbers = np.empty(0, dtype=np.int64)
    left, right = (np.concatenate([none, *(rows[i] for rows in kept)]) for i in (0, 1))
    scores = np.concatenate([np.empty(0), *(rows[2] for rows in kept)])
    good, floor = strongest(scores, floor, threshold, MOST_PAIRS)
    return [(left[good], right[good], scores[good])], floor


def similarities(
    sides: Sequence[Meanings], left: Numbers, right: Numbers, reading: Reading, floor: float = 0.0
) -> Floats:
    """Return for each pair of texts the smallest similarity over its sides, to four digits.

    1 where a side is equal; 0 where it is short and differs, or differs in a number. What is below the floor on
    one side is not looked at on the others.
    """
    scores = np.ones(len(left))
    alive = np.arange(len(left))
    for side in reversed(sides):
        one, other = left[alive], right[alive]
        cosine = cosines(side.vectors, one, side.vectors, other)
        few = np.minimum(side.words[one], side.words[other]) < reading.short_words
        short = np.maximum(side.counts[one], side.counts[other]) < reading.figure_tokens
        other_numbers = short & (side.figures[one] != side.figures[other])
        judged = np.where(few | other_numbers, 0.0, np.clip(cosine, 0.0, 1.0))
        judged = np.where(side.keys[one] == side.keys[other], 1.0, judged)
        scores[alive] = np.minimum(scores[alive], np.round(judged, 4))
        alive = alive[scores[alive] >= floor]
    return scores


def cosines(ours: Vectors, left: Numbers, theirs: Vectors, right: Numbers) -> Floats:
    """Return the cosines between rows of two matrices, in double precision."""
    out = np.empty(len(left))
    for top in range(0, len(left), SLICE):
        part = slice(top, top + SLICE)
        one, other = ours[left[part]].astype(np.float32), theirs[right[part]].astype(np.float32)
        dot, lone, lother = (
            np.einsum("ij,ij->i", x, y, dtype=np.float64) for x, y in ((one, other), (one, one), (other, other))
        )
        out[part] = dot / np.maximum(np.sqrt(lone * lother), 1e-12)
    return out


def close_pairs(sides: Sequence[Meanings], floor: float) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield the places (left < right) of texts that may reach the floor on every side; some repeatedly.

    Searched is the side with the fewest different texts: where many answer one prompt, that is nearly nothing.
    """
    if len(sides) == 1:
        yield from near_rows(sides[0].vectors, floor)
        return
    spread = [np.unique(side.keys, return_index=True, return_inverse=True) for side in sides]
    chosen = min(range(len(sides)), key=lambda i: len(spread[i][0]))
    _, firsts, owners = spread[chosen]
    holders = np.argsort(owners, kind="stable")
    sizes = np.bincount(owners)
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    alone = np.arange(len(firsts))
    for one, other in chain([(alone, alone)], near_rows(sides[chosen].vectors[firsts], floor)):
        crowd = sizes[one] * sizes[other] > CROWD
        for p, q in zip(one[crowd].tolist(), other[crowd].tolist(), strict=True):
            mine, theirs = (holders[starts[x] : starts[x] + sizes[x]] for x in (p, q))
            yield from _across(mine, theirs, sides[1 - chosen].vectors, floor)
        yield from _expanded(one[~crowd], other[~crowd], holders, starts, sizes)


def _expanded(
    one: Numbers, other: Numbers, holders: Numbers, starts: Numbers, sizes: Numbers
) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield the pairs of those who hold each pair of texts, some ten thousand at a time."""
    ends = np.cumsum(sizes[one] * sizes[other])
    begin = 0
    while begin < len(one):
        before = int(ends[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, before + EXPANDED, side="right")))
        p, q = one[begin:end], other[begin:end]
        many = sizes[p] * sizes[q]
        which = np.repeat(np.arange(len(p)), many)
        at = np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many, many)
        i, j = np.divmod(at, sizes[q][which])
        x, y = holders[starts[p][which] + i], holders[starts[q][which] + j]
        # A text's own holders meet twice, and each meets itself.
        fit = (p[which] != q[which]) | (x < y)
        yield np.minimum(x, y)[fit], np.maximum(x, y)[fit]
        begin = end


def _across(
    mine: Numbers, theirs: Numbers, vectors: Vectors, floor: float
) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield the close pairs between two sets of rows, which are the same set or have none in common."""
    least, same = np.float32(floor - SLACK), mine[0] == theirs[0]
    for begin in range(0, len(theirs), TILE_COLUMNS):
        columns = theirs[begin : begin + TILE_COLUMNS]
        turned = vectors[columns].astype(np.float32).T
        for top in range(0, len(mine), TILE_ROWS):
            rows = mine[top : top + TILE_ROWS]
            i, j = np.nonzero(vectors[rows].astype(np.float32) @ turned >= least)
            x, y = rows[i], columns[j]
            fit = x < y if same else np.ones(len(x), dtype=np.bool_)
            if fit.any():
                yield np.minimum(x, y)[fit], np.maximum(x, y)[fit]


def near_rows(vectors: Vectors, floor: float) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield the places (left < right) of rows whose cosine may reach the floor; some repeatedly."""
    n = len(vectors)
    if n <= EXACT_AT_MOST:
        yield from _tiles(np.arange(n), vectors, floor)
        return
    for cell in _cells(vectors):
        yield from _tiles(cell, vectors, floor)


def _tiles(rows: Numbers, vectors: Vectors, floor: float) -> Iterator[tuple[Numbers, Numbers]]:
    n, least = len(rows), np.float32(floor - SLACK)
    for begin in range(0, n, TILE_COLUMNS):
        columns = rows[begin : begin + TILE_COLUMNS]
        theirs = vectors[columns].astype(np.float32).T
        for top in range(0, min(begin + len(columns), n), TILE_ROWS):
            mine = rows[top : min(top + TILE_ROWS, begin + len(columns))]
            cosine = vectors[mine].astype(np.float32) @ theirs
            i, j = np.divmod(np.flatnonzero(cosine >= least), len(columns))
            ahead = top + i < begin + j
            if ahead.any():
                yield mine[i[ahead]], columns[j[ahead]]


def _cells(vectors: Vectors) -> Iterator[Numbers]:
    """Yield the texts that share a landmark, ascending; each text is in `PROBES` of them."""
    n = len(vectors)
    chosen = np.sort(np.random.default_rng(0).choice(n, min(LANDMARKS, n), replace=False))
    landmarks = vectors[chosen].astype(np.float32)
    near = np.empty((n, PROBES), dtype=np.int64)
    for top in range(0, n, TILE_COLUMNS):
        cosine = vectors[top : top + TILE_COLUMNS].astype(np.float32) @ landmarks.T
        near[top : top + TILE_COLUMNS] = np.argpartition(-cosine, PROBES, axis=1)[:, :PROBES]
    owners = np.repeat(np.arange(n), PROBES)
    order = np.argsort(near.ravel(), kind="stable")
    for cell in np.split(owners[order], np.cumsum(np.bincount(near.ravel(), minlength=len(chosen)))[:-1]):
        if len(cell) > 1:
            yield cell
