"""Tables of the loop: snapshots, runs, rounds, comparisons, votes, what was brought back, what is held out."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from workbench.store.columns import METADATA
from workbench.store.columns import integer_column as _integer
from workbench.store.columns import json_column as _json
from workbench.store.columns import text_column as _text

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

held_out_prompts = Table(
    "held_out_prompts",
    METADATA,
    Column("prompt_hash", Text, primary_key=True),
    Column("prompt_id", Text, nullable=True),
    Column("way", Text, nullable=True),
    Column("similarity", Float, nullable=True),
    Index("held_out_prompts_found", "way", "prompt_hash", sqlite_where=text("way IS NOT NULL")),
    sqlite_with_rowid=False,
)
"""Every prompt of the data that was compared with the held-out ones; `way` is NULL where it is none of them."""
