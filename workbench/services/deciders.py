"""Who decided what: the log, as far as it is in force, by person, rule or import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from workbench.services.project import Project
from workbench.store.schema import actions


@dataclass(frozen=True, slots=True)
class Decider:
    """What one person (or rule, or import) decided, as far as it is in force.

    Attributes:
        name: Who.
        decisions: Entries of the log.
        conversations: How many conversations those changed, one counted once for each entry.
        by_kind: Kind of action → conversations.
        last: When last, ISO 8601 UTC.
    """

    name: str
    decisions: int
    conversations: int
    by_kind: Mapping[str, int]
    last: str


def deciders(project: Project) -> list[Decider]:
    """Return who decided what, as far as it is in force, most conversations first."""
    a = actions.c
    query = (
        select(a.actor, a.kind, func.count(), func.sum(a.affected), func.max(a.at))
        .where(a.undone_by.is_(None), a.kind.not_in(("undo", "snapshot", "run", "settings", "classes", "panel")))
        .group_by(a.actor, a.kind)
    )
    found: dict[str, list[tuple[str, int, int, str]]] = {}
    with project.database.read() as connection:
        for actor, kind, n, affected, last in connection.execute(query):
            found.setdefault(actor, []).append((kind, n, n if kind == "opinion" else int(affected or 0), last))
    made = [
        Decider(
            name or "–",
            sum(n for _, n, _, _ in rows),
            sum(affected for _, _, affected, _ in rows),
            {kind: affected for kind, _, affected, _ in rows},
            max(last for *_, last in rows),
        )
        for name, rows in found.items()
    ]
    return sorted(made, key=lambda d: (-d.conversations, d.name))
