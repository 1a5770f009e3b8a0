"""Every table of a project's database.

    conversations ── bodies        one row each; the small columns apart from the texts, so that lists and
        │                          bulk acts never touch the texts
        ├── fts                    full-text index (`workbench.store.textindex`)
        ├── cube                   counts by class, status, source, language, round
        ├── changes ── actions     what was decided, with before and after
        ├── duplicate_*, map_*     results of analysis, replaced when recomputed
        └── brought_back           generation → conversation of the next round
    classes, settings, imports, quarantine, snapshots, runs, rounds, comparisons ── cells ── votes

Times are ISO 8601 UTC text. Columns of type JSON take and give Python objects.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

METADATA = MetaData()
"""All tables but `fts`, which is a virtual table of SQLite."""


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


def _integer(name: str, default: int = 0) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default=str(default))


def _json(name: str, default: str = "{}") -> Column[object]:
    return Column(name, JSON, nullable=False, server_default=default)


conversations = Table(
    "conversations",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("uid", Text, nullable=False, unique=True),
    Column("class_name", Text, nullable=True),
    Column("coarse_reward", Float, nullable=True),
    Column("status", Text, nullable=False, server_default="pending"),
    _text("source"),
    _text("language"),
    _integer("round", 1),
    _integer("revision"),
    _integer("n_turns"),
    _integer("n_tokens"),
    _integer("supervised_tokens"),
    _text("prompt_hash"),
    _text("answer_hash"),
    _text("drop_reason"),
    _text("tagged_by"),
    _text("comment"),
    _json("flags", "[]"),
    _text("arrived_at"),
    Column("arrival_action", Integer, nullable=True),
    _text("prompt_head"),
    _text("answer_head"),
    Index("conversations_class", "class_name", "seq"),
    Index("conversations_status", "status", "seq"),
    Index("conversations_source", "source", "seq"),
    Index("conversations_prompt", "prompt_hash"),
    Index("conversations_answer", "answer_hash"),
    Index("conversations_tokens", "n_tokens", "seq"),
    Index("conversations_arrival", "arrival_action"),
    Index(
        "conversations_own_reward",
        "class_name",
        "coarse_reward",
        "status",
        "supervised_tokens",
        sqlite_where=text("coarse_reward IS NOT NULL"),
        postgresql_where=text("coarse_reward IS NOT NULL"),
    ),
)

bodies = Table(
    "bodies",
    METADATA,
    Column("seq", Integer, ForeignKey("conversations.seq"), primary_key=True),
    _json("turns", "[]"),
    Column("tools", Text, nullable=True),
    _text("source_id"),
    _json("metadata"),
    _json("provenance"),
)

cube = Table(
    "cube",
    METADATA,
    _text("class_name"),
    _text("status"),
    _text("source"),
    _text("language"),
    _integer("round", 1),
    _integer("n"),
    _integer("n_tokens"),
    _integer("supervised_tokens"),
    PrimaryKeyConstraint("class_name", "status", "source", "language", "round"),
)
"""Counts; class_name is empty for untagged. Kept in the transaction of every change."""

classes = Table(
    "classes",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("condition", Text, nullable=False, unique=True),
    Column("reward", Float, nullable=False),
    _text("colour"),
    _text("key"),
    _integer("position"),
)

settings = Table("settings", METADATA, Column("key", Text, primary_key=True), Column("value", JSON))

actions = Table(
    "actions",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    _text("title"),
    _text("actor"),
    _text("at"),
    _text("reason"),
    _integer("affected"),
    _json("params"),
    Column("undoes", Integer, ForeignKey("actions.id"), nullable=True),
    Column("undone_by", Integer, ForeignKey("actions.id"), nullable=True),
    Column("undoable", Boolean, nullable=False, server_default="1"),
)

changes = Table(
    "changes",
    METADATA,
    Column("action_id", Integer, ForeignKey("actions.id"), nullable=False),
    Column("seq", Integer, ForeignKey("conversations.seq"), nullable=False),
    _json("before"),
    _json("after"),
    PrimaryKeyConstraint("action_id", "seq"),
    Index("changes_seq", "seq", "action_id"),
    sqlite_with_rowid=False,
)

imports = Table(
    "imports",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("action_id", Integer, ForeignKey("actions.id"), nullable=True),
    _text("path"),
    _text("format"),
    _integer("n_rows"),
    _integer("imported"),
    _integer("already_there"),
    _integer("quarantined"),
    _text("at"),
    _json("params"),
)

quarantine = Table(
    "quarantine",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("import_id", Integer, ForeignKey("imports.id"), nullable=True),
    _text("file"),
    _integer("line"),
    _text("reason"),
    _text("raw"),
    _text("at"),
    Index("quarantine_import", "import_id"),
)

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

snapshots = Table(
    "snapshots",
    METADATA,
    Column("name", Text, primary_key=True),
    _text("hash"),
    _text("query"),
    _integer("conversations"),
    _integer("supervised_tokens"),
    _json("classes"),
    _integer("round", 1),
    _text("created_at"),
    _text("actor"),
)

runs = Table(
    "runs",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    _text("title"),
    _text("actor"),
    _text("created_at"),
    Column("round", Integer, nullable=False, server_default="1", index=True),
    Column("snapshot", Text, nullable=True),
    Column("method", Text, nullable=True),
    Column("base", Text, nullable=True),
    _json("params"),
    _text("status"),
    _json("metrics"),
    Column("deleted_at", Text, nullable=True),
    _text("notes"),
    _integer("starred"),
)
"""A light index; the truth about a run is its folder."""

rounds = Table(
    "rounds",
    METADATA,
    Column("number", Integer, primary_key=True),
    _text("started_at"),
    _text("actor"),
    _text("note"),
)

comparisons = Table(
    "comparisons",
    METADATA,
    Column("id", Integer, primary_key=True),
    _text("name"),
    _text("job_id"),
    _text("actor"),
    _text("created_at"),
    _integer("round", 1),
    _json("prompts", "[]"),
    _json("columns", "[]"),
    _json("sampling"),
    _integer("results_offset"),
)

cells = Table(
    "cells",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("comparison_id", Integer, ForeignKey("comparisons.id"), nullable=False),
    _text("prompt_id"),
    _integer("column_index"),
    _text("text"),
    _integer("n_tokens"),
    Column("seconds", Float, nullable=False, server_default="0"),
    Column("correct", Boolean, nullable=True),
    Column("complete", Boolean, nullable=True),
    Column("polite", Boolean, nullable=True),
    Column("full_quality", Boolean, nullable=True),
    _text("rendered_hash"),
    UniqueConstraint("comparison_id", "prompt_id", "column_index"),
)

votes = Table(
    "votes",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("comparison_id", Integer, ForeignKey("comparisons.id"), nullable=False, index=True),
    _text("prompt_id"),
    Column("left_cell", Integer, ForeignKey("cells.id"), nullable=False),
    Column("right_cell", Integer, ForeignKey("cells.id"), nullable=False),
    _integer("pair_low"),
    _integer("pair_high"),
    _text("choice"),
    Column("blind", Boolean, nullable=False, server_default="0"),
    _text("actor"),
    _text("at"),
    _integer("round", 1),
    UniqueConstraint("comparison_id", "prompt_id", "pair_low", "pair_high", "actor"),
)

brought_back = Table(
    "brought_back",
    METADATA,
    Column("cell_id", Integer, ForeignKey("cells.id"), primary_key=True),
    Column("seq", Integer, ForeignKey("conversations.seq"), nullable=False, index=True),
    _integer("comparison_id"),
    Column("action_id", Integer, ForeignKey("actions.id"), nullable=True),
    _integer("round", 1),
)

meta = Table("meta", METADATA, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))
"""Holds `schema_version`."""
