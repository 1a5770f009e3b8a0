"""Which texts are alike, and how much: equal texts first, then near-duplicates of what is left.

Near-duplicates (MinHash with banding, Broder 1997; Leskovec et al., Mining of Massive Datasets, ch. 3) in
three steps, each of which sees only what the one before left:

1. equal texts share one representative (the smallest row number), so a thousand equal answers cost one;
2. signatures are cut into bands; whoever shares a band is a *candidate*. Big buckets are compared within, never
   dropped: dropping them halves the recall where many models answer one prompt;
3. every candidate is verified by its true Jaccard similarity. A conversation's similarity is the *smaller* of
   its asked and its answered side's. The signature spans both sides, which loses nothing: if |A∩B|/|A∪B| ≥ t on
   both sides, so it is on their union (mediant inequality).

Texts stand in the order of their keys from step 1 on, so the order of arrival cannot matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workbench.curate.dedupe.bands import candidates
from workbench.curate.dedupe.corpus import Block, Columns, Gathered, NearSettings, joint_keys, signed
from workbench.curate.dedupe.exact import exact_keys
from workbench.curate.dedupe.shingles import Document
from workbench.curate.dedupe.tables import Members, Numbers, Pairs
from workbench.curate.dedupe.texts import Reading
from workbench.curate.dedupe.verify import similarities

Progress = Callable[[int, int], None]
"""Called with (done, total); the unit is conversations."""

BLOCK_TEXTS = 4_000
BLOCK_CHARACTERS = 1 << 21
"""Conversations and characters taken in together."""

Texts = Iterable[tuple[Numbers, Columns]]
"""Blocks of row numbers and, for each side, their texts."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        considered: How many conversations were looked at.
        members: Rows that have a twin or stand in a pair.
        pairs: Scores between representatives, ascending by row numbers.
        floor: The least similarity that `pairs` is complete for.
    """

    considered: int
    members: Members
    pairs: Pairs
    floor: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Texts that were compared, each with each.

    Attributes:
        keys: (texts, 2), ascending.
        left: (pairs,), places of texts, smaller than those of `right`.
        right: (pairs,)
        scores: (pairs,), true similarities.
        floor: All pairs at or above it are here.
        huge: Whether there was a bucket in which not all were compared with all.
    """

    keys: npt.NDArray[np.uint64]
    left: Numbers
    right: Numbers
    scores: npt.NDArray[np.float64]
    floor: float
    huge: bool


def in_blocks(documents: Iterable[Document]) -> Iterator[tuple[Numbers, list[list[str]]]]:
    """Lay documents together, side by side, in blocks that stay near the processor."""
    seqs: list[int] = []
    rows: list[tuple[str, ...]] = []
    characters = 0
    for document in documents:
        seqs.append(document.seq)
        rows.append(document.sides)
        characters += sum(map(len, document.sides))
        if characters >= BLOCK_CHARACTERS or len(rows) >= BLOCK_TEXTS:
            yield np.array(seqs, dtype=np.int64), [list(side) for side in zip(*rows, strict=True)]
            seqs, rows, characters = [], [], 0
    if rows:
        yield np.array(seqs, dtype=np.int64), [list(side) for side in zip(*rows, strict=True)]


def find_exact(
    texts: Texts, reading: Reading | None = None, *, total: int = 0, on_progress: Progress | None = None
) -> Found:
    """Group equal texts: case, width and white space do not count, and punctuation where `reading` says so.

    Texts of fewer than two words never count: an empty answer is no copy of another empty answer.
    """
    seqs, keys, done = [], [], 0
    punctuation = reading is None or reading.punctuation
    for numbers, columns in texts:
        read = [exact_keys(column, punctuation=punctuation) for column in columns]
        wordy = np.sum([words for _, words in read], axis=0) > 1
        seqs.append(numbers[wordy])
        keys.append(joint_keys([side for side, _ in read])[wordy])
        done += len(numbers)
        _report(on_progress, done, total)
    if not seqs:
        return Found(0, Members.of({}), Pairs.of(()))
    return exact_of(np.concatenate(seqs), np.concatenate(keys), considered=done)


def exact_of(seqs: Numbers, keys: npt.NDArray[np.uint64], *, considered: int | None = None) -> Found:
    """Group rows whose keys, (rows, 2), are equal."""
    none = Pairs.of(())
    members = Members.found(seqs, representatives(seqs, keys)[0], none)
    return Found(len(seqs) if considered is None else considered, members, none)


def find_near(
    texts: Texts,
    settings: NearSettings | None = None,
    *,
    threshold: float = 0.8,
    total: int = 0,
    on_progress: Progress | None = None,
) -> Found:
    """Find equal and near-equal texts.

    Args:
        texts: In any order; the result does not depend on it.
        settings: How to search.
        threshold: What will be asked for; the floor never rises above it.
        total: How many there are, for progress.
        on_progress: Called now and then.
    """
    settings = settings or NearSettings()
    gathered, done = Gathered(), 0
    for block in signed(texts, settings):
        gathered.add(block)
        done += len(block.seqs)
        # Reading is most of the work; the last tenth is comparing.
        _report(on_progress, int(done * 0.9), max(total, done))
    found = near_of(gathered.block(), settings, threshold=threshold)
    _report(on_progress, done, done)
    return found


def near_of(block: Block | None, settings: NearSettings, *, threshold: float = 0.8) -> Found:
    """Find the near-equal texts among signed ones."""
    if block is None:
        return Found(0, Members.of({}), Pairs.of(()))
    return near_among(block, block.seqs, np.arange(len(block.seqs)), settings, threshold=threshold)[0]


def near_among(
    block: Block,
    seqs: Numbers,
    places: Numbers,
    settings: NearSettings,
    *,
    threshold: float = 0.8,
    known: Compared | None = None,
) -> tuple[Found, Compared]:
    """Find the near-equal texts of conversations whose texts stand somewhere among signed ones.

    Args:
        block: Signed texts.
        seqs: Row numbers of the conversations.
        places: Of each its text in the block.
        settings: How to search.
        threshold: As `find_near`.
        known: What an earlier search compared; the outcome does not depend on it.
    """
    wordy = np.flatnonzero(block.wordy[places])
    rows, at = seqs[wordy], places[wordy]
    reps, firsts = representatives(rows, block.keys[at])
    compared = compare(block.take(at[firsts]), settings, min(settings.floor, threshold), known)
    keep, floor = strongest(compared.scores, compared.floor, threshold, settings.most_pairs)
    texts = rows[firsts]
    pairs = Pairs.sorted(texts[compared.left[keep]], texts[compared.right[keep]], compared.scores[keep])
    return Found(len(seqs), Members.found(rows, reps, pairs), pairs, floor), compared


def compare(texts: Block, settings: NearSettings, floor: float, known: Compared | None = None) -> Compared:
    """Return all pairs at or above the floor among different texts, which stand in the order of their keys."""
    n = max(len(texts.keys), 1)
    before = _places_in(texts.keys, known.keys) if known is not None else np.full(len(texts.keys), -1)
    fresh = before < 0
    if known is None or known.huge or known.floor != floor:
        fresh[:] = True
    codes, huge = candidates(texts.signatures, texts.counts, settings, floor, fresh=fresh)
    if huge and not fresh.all():  # in a huge bucket what is compared depends on all that stand in it
        fresh[:] = True
        codes, huge = candidates(texts.signatures, texts.counts, settings, floor, fresh=fresh)
    left, right = np.divmod(codes, n)
    scores = np.round(similarities(texts, left, right, settings.reading.figure_tokens), 4)
    good = scores >= floor
    codes, scores = codes[good], scores[good]
    if known is not None and not fresh.all():
        old = np.full(len(known.keys), -1, dtype=np.int64)
        old[before[~fresh]] = np.flatnonzero(~fresh)
        one, other = old[known.left], old[known.right]
        here = (one >= 0) & (other >= 0)
        codes = np.concatenate((codes, np.minimum(one, other)[here] * n + np.maximum(one, other)[here]))
        scores = np.concatenate((scores, known.scores[here]))
        order = np.argsort(codes)
        codes, scores = codes[order], scores[order]
    left, right = np.divmod(codes, n)
    return Compared(texts.keys, left, right, scores, floor, huge)


def _places_in(keys: npt.NDArray[np.uint64], others: npt.NDArray[np.uint64]) -> Numbers:
    """Return where keys stand among others, which ascend, -1 for nowhere."""
    if not len(others):
        return np.full(len(keys), -1, dtype=np.int64)
    near = np.minimum(np.searchsorted(others[:, 0], keys[:, 0]), len(others) - 1)
    return np.where((others[near] == keys).all(axis=1), near, -1)


def strongest(
    scores: npt.NDArray[np.float64], floor: float, threshold: float, most: int
) -> tuple[npt.NDArray[np.bool_], float]:
    """Return which scores are kept, and from which floor they are complete."""
    good: npt.NDArray[np.bool_] = scores >= floor
    if good.sum() > most:
        floor = min(threshold, float(np.sort(scores[good])[-most]))
        good = scores >= floor
    return good, floor


def representatives(seqs: Numbers, keys: npt.NDArray[np.uint64]) -> tuple[Numbers, Numbers]:
    """Return of each row the smallest row number with its key; and the places of these, in the order of keys."""
    order = np.lexsort((seqs, keys[:, 1], keys[:, 0]))
    ordered = keys[order]
    new = np.concatenate(([True], (ordered[1:] != ordered[:-1]).any(axis=1))) if len(order) else np.empty(0, bool)
    firsts = order[new]
    reps = np.empty_like(seqs)
    reps[order] = seqs[firsts[np.cumsum(new) - 1]]
    return reps, firsts


def _report(on_progress: Progress | None, done: int, total: int) -> None:
    if on_progress is not None:
        on_progress(done, max(total, done))
