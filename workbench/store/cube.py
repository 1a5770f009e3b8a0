"""Counts of conversations by class, status, source, language and round, kept in every change's transaction.

Live GROUP BY over a million rows takes seconds in the worst case; reading the cube takes half a millisecond.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from workbench.store.schema import conversations, cube


class CubeKey(NamedTuple):
    """A cell's place; `class_name` is empty for untagged."""

    class_name: str
    status: str
    source: str
    language: str
    round: int


@dataclass(frozen=True, slots=True)
class CubeCell:
    """Counts of the conversations that share a key.

    Attributes:
        key: Their class, status, source, language and round.
        n: Conversations.
        n_tokens: All their tokens.
        supervised_tokens: Their tokens that are trained on.
    """

    key: CubeKey
    n: int
    n_tokens: int
    supervised_tokens: int


class CubeDelta:
    """Collects what a transaction does to the counts."""

    def __init__(self) -> None:
        self._cells: dict[CubeKey, list[int]] = {}

    def add(self, key: CubeKey, n: int, n_tokens: int, supervised_tokens: int) -> None:
        """Count `n` conversations in (or out, for negative numbers) at a key."""
        cell = self._cells.setdefault(key, [0, 0, 0])
        cell[0] += n
        cell[1] += n_tokens
        cell[2] += supervised_tokens

    def apply(self, connection: Connection) -> None:
        """Add the collected differences to the cube; cells that fall to zero are removed."""
        rows = [
            {**key._asdict(), "n": n, "n_tokens": tokens, "supervised_tokens": supervised}
            for key, (n, tokens, supervised) in self._cells.items()
            if n or tokens or supervised
        ]
        if not rows:
            return
        statement = insert(cube)
        new = statement.excluded
        upsert = statement.on_conflict_do_update(
            index_elements=list(CubeKey._fields),
            set_={
                "n": cube.c.n + new.n,
                "n_tokens": cube.c.n_tokens + new.n_tokens,
                "supervised_tokens": cube.c.supervised_tokens + new.supervised_tokens,
            },
        )
        connection.execute(upsert, rows)
        connection.execute(delete(cube).where(cube.c.n == 0))
        self._cells.clear()


def read_cube(connection: Connection) -> list[CubeCell]:
    """Return every cell."""
    columns = (*(cube.c[f] for f in CubeKey._fields), cube.c.n, cube.c.n_tokens, cube.c.supervised_tokens)
    rows = connection.execute(select(*columns))
    # Named one by one: slices of rows take three times as long, and a page reads thousands of cells.
    return [CubeCell(CubeKey(a, b, c, d, e), n, tokens, sup) for a, b, c, d, e, n, tokens, sup in rows]


def count_cells(connection: Connection) -> list[CubeCell]:
    """Return what the cube must say, counted from the conversations: for checking and mending it."""
    c = conversations.c
    keys = (func.coalesce(c.class_name, ""), c.status, c.source, c.language, c.round)
    sums = (func.count(), func.sum(c.n_tokens), func.sum(c.supervised_tokens))
    rows = connection.execute(select(*keys, *sums).group_by(*keys))
    return [CubeCell(CubeKey(*row[:5]), *row[5:]) for row in rows]


def totals(cells: Iterable[CubeCell], dimension: str) -> Mapping[str, int]:
    """Return conversations by one dimension of `CubeKey`, most frequent first."""
    counts: dict[str, int] = {}
    for cell in cells:
        value = str(getattr(cell.key, dimension))
        counts[value] = counts.get(value, 0) + cell.n
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
