"""The table of what a model said about tags; replaced whole when it judges again."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Integer, Table, Text

from workbench.store.columns import METADATA
from workbench.store.columns import integer_column as _integer
from workbench.store.columns import json_column as _json
from workbench.store.columns import text_column as _text

judgements = Table(
    "judgements",
    METADATA,
    Column("seq", Integer, ForeignKey("conversations.seq"), primary_key=True),
    _text("job_id"),
    Column("tag", Text, nullable=True),
    _text("status"),
    _text("proposal"),
    Column("suspicion", Float, nullable=False, server_default="0", index=True),
    Column("uncertainty", Float, nullable=False, server_default="0", index=True),
    Column("mass", Float, nullable=False, server_default="0", index=True),
    Column("evidence", Float, nullable=False, server_default="0"),
    Column("issue", Boolean, nullable=False, server_default="0"),
    _integer("tokens"),
    _json("probabilities"),
    _text("confirmed_by"),
)
