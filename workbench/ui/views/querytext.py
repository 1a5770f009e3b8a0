"""Turning clicks into query text: one language in the search box, the facets, the charts and the address."""

from __future__ import annotations

from dataclasses import replace

from workbench.curate.query import format_query, parse_query
from workbench.domain.errors import QueryError
from workbench.domain.query import FieldTerm, Query, TextTerm


def toggle(text: str, field: str, value: str, *, exclude: bool = False) -> str:
    """Return the query narrowed to `field:value` (or excluding it); the same click again lifts it.

    Raises:
        QueryError: `text` has a mistake.
    """
    terms = list(parse_query(text).terms)
    wanted = FieldTerm(field, ":", (value,), negated=exclude)
    was = any(_holds(term, field, value, exclude) for term in terms)
    kept = [t for t in (_without(term, field, value) for term in terms) if t is not None]
    if not was:
        if not exclude:  # a field has one value at a time: another click replaces the first
            kept = [t for t in kept if not (isinstance(t, FieldTerm) and t.field == field and _plain(t))]
        kept.append(wanted)
    return format_query(Query(tuple(kept)))


def state_of(text: str, field: str, value: str) -> tuple[bool, bool]:
    """Return whether the query narrows to `field:value`, and whether it excludes it."""
    terms = parse_query(text).terms
    return (
        any(_holds(term, field, value, False) for term in terms),
        any(_holds(term, field, value, True) for term in terms),
    )


def asks_for_likeness(text: str) -> bool:
    """Return whether the query goes by meaning; one with a mistake does not."""
    try:
        terms = parse_query(text).terms
    except QueryError:
        return False
    return any(isinstance(t, FieldTerm) and t.field == "like" for t in terms)


def with_likeness(text: str, uid: str) -> str:
    """Return the query with `like:uid` in place of any other likeness; words looked for are let go.

    Raises:
        QueryError: `text` has a mistake.
    """
    kept = [t for t in parse_query(text).terms if isinstance(t, FieldTerm) and t.field != "like"]
    return format_query(Query((*kept, FieldTerm("like", ":", (uid,)))))


def words(text: str) -> list[str]:
    """Return the words and phrases that the query looks for, to be marked in the reader."""
    return [t.text for t in parse_query(text).terms if isinstance(t, TextTerm) and not t.negated]


def term(field: str, value: str) -> str:
    """Return the query text of one `field:value`, quoted as it needs."""
    return format_query(Query((FieldTerm(field, ":", (value,)),)))


def without(text: str, field: str) -> str:
    """Return the query without its terms on a field.

    Raises:
        QueryError: `text` has a mistake.
    """
    kept = [t for t in parse_query(text).terms if not (isinstance(t, FieldTerm) and t.field == field)]
    return format_query(Query(tuple(kept)))


def both(first: str, second: str) -> str:
    """Return the query that asks for both."""
    return f"{first} {second}".strip()


def _holds(term: FieldTerm | TextTerm, field: str, value: str, negated: bool) -> bool:
    return (
        isinstance(term, FieldTerm)
        and term.field == field
        and term.operator == ":"
        and term.negated == negated
        and value in term.values
    )


def _without(term: FieldTerm | TextTerm, field: str, value: str) -> FieldTerm | TextTerm | None:
    if not (isinstance(term, FieldTerm) and term.field == field and value in term.values and _colon(term)):
        return term
    rest = tuple(v for v in term.values if v != value)
    return replace(term, values=rest) if rest else None


def _colon(term: FieldTerm) -> bool:
    return term.operator == ":"


def _plain(term: FieldTerm) -> bool:
    return term.operator == ":" and not term.negated
