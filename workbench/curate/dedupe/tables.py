"""Pairs and members of a search as arrays: a million of them are regrouped in the time of one page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
_WIDE = np.int64(1 << 32)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two alike conversations.

    Attributes:
        a: Row number of the earlier one.
        b: Row number of the later one.
        score: Similarity, 1 for equal texts.
    """

    a: int
    b: int
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Many pairs, ascending by (a, b).

    Attributes:
        a: (pairs,)
        b: (pairs,)
        scores: (pairs,)
    """

    a: Numbers
    b: Numbers
    scores: npt.NDArray[np.float64]

    @classmethod
    def of(cls, pairs: Iterable[Pair | tuple[int, int, float]]) -> Pairs:
        """Return these pairs, sorted."""
        rows = [(p.a, p.b, p.score) if isinstance(p, Pair) else p for p in pairs]
        a, b, scores = zip(*rows, strict=True) if rows else ((), (), ())
        return cls.sorted(np.array(a, dtype=np.int64), np.array(b, dtype=np.int64), np.array(scores, dtype=float))

    @classmethod
    def sorted(cls, one: Numbers, other: Numbers, scores: npt.NDArray[np.float64]) -> Pairs:
        """Return pairs given in any order."""
        a, b = np.minimum(one, other), np.maximum(one, other)
        order = np.lexsort((b, a))
        return cls(a[order], b[order], scores[order])

    def __len__(self) -> int:
        return len(self.a)

    def __iter__(self) -> Iterator[Pair]:
        for a, b, score in zip(self.a.tolist(), self.b.tolist(), self.scores.tolist(), strict=True):
            yield Pair(a, b, score)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pairs) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def take(self, which: npt.NDArray[np.bool_] | Numbers) -> Pairs:
        """Return some of them."""
        return Pairs(self.a[which], self.b[which], self.scores[which])

    def between(self, one: int, others: Numbers) -> npt.NDArray[np.float64]:
        """Return the scores between one row and others, 0 where there is no pair."""
        if not len(self.a):
            return np.zeros(len(others))
        wanted = np.minimum(one, others) * _WIDE + np.maximum(one, others)
        # The pairs of one row as `a` lie together; those with it as `b` may lie anywhere before.
        codes = self.a * _WIDE + self.b if len(others) > 64 else None
        if codes is not None:
            places = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
            return np.where(codes[places] == wanted, self.scores[places], 0.0)
        return np.array([self._one(*divmod(int(w), int(_WIDE))) for w in wanted])

    def _one(self, a: int, b: int) -> float:
        begin, end = np.searchsorted(self.a, (a, a + 1))
        place = begin + int(np.searchsorted(self.b[begin:end], b))
        return float(self.scores[place]) if place < end and self.b[place] == b else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """Rows that have a twin or stand in a pair, ascending.

    Attributes:
        seqs: Row numbers.
        reps: Of each the smallest row number with an equal text.
    """

    seqs: Numbers
    reps: Numbers

    @classmethod
    def of(cls, representative: Mapping[int, int]) -> Members:
        """Return members from row number → representative."""
        rows = sorted(representative.items())
        return cls(np.array([s for s, _ in rows], dtype=np.int64), np.array([r for _, r in rows], dtype=np.int64))

    @classmethod
    def found(cls, seqs: Numbers, reps: Numbers, pairs: Pairs) -> Members:
        """Return those of all rows that have a twin or stand in a pair.

        Args:
            seqs: All rows, in any order.
            reps: Of each its representative.
            pairs: Pairs of representatives.
        """
        twins = seqs != reps
        concerned = np.union1d(np.unique(reps[twins]), np.unique(np.concatenate((pairs.a, pairs.b))))
        chosen = twins | np.isin(seqs, concerned)
        order = np.argsort(seqs[chosen])
        return cls(seqs[chosen][order], reps[chosen][order])

    def __len__(self) -> int:
        return len(self.seqs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Members) and self.as_dict() == other.as_dict()

    __hash__ = None  # type: ignore[assignment]

    def as_dict(self) -> dict[int, int]:
        """Return row number → representative."""
        return dict(zip(self.seqs.tolist(), self.reps.tolist(), strict=True))

    def texts_of(self, seqs: Numbers) -> Numbers:
        """Return representatives; rows that are no members stand for themselves."""
        if not len(self.seqs):
            return seqs
        places = np.minimum(np.searchsorted(self.seqs, seqs), len(self.seqs) - 1)
        return np.where(self.seqs[places] == seqs, self.reps[places], seqs)

    def without(self, gone: Numbers) -> Members:
        """Return the members that are not gone."""
        stay = ~np.isin(self.seqs, gone)
        return Members(self.seqs[stay], self.reps[stay])
