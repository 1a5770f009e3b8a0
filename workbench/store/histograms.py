"""How the matching conversations spread over turns, tokens and reward: counts in ranges that can be queried.

Of more than `COUNTED` matches a sample is counted: those whose content hash begins low, the same ones each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, select

from workbench.store.cube import read_cube
from workbench.store.schema import conversations
from workbench.store.search import Compiled, count_matches
from workbench.store.terms import REWARD_IN_FORCE

COUNTED = 10_000

_c = conversations.c
_INTEGER_EDGES = {
    "turns": (0, 2, 3, 5, 9, 17, 65),
    "tokens": (0, 50, 100, 200, 400, 800, 1600, 3200),
}
_REWARD_EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
FIELDS = ("turns", "tokens", "reward")
_COLUMNS: dict[str, ColumnElement[Any]] = {"turns": _c.n_turns, "tokens": _c.n_tokens, "reward": REWARD_IN_FORCE}

Histogram = list[tuple[str, int]]
"""Value of the query language (`200..399`, `none`) and how many, in the order of the values; empty ranges too."""


def ranges(field: str) -> list[tuple[str, float]]:
    """Return the ranges of a field as the query language writes them, each with its lower end."""
    if field == "reward":
        inner = [(f"{a:g}..{b - 1e-6:g}", a) for a, b in pairwise(_REWARD_EDGES)]
        return [(f"..{-1e-6:f}", float("-inf")), *inner, (f"{_REWARD_EDGES[-1]:g}..", _REWARD_EDGES[-1])]
    edges = _INTEGER_EDGES[field]
    inner = [(f"{a}..{b - 1}", float(a)) for a, b in pairwise(edges)]
    return [*inner, (f"{edges[-1]}..", float(edges[-1]))]


def histograms(connection: Connection, compiled: Compiled) -> tuple[dict[str, Histogram], bool]:
    """Return each field's histogram, and whether the counts are estimates from a sample."""
    total, exact = count_matches(connection, compiled)
    everything = sum(cell.n for cell in read_cube(connection))
    sampled = not exact or total > COUNTED
    scale = 1.0
    low: ColumnElement[bool] | None = None
    if sampled:
        share = min(1.0, COUNTED / max(everything, 1))
        low = _c.uid < f"{int(share * 16**8):08x}" if share < 1 else None
        scale = 1 / share
    out = {field: _count(connection, compiled, field, low, scale) for field in FIELDS}
    return out, sampled and low is not None


def _count(
    connection: Connection, compiled: Compiled, field: str, low: ColumnElement[bool] | None, scale: float
) -> Histogram:
    column = _COLUMNS[field]
    named = ranges(field)
    bucket = case(
        (column.is_(None), -1),
        *((column >= edge - 1e-9, i) for i, (_, edge) in reversed(list(enumerate(named))) if edge > float("-inf")),
        else_=0,
    )
    query = compiled.restrict(select(bucket.label("bucket"), func.count()))
    if low is not None:
        query = query.where(low)
    counts: dict[int, int] = {row[0]: row[1] for row in connection.execute(query.group_by("bucket"))}
    found = [(value, round(counts.get(i, 0) * scale)) for i, (value, _) in enumerate(named)]
    return [*found, ("none", round(counts[-1] * scale))] if -1 in counts else found


def trimmed(histogram: Sequence[tuple[str, int]]) -> Histogram:
    """Return a histogram without the empty ranges at its ends."""
    ranged = [(value, n) for value, n in histogram if value != "none"]
    full = [i for i, (_, n) in enumerate(ranged) if n]
    without = [(value, n) for value, n in histogram if value == "none"]
    return (ranged[full[0] : full[-1] + 1] if full else []) + without
