"""How far several people agree: Krippendorff's alpha, over all, by pair and by class.

alpha is 1 where they always agree, 0 where they agree as chance would, below 0 where they avoid it. It takes any
number of people and does not mind that not everybody judged everything. The figure itself comes from the library
`krippendorff`; what stands here chooses what it is asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import krippendorff
import numpy as np
from numpy.typing import NDArray

Opinions = Mapping[int, Mapping[str, str]]
"""Conversation → curator → class."""

RELIABLE, TENTATIVE = 0.8, 0.667
"""Krippendorff's own marks: from the first on data can be relied upon, from the second on with caution."""
_ROUNDS = 200
_Measure = Literal["nominal", "ordinal"]


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two people.

    Attributes:
        first: One of them.
        second: The other.
        both: Conversations that both judged.
        same: How many of those they judged the same.
        alpha: Krippendorff's alpha of the two; None where it is not defined.
    """

    first: str
    second: str
    both: int
    same: int
    alpha: float | None


@dataclass(frozen=True, slots=True)
class ClassAgreement:
    """One class against all others.

    Attributes:
        name: The class.
        opinions: How often it was named.
        alpha: alpha of "this class or not"; None where it is not defined.
    """

    name: str
    opinions: int
    alpha: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far people agree.

    Attributes:
        compared: Conversations that two people or more judged.
        opinions: Opinions on those.
        same: Part of the pairs of opinions that are equal; 0 where there are none.
        alpha: Krippendorff's alpha, classes as mere names; None where it is not defined (one class only).
        low: Lower end of its 95 % interval, by drawing conversations anew; None like `alpha`.
        high: Upper end.
        graded: alpha where a neighbouring class is a smaller error than a far one; None below three classes.
        pairs: By pair, most conversations first.
        classes: By class, in the order that was given.
        confused: (class, class, pairs of opinions) of those that differ, most frequent first.
    """

    compared: int
    opinions: int
    same: float
    alpha: float | None
    low: float | None
    high: float | None
    graded: float | None
    pairs: list[PairAgreement]
    classes: list[ClassAgreement]
    confused: list[tuple[str, str, int]]


def agreement(found: Opinions, classes: Sequence[str], *, seed: int = 0) -> Agreement:
    """Return how far people agree.

    Args:
        found: What each of them thinks.
        classes: All classes, from the best to the worst: `graded` goes by that order.
        seed: Of the interval's draws.
    """
    named = {name for by in found.values() for name in by.values()}
    order = [*classes, *sorted(named - set(classes))]  # a class that was removed since still counts
    shared = [by for by in found.values() if len(by) > 1]
    counts = _counts([list(by.values()) for by in shared], order)
    alpha = _alpha(counts)
    low, high = _interval(counts, seed) if alpha is not None else (None, None)
    pairs = Counter(tuple(sorted(two)) for by in shared for two in combinations(by.values(), 2))
    total = sum(pairs.values())
    return Agreement(
        len(shared),
        int(counts.sum()),
        sum(n for (a, b), n in pairs.items() if a == b) / total if total else 0.0,
        alpha,
        low,
        high,
        _alpha(counts, "ordinal") if len(order) > 2 else None,
        _pairs(shared, order),
        _classes(counts, order),
        [(a, b, n) for (a, b), n in pairs.most_common() if a != b],
    )


def _counts(units: Sequence[Sequence[str]], order: Sequence[str]) -> NDArray[np.int64]:
    """Return how often each class was named for each conversation."""
    at = {name: i for i, name in enumerate(order)}
    counts = np.zeros((len(units), len(order)), dtype=np.int64)
    for i, names in enumerate(units):
        for name in names:
            counts[i, at[name]] += 1
    return counts


def _alpha(counts: NDArray[np.int64], measure: _Measure = "nominal") -> float | None:
    if (counts.sum(axis=0) > 0).sum() < 2:  # nothing was compared, or all of it is one class
        return None
    return float(krippendorff.alpha(value_counts=counts, level_of_measurement=measure))


def _interval(counts: NDArray[np.int64], seed: int) -> tuple[float, float]:
    draw = np.random.default_rng(seed)
    found = [_alpha(counts[draw.integers(0, len(counts), len(counts))]) for _ in range(_ROUNDS)]
    low, high = np.quantile([1.0 if a is None else a for a in found], [0.025, 0.975])
    return float(low), float(high)


def _pairs(shared: Sequence[Mapping[str, str]], order: Sequence[str]) -> list[PairAgreement]:
    together: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for by in shared:
        for a, b in combinations(sorted(by), 2):
            together.setdefault((a, b), []).append((by[a], by[b]))
    made = [
        PairAgreement(a, b, len(two), sum(x == y for x, y in two), _alpha(_counts(two, order)))
        for (a, b), two in together.items()
    ]
    return sorted(made, key=lambda p: (-p.both, p.first, p.second))


def _classes(counts: NDArray[np.int64], order: Sequence[str]) -> list[ClassAgreement]:
    out = []
    for i, name in enumerate(order):
        mine = counts[:, i]
        two = np.stack([mine, counts.sum(axis=1) - mine], axis=1)
        out.append(ClassAgreement(name, int(mine.sum()), _alpha(two) if mine.sum() else None))
    return out
