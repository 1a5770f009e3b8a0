"""Panels: conversations that several people judge, what each of them thinks, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, select

from workbench.domain.errors import NotFound, PlanError
from workbench.store.conversations import chunks, now
from workbench.store.schema import actions, changes, opinions, panel_items, panels

SETTLING = ("agree", "adjudicate")
"""Kinds of action that give a panel's conversation its class."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Conversations that several people judge.

    Attributes:
        id: Its number.
        name: What people call it.
        query: Where its conversations came from.
        people: How many judge each conversation.
        curators: Who is asked; empty is whoever comes.
        made_at: ISO 8601 UTC time.
        made_by: Who made it.
    """

    id: int
    name: str
    query: str
    people: int
    curators: tuple[str, ...]
    made_at: str
    made_by: str


def list_panels(connection: Connection) -> list[Panel]:
    """Return all panels, newest first."""
    rows = connection.execute(select(panels).order_by(panels.c.id.desc()))
    return [_panel(row._mapping) for row in rows]


def get_panel(connection: Connection, panel_id: int) -> Panel:
    """Return a panel.

    Raises:
        NotFound: There is none of this number.
    """
    row = connection.execute(select(panels).where(panels.c.id == panel_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no panel {panel_id}", "see the list under Tag, Together")
    return _panel(row._mapping)


def _panel(row: Mapping[Any, Any]) -> Panel:
    return Panel(**{**row, "curators": tuple(row["curators"])})


def next_panel_id(connection: Connection) -> int:
    """Return the number of the next panel."""
    return int(connection.execute(select(func.max(panels.c.id))).scalar() or 0) + 1


def panel_seqs(connection: Connection, panel_id: int) -> list[int]:
    """Return a panel's conversations, ascending."""
    query = select(panel_items.c.seq).where(panel_items.c.panel_id == panel_id).order_by(panel_items.c.seq)
    return list(connection.execute(query).scalars())


def holds(connection: Connection, panel_id: int, seq: int) -> bool:
    """Return whether a conversation is one of the panel's."""
    query = select(panel_items.c.seq).where(panel_items.c.panel_id == panel_id, panel_items.c.seq == seq)
    return connection.execute(query).first() is not None


def panel_opinions(
    connection: Connection, panel_id: int, seqs: Sequence[int] | None = None
) -> dict[int, dict[str, str]]:
    """Return conversation → curator → class, in the order in which they judged."""
    o = opinions.c
    query = select(o.seq, o.curator, o.class_name).where(o.panel_id == panel_id).order_by(o.seq, o.at, o.curator)
    if seqs is not None:
        query = query.where(o.seq.in_(seqs))
    found: dict[int, dict[str, str]] = {}
    for seq, curator, name in connection.execute(query):
        found.setdefault(seq, {})[curator] = name
    return found


def settled(connection: Connection, panel_id: int) -> dict[int, str]:
    """Return conversation → who settled it last, as far as that is in force."""
    query = (
        select(changes.c.seq, actions.c.actor)
        .join(actions, actions.c.id == changes.c.action_id)
        .where(
            actions.c.kind.in_(SETTLING),
            actions.c.undone_by.is_(None),
            actions.c.params["panel"].as_integer() == panel_id,
        )
        .order_by(actions.c.id)
    )
    found: dict[int, str] = {seq: actor for seq, actor in connection.execute(query)}
    return found


def panel_object(connection: Connection, panel_id: int) -> dict[str, Any] | None:
    """Return a panel with its conversations as an action holds it, or None."""
    row = connection.execute(select(panels).where(panels.c.id == panel_id)).one_or_none()
    return None if row is None else {**row._mapping, "seqs": panel_seqs(connection, panel_id)}


def write_panel_object(connection: Connection, panel_id: int, value: Mapping[str, Any] | None) -> None:
    """Write a panel with its conversations; None removes it.

    Raises:
        PlanError: Somebody has judged in the panel that is to be removed.
    """
    held = select(func.count()).select_from(opinions).where(opinions.c.panel_id == panel_id)
    n = connection.execute(held).scalar_one()
    if value is None and n:
        raise PlanError(f"panel {panel_id} holds {n:,} opinions", "leave it; it asks for nothing more")
    connection.execute(delete(panel_items).where(panel_items.c.panel_id == panel_id))
    connection.execute(delete(panels).where(panels.c.id == panel_id))
    if value is not None:
        connection.execute(panels.insert().values({k: v for k, v in value.items() if k != "seqs"}))
        for part in chunks([{"panel_id": panel_id, "seq": seq} for seq in value["seqs"]]):
            connection.execute(panel_items.insert(), list(part))


def opinion_key(panel_id: int, seq: int, curator: str) -> str:
    """Return the key under which an action holds an opinion."""
    return f"{panel_id}/{seq}/{curator}"


def _parts(key: str) -> tuple[int, int, str]:
    panel_id, seq, curator = key.split("/", 2)
    return int(panel_id), int(seq), curator


def opinion_object(connection: Connection, key: str) -> str | None:
    """Return an opinion's class, or None."""
    panel_id, seq, curator = _parts(key)
    return panel_opinions(connection, panel_id, [seq]).get(seq, {}).get(curator)


def write_opinion_object(connection: Connection, key: str, value: str | None) -> None:
    """Write an opinion; None takes it back."""
    panel_id, seq, curator = _parts(key)
    o = opinions.c
    connection.execute(delete(opinions).where(o.panel_id == panel_id, o.seq == seq, o.curator == curator))
    if value is not None:
        row = {"panel_id": panel_id, "seq": seq, "curator": curator, "class_name": value, "at": now()}
        connection.execute(opinions.insert().values(row))
