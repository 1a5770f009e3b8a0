"""Full-text search that finds Chinese.

SQLite's FTS5 with the `unicode61` tokenizer cuts at white space and punctuation, which Chinese, Japanese and
Korean do not write between words. Here every such character becomes a word of its own, and a word of them
becomes a phrase: two-character words are found, which trigrams cannot do, in an eighth of the space.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Integer, MetaData, String, Table, literal_column, text

from workbench.store.bulk import insert_rows
from workbench.store.jsontext import storable

_UNSPACED = re.compile(
    "(["
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff"  # Jamo, kana
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uffdc"  # Han, Hangul, halfwidth forms
    "\U00020000-\U000323af"  # Han extensions
    "])"
)
_LEADS = bytes([0xE0, 0xE1, *range(0xE3, 0xEE), 0xEF, 0xF0])
"""What signs of `_UNSPACED` begin with in UTF-8."""

fts = Table("fts", MetaData(), Column("rowid", Integer, primary_key=True), Column("body", String))
"""The virtual table, for queries; `rowid` is the conversation's `seq`."""

# Contentless: the texts stand in `bodies` already. Removing an entry then needs its old words, which
# `index_text` gives again from the old turns.
_CREATE = (
    "CREATE VIRTUAL TABLE fts USING fts5(body, content='', columnsize=0,"
    " tokenize=\"unicode61 remove_diacritics 2\")"
)


# New words are collected in memory and written as one segment where a transaction has no more of them than this
# (FTS5's default of 1 MB writes, and soon merges, a dozen); segments are merged sixteen at a time, not four.
_TUNING = (
    f"INSERT INTO fts(fts, rank) VALUES ('hashsize', {16 << 20})",
    "INSERT INTO fts(fts, rank) VALUES ('automerge', 0)",
)


def create(connection: Connection) -> None:
    """Make the index of a new database."""
    connection.exec_driver_sql(_CREATE)
    tune(connection)


def tune(connection: Connection) -> None:
    """Set the index up for bulk inserts; the index remembers it, and doing it again changes nothing.

    Args:
        connection: In a write transaction.
    """
    for statement in _TUNING:
        connection.exec_driver_sql(statement)


def split_characters(value: str) -> str:
    """Put white space around every character of a script that writes none between words."""
    if value.isascii():
        return value
    data = value.encode("utf-8", "replace")
    # Quotation marks and accents are frequent; a look at the bytes is quicker than one at every sign.
    return value if len(data.translate(None, _LEADS)) == len(data) else _UNSPACED.sub(r" \1 ", value)


def index_text(turns: Iterable[Mapping[str, Any]]) -> str:
    """Return what is indexed for a conversation: the texts of all turns, in order.

    Args:
        turns: Messages as of `Turn.to_dict`.
    """
    parts = []
    for turn in turns:
        parts.append(turn.get("content") or "")
        if turn.get("reasoning"):
            parts.append(turn["reasoning"])
    joined = "\n".join(parts)
    # A lone surrogate cannot reach the database, and a NUL would end the text there.
    return storable(split_characters(joined)).replace("\0", " ")


def add(connection: Connection, entries: Sequence[tuple[int, str]]) -> None:
    """Index texts.

    Args:
        connection: In a write transaction.
        entries: Pairs of seq and `index_text`.
    """
    insert_rows(connection, fts, ("rowid", "body"), entries)


def replace(connection: Connection, entries: Sequence[tuple[int, str, str]]) -> None:
    """Index changed texts.

    Args:
        connection: In a write transaction.
        entries: Triples of seq, the old `index_text` exactly as it was added, and the new one.
    """
    statement = text("INSERT INTO fts(fts, rowid, body) VALUES ('delete', :seq, :body)")
    if entries:
        connection.execute(statement, [{"seq": seq, "body": old} for seq, old, _ in entries])
        add(connection, [(seq, new) for seq, _, new in entries])


def has_words(value: str) -> bool:
    """Whether a text holds anything that can be searched for: a letter or a digit."""
    return any(c.isalnum() for c in value)


def match_expression(value: str, *, prefix: bool = False) -> str:
    """Return an FTS5 expression that matches exactly these words in this order.

    Whatever a person types becomes one quoted string, so none of it is FTS5 syntax.

    Args:
        value: A word or a phrase; `has_words` holds.
        prefix: Whether the last word may go on.
    """
    quoted = '"' + split_characters(value).replace("\0", " ").replace('"', '""').strip() + '"'
    return quoted + "*" if prefix else quoted


def matches(expression: str) -> ColumnElement[bool]:
    """Return the condition on `fts` that an expression of `match_expression` holds."""
    condition: ColumnElement[bool] = literal_column("fts").op("MATCH", is_comparison=True)(expression)
    return condition
