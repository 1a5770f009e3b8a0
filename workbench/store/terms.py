"""Query terms on everything that is not a dimension of the cube, as SQL conditions on `conversations`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, func, not_, or_, select

from workbench.domain.query import FieldTerm
from workbench.store import heldout
from workbench.store.dimensions import COMPARISONS
from workbench.store.schema import classes, conversations, duplicate_members, duplicate_results, map_points

_c = conversations.c

REWARD_IN_FORCE: ColumnElement[Any] = func.coalesce(
    _c.coarse_reward, select(classes.c.reward).where(classes.c.name == _c.class_name).scalar_subquery()
)
"""A conversation's own reward, or its class's; NULL for untagged ones without their own."""

NEAR = 1e-9
"""Rewards within this are equal: 0.1 typed is 0.1 computed."""


def field_condition(term: FieldTerm) -> ColumnElement[bool]:
    """Return a term's condition."""
    condition = _CONDITIONS[term.field](term)
    # A comparison with NULL is neither true nor false; turned round it must be true.
    return not_(func.coalesce(condition, False)) if term.negated else condition


def _numeric(column: ColumnElement[Any]) -> Callable[[FieldTerm], ColumnElement[bool]]:
    def condition(term: FieldTerm) -> ColumnElement[bool]:
        if term.operator != ":":
            compared: Any = COMPARISONS[term.operator](column, float(term.values[0]))
            return compared  # type: ignore[no-any-return]
        return or_(*(_number_equals(column, value) for value in term.values))

    return condition


def _number_equals(column: ColumnElement[Any], value: str) -> ColumnElement[bool]:
    if value == "none":
        return column.is_(None)
    if value == "any":
        return column.is_not(None)
    if ".." in value:
        low, high = value.split("..", 1)
        ends = [column >= float(low) - NEAR] if low else []
        return and_(column.is_not(None), *ends, *([column <= float(high) + NEAR] if high else []))
    return column.between(float(value) - NEAR, float(value) + NEAR)


def _text(column: ColumnElement[Any]) -> Callable[[FieldTerm], ColumnElement[bool]]:
    def equals(value: str) -> ColumnElement[bool]:
        if value in ("none", "any"):
            return column == "" if value == "none" else column != ""
        rest = "%" if value.endswith("*") else ""
        return column.ilike(_escape(value.removesuffix("*")) + rest, escape="\\")

    return lambda term: or_(*map(equals, term.values))


def _hash(column: ColumnElement[Any]) -> Callable[[FieldTerm], ColumnElement[bool]]:
    def equals(value: str) -> ColumnElement[bool]:
        if value in ("none", "any"):
            return column == "" if value == "none" else column != ""
        value = value.lower()
        if value.endswith("*"):
            # A range, unlike LIKE, uses the index; "~" sorts behind every hexadecimal digit.
            return and_(column >= value[:-1], column < value[:-1] + "~")
        return column == value

    return lambda term: or_(*map(equals, term.values))


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _flag(term: FieldTerm) -> ColumnElement[bool]:
    column = cast(_c.flags, String)

    def equals(value: str) -> ColumnElement[bool]:
        if value in ("none", "any"):
            return column == "[]" if value == "none" else column != "[]"
        end = "" if value.endswith("*") else '"'
        return column.like('%"' + _escape(value.removesuffix("*")) + end + "%", escape="\\")

    return or_(*map(equals, term.values))


def _cluster(term: FieldTerm) -> ColumnElement[bool]:
    inside = select(map_points.c.seq)
    if term.operator != ":":
        compared: Any = COMPARISONS[term.operator](map_points.c.cluster, int(term.values[0]))
        return _c.seq.in_(inside.where(map_points.c.cluster >= 0, compared))
    placed = inside.where(map_points.c.cluster >= 0)
    return _members(term, placed, map_points.c.cluster)


def _duplicate(term: FieldTerm) -> ColumnElement[bool]:
    newest = select(func.max(duplicate_results.c.id)).scalar_subquery()
    members = duplicate_members.c
    grouped = select(members.seq).where(members.result_id == newest, members.group_id.is_not(None))
    if term.operator != ":":
        compared: Any = COMPARISONS[term.operator](members.group_id, int(term.values[0]))
        return _c.seq.in_(grouped.where(compared))
    return _members(term, grouped, members.group_id)


def _held_out(term: FieldTerm) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = []
    ways = [v for v in term.values if v in heldout.WAYS]
    if ways:
        conditions.append(_c.prompt_hash.in_(heldout.found(ways)))
    if "any" in term.values:
        conditions.append(_c.prompt_hash.in_(heldout.found()))
    if "none" in term.values:
        conditions.append(_c.prompt_hash.not_in(heldout.found()))
    return or_(*conditions)


def _members(term: FieldTerm, all_members: Any, column: ColumnElement[Any]) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = []
    numbers = [int(v) for v in term.values if v not in ("none", "any")]
    if numbers:
        conditions.append(_c.seq.in_(all_members.where(column.in_(numbers))))
    if "any" in term.values:
        conditions.append(_c.seq.in_(all_members))
    if "none" in term.values:
        conditions.append(_c.seq.not_in(all_members))
    return or_(*conditions)


_CONDITIONS: dict[str, Callable[[FieldTerm], ColumnElement[bool]]] = {
    "turns": _numeric(_c.n_turns),
    "tokens": _numeric(_c.n_tokens),
    "reward": _numeric(REWARD_IN_FORCE),
    "id": _hash(_c.uid),
    "prompt": _hash(_c.prompt_hash),
    "reason": _text(_c.drop_reason),
    "by": _text(_c.tagged_by),
    "flag": _flag,
    "cluster": _cluster,
    "dup": _duplicate,
    "heldout": _held_out,
}
