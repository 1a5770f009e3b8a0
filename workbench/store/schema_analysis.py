"""Tables of what was computed over the conversations: embeddings, map, duplicates."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
)

from workbench.store.columns import METADATA
from workbench.store.columns import integer_column as _integer
from workbench.store.columns import json_column as _json
from workbench.store.columns import text_column as _text

vectors = Table(
    "vectors",
    METADATA,
    _text("embedder"),
    _text("text_hash"),
    Column("vector", LargeBinary, nullable=False),
    PrimaryKeyConstraint("embedder", "text_hash"),
    sqlite_with_rowid=False,
)
"""Embeddings as float16, little endian; equal texts share one."""

map_points = Table(
    "map_points",
    METADATA,
    Column("seq", Integer, ForeignKey("conversations.seq"), primary_key=True),
    Column("x", Float, nullable=False),
    Column("y", Float, nullable=False),
    Column("cluster", Integer, nullable=False, server_default="-1", index=True),
)

map_clusters = Table(
    "map_clusters",
    METADATA,
    Column("cluster", Integer, primary_key=True),
    _text("title"),
    _json("terms", "[]"),
    _integer("size"),
    Column("x", Float, nullable=False),
    Column("y", Float, nullable=False),
)

duplicate_results = Table(
    "duplicate_results",
    METADATA,
    Column("id", Integer, primary_key=True),
    _text("created_at"),
    _text("method"),
    _text("part"),
    Column("threshold", Float, nullable=False, server_default="1"),
    Column("floor", Float, nullable=False, server_default="1"),
    _text("query"),
    _integer("considered"),
    _json("params"),
    _json("contrasts", "[]"),
)

_RESULT = "duplicate_results.id"

duplicate_pairs = Table(
    "duplicate_pairs",
    METADATA,
    Column("result_id", Integer, ForeignKey(_RESULT, ondelete="CASCADE"), nullable=False),
    Column("a", Integer, nullable=False),
    Column("b", Integer, nullable=False),
    Column("score", Float, nullable=False),
    PrimaryKeyConstraint("result_id", "a", "b"),
    sqlite_with_rowid=False,
)

duplicate_members = Table(
    "duplicate_members",
    METADATA,
    Column("result_id", Integer, ForeignKey(_RESULT, ondelete="CASCADE"), nullable=False),
    Column("seq", Integer, ForeignKey("conversations.seq"), nullable=False, index=True),
    Column("rep", Integer, nullable=False),
    Column("group_id", Integer, nullable=True),
    PrimaryKeyConstraint("result_id", "seq"),
    Index("duplicate_members_group", "result_id", "group_id"),
)
