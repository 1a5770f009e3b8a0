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

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from workbench.curate.dedupe.corpus import CHUNK, Corpus, CorpusBuilder, NearSettings
from workbench.curate.dedupe.result import Pair
from workbench.curate.dedupe.shingles import Document, words

Progress = Callable[[int, int], None]
"""Called with (done, total); the unit is conversations."""

Codes = npt.NDArray[np.int64]
"""Pairs of text indices, each as one number: left · texts + right, left < right."""

_SIGNATURE_MARGIN = 0.18
"""Four standard deviations of a 128-permutation estimate at .5: what a signature may err by."""


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
    floor = min(settings.floor, threshold)
    considered = 0
    by_key: dict[str, list[int]] = {}
    builder = CorpusBuilder(settings)
    for considered, doc in enumerate(documents, 1):
        if doc.key in by_key:
            by_key[doc.key].append(doc.seq)
        elif _wordy(doc):
            by_key[doc.key] = [doc.seq]
            builder.add(doc.sides)
        # Reading is most of the work; the last tenth is comparing.
        _report(on_progress, considered, total, share=0.9)
    corpus = builder.build()
    codes = _candidates(corpus, settings, floor)
    pairs, floor = _pairs(corpus, codes, [min(seqs) for seqs in by_key.values()], floor, settings, threshold)
    representative = _representatives(by_key.values())
    representative.update({seq: seq for pair in pairs for seq in (pair.a, pair.b)})
    _report(on_progress, considered, considered)
    return Found(considered, representative, pairs, floor)


def _wordy(doc: Document) -> bool:
    return sum(len(words(side[:200])) for side in doc.sides) > 1


def _report(on_progress: Progress | None, done: int, total: int, share: float = 1.0) -> None:
    if on_progress is not None and (done % CHUNK == 0 or done == total):
        on_progress(int(done * share), max(total, done))


def _representatives(groups: Iterable[list[int]]) -> dict[int, int]:
    return {seq: first for seqs in groups if len(seqs) > 1 for first in [min(seqs)] for seq in seqs}


def _candidates(corpus: Corpus, settings: NearSettings, floor: float) -> Codes:
    """Return the pairs that share a band and may reach the floor, each once."""
    n = len(corpus.signatures)
    found = np.empty(0, dtype=np.int64)
    for band in range(settings.bands):
        rows = np.ascontiguousarray(corpus.signatures[:, band * settings.rows : (band + 1) * settings.rows])
        keys = rows.view(np.dtype((np.void, rows.dtype.itemsize * settings.rows))).ravel()
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        edges = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1], [True])))
        buckets = [_within(np.sort(order[a:b]), n) for a, b in _runs(edges)]
        if buckets:
            found = _distinct(np.concatenate((found, _possible(corpus, np.concatenate(buckets), floor))))
    return found


def _runs(edges: npt.NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    big = np.flatnonzero(np.diff(edges) > 1)
    return zip(edges[big].tolist(), edges[big + 1].tolist(), strict=True)


def _within(members: npt.NDArray[np.intp], n: int) -> Codes:
    """Return every pair of a bucket."""
    left, right = np.triu_indices(len(members), 1)
    return members[left].astype(np.int64) * n + members[right]


def _possible(corpus: Corpus, codes: Codes, floor: float) -> Codes:
    """Leave out pairs whose sizes or signatures already say that they cannot reach the floor."""
    n = len(corpus.signatures)
    left, right = codes // n, codes % n
    one, other = corpus.sizes[left], corpus.sizes[right]
    fits = np.flatnonzero((np.minimum(one, other) >= floor * np.maximum(one, other)).all(axis=1))
    shared = [
        (corpus.signatures[left[part]] == corpus.signatures[right[part]]).mean(axis=1)
        for part in np.array_split(fits, len(fits) // CHUNK + 1)
    ]
    return codes[fits[np.concatenate(shared) >= floor - _SIGNATURE_MARGIN]]


def _distinct(codes: Codes) -> Codes:
    codes.sort()
    return codes[np.concatenate(([True], codes[1:] != codes[:-1]))] if len(codes) else codes


def _pairs(
    corpus: Corpus, codes: Codes, seqs: list[int], floor: float, settings: NearSettings, threshold: float
) -> tuple[tuple[Pair, ...], float]:
    """Verify candidates; return the pairs at or above the floor, and the floor that they are complete for."""
    n = len(seqs)
    pairs: list[Pair] = []
    for code in codes.tolist():
        left, right = divmod(code, n)
        score = corpus.similarity(left, right, floor)
        if score >= floor:
            a, b = sorted((seqs[left], seqs[right]))
            pairs.append(Pair(a, b, round(score, 4)))
    if len(pairs) > settings.most_pairs:
        floor = min(threshold, sorted((p.score for p in pairs), reverse=True)[settings.most_pairs - 1])
        pairs = [p for p in pairs if p.score >= floor]
    return tuple(sorted(pairs, key=lambda p: (p.a, p.b))), floor
