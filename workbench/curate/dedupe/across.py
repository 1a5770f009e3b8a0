"""Which of some texts are (nearly) others: a few held-out prompts against many, without comparing the many.

    best = nearest_of(ours, theirs, NearSettings(floor=0.8), 0.8)

Bands, candidates and true similarities are those of `pairs`; only pairs of one of ours with one of theirs are
looked at.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from workbench.curate.dedupe.bands import candidates
from workbench.curate.dedupe.corpus import Block, Gathered, NearSettings
from workbench.curate.dedupe.pairs import representatives
from workbench.curate.dedupe.tables import Numbers
from workbench.curate.dedupe.verify import similarities


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """For each of our texts the most alike of theirs.

    Attributes:
        places: (texts,), which of theirs; -1 where none is alike enough.
        scores: (texts,), 1 for equal texts; 0 where none is alike enough.
        equal: (texts,), whether the texts are equal.
    """

    places: Numbers
    scores: npt.NDArray[np.float64]
    equal: npt.NDArray[np.bool_]


def nearest_of(ours: Block, theirs: Block, settings: NearSettings, threshold: float) -> Nearest:
    """Return for each of our texts the most alike of theirs, at or above a threshold.

    Texts of fewer than two words are like none, as everywhere. Every bucket is compared whole: of a few prompts
    none may slip through because many texts share its template.
    """
    count, first = len(ours.seqs), len(theirs.seqs)
    gathered = Gathered()
    gathered.add(theirs)  # in front: of equal texts theirs is the representative
    gathered.add(ours)
    both = gathered.block()
    found = Nearest(np.full(count, -1, dtype=np.int64), np.zeros(count), np.zeros(count, dtype=np.bool_))
    if both is None:
        return found
    wordy = np.flatnonzero(both.wordy)
    reps, firsts = representatives(wordy, both.keys[wordy])
    texts = wordy[firsts]
    placed, scored = _best(both, texts, first, replace(settings, huge=sys.maxsize), threshold)
    mine = wordy >= first
    at, rep = wordy[mine] - first, reps[mine]
    same = rep < first
    found.equal[at] = same
    found.places[at] = np.where(same, rep, placed[rep])
    found.scores[at] = np.where(same, 1.0, scored[rep])
    return found


def _best(
    both: Block, texts: Numbers, first: int, settings: NearSettings, threshold: float
) -> tuple[Numbers, npt.NDArray[np.float64]]:
    """Return for every text of the block which of the first ones is most alike, and how much."""
    placed, scored = np.full(len(both.seqs), -1, dtype=np.int64), np.zeros(len(both.seqs))
    block = both.take(texts)
    codes, _ = candidates(block.signatures, block.counts, settings, threshold, fresh=texts < first)
    left, right = np.divmod(codes, max(len(texts), 1))
    scores = np.round(similarities(block, left, right, settings.reading.figure_tokens), 4)
    one, other = texts[left], texts[right]
    wanted, mine = np.minimum(one, other), np.maximum(one, other)
    good = (scores >= threshold) & (wanted < first) & (mine >= first)
    wanted, mine, scores = wanted[good], mine[good], scores[good]
    order = np.lexsort((-wanted, scores))  # the best last; of equals the first of theirs
    placed[mine[order]], scored[mine[order]] = wanted[order], scores[order]
    return placed, scored
