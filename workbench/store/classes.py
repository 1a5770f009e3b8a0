"""The classes of a project with what the interface needs to show them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from crlft.condition import DEFAULT_BETA, ClassScheme, ConditionClass
from workbench.store.schema import classes
from workbench.store.settings import get_setting


@dataclass(frozen=True, slots=True)
class ClassEntry:
    """A class as it is kept.

    Attributes:
        name: Short name.
        condition: The text that stands before the role.
        reward: Coarse reward.
        colour: `#rrggbb`.
        key: The digit that tags with it, or empty.
        position: Place in lists, from 0.
    """

    name: str
    condition: str
    reward: float
    colour: str
    key: str
    position: int

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form, for the audit log."""
        return asdict(self)


def read_classes(connection: Connection) -> list[ClassEntry]:
    """Return all classes in their order."""
    columns = (classes.c[f] for f in ClassEntry.__dataclass_fields__)
    query = select(*columns).order_by(classes.c.position, classes.c.name)
    return [ClassEntry(*row) for row in connection.execute(query)]


def read_scheme(connection: Connection) -> ClassScheme:
    """Return the classes with the project's beta.

    Raises:
        SchemeError: There is no class.
    """
    entries = read_classes(connection)
    beta = float(get_setting(connection, "beta", DEFAULT_BETA))
    return ClassScheme(tuple(ConditionClass(e.name, e.condition, e.reward) for e in entries), beta)


def write_class(connection: Connection, entry: ClassEntry) -> None:
    """Add a class or replace the one of this name."""
    values = entry.to_dict()
    statement = insert(classes).values(**values)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def delete_class(connection: Connection, name: str) -> None:
    """Remove a class; the caller has made sure that no conversation carries it."""
    connection.execute(delete(classes).where(classes.c.name == name))
