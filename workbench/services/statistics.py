"""Intervals for shares, so that nobody takes thirty prompts for proof."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Z95 = 1.959963984540054
"""Normal quantile of a two-sided 95 % interval."""


def wilson(hits: int, n: int, z: float = Z95) -> tuple[float, float]:
    """Return the Wilson score interval of a share; (0, 1) where nothing was counted.

    Args:
        hits: How many.
        n: Out of how many.
        z: Normal quantile.

    Source: Wilson, 1927, eq. for p with (p̂ - p)² = z² p(1 - p)/n.
    """
    if n == 0:
        return 0.0, 1.0
    rate = hits / n
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, centre - half), min(1.0, centre + half)


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference of two shares over the same prompts.

    Attributes:
        points: In percentage points.
        low: Lower end of the 95 % interval, in points.
        high: Upper end.
        n: Prompts that both sides answered.
    """

    points: float
    low: float
    high: float
    n: int


def paired_difference(pairs: Sequence[tuple[bool, bool]]) -> Difference | None:
    """Return the first share minus the second over paired verdicts; None without pairs.

    The interval is Agresti and Min's (2005): half an observation is added to each of the four cells, which keeps
    the coverage near 95 % where Wald's interval fails (few prompts, or sides that hardly differ).
    """
    n = len(pairs)
    if n == 0:
        return None
    only_first = sum(a and not b for a, b in pairs)
    only_second = sum(b and not a for a, b in pairs)
    size, up, down = n + 2, only_first + 0.5, only_second + 0.5
    centre = (up - down) / size
    half = Z95 * math.sqrt(max(0.0, (up + down) / size - centre**2) / size)
    points = 100 * (only_first - only_second) / n
    return Difference(points, 100 * max(-1.0, centre - half), 100 * min(1.0, centre + half), n)
