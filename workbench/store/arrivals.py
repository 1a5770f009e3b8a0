"""Conversations that come in again after their import was undone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from workbench.domain.curation import Change
from workbench.store.bulk import among
from workbench.store.schema import actions, conversations


def dropped_by_undo(connection: Connection, classes: Mapping[str, str | None], tagged_by: str) -> list[Change]:
    """Return the changes that bring back conversations which an undone import had dropped.

    Args:
        connection: In a write transaction.
        classes: Content id of what comes in again to the class it now comes in with, or None.
        tagged_by: Who sets those classes.
    """
    c = conversations.c
    columns = (c.seq, c.uid, c.revision, c.status, c.drop_reason, c.class_name, c.tagged_by)
    undone = select(actions.c.id).where(actions.c.kind == "import", actions.c.undone_by.is_not(None))
    query = select(*columns).where(
        among(c.uid, list(classes)),
        c.status == "dropped",
        c.arrival_action.in_(undone),
        c.drop_reason.like("import % undone"),
    )
    return [_restoring(row._mapping, classes[row.uid], tagged_by) for row in connection.execute(query)]


def _restoring(row: Mapping[Any, Any], class_name: str | None, tagged_by: str) -> Change:
    before = {"status": row["status"], "drop_reason": row["drop_reason"]}
    after: dict[str, Any] = {"status": "pending", "drop_reason": ""}
    if class_name is not None and class_name != row["class_name"]:
        before |= {"class_name": row["class_name"], "tagged_by": row["tagged_by"]}
        after |= {"class_name": class_name, "tagged_by": tagged_by}
    return Change(row["seq"], row["revision"], before, after)
