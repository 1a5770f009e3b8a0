"""Every table of a project's database.

    conversations ── bodies        one row each; the small columns apart from the texts, so that lists and
        │                          bulk acts never touch the texts
        ├── fts                    full-text index (`workbench.store.textindex`)
        ├── cube                   counts by class, status, source, language, round
        ├── changes ── actions     what was decided, with before and after
        ├── duplicate_*, map_*     results of analysis, replaced when recomputed
        ├── judgements             what a model said about the tags
        ├── decisions              what browsers sent, each done once
        ├── turn_rewards           rewards of single answers
        ├── suggestions            the likeliest class of what is untagged
        ├── panel_items ── panels  what several people judge, each with opinions
        ├── held_out_prompts       which of the prompts are (nearly) held-out ones
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
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from workbench.store.columns import METADATA
from workbench.store.columns import integer_column as _integer
from workbench.store.columns import json_column as _json
from workbench.store.columns import text_column as _text
from workbench.store.schema_analysis import (
    duplicate_members,
    duplicate_pairs,
    duplicate_results,
    map_clusters,
    map_points,
    vectors,
)
from workbench.store.schema_curation import (
    decisions,
    opinions,
    panel_items,
    panels,
    suggestions,
    turn_rewards,
)
from workbench.store.schema_judging import judgements
from workbench.store.schema_loop import (
    brought_back,
    cells,
    comparisons,
    held_out_prompts,
    rounds,
    runs,
    snapshots,
    votes,
)

__all__ = [
    "METADATA",
    "actions",
    "bodies",
    "brought_back",
    "cells",
    "changes",
    "classes",
    "comparisons",
    "conversations",
    "cube",
    "decisions",
    "duplicate_members",
    "duplicate_pairs",
    "duplicate_results",
    "held_out_prompts",
    "imports",
    "judgements",
    "map_clusters",
    "map_points",
    "meta",
    "opinions",
    "panel_items",
    "panels",
    "quarantine",
    "rounds",
    "runs",
    "settings",
    "snapshots",
    "suggestions",
    "turn_rewards",
    "vectors",
    "votes",
]

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

meta = Table("meta", METADATA, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))
"""Holds `schema_version`."""
