"""Which texts are alike, and how much: equal texts first, then near-duplicates of what is left.

Near-duplicates (MinHash with banding, Broder 1997; Leskovec et al., Mining of Massive Datasets, ch. 3) in
three steps, each of which sees only what the one before left:

1. equal texts share one representative (the smallest row number), so a thousand equal answers cost one;
2. signatures are cut into bands; whoever shares a band is a *candidate*. Big buckets are compared within, never
   dropped: dropping them halves the recall where many models answer one prompt;
3. every candidate is verified by its true Jaccard similarity. A conversation's similarity is the *smaller* of
   its asked and its answered side's. The signature spans both sides, which loses nothing: if |A∩B|/|A∪B| ≥ t on
   both sides, so it is on their union (mediant inequality).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from workbench.curate.dedupe.bands import candidates
from workbench.curate.dedupe.corpus import CHUNK, Corpus, CorpusBuilder, NearSettings
from workbench.curate.dedupe.folding import words
from workbench.curate.dedupe.result import Pair
from workbench.curate.dedupe.shingles import Document
from workbench.curate.dedupe.verify import similarities

Progress = Callable[[int, int], None]
"""Called with (done, total); the unit is conversations."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        considered: How many conversations were looked at.
        representative: Row number → smallest row number with an equal text; only texts that have a twin or
            stand in a pair.
        pairs: Scores between representatives, ascending by row numbers.
        floor: The least similarity that `pairs` is complete for.
    """

    considered: int
    representative: dict[int, int] = field(default_factory=dict)
    pairs: tuple[Pair, ...] = ()
    floor: float = 1.0


def find_exact(documents: Iterable[Document], *, total: int = 0, on_progress: Progress | None = None) -> Found:
    """Group texts whose `key` is equal.

    Texts of fewer than two words never count: an empty answer is no copy of another empty answer.
    """
    considered = 0
    by_key: dict[str, list[int]] = {}
    for considered, doc in enumerate(documents, 1):
        if _wordy(doc):
            by_key.setdefault(doc.key, []).append(doc.seq)
        _report(on_progress, considered, total)
    return Found(considered, _representatives(by_key.values()))


def find_near(
    documents: Iterable[Document],
    settings: NearSettings | None = None,
    *,
    threshold: float = 0.8,
    total: int = 0,
    on_progress: Progress | None = None,
) -> Found:
    """Find equal and near-equal texts.

    Args:
        documents: The texts, in any order; the result does not depend on it.
        settings: How to search.
        threshold: What will be asked for; the floor never rises above it.
        total: How many documents there are, for progress.
        on_progress: Called now and then.
    """
    settings = settings or NearSettings()
    builder = CorpusBuilder(settings)
    for done, doc in enumerate(documents, 1):
        builder.add(doc.seq, doc.key, doc.sides)
        # Reading is most of the work; the last tenth is comparing.
        _report(on_progress, done, total, share=0.9)
    found = near_of(builder.build(), settings, threshold=threshold)
    _report(on_progress, found.considered, found.considered)
    return found


def near_of(corpus: Corpus, settings: NearSettings, *, threshold: float = 0.8) -> Found:
    """Find the near-equal texts of a corpus."""
    floor = min(settings.floor, threshold)
    codes = candidates(corpus, settings, floor)
    left, right = np.divmod(codes, max(len(corpus.keys), 1))
    scores = np.round(similarities(corpus, left, right), 4)
    good = scores >= floor
    if good.sum() > settings.most_pairs:
        floor = min(threshold, float(np.sort(scores[good])[-settings.most_pairs]))
        good = scores >= floor
    firsts = np.array([min(rows) for rows in corpus.seqs], dtype=np.int64)
    one, other = firsts[left[good]], firsts[right[good]]
    low, high, kept = np.minimum(one, other), np.maximum(one, other), scores[good]
    order = np.lexsort((high, low))
    rows = zip(low[order].tolist(), high[order].tolist(), kept[order].tolist(), strict=True)
    pairs = tuple(Pair(a, b, score) for a, b, score in rows)
    representative = _representatives(corpus.seqs)
    representative.update({seq: seq for pair in pairs for seq in (pair.a, pair.b)})
    return Found(corpus.considered, representative, pairs, floor)


def _wordy(doc: Document) -> bool:
    return sum(len(words(side[:200])) for side in doc.sides) > 1


def _report(on_progress: Progress | None, done: int, total: int, share: float = 1.0) -> None:
    if on_progress is not None and (done % CHUNK == 0 or done == total):
        on_progress(int(done * share), max(total, done))


def _representatives(groups: Iterable[list[int]]) -> dict[int, int]:
    return {seq: first for seqs in groups if len(seqs) > 1 for first in [min(seqs)] for seq in seqs}
