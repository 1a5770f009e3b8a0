"""Texts as shingles and MinHash signatures, taken in one at a time and never kept themselves.

Signatures are rensa's (Rust): for 128 permutations their agreement estimates Jaccard similarity with a standard
deviation of at most .044.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rensa import RMinHash

from workbench.curate.dedupe.shingles import Hashes, Shingler, figures

CHUNK = 2_000
"""Texts per call into rensa, and pairs per block of comparison."""

_SIDE_TAG = np.uint64(0xA5A5A5A55A5A5A5A)
_HIGH = np.uint64(32)

Shingles = npt.NDArray[np.uint32]
"""A text's distinct shingles, ascending. The high halves of the hashes: half the memory, and within one pair of
texts of 1,000 shingles a collision happens once in 4,000 pairs and moves the score by .001."""


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
    """All texts; row i of everything is text i.

    Attributes:
        shingles: For each text, one array per side.
        figures: For each text, the numbers of each short side; None for a long one.
        sizes: (texts, sides), number of shingles; an empty side counts as 1.
        signatures: (texts, bands · rows).
    """

    shingles: list[tuple[Shingles, ...]]
    figures: list[tuple[tuple[str, ...] | None, ...]]
    sizes: npt.NDArray[np.float32]
    signatures: npt.NDArray[np.uint32]

    def similarity(self, a: int, b: int, floor: float) -> float:
        """Return the smallest Jaccard similarity over the sides of two texts, 0 where it is below the floor."""
        for one, other in zip(self.figures[a], self.figures[b], strict=True):
            if one is not None and other is not None and one != other:
                return 0.0
        score = 1.0
        for left, right in zip(self.shingles[a], self.shingles[b], strict=True):
            both = np.concatenate((left, right))
            both.sort()
            shared = int(np.count_nonzero(both[1:] == both[:-1]))
            score = min(score, shared / (len(both) - shared) if len(both) else 1.0)
            if score < floor:
                return 0.0
        return score


class CorpusBuilder:
    """Takes texts in and gives a `Corpus`.

    Args:
        settings: How to shingle and sign.
    """

    def __init__(self, settings: NearSettings) -> None:
        self._settings = settings
        self._shingler = Shingler(settings.width, settings.short_tokens)
        self._waiting: list[tuple[Hashes, ...]] = []
        self._signatures: list[npt.NDArray[np.uint32]] = []
        self._shingles: list[tuple[Shingles, ...]] = []
        self._figures: list[tuple[tuple[str, ...] | None, ...]] = []

    def __len__(self) -> int:
        return len(self._shingles)

    def add(self, sides: tuple[str, ...]) -> None:
        """Take in the next text."""
        pieces = tuple(self._shingler.shingles(side) for side in sides)
        self._waiting.append(pieces)
        self._shingles.append(tuple((piece >> _HIGH).astype(np.uint32) for piece in pieces))
        limit = self._settings.figure_tokens
        self._figures.append(
            tuple(
                figures(side) if len(piece) < limit else None for side, piece in zip(sides, pieces, strict=True)
            )
        )
        if len(self._waiting) == CHUNK:
            self._sign()

    def build(self) -> Corpus:
        """Return everything taken in."""
        self._sign()
        width = self._settings.bands * self._settings.rows
        return Corpus(
            shingles=self._shingles,
            figures=self._figures,
            sizes=np.array([[max(len(p), 1) for p in row] for row in self._shingles], dtype=np.float32),
            signatures=np.concatenate(self._signatures or [np.empty((0, width), dtype=np.uint32)]),
        )

    def _sign(self) -> None:
        if not self._waiting:
            return
        # Sides are told apart inside the signature, so that words asked never match words answered.
        flat = [piece ^ (_SIDE_TAG * np.uint64(i)) for row in self._waiting for i, piece in enumerate(row)]
        offsets = np.cumsum([0, *(sum(map(len, row)) for row in self._waiting)]).astype(np.uint64)
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(
            np.concatenate(flat), offsets, self._settings.bands * self._settings.rows, self._settings.seed
        )
        self._signatures.append(np.array(matrix.to_rows(), dtype=np.uint32))
        self._waiting = []
