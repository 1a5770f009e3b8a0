"""Candidates judged by their true Jaccard similarity: one compiled pass over their shingles."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.curate.compiled import compiled
from workbench.curate.dedupe.corpus import Block

Places = npt.NDArray[np.int64]


def similarities(block: Block, left: Places, right: Places, figure_tokens: int) -> npt.NDArray[np.float64]:
    """Return for each pair of texts the smallest Jaccard similarity over its sides.

    0 where a short side differs in a number or a sign between numbers. Fastest where `left` is sorted.
    """
    most = int(block.counts.max(initial=1))
    return _similarities(left, right, block.hashes, block.begins, block.counts, block.figures, figure_tokens, most)


@compiled
def _similarities(
    left: npt.NDArray[np.int64],
    right: npt.NDArray[np.int64],
    hashes: npt.NDArray[np.uint32],
    begins: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int32],
    figures: npt.NDArray[np.uint64],
    figure_tokens: int,
    most: int,
) -> npt.NDArray[np.float64]:
    size = 1024
    while size < 2 * most:
        size *= 2
    table = np.zeros(size, dtype=np.uint32)
    stamps = np.zeros(size, dtype=np.uint32)
    stamp = np.uint32(0)
    scores = np.ones(len(left), dtype=np.float64)
    begin = 0
    while begin < len(left):
        text, end = left[begin], begin
        while end < len(left) and left[end] == text:
            end += 1
        for side in range(begins.shape[1]):
            mine = np.int64(counts[text, side])
            stamp = np.uint32(stamp + 1)
            reach = _lay_out(hashes, begins[text, side], mine, table, stamps, stamp)
            for pair in range(begin, end):
                other = right[pair]
                theirs = np.int64(counts[other, side])
                short = mine < figure_tokens and theirs < figure_tokens
                if short and figures[text, side] != figures[other, side]:
                    scores[pair] = 0.0
                elif mine + theirs > 0 and scores[pair] > 0:
                    common = _common(hashes, begins[other, side], theirs, table, stamps, stamp, reach)
                    scores[pair] = min(scores[pair], common / (mine + theirs - common))
        begin = end
    return scores


@compiled
def _lay_out(
    hashes: npt.NDArray[np.uint32],
    begin: int,
    count: Any,
    table: npt.NDArray[np.uint32],
    stamps: npt.NDArray[np.uint32],
    stamp: np.uint32,
) -> int:
    """Put a text's shingles into the table; return how much of it is used."""
    reach = 16
    while reach < 2 * count:
        reach *= 2
    for place in range(begin, begin + count):
        slot = np.int64(hashes[place]) & (reach - 1)
        while stamps[slot] == stamp:
            slot = (slot + 1) & (reach - 1)
        stamps[slot] = stamp
        table[slot] = hashes[place]
    return reach


@compiled
def _common(
    hashes: npt.NDArray[np.uint32],
    begin: int,
    count: Any,
    table: npt.NDArray[np.uint32],
    stamps: npt.NDArray[np.uint32],
    stamp: np.uint32,
    reach: int,
) -> int:
    """Return how many of a text's shingles stand in the table."""
    common = 0
    for place in range(begin, begin + count):
        value = hashes[place]
        slot = np.int64(value) & (reach - 1)
        while stamps[slot] == stamp and table[slot] != value:
            slot = (slot + 1) & (reach - 1)
        common += stamps[slot] == stamp
    return common
