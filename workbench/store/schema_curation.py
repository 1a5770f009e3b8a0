"""Tables of curation by hand: decisions sent by browsers, rewards of single answers, and suggestions."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, Table, Text

from workbench.store.columns import METADATA
from workbench.store.columns import integer_column as _integer
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
