"""Changes to classes, settings, panels and opinions, kept in an action's parameters with before and after.

params["objects"] = [{"table": "classes", "key": "expert", "before": {…} or null, "after": {…} or null}]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, func, select

from crlft.condition import ClassScheme, ConditionClass
from workbench.domain.errors import PlanError
from workbench.store import classes as class_store
from workbench.store import panels as panel_store
from workbench.store.schema import conversations, settings
from workbench.store.settings import get_setting, set_setting


def read_object(connection: Connection, table: str, key: str) -> Any:
    """Return a class, panel or opinion as JSON holds it, or a setting's value; None where there is none."""
    if table == "settings":
        return get_setting(connection, key)
    if table == "panels":
        return panel_store.panel_object(connection, int(key))
    if table == "opinions":
        return panel_store.opinion_object(connection, key)
    return next((e.to_dict() for e in class_store.read_classes(connection) if e.name == key), None)


def write_object(connection: Connection, table: str, key: str, value: Any) -> None:
    """Set a class, a setting, a panel or an opinion; None removes it.

    Raises:
        PlanError: The class to remove is carried by conversations, or the panel holds opinions.
        SchemeError: The classes would contradict each other.
    """
    if table == "settings":
        if value is None:
            connection.execute(delete(settings).where(settings.c.key == key))
        else:
            set_setting(connection, key, value)
    elif table == "panels":
        panel_store.write_panel_object(connection, int(key), value)
    elif table == "opinions":
        panel_store.write_opinion_object(connection, key, value)
    elif value is None:
        _remove_class(connection, key)
    else:
        entry = class_store.ClassEntry(**value)
        _check_scheme(connection, entry)
        class_store.write_class(connection, entry)


def _check_scheme(connection: Connection, entry: class_store.ClassEntry) -> None:
    others = [e for e in class_store.read_classes(connection) if e.name != entry.name]
    ClassScheme(tuple(ConditionClass(e.name, e.condition, e.reward) for e in (*others, entry)))


def _remove_class(connection: Connection, name: str) -> None:
    query = select(func.count()).where(conversations.c.class_name == name)
    count = connection.execute(query).scalar_one()
    if count:
        carried = "1 conversation carries it" if count == 1 else f"{count:,} conversations carry it"
        raise PlanError(
            f"class {name!r} cannot be removed: {carried}",
            f"tag them otherwise first (query class:{name})",
        )
    if len(class_store.read_classes(connection)) == 1:
        raise PlanError(f"class {name!r} cannot be removed: it is the last one", "add another class first")
    class_store.delete_class(connection, name)


def change_object(table: str, key: str, before: Any, after: Any) -> Mapping[str, Any]:
    """Return an entry of an action's `objects`."""
    return {"table": table, "key": key, "before": before, "after": after}
