"""Many rows at once, with values the driver takes as they are.

SQLAlchemy's `execute(insert, rows)` compiles and converts each row in Python; here the driver's own `executemany`
gets tuples. A statement of many rows takes longer: the text index writes out what it has collected before each.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, func, select
from sqlalchemy.engine import Dialect

from workbench.store.jsontext import dump


def among(column: Column[Any], values: Sequence[int | str]) -> ColumnElement[bool]:
    """Return the condition that a column is one of these whole numbers, or texts.

    They travel as one bound value: SQLAlchemy takes a quarter of a second to compile 100,000 of them one by one.
    """
    listed = func.json_each(dump(list(values))).table_valued("value")
    return column.in_(select(listed.c.value))


def insert_rows(
    connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows.

    Args:
        connection: In a write transaction.
        table: The table.
        columns: Its columns, in the order of the values.
        rows: Values that the driver takes as they are: JSON columns hold JSON text.
    """
    if not rows:
        return
    if not connection.dialect.positional:
        names = tuple(columns)
        connection.execute(table.insert(), [dict(zip(names, row, strict=True)) for row in rows])
        return
    connection.exec_driver_sql(_statement(connection.dialect, table, tuple(columns)), list(rows))


@lru_cache(maxsize=64)
def _statement(dialect: Dialect, table: Table, columns: tuple[str, ...]) -> str:
    quote = dialect.identifier_preparer.quote
    names = ", ".join(quote(column) for column in columns)
    return f"INSERT INTO {quote(table.name)} ({names}) VALUES ({', '.join('?' * len(columns))})"
