"""What matches a query, from the columns in memory: how many, which page, which counts. Exact, like the database.

    found = select_rows(columns, connection, compiled)
    found.total, found.page("newest", limit=50), found.cells(), found.histograms()

Words, and fields that are not in memory (an id, a prompt's hash, a cluster), are asked of the database as lists of
row numbers; everything else is a few passes over arrays.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
from sqlalchemy import Connection, Select, String, cast, func, select

from workbench.domain.query import FieldTerm, TextTerm
from workbench.store import textindex
from workbench.store.columnar import Columns, Ints
from workbench.store.cube import CubeCell, CubeKey
from workbench.store.dimensions import COMPARISONS, DimensionTerm
from workbench.store.histograms import FIELDS, Histogram, ranges
from workbench.store.schema import classes, conversations
from workbench.store.search import COUNT_AT_MOST, Compiled, Order, expression_of
from workbench.store.terms import NEAR, field_condition

Mask = npt.NDArray[np.bool_]
KEPT = 8
"""Masks and lists of words kept: a page asks for the same query's page, counts and histograms."""


@dataclass(frozen=True)
class Selection:
    """The conversations that match a query.

    Attributes:
        columns: Where they are.
        mask: Whether each matches.
        base: Whether each matches without the terms on class, status, source, language and round.
        rewards: The reward of each cell's class; NaN for untagged.
        total: How many match.
        exact: False where only the newest matches of a common word were looked at.
    """

    columns: Columns
    mask: Mask
    base: Mask
    rewards: npt.NDArray[np.float64]
    total: int
    exact: bool = True

    def page(self, order: Order, limit: int, after: int | None = None) -> list[int] | None:
        """Return the row numbers of a page; None for an order that the columns do not hold.

        Args:
            order: As `workbench.store.search.ORDERS`; `best` is `newest` here.
            limit: How many at most.
            after: Row number of the last one on the page before.
        """
        columns = self.columns
        if order == "random" and not columns.by_uid:
            return None
        with columns.lock:
            seqs = columns["seq"][: len(self.mask)]
            last = None if after is None else int(np.searchsorted(seqs, after))
            if order in ("newest", "best"):
                rows = np.flatnonzero(self.mask if last is None else self.mask[:last])[-limit:][::-1]
            elif order == "oldest":
                start = 0 if last is None else last + 1
                rows = np.flatnonzero(self.mask[start:])[:limit] + start
            else:
                rows = self._by_key(order, limit, last)
            return [int(seq) for seq in seqs[rows]]

    def _by_key(self, order: Order, limit: int, last: int | None) -> Ints:
        """Return places sorted by length or id, ties by place, behind the place `last`."""
        rows = np.flatnonzero(self.mask)
        if order == "random":
            keys: npt.NDArray[Any] = self.columns["uid"][: len(self.mask)]
        else:
            sign = -1 if order == "longest" else 1
            places = np.arange(len(self.mask), dtype=np.int64)
            keys = sign * ((self.columns["tokens"][: len(self.mask)].astype(np.int64) << 32) + places)
        if last is not None:
            rows = rows[keys[rows] > keys[last]]
        mine = keys[rows]
        if len(rows) > limit:
            first = np.argpartition(mine, limit - 1)[:limit]
            rows, mine = rows[first], mine[first]
        found: Ints = rows[np.argsort(mine, kind="stable")]
        return found

    def cells(self, *, dimensions: bool = True) -> list[CubeCell]:
        """Return how many match in each cell of the cube, and their tokens.

        Args:
            dimensions: Whether the terms on class, status, source, language and round count.
        """
        mask, columns = self.mask if dimensions else self.base, self.columns
        with columns.lock:
            cell = columns["cell"][: len(mask)][mask]
            counts = np.bincount(cell)
            tokens = np.bincount(cell, weights=columns["tokens"][: len(mask)][mask])
            return [
                CubeCell(CubeKey(*columns.cells.of[i]), int(counts[i]), int(tokens[i]), 0)
                for i in np.flatnonzero(counts)
            ]

    def admitted(self, seqs: Ints) -> Mask:
        """Return which of some row numbers match."""
        with self.columns.lock:
            there = self.columns["seq"][: len(self.mask)]
            at = np.minimum(np.searchsorted(there, seqs), max(0, len(there) - 1))
            found: Mask = (there[at] == seqs) & self.mask[at] if len(there) else np.zeros(len(seqs), dtype=bool)
            return found

    def seqs(self) -> Ints:
        """Return the row numbers of all that match, ascending."""
        with self.columns.lock:
            found: Ints = self.columns["seq"][: len(self.mask)][self.mask]
            return found

    def histograms(self) -> dict[str, Histogram]:
        """Return how they spread over turns, tokens and reward."""
        with self.columns.lock:
            return {field: _histogram(field, _values(self.columns, field, self)) for field in FIELDS}


def _values(columns: Columns, field: str, found: Selection) -> npt.NDArray[Any]:
    values = columns[field] if field != "reward" else _in_force(columns, found.rewards)
    chosen: npt.NDArray[Any] = values[: len(found.mask)][found.mask]
    return chosen


def _histogram(field: str, values: npt.NDArray[Any]) -> Histogram:
    named = ranges(field)
    edges = np.array([edge for _, edge in named]) - NEAR
    none = np.isnan(values) if values.dtype.kind == "f" else np.zeros(0, dtype=bool)
    known = values[~none] if none.any() else values
    if field != "reward":  # few distinct lengths: count each, then the ranges
        known = np.minimum(known, int(edges[-1]) + 1)
        each = np.bincount(np.maximum(known, 0), minlength=1)
        places = np.searchsorted(edges, np.arange(len(each)), "right") - 1
        counts = np.bincount(np.maximum(places, 0), weights=each, minlength=len(named))
    else:
        places = np.searchsorted(edges, known, "right") - 1
        counts = np.bincount(np.maximum(places, 0), minlength=len(named))
    out = [(value, int(counts[i])) for i, (value, _) in enumerate(named)]
    return [*out, ("none", int(none.sum()))] if none.any() else out


def _in_force(columns: Columns, rewards: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the reward in force of every conversation: its own, or its class's."""
    own = columns["own"]
    found: npt.NDArray[np.float64] = rewards[columns["cell"]]
    given = ~np.isnan(own)
    found[given] = own[given]
    return found


class Selecting:
    """Answers queries from columns; keeps the last masks and lists of words.

    Args:
        columns: Where to look.
    """

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def select(self, connection: Connection, compiled: Compiled) -> Selection:
        """Return what matches, as of now."""
        columns = self.columns
        with columns.lock:
            columns.refresh(connection)
            key = ("selection", columns.stamp, compiled.key())
            rewards = self._rewards(connection)
            lasting = all(_is_lasting(term) for term, _ in compiled.conditions)
            found: tuple[Mask, Mask, bool] | None = self._recall(key) if lasting else None
            if found is None:
                found = self._masks(connection, compiled, rewards)
                if lasting:
                    self._keep(key, found)
            mask, base, exact = found
            return Selection(columns, mask, base, rewards, int(np.count_nonzero(mask)), exact)

    def _masks(
        self, connection: Connection, compiled: Compiled, rewards: npt.NDArray[np.float64]
    ) -> tuple[Mask, Mask, bool]:
        base = np.ones(len(self.columns), dtype=bool)
        exact = True
        for term, _ in compiled.conditions:
            base &= self._term(connection, term, rewards)
        if compiled.match:
            alone = not (compiled.conditions or compiled.dimensions)
            words, exact = self._words(connection, compiled.match, COUNT_AT_MOST if alone else None)
            base &= words
        if compiled.ranked is not None:
            base &= self._those(np.array(compiled.ranked, dtype=np.int64))
        mask = base
        if compiled.dimensions:
            mask = base & self._admits(compiled.dimensions)[self.columns["cell"]]
        return mask, base, exact

    def _admits(self, terms: tuple[DimensionTerm, ...]) -> Mask:
        keys = (CubeKey(*parts) for parts in self.columns.cells.of)
        return np.array([all(t.admits(key) for t in terms) for key in keys], dtype=bool)

    def _term(
        self, connection: Connection, term: FieldTerm | TextTerm, rewards: npt.NDArray[np.float64]
    ) -> Mask:
        """Return which conversations a term admits."""
        if isinstance(term, TextTerm):
            found, _ = self._words(connection, expression_of(term), None)
        elif term.field in ("turns", "tokens"):
            found = _compared(self.columns[term.field], term)
        elif term.field == "reward":
            found = _compared(_in_force(self.columns, rewards), term)
        elif term.field in ("flag", "reason", "by"):
            name = "flags" if term.field == "flag" else term.field
            values = self.columns.coded[name].of
            table = np.array([any(_READS[term.field](v, w) for w in term.values) for v in values], dtype=bool)
            found = table[self.columns[name]] if len(table) else np.zeros(0, dtype=bool)
        else:
            plain = field_condition(replace(term, negated=False))
            found = self._those(_numbers(connection, select(conversations.c.seq).where(plain)))
        return ~found if term.negated else found

    def _words(self, connection: Connection, expression: str, at_most: int | None) -> tuple[Mask, bool]:
        """Return where words occur, in the newest texts only where there are more than `at_most`."""
        key = ("words", self.columns.text_stamp, expression, at_most)
        kept: tuple[Ints, bool] | None = self._recall(key)
        if kept is None:
            rows = select(textindex.fts.c.rowid.label("seq")).where(textindex.matches(expression))
            if at_most is not None:
                rows = rows.order_by(textindex.fts.c.rowid.desc()).limit(at_most + 1)
            seqs = _numbers(connection, rows)
            exact = at_most is None or len(seqs) <= at_most
            kept = (seqs if exact else seqs[:at_most], exact)
            self._keep(key, kept)
        return self._those(kept[0]), kept[1]

    def _those(self, seqs: Ints) -> Mask:
        mask = np.zeros(len(self.columns), dtype=bool)
        mask[self.columns.places(seqs)] = True
        return mask

    def _rewards(self, connection: Connection) -> npt.NDArray[np.float64]:
        rows = connection.execute(select(classes.c.name, classes.c.reward))
        table: Mapping[str, float] = {name: reward for name, reward in rows}
        return np.array([table.get(parts[0], np.nan) for parts in self.columns.cells.of], dtype=np.float64)

    def _recall(self, key: Hashable) -> Any:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def _keep(self, key: Hashable, value: Any) -> None:
        self._kept[key] = value
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def _numbers(connection: Connection, rows: Select[Any]) -> Ints:
    """Return a SELECT of row numbers as an array: one text from the driver, not a million Python rows."""
    inner = rows.subquery()
    text = connection.execute(select(cast(func.json_group_array(inner.c[0]), String))).scalar_one()
    return np.array(orjson.loads(text), dtype=np.int64)


def _is_lasting(term: FieldTerm | TextTerm) -> bool:
    """Whether what a term admits changes only with what the columns follow."""
    return isinstance(term, TextTerm) or term.field in ("turns", "tokens", "flag", "reason", "by", "id", "prompt")


def _compared(values: npt.NDArray[Any], term: FieldTerm) -> Mask:
    if term.operator != ":":
        compared: Mask = np.asarray(COMPARISONS[term.operator](values, float(term.values[0])))
        return compared
    found = np.zeros(len(values), dtype=bool)
    for value in term.values:
        found |= _equal(values, value)
    return found


def _equal(values: npt.NDArray[Any], value: str) -> Mask:
    given: Mask = ~np.isnan(values) if values.dtype.kind == "f" else np.ones(len(values), dtype=bool)
    if value in ("none", "any"):
        return given if value == "any" else ~given
    low, high = value.split("..", 1) if ".." in value else (value, value)
    if low:
        given &= values >= float(low) - NEAR
    if high:
        given &= values <= float(high) + NEAR
    return given


def _folded(text: str) -> str:
    """Fold as SQLite's LIKE does: only ASCII letters have no case."""
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def _reads_text(text: str, wanted: str) -> bool:
    if wanted in ("none", "any"):
        return (text == "") == (wanted == "none")
    text, wanted = _folded(text), _folded(wanted)
    return text.startswith(wanted[:-1]) if wanted.endswith("*") else text == wanted


def _reads_flags(flags: str, wanted: str) -> bool:
    if wanted in ("none", "any"):
        return (flags == "[]") == (wanted == "none")
    end = "" if wanted.endswith("*") else '"'
    return _folded(f'"{wanted.removesuffix("*")}{end}') in _folded(flags)


_READS = {"flag": _reads_flags, "reason": _reads_text, "by": _reads_text}
