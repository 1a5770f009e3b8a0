"""Texts as shingles and MinHash signatures, taken in by the chunk; of long texts nothing else is kept.

Signatures are rensa's (Rust): for 128 permutations their agreement estimates Jaccard similarity with a standard
deviation of at most .044.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt
from rensa import RMinHash

from workbench.curate.dedupe.hashing import Shingled, shingle

CHUNK = 2_000
"""Conversations between two reports, and most texts per call into rensa."""
BATCH_CHARACTERS = 1 << 19
"""Text per batch: what numpy makes of it stays near the processor."""

_SIDE_TAG = np.uint64(0xA5A5A5A55A5A5A5A)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)

Signatures = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class NearSettings:
    """How near-duplicates are searched.

    Attributes:
        floor: The least similarity whose pairs are kept, so that the threshold can move above it freely.
        width: Words per shingle.
        short_tokens: Texts with fewer words compare exactly.
        figure_tokens: Below this many shingles, texts with different numbers or signs are no duplicates:
            "7 plus 4" and "7 plus 5" share nearly all their words.
        bands: Bands of the signature.
        rows: Rows per band; bands × rows are the permutations. 32 × 4 finds .88 of the pairs at .5, .99 at .6
            and all at .8.
        seed: Of the permutations.
        most_pairs: Above this many pairs the floor rises (never above the threshold asked for).
    """

    floor: float = 0.5
    width: int = 2
    short_tokens: int = 4
    figure_tokens: int = 64
    bands: int = 32
    rows: int = 4
    seed: int = 11
    most_pairs: int = 2_000_000


@dataclass(frozen=True, slots=True)
class Corpus:
    """All texts; row i of everything is text i, side s of it is piece `i · sides + s`.

    Attributes:
        hashes: Shingles of all pieces, one piece behind the other, ascending within each.
        offsets: (pieces + 1,), where each piece begins.
        short: For each piece, its text where numbers in it must agree, else None.
        sizes: (texts, sides), number of shingles; an empty side counts as 1.
        signatures: (texts, bands · rows).
        keys: Of each text.
        seqs: Of each text, the rows that have it, in order of arrival.
        considered: How many rows there were, wordless ones too.
    """

    hashes: npt.NDArray[np.uint32]
    offsets: npt.NDArray[np.int64]
    short: list[str | None]
    sizes: npt.NDArray[np.float32]
    signatures: Signatures
    keys: list[str]
    seqs: list[list[int]]
    considered: int


class CorpusBuilder:
    """Takes texts in and gives a `Corpus`.

    Args:
        settings: How to shingle and sign.
    """

    def __init__(self, settings: NearSettings) -> None:
        self._settings = settings
        self._waiting: list[tuple[str, ...]] = []
        self._waiting_keys: list[str] = []
        self._characters = 0
        self._by_key: dict[str, list[int]] = {}
        self._keys: list[str] = []
        self._short: list[str | None] = []
        self._hashes: list[npt.NDArray[np.uint32]] = []
        self._counts: list[npt.NDArray[np.int64]] = []
        self._signatures: list[Signatures] = []
        self._sides = 1
        self._considered = 0

    def add(self, seq: int, key: str, sides: tuple[str, ...]) -> None:
        """Take in the next text; equal keys are one text."""
        self._considered += 1
        known = self._by_key.get(key)
        if known is not None:
            known.append(seq)
            return
        self._by_key[key] = [seq]
        self._waiting.append(sides)
        self._waiting_keys.append(key)
        self._characters += sum(map(len, sides))
        if self._characters >= BATCH_CHARACTERS or len(self._waiting) >= CHUNK:
            self._take()

    def build(self) -> Corpus:
        """Return everything taken in."""
        self._take()
        width = self._settings.bands * self._settings.rows
        counts = np.concatenate(self._counts or [np.empty(0, dtype=np.int64)])
        return Corpus(
            hashes=np.concatenate(self._hashes or [np.empty(0, dtype=np.uint32)]),
            offsets=np.concatenate(([0], np.cumsum(counts))),
            short=self._short,
            sizes=np.maximum(counts, 1).astype(np.float32).reshape(-1, self._sides),
            signatures=np.concatenate(self._signatures or [np.empty((0, width), dtype=np.uint32)]),
            keys=self._keys,
            seqs=[self._by_key[key] for key in self._keys],
            considered=self._considered,
        )

    def _take(self) -> None:
        if not self._waiting:
            return
        sides = self._sides = len(self._waiting[0])
        pieces = list(chain.from_iterable(self._waiting))
        found = shingle(pieces, self._settings.width, self._settings.short_tokens)
        # One word is no text: neither empty turns nor "ok" make two conversations alike.
        wordy = found.word_counts.reshape(-1, sides).sum(axis=1) > 1
        if not wordy.all():
            pieces, found = _only(pieces, found, np.repeat(wordy, sides))
        self._keys += [key for key, good in zip(self._waiting_keys, wordy.tolist(), strict=True) if good]
        counts = np.diff(found.offsets)
        limit = self._settings.figure_tokens
        self._short += [text if n < limit else None for text, n in zip(pieces, counts.tolist(), strict=True)]
        self._hashes.append(found.hashes)
        self._counts.append(counts)
        self._signatures.append(_sign(found, sides, self._settings))
        self._waiting, self._waiting_keys, self._characters = [], [], 0


def _only(pieces: list[str], found: Shingled, good: npt.NDArray[np.bool_]) -> tuple[list[str], Shingled]:
    """Leave out the pieces that are not good."""
    counts = np.diff(found.offsets)
    kept = Shingled(
        found.hashes[np.repeat(good, counts)],
        np.concatenate(([0], np.cumsum(counts[good]))),
        found.word_counts[good],
    )
    return [text for text, keep in zip(pieces, good.tolist(), strict=True) if keep], kept


def _sign(found: Shingled, sides: int, settings: NearSettings) -> Signatures:
    """Return the signatures of texts of so many sides each.

    Sides are told apart inside the signature, so that words asked never match words answered.
    """
    tokens = found.hashes.astype(np.uint64) * _SPREAD
    if sides > 1:
        tags = _SIDE_TAG * np.arange(sides, dtype=np.uint64)
        which = np.tile(np.arange(sides), (len(found.offsets) - 1) // sides)
        tokens ^= np.repeat(tags[which], np.diff(found.offsets))
    permutations = settings.bands * settings.rows
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(
        tokens, found.offsets[::sides].astype(np.uint64), permutations, settings.seed
    )
    count = (len(found.offsets) - 1) // sides
    flat = np.fromiter(chain.from_iterable(matrix.to_rows()), dtype=np.uint32, count=count * permutations)
    return flat.reshape(count, permutations)
