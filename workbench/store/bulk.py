"""Many rows at once: few statements of many rows, with values the driver takes as they are.

SQLAlchemy's `execute(insert, rows)` compiles and converts each row in Python. Here a statement takes as many rows
as it may have bound values and the driver steps once for it, so the interpreter is free for other threads while
SQLite works (an import prepares the next rows meanwhile).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, func, select
from sqlalchemy.engine import Dialect

from workbench.store.jsontext import dump

_BOUND_AT_MOST = 16_000
"""Values in a statement; SQLite takes 32,766. Longer statements cost more to compile than they save."""


def among(column: Column[int], seqs: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition that a whole-number column is one of these.

    They travel as one bound value: SQLAlchemy takes a quarter of a second to compile 100,000 of them one by one.
    """
    listed = func.json_each(dump(list(seqs))).table_valued("value")
    return column.in_(select(listed.c.value))


def insert_rows(
    connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert rows.

    Args:
        connection: In a write transaction.
        table: The table.
        columns: Its columns, in the order of the values.
        rows: Values that the driver takes as they are: JSON columns hold JSON text.
    """
    if not connection.dialect.positional:
        names = tuple(columns)
        connection.execute(table.insert(), [dict(zip(names, row, strict=True)) for row in rows])
        return
    at_once = max(1, _BOUND_AT_MOST // len(columns))
    for start in range(0, len(rows), at_once):
        part = rows[start : start + at_once]
        statement = _statement(connection.dialect, table, tuple(columns), len(part))
        connection.exec_driver_sql(statement, tuple(chain.from_iterable(part)))


@lru_cache(maxsize=64)
def _statement(dialect: Dialect, table: Table, columns: tuple[str, ...], n: int) -> str:
    quote = dialect.identifier_preparer.quote
    places = f"({', '.join('?' * len(columns))})"
    names = ", ".join(quote(column) for column in columns)
    return f"INSERT INTO {quote(table.name)} ({names}) VALUES {', '.join([places] * n)}"
