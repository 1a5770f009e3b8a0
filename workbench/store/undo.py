"""Undo: the inverse of an action, as an action of its own, so that it can be undone too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from workbench.domain.curation import Action, Change
from workbench.domain.errors import PlanError
from workbench.store.actions import Changed, action_changes, get_action, record_action, update_action
from workbench.store.bulk import among
from workbench.store.changes import Measure, Progress, apply_changes
from workbench.store.conversations import chunks
from workbench.store.jsontext import canonical
from workbench.store.objects import change_object, read_object, write_object
from workbench.store.schema import actions, bodies, changes, conversations

NAMED_AT_MOST = 3
"""How many later actions a refusal names."""


def undo_action(
    connection: Connection, action_id: int, actor: str, measure: Measure, on_progress: Progress | None = None
) -> Action:
    """Undo an action.

    Args:
        connection: In a write transaction.
        action_id: What to undo; an undo can be undone too.
        actor: Who undoes it.
        measure: Counts and hashes edited conversations.
        on_progress: Called after each part of a large act.

    Returns:
        The new action.

    Raises:
        NotFound: There is no such action.
        PlanError: It cannot be undone, is undone already, or later actions changed the same fields.
    """
    action = get_action(connection, action_id)
    _check_undoable(action)
    inverse = list(_inverse_changes(connection, action))
    objects = _inverse_objects(connection, action)
    if action.affected and not inverse and not objects:
        raise PlanError(
            f"action {action.id} ({action.title}) has nothing left to undo",
            "its conversations are dropped already",
        )
    undo = record_action(
        connection,
        "undo",
        _title(action),
        actor,
        affected=len(inverse),
        params={"undoes": action.id, **({"objects": objects} if objects else {})},
        undoable=True,
        undoes=action.id,
    )
    for entry in objects:
        write_object(connection, entry["table"], entry["key"], entry["after"])
    apply_changes(connection, undo.id, inverse, measure, on_progress)
    _link(connection, action, undo.id)
    return get_action(connection, undo.id)


def _title(action: Action) -> str:
    if action.kind != "undo":
        return f"undo: {action.title}"
    was, _, rest = action.title.partition(": ")
    return f"{'redo' if was == 'undo' else 'undo'}: {rest}"


def _check_undoable(action: Action) -> None:
    if action.undone_by is not None:
        raise PlanError(
            f"action {action.id} ({action.title}) is undone already, by action {action.undone_by}",
            f"undo action {action.undone_by} to bring it back",
        )
    if not action.undoable:
        raise PlanError(
            f"action {action.id} ({action.title}) cannot be undone", "it changed no conversation and no class"
        )


def _link(connection: Connection, action: Action, by: int) -> None:
    """Mark an action as undone; what it had undone itself is in force again, and so on down the chain."""
    update_action(connection, action.id, undone_by=by)
    undone: int | None = by
    while action.undoes is not None:
        undone = None if undone is not None else action.id
        inner = get_action(connection, action.undoes)
        update_action(connection, inner.id, undone_by=undone)
        action = inner


def _inverse_objects(connection: Connection, action: Action) -> list[Mapping[str, Any]]:
    inverse = []
    for entry in reversed(action.params.get("objects", [])):
        current = read_object(connection, entry["table"], entry["key"])
        if canonical(current) != canonical(entry["after"]):
            raise PlanError(
                f"action {action.id} ({action.title}) cannot be undone: {entry['key']!r} was changed again since",
                "set it by hand, or undo the later change first",
            )
        inverse.append(change_object(entry["table"], entry["key"], entry["after"], entry["before"]))
    return inverse


def _inverse_changes(connection: Connection, action: Action) -> Iterable[Change]:
    if action.kind in ("import", "bring-back"):
        return _drop_arrivals(connection, action)
    return _restored(connection, action)


def _drop_arrivals(connection: Connection, action: Action) -> list[Change]:
    """Nothing imported is ever lost: undoing an import drops its conversations, with the reason."""
    c = conversations.c
    query = select(c.seq, c.revision, c.status, c.drop_reason)
    rows = connection.execute(query.where(c.arrival_action == action.id, c.status != "dropped"))
    after = {"status": "dropped", "drop_reason": f"{action.kind} {action.id} undone"}
    return [
        Change(row.seq, row.revision, {"status": row.status, "drop_reason": row.drop_reason}, after)
        for row in rows
    ]


def _restored(connection: Connection, action: Action) -> list[Change]:
    inverse: list[Change] = []
    conflicts: list[tuple[int, set[str]]] = []
    for rows in action_changes(connection, action.id):
        current, fields = _current(connection, rows)
        wanted: dict[int, tuple[Any, ...] | None] = {}  # a bulk act's changes share few mappings
        for row in rows:
            revision, now = current[row.seq]
            if id(row.after) not in wanted:
                whole = len(row.after) == len(fields)
                wanted[id(row.after)] = tuple(row.after[f] for f in fields) if whole else None
            if wanted[id(row.after)] == now:
                inverse.append(Change(row.seq, revision, row.after, row.before))
                continue
            held = dict(zip(fields, now, strict=True))
            different = {f for f, value in row.after.items() if held[f] != value}
            if different:
                conflicts.append((row.seq, different))
                continue
            inverse.append(Change(row.seq, revision, row.after, row.before))
    if conflicts:
        raise _conflict(connection, action, conflicts)
    return inverse


def _current(
    connection: Connection, rows: Sequence[Changed]
) -> tuple[dict[int, tuple[int, tuple[Any, ...]]], list[str]]:
    """Return by seq the revision and the changed fields as they are now, and which those are.

    Only what the changes touch is read.
    """
    touched = set().union(*{id(row.after): row.after for row in rows}.values())
    columns = sorted(touched - {"turns"})
    c = conversations.c
    query = select(c.seq, c.revision, *(c[f] for f in columns)).where(among(c.seq, [row.seq for row in rows]))
    current = {row[0]: (row[1], tuple(row[2:])) for row in connection.execute(query).all()}
    if "turns" not in touched:
        return current, columns
    texts = select(bodies.c.seq, bodies.c.turns).where(among(bodies.c.seq, [row.seq for row in rows]))
    for seq, turns in connection.execute(texts):
        revision, values = current[seq]
        current[seq] = (revision, (*values, turns))
    return current, [*columns, "turns"]


def _conflict(connection: Connection, action: Action, conflicts: list[tuple[int, set[str]]]) -> PlanError:
    """Say which later actions stand in the way."""
    fields = set().union(*(different for _, different in conflicts))
    later: dict[int, str] = {}
    for part in chunks([seq for seq, _ in conflicts]):
        query = (
            select(actions.c.id, actions.c.title, changes.c.after)
            .join(changes, changes.c.action_id == actions.c.id)
            .where(changes.c.seq.in_(part), actions.c.id > action.id)
            .order_by(actions.c.id)
        )
        later.update((row.id, row.title) for row in connection.execute(query) if fields & row.after.keys())
    named = ", ".join(f"{key} ({later[key]})" for key in sorted(later)[:NAMED_AT_MOST])
    more = f" and {len(later) - NAMED_AT_MOST} more" if len(later) > NAMED_AT_MOST else ""
    return PlanError(
        f"action {action.id} ({action.title}) cannot be undone: {len(conflicts):,} of its conversations were"
        f" changed again by action {named}{more}",
        "undo the later actions first, newest to oldest",
    )
