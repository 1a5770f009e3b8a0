"""Query terms on class, status, source, language and round, as sets of the values that exist."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, false, or_, select, true

from workbench.domain.errors import QueryError
from workbench.domain.query import FieldTerm
from workbench.store.cube import CubeKey
from workbench.store.schema import classes, conversations, cube

DIMENSIONS = {
    "class": "class_name",
    "status": "status",
    "source": "source",
    "lang": "language",
    "round": "round",
}
"""Query field → the cube's column."""

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}

_BOUND_AT_MOST = 30_000
"""SQLite takes 32,766 bound values in a statement."""


@dataclass(frozen=True, slots=True)
class DimensionTerm:
    """A term as the values it allows.

    Attributes:
        field: The query field.
        allowed: Values of the cube that match (an empty text is untagged or unknown).
        refused: The other values of the cube.
    """

    field: str
    allowed: frozenset[Any]
    refused: frozenset[Any]

    def admits(self, key: CubeKey) -> bool:
        """Whether a cell of the cube matches."""
        return getattr(key, DIMENSIONS[self.field]) in self.allowed


def resolve(connection: Connection, term: FieldTerm) -> DimensionTerm:
    """Find the values that a term allows among those that exist; capital and small letters are equal.

    Raises:
        QueryError: It names a class that the project does not have.
    """
    existing = set(connection.execute(select(cube.c[DIMENSIONS[term.field]]).distinct()).scalars())
    if term.field == "class":
        _check_classes(connection, term, existing)
    matching = {value for value in existing if _matches(value, term)}
    allowed = existing - matching if term.negated else matching
    return DimensionTerm(term.field, frozenset(allowed), frozenset(existing - allowed))


def _check_classes(connection: Connection, term: FieldTerm, existing: Iterable[str]) -> None:
    names = list(connection.execute(select(classes.c.name).order_by(classes.c.position)).scalars())
    known = {n.casefold() for n in (*names, *existing)} | {"none", "any"}
    for value in term.values:
        if value.casefold() not in known and not value.endswith("*"):
            raise QueryError(
                f"class:{value}: there is no class {value!r}", f"use one of {', '.join((*names, 'none', 'any'))}"
            )


def _matches(existing: Any, term: FieldTerm) -> bool:
    if term.operator != ":":
        return bool(COMPARISONS[term.operator](existing, int(term.values[0])))
    return any(_equals(existing, value) for value in term.values)


def _equals(existing: Any, value: str) -> bool:
    if value in ("none", "any"):
        return bool(existing == "") == (value == "none")
    if isinstance(existing, int):
        return bool(existing == int(value))
    folded: str = existing.casefold()
    wanted = value.casefold()
    return folded.startswith(wanted[:-1]) if wanted.endswith("*") else folded == wanted


def dimension_condition(term: DimensionTerm) -> ColumnElement[bool]:
    """Return the condition on `conversations`."""
    if not term.refused:
        return true()
    if not term.allowed:
        return false()
    column = conversations.c[DIMENSIONS[term.field]]
    if len(term.allowed) > min(_BOUND_AT_MOST, len(term.refused)):
        return _outside(column, term.refused)
    return _among(column, term.allowed)


def _among(column: ColumnElement[Any], values: frozenset[Any]) -> ColumnElement[bool]:
    if column is not conversations.c.class_name or "" not in values:
        return column.in_(sorted(values))
    named = sorted(values - {""})
    return or_(column.is_(None), column.in_(named)) if named else column.is_(None)


def _outside(column: ColumnElement[Any], values: frozenset[Any]) -> ColumnElement[bool]:
    if column is not conversations.c.class_name:
        return column.not_in(sorted(values))
    named = sorted(values - {""})
    outside = column.not_in(named) if named else true()
    return and_(column.is_not(None), outside) if "" in values else or_(column.is_(None), outside)
