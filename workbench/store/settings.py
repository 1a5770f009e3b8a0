"""Settings of a project: JSON values by key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from workbench.store.schema import settings


def get_setting(connection: Connection, key: str, default: Any = None) -> Any:
    """Return a setting's value, or the default where it was never set."""
    row = connection.execute(select(settings.c.value).where(settings.c.key == key)).one_or_none()
    return default if row is None else row.value


def set_setting(connection: Connection, key: str, value: Any) -> None:
    """Set a setting; the connection is in a write transaction."""
    statement = insert(settings).values(key=key, value=value)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["key"], set_={"value": statement.excluded.value})
    )
