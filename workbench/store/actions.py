"""The audit log: every decision with who, when, why, before and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Text, func, or_, select, type_coerce

from workbench.domain.curation import Action, Change
from workbench.domain.errors import NotFound
from workbench.store.conversations import CHUNK, now
from workbench.store.jsontext import load, storable
from workbench.store.schema import actions, changes, conversations

_COLUMNS = tuple(actions.c[f] for f in Action.__dataclass_fields__)


def record_action(
    connection: Connection,
    kind: str,
    title: str,
    actor: str,
    *,
    reason: str = "",
    affected: int = 0,
    params: Mapping[str, Any] | None = None,
    undoable: bool = False,
    undoes: int | None = None,
) -> Action:
    """Write an entry of the log; its changes are written by `workbench.store.changes.apply_changes`.

    Args:
        connection: In a write transaction, the same that does what is logged.
        kind: As `Action.kind`.
        title: One sentence for a reader.
        actor: Who did it.
        reason: Why.
        affected: How many conversations changed.
        params: What it was asked with.
        undoable: Whether `workbench.store.undo` can reverse it.
        undoes: The action that this one undoes.
    """
    values = {
        "kind": kind,
        "title": storable(title),
        "actor": storable(actor),
        "at": now(),
        "reason": storable(reason),
        "affected": affected,
        "params": dict(params or {}),
        "undoable": undoable,
        "undoes": undoes,
    }
    key = connection.execute(actions.insert().values(**values).returning(actions.c.id)).scalar_one()
    return get_action(connection, key)


def update_action(connection: Connection, action_id: int, **columns: Any) -> None:
    """Set an entry's columns once they are known (`title`, `affected`, `params` of a long import)."""
    connection.execute(actions.update().where(actions.c.id == action_id).values(**columns))


def get_action(connection: Connection, action_id: int) -> Action:
    """Return an entry of the log.

    Raises:
        NotFound: There is none of this number.
    """
    row = connection.execute(select(*_COLUMNS).where(actions.c.id == action_id)).one_or_none()
    if row is None:
        last = connection.execute(select(func.max(actions.c.id))).scalar()
        remedy = f"the last action is {last}" if last else "nothing has been done yet"
        raise NotFound(f"there is no action {action_id}", remedy)
    return _to_action(row)


def find_action(connection: Connection, job_id: str) -> Action | None:
    """Return the entry that a job has written, or None."""
    row = connection.execute(select(*_COLUMNS).where(actions.c.params["job"].as_string() == job_id)).first()
    return None if row is None else _to_action(row)


def _to_action(row: Row[*tuple[Any, ...]]) -> Action:
    return Action(**row._mapping)


def list_actions(
    connection: Connection, limit: int = 50, *, before: int | None = None, kind: str | None = None
) -> list[Action]:
    """Return entries of the log, newest first.

    Args:
        connection: Any connection.
        limit: How many at most.
        before: Only those with a smaller number: the next page.
        kind: Only those of this kind.
    """
    query = select(*_COLUMNS).order_by(actions.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(actions.c.id < before)
    if kind is not None:
        query = query.where(actions.c.kind == kind)
    return [_to_action(row) for row in connection.execute(query)]


def last_undoable(connection: Connection, actor: str | None = None) -> Action | None:
    """Return the newest action in force that undo can reverse, by this actor if given.

    Undos themselves are passed over, so undoing again and again walks backwards.
    """
    query = select(*_COLUMNS).where(actions.c.undoable, actions.c.undone_by.is_(None), actions.c.kind != "undo")
    if actor is not None:
        query = query.where(actions.c.actor == actor)
    row = connection.execute(query.order_by(actions.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else _to_action(row)


def decisions_in_force(connection: Connection, limit: int = 500) -> tuple[list[Action], int]:
    """Return the decisions that made the data what it is, oldest first, and how many small ones are not listed.

    Undone ones, their undos, and what changes no data are left out; so are decisions over a single conversation.
    """
    shaping = (
        actions.c.undone_by.is_(None),
        actions.c.kind.not_in(("undo", "snapshot", "run", "round", "settings", "panel", "opinion")),
    )
    large = or_(actions.c.affected > 1, actions.c.kind == "classes")
    query = select(*_COLUMNS).where(*shaping, large).order_by(actions.c.id.desc()).limit(limit)
    found = [_to_action(row) for row in connection.execute(query)]
    total = connection.execute(select(func.count()).select_from(actions).where(*shaping)).scalar_one()
    return found[::-1], total - len(found)


class Changed(NamedTuple):
    """A change as the log holds it.

    Attributes:
        seq: The conversation.
        before: Field to value before.
        after: The same fields after.
    """

    seq: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def action_changes(connection: Connection, action_id: int) -> Iterator[list[Changed]]:
    """Yield an action's changes, at most `CHUNK` at once, in order of seq; equal values are one mapping."""
    known: dict[str, Mapping[str, Any]] = {}

    def read(text: str) -> Mapping[str, Any]:
        found = known.get(text)
        if found is None:
            if len(known) > CHUNK:  # a large act's changes share few; those of an edit share none
                known.clear()
            found = known[text] = load(text)
        return found

    last = -1
    while True:
        query = (
            select(changes.c.seq, type_coerce(changes.c.before, Text), type_coerce(changes.c.after, Text))
            .where(changes.c.action_id == action_id, changes.c.seq > last)
            .order_by(changes.c.seq)
            .limit(CHUNK)
        )
        rows = connection.execute(query).all()
        if not rows:
            return
        yield [Changed(seq, read(before), read(after)) for seq, before, after in rows]
        last = rows[-1][0]


def history(connection: Connection, seq: int) -> list[tuple[Action, Change]]:
    """Return what happened to a conversation, oldest first, beginning with the action that brought it in.

    A change's `revision` is the one that it met.
    """
    arrival = (
        select(*_COLUMNS)
        .join(conversations, conversations.c.arrival_action == actions.c.id)
        .where(conversations.c.seq == seq)
    )
    found = [(_to_action(row), Change(seq, 0, {}, {})) for row in connection.execute(arrival)]
    query = (
        select(*_COLUMNS, changes.c.before, changes.c.after)
        .join(changes, changes.c.action_id == actions.c.id)
        .where(changes.c.seq == seq)
        .order_by(actions.c.id)
    )
    for revision, row in enumerate(connection.execute(query)):
        fields = dict(row._mapping)
        before, after = fields.pop("before"), fields.pop("after")
        found.append((Action(**fields), Change(seq, revision, before, after)))
    return found
