"""Tables of curation by hand: decisions that browsers sent, rewards of single answers, suggestions, panels."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, PrimaryKeyConstraint, Table, Text

from workbench.store.columns import METADATA
from workbench.store.columns import integer_column as _integer
from workbench.store.columns import json_column as _json
from workbench.store.columns import text_column as _text

decisions = Table(
    "decisions",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("seq", Integer, ForeignKey("conversations.seq"), nullable=False),
    _text("kind"),
    Column("action_id", Integer, ForeignKey("actions.id"), nullable=True),
    _integer("revision"),
    _text("actor"),
    _text("at"),
)
"""What browsers sent, by the id that the browser gave it: sent twice, it is done once."""

turn_rewards = Table(
    "turn_rewards",
    METADATA,
    Column("seq", Integer, ForeignKey("conversations.seq"), primary_key=True, autoincrement=False),
    Column("turn", Integer, primary_key=True, autoincrement=False),
    Column("reward", Float, nullable=False),
    _integer("supervised_tokens"),
)
"""Answers with a reward of their own, as their turns say; kept beside them so that the mass can be summed."""

suggestions = Table(
    "suggestions",
    METADATA,
    Column("seq", Integer, ForeignKey("conversations.seq"), primary_key=True, autoincrement=False),
    Column("class_name", Text, nullable=False),
    Column("confidence", Float, nullable=False),
    Index("suggestions_confidence", "confidence"),
)
"""The likeliest class of conversations that nobody has tagged; replaced when computed anew."""

panels = Table(
    "panels",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    _text("query"),
    _integer("people", 2),
    _json("curators", "[]"),
    _text("made_at"),
    _text("made_by"),
)
"""Conversations that several people judge without seeing each other's opinions."""

panel_items = Table(
    "panel_items",
    METADATA,
    Column("panel_id", Integer, ForeignKey("panels.id"), nullable=False),
    Column("seq", Integer, ForeignKey("conversations.seq"), nullable=False),
    PrimaryKeyConstraint("panel_id", "seq"),
    sqlite_with_rowid=False,
)

opinions = Table(
    "opinions",
    METADATA,
    Column("panel_id", Integer, ForeignKey("panels.id"), nullable=False),
    Column("seq", Integer, ForeignKey("conversations.seq"), nullable=False),
    Column("curator", Text, nullable=False),
    Column("class_name", Text, nullable=False),
    _text("at"),
    PrimaryKeyConstraint("panel_id", "seq", "curator"),
    sqlite_with_rowid=False,
)
"""What one person thinks of a conversation of a panel; it tags nothing by itself."""
