"""Queries against the database: conditions, pages, counts and facets.

Class, status, source, language and round are answered from the cube of counts: their terms become sets of
allowed values, which serve SQL and the cube alike. Everything typed reaches SQL as a bound value.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Connection, Select, and_, func, literal_column, or_, select, true

from workbench.domain.errors import QueryError
from workbench.domain.query import FieldTerm, Query, TextTerm
from workbench.domain.record import Record, RecordSummary
from workbench.store import textindex
from workbench.store.conversations import (
    CHUNK,
    SUMMARY_COLUMNS,
    get_summaries,
    select_records,
    to_record,
    to_summary,
)
from workbench.store.cube import CubeCell, CubeKey, read_cube
from workbench.store.dimensions import DIMENSIONS, DimensionTerm, dimension_condition, resolve
from workbench.store.schema import conversations
from workbench.store.terms import field_condition

Order = Literal["newest", "oldest", "longest", "shortest", "random", "best"]
ORDERS: tuple[Order, ...] = get_args(Order)
"""`random` is by content hash: mixed, and the same each time. `best` is the nearest in meaning, or the best match
of words among the newest `RANKED_AMONG`, at most `RANKED`; without either it is `newest`."""

RANKED, RANKED_AMONG = 1000, 10_000

COUNT_AT_MOST = 200_000
"""Where the cube cannot answer, counting stops here."""

_c = conversations.c
_SORT_KEYS: dict[Order, tuple[ColumnElement[Any], bool]] = {
    "newest": (_c.seq, True),
    "oldest": (_c.seq, False),
    "longest": (_c.n_tokens, True),
    "shortest": (_c.n_tokens, False),
    "random": (_c.uid, False),
    "best": (_c.seq, True),
}
"""Order → what it sorts by, and whether the largest comes first; ties follow `seq` in the same direction."""


Condition = tuple[FieldTerm | TextTerm, ColumnElement[bool]]
"""A term, and what it says in SQL."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A query ready to run.

    Attributes:
        dimensions: Terms that the cube can answer.
        conditions: The other fields' conditions, and excluded texts.
        match: FTS5 expression of the texts that must occur, or empty.
        ranked: Only these row numbers, the nearest in meaning first; None admits all.
    """

    dimensions: tuple[DimensionTerm, ...] = ()
    conditions: tuple[Condition, ...] = ()
    match: str = ""
    ranked: tuple[int, ...] | None = None

    @property
    def from_cube(self) -> bool:
        """Whether the cube alone can count it."""
        return not self.conditions and not self.match and self.ranked is None

    @property
    def is_everything(self) -> bool:
        """Whether every conversation matches."""
        return self.from_cube and not self.dimensions

    def key(self) -> Hashable:
        """Return what two queries share that find the same."""
        return (self.dimensions, tuple(term for term, _ in self.conditions), self.match, self.ranked)

    def nearest_to(self, ranked: Sequence[int]) -> Compiled:
        """Return the same, narrowed to these row numbers and in their order where `best` is asked for."""
        return replace(self, ranked=tuple(ranked))

    def where(self) -> ColumnElement[bool]:
        """Return the whole condition, for any SELECT that has `conversations`."""
        conditions: list[ColumnElement[bool]] = [
            *map(dimension_condition, self.dimensions),
            *(condition for _, condition in self.conditions),
        ]
        if self.match:
            conditions.append(_c.seq.in_(_matching(self.match)))
        if self.ranked is not None:
            conditions.append(_c.seq.in_(_listed(self.ranked)))
        return and_(true(), *conditions)

    def restrict(self, query: Select[*tuple[Any, ...]], *, dimensions: bool = True) -> Select[*tuple[Any, ...]]:
        """Restrict a SELECT of `conversations`.

        Args:
            query: What to restrict.
            dimensions: Whether to apply the dimensions' terms.
        """
        return query.where(self.where() if dimensions else replace(self, dimensions=()).where())

    def walk_texts(self, query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
        """Restrict a SELECT that is sorted by `fts.rowid`: the text index walks its rows in that order.

        The first page of a common word then costs a page. In any other order `restrict` is faster, by a factor
        of 25 at 48,000 conversations: there SQLite would ask the text index anew for every row.
        """
        rest = replace(self, match="").where()
        joined = conversations.join(textindex.fts, textindex.fts.c.rowid == _c.seq)
        return query.select_from(joined).where(rest, textindex.matches(self.match))


def compile_query(connection: Connection, query: Query) -> Compiled:
    """Make a query ready to run.

    Raises:
        QueryError: It names a class that does not exist, or a text without letters or digits.
    """
    dimensions: list[DimensionTerm] = []
    conditions: list[Condition] = []
    expressions: list[str] = []
    for term in query.terms:
        if isinstance(term, TextTerm):
            expression = expression_of(term)
            if term.negated:
                conditions.append((term, _c.seq.not_in(_matching(expression))))
            else:
                expressions.append(expression)
        elif term.field == "like":
            raise QueryError("like: cannot be used here", "search by meaning on the Browse page first")
        elif term.field in DIMENSIONS:
            dimensions.append(resolve(connection, term))
        else:
            conditions.append((term, field_condition(term)))
    return Compiled(tuple(dimensions), tuple(conditions), " ".join(expressions))


def _listed(seqs: Sequence[int]) -> Select[Any]:
    """Return any number of row numbers as a sub-select: one bound value."""
    listed = func.json_each(json.dumps(list(seqs))).table_valued("value")
    return select(listed.c.value)


def admitted(connection: Connection, compiled: Compiled, seqs: Sequence[int]) -> set[int]:
    """Return those of some row numbers that match."""
    query = compiled.restrict(select(_c.seq)).where(_c.seq.in_(_listed(seqs)))
    return set(connection.execute(query).scalars())


def _matching(expression: str) -> Select[Any]:
    return select(textindex.fts.c.rowid).where(textindex.matches(expression))


def expression_of(term: TextTerm) -> str:
    """Return the text index's expression of a term, its minus aside.

    Raises:
        QueryError: It holds neither a letter nor a digit.
    """
    prefix = not term.phrase and term.text.endswith("*")
    if not textindex.has_words(term.text):
        raise QueryError(f"{term.text!r} holds nothing to search for", "search for a word with letters or digits")
    return textindex.match_expression(term.text.rstrip("*") if prefix else term.text, prefix=prefix)


def search_page(
    connection: Connection, compiled: Compiled, *, limit: int, after: int | None = None, order: Order = "newest"
) -> list[RecordSummary]:
    """Return a page of matching conversations.

    Args:
        connection: Any connection.
        compiled: What must hold.
        limit: Rows at most.
        after: The `seq` of the last row of the page before; None gives the first page.
        order: See `ORDERS`.
    """
    if order == "best" and (compiled.ranked is not None or compiled.match):
        return _best_page(connection, compiled, limit, after)
    column, descending = _SORT_KEYS[order]
    seq: ColumnElement[Any] = _c.seq
    if compiled.match and column is _c.seq:
        column = seq = textindex.fts.c.rowid
        query = compiled.walk_texts(select(*SUMMARY_COLUMNS))
    else:
        query = compiled.restrict(select(*SUMMARY_COLUMNS))
    if after is not None:
        query = query.where(_behind(connection, after, order, seq))
    keys = [column] if column is seq or order == "random" else [column, seq]
    query = query.order_by(*(k.desc() if descending else k.asc() for k in keys)).limit(limit)
    return [to_summary(row) for row in connection.execute(query)]


def _best_page(connection: Connection, compiled: Compiled, limit: int, after: int | None) -> list[RecordSummary]:
    ranked = _best_words(connection, compiled) if compiled.ranked is None else compiled.ranked
    start = ranked.index(after) + 1 if after in ranked else 0
    return get_summaries(connection, ranked[start : start + limit])


def _best_words(connection: Connection, compiled: Compiled) -> tuple[int, ...]:
    """Return the best matches of words (BM25), the newest first among equals.

    Ranking all matches of a common word takes 190 ms at a million conversations; the newest ones are ranked.
    """
    score: ColumnElement[Any] = literal_column("bm25(fts)").label("score")
    found = compiled.walk_texts(select(textindex.fts.c.rowid.label("seq"), score))
    newest = found.order_by(textindex.fts.c.rowid.desc()).limit(RANKED_AMONG).subquery()
    best = select(newest.c.seq).order_by(newest.c.score, newest.c.seq.desc()).limit(RANKED)
    return tuple(connection.execute(best).scalars())


def _behind(connection: Connection, after: int, order: Order, seq: ColumnElement[Any]) -> ColumnElement[bool]:
    column, descending = _SORT_KEYS[order]
    beyond = seq < after if descending else seq > after
    if column is _c.seq:
        return beyond
    value = connection.execute(select(column).where(_c.seq == after)).scalar()
    further = column < value if descending else column > value
    # The first condition is implied by the second; it lets the index start at the right place.
    near = column <= value if descending else column >= value
    return and_(near, or_(further, beyond))


def count_matches(connection: Connection, compiled: Compiled) -> tuple[int, bool]:
    """Return how many conversations match, and whether that is exact.

    From the cube where it can answer; otherwise counted, up to `COUNT_AT_MOST`.
    """
    if compiled.from_cube:
        return sum(cell.n for cell in matching_cells(connection, compiled)), True
    if compiled.match and not (compiled.conditions or compiled.dimensions):
        found = _matching(compiled.match)
    else:
        found = compiled.restrict(select(_c.seq))
    capped = select(func.count()).select_from(found.limit(COUNT_AT_MOST + 1).subquery())
    count = connection.execute(capped).scalar_one()
    return min(count, COUNT_AT_MOST), count <= COUNT_AT_MOST


def matching_cells(connection: Connection, compiled: Compiled) -> list[CubeCell]:
    """Return the cells of the cube that the dimensions' terms admit."""
    return [cell for cell in read_cube(connection) if all(t.admits(cell.key) for t in compiled.dimensions)]


def matching_seqs(connection: Connection, compiled: Compiled) -> list[int]:
    """Return all matching row numbers, ascending."""
    return list(connection.execute(compiled.restrict(select(_c.seq)).order_by(_c.seq)).scalars())


def iterate_records(connection: Connection, compiled: Compiled) -> Iterator[Record]:
    """Yield all matching conversations with their texts, in order of arrival, some thousand in memory at once."""
    seqs = matching_seqs(connection, compiled)
    for start in range(0, len(seqs), CHUNK):
        part = seqs[start : start + CHUNK]
        rows = connection.execute(select_records().where(_c.seq.in_(part)).order_by(_c.seq))
        yield from map(to_record, rows)


def counted_cells(connection: Connection, compiled: Compiled) -> list[CubeCell]:
    """Return the cells of what matches, counted from the conversations; their tokens are not summed."""
    cells = _count_cells(connection, compiled)
    return [cell for cell in cells if all(t.admits(cell.key) for t in compiled.dimensions)]


Facets = dict[str, list[tuple[str, int]]]
"""Query field → (value, conversations), most frequent first; `none` stands for untagged or unknown."""


def facets(connection: Connection, compiled: Compiled, limit: int = 50) -> Facets:
    """Count the matching conversations by each dimension.

    A field's own terms do not narrow its own list: with `source:gpt4` in force the other sources still stand
    there with what choosing them would give.
    """
    cells = read_cube(connection) if compiled.from_cube else _count_cells(connection, compiled)
    return facets_of(cells, compiled, limit)


def facets_of(cells: Sequence[CubeCell], compiled: Compiled, limit: int = 50) -> Facets:
    """Return the facets of counted cells that the dimensions' terms have not narrowed yet."""
    return {field: _facet(cells, compiled.dimensions, field)[:limit] for field in DIMENSIONS}


def _count_cells(connection: Connection, compiled: Compiled) -> list[CubeCell]:
    keys = (func.coalesce(_c.class_name, ""), _c.status, _c.source, _c.language, _c.round)
    query = compiled.restrict(select(*keys, func.count()), dimensions=False).group_by(*keys)
    return [CubeCell(CubeKey(*row[:5]), row[5], 0, 0) for row in connection.execute(query)]


def _facet(cells: Sequence[CubeCell], terms: Sequence[DimensionTerm], field: str) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for cell in cells:
        if all(t.field == field or t.admits(cell.key) for t in terms):
            value = str(getattr(cell.key, DIMENSIONS[field])) or "none"
            counts[value] = counts.get(value, 0) + cell.n
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
