"""What all tables share: the metadata they belong to, and columns that are never NULL."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Integer, MetaData, Text

METADATA = MetaData()
"""All tables but `fts`, which is a virtual table of SQLite."""


def text_column(name: str) -> Column[str]:
    """Return a text column that is empty by default."""
    return Column(name, Text, nullable=False, server_default="")


def integer_column(name: str, default: int = 0) -> Column[int]:
    """Return a whole-number column with a default."""
    return Column(name, Integer, nullable=False, server_default=str(default))


def json_column(name: str, default: str = "{}") -> Column[object]:
    """Return a column that takes and gives Python objects; its default is JSON text."""
    return Column(name, JSON, nullable=False, server_default=default)
