"""Conversations in and out of the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, func, select

from crlft.conversation import Conversation, Turn
from workbench.domain.record import Record, RecordSummary
from workbench.store import textindex, turnrewards
from workbench.store.bulk import among, insert_rows
from workbench.store.cube import CubeDelta, CubeKey
from workbench.store.jsontext import dump, storable
from workbench.store.schema import actions, bodies, conversations

HEAD_CHARACTERS = 200
"""How much of the first question and the last answer a list row shows."""

CHUNK = 5000
"""Rows a statement handles at once; below SQLite's limit of 32,766 bound values."""


class Inserted(NamedTuple):
    """What `insert_records` did.

    Attributes:
        seqs: Row numbers of the new conversations, in the order given.
        already_there: How many were in the store before (or stood twice among those given).
        uids: Content ids of the new conversations.
    """

    seqs: list[int]
    already_there: int
    uids: list[str]


def now() -> str:
    """Return the time as the database keeps it: ISO 8601, UTC, whole seconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def chunks(values: Sequence[Any], size: int = CHUNK) -> Iterator[Sequence[Any]]:
    """Cut a sequence into pieces of at most `size`."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def cut_head(value: str) -> str:
    """Return the beginning of a text on one line, `HEAD_CHARACTERS` at most."""
    # White space folds, so more is looked at than is shown, and four times as much where that was not enough.
    line = _one_line(value[: HEAD_CHARACTERS + 40])
    if len(line) <= HEAD_CHARACTERS < len(value):
        line = _one_line(value[: 4 * HEAD_CHARACTERS])
    line = storable(line)
    return line if len(line) <= HEAD_CHARACTERS else line[: HEAD_CHARACTERS - 1] + "…"


def _one_line(text: str) -> str:
    """Return a text with each run of white space as one space, and none at its ends."""
    line = text.replace("\n", " ")
    while "  " in line:
        line = line.replace("  ", " ")
    # No other white space is printable.
    return line.strip(" ") if line.isascii() and line.isprintable() else " ".join(text.split())


def heads(conversation: Conversation) -> dict[str, str]:
    """Return the columns `prompt_head` and `answer_head`."""
    return {"prompt_head": cut_head(conversation.prompt), "answer_head": cut_head(conversation.answer)}


def insert_records(connection: Connection, records: Sequence[Record], *, action_id: int | None = None) -> Inserted:
    """Insert conversations whose `uid` is new; index their texts and count them.

    Args:
        connection: In a write transaction.
        records: What to insert; `seq` and `revision` are ignored and given anew, an empty `arrived_at` is now.
        action_id: The action that brings them in; undoing it drops them.
    """
    seqs: list[int] = []
    uids: list[str] = []
    for part in chunks(records):
        fresh = _unknown(connection, part)
        if fresh:
            seqs += _insert(connection, fresh, action_id)
            uids += [record.uid for record in fresh]
    return Inserted(seqs, len(records) - len(seqs), uids)


def known_uids(connection: Connection, uids: Sequence[str]) -> set[str]:
    """Return those of the content ids that the store has."""
    c = conversations.c.uid
    return set(connection.execute(select(c).where(among(c, uids))).scalars())


def _unknown(connection: Connection, records: Sequence[Record]) -> list[Record]:
    seen = known_uids(connection, [record.uid for record in records])
    fresh = []
    for record in records:
        if record.uid not in seen:
            seen.add(record.uid)
            fresh.append(record)
    return fresh


def _insert(connection: Connection, records: Sequence[Record], action_id: int | None) -> list[int]:
    first = (connection.execute(select(func.max(conversations.c.seq))).scalar() or 0) + 1
    at = now()
    cells: dict[tuple[str, str, str, str, int], list[int]] = {}
    rows, texts, indexed = [], [], []
    for seq, record in enumerate(records, first):
        row = _row(record, seq, action_id, at)
        rows.append(row)
        turns, body = _body(record, seq)
        texts.append(body)
        indexed.append((seq, textindex.index_text(turns)))
        place = (row[_CLASS] or "", record.status, row[_SOURCE], row[_LANGUAGE], record.round)
        cell = cells.get(place)
        if cell is None:
            cell = cells[place] = [0, 0, 0]
        cell[0] += 1
        cell[1] += record.n_tokens
        cell[2] += record.supervised_tokens
    delta = CubeDelta()
    for cube_place, counts in cells.items():
        delta.add(CubeKey(*cube_place), *counts)
    insert_rows(connection, conversations, _ROW_COLUMNS, rows)
    insert_rows(connection, bodies, _BODY_COLUMNS, texts)
    textindex.add(connection, indexed)
    turnrewards.add(connection, {row[0]: r.turn_rewards for row, r in zip(rows, records, strict=True)})
    delta.apply(connection)
    return list(range(first, first + len(records)))


_ROW_COLUMNS = (
    "seq",
    "uid",
    "class_name",
    "coarse_reward",
    "status",
    "source",
    "language",
    "round",
    "revision",
    "n_turns",
    "n_tokens",
    "supervised_tokens",
    "prompt_hash",
    "answer_hash",
    "drop_reason",
    "tagged_by",
    "comment",
    "flags",
    "arrived_at",
    "arrival_action",
    "prompt_head",
    "answer_head",
)
_CLASS, _SOURCE, _LANGUAGE = map(_ROW_COLUMNS.index, ("class_name", "source", "language"))
_BODY_COLUMNS = ("seq", "turns", "tools", "source_id", "metadata", "provenance")


def _row(record: Record, seq: int, action_id: int | None, at: str) -> tuple[Any, ...]:
    """Return the values of `_ROW_COLUMNS`."""
    c = record.conversation
    return (
        seq,
        record.uid,
        c.class_name,
        c.coarse_reward,
        record.status,
        storable(c.source),
        storable(c.language),
        record.round,
        0,
        len(c.turns),
        record.n_tokens,
        record.supervised_tokens,
        record.prompt_hash,
        record.answer_hash,
        storable(record.drop_reason) if record.drop_reason else "",
        storable(record.tagged_by) if record.tagged_by else "",
        storable(record.comment) if record.comment else "",
        dump(sorted(record.flags)) if record.flags else "[]",
        record.arrived_at or at,
        action_id,
        cut_head(c.prompt),
        cut_head(c.answer),
    )


def _body(record: Record, seq: int) -> tuple[list[dict[str, Any]], tuple[Any, ...]]:
    """Return the turns as messages, and the values of `_BODY_COLUMNS`."""
    c = record.conversation
    turns = [t.to_dict() for t in c.turns]
    return turns, (
        seq,
        dump(turns),
        None if c.tools is None else storable(c.tools),
        storable(c.id) if c.id else "",
        _dump_mapping(c.metadata) if c.metadata else "{}",
        _dump_mapping(record.provenance),
    )


def _dump_mapping(value: Mapping[str, Any]) -> str:
    return dump(value if type(value) is dict else dict(value))


_RECORD_COLUMNS = (*conversations.c, *(c for c in bodies.c if c.name != "seq"))

SUMMARY_COLUMNS = (
    conversations.c.seq,
    conversations.c.uid,
    conversations.c.prompt_head,
    conversations.c.answer_head,
    conversations.c.class_name,
    conversations.c.coarse_reward,
    conversations.c.status,
    conversations.c.source,
    conversations.c.language,
    conversations.c.round,
    conversations.c.n_turns,
    conversations.c.n_tokens,
)
"""In the order of `RecordSummary`'s fields."""


def to_summary(row: Row[*tuple[Any, ...]]) -> RecordSummary:
    """Read a row of `SUMMARY_COLUMNS`."""
    return RecordSummary(*row)


def select_records() -> Select[Any]:
    """Return a SELECT of whole conversations; add conditions and hand its rows to `to_record`."""
    return select(*_RECORD_COLUMNS).select_from(conversations.join(bodies, bodies.c.seq == conversations.c.seq))


def to_record(row: Row[*tuple[Any, ...]]) -> Record:
    """Read a row of `select_records`."""
    value = row._mapping
    conversation = Conversation(
        turns=tuple(Turn.from_dict(t) for t in value["turns"]),
        id=value["source_id"],
        class_name=value["class_name"],
        coarse_reward=value["coarse_reward"],
        tools=value["tools"],
        source=value["source"],
        language=value["language"],
        metadata=value["metadata"],
    )
    return Record(
        seq=value["seq"],
        uid=value["uid"],
        conversation=conversation,
        status=value["status"],
        drop_reason=value["drop_reason"],
        round=value["round"],
        revision=value["revision"],
        n_turns=value["n_turns"],
        n_tokens=value["n_tokens"],
        supervised_tokens=value["supervised_tokens"],
        prompt_hash=value["prompt_hash"],
        answer_hash=value["answer_hash"],
        provenance=value["provenance"],
        arrived_at=value["arrived_at"],
        comment=value["comment"],
        tagged_by=value["tagged_by"],
        flags=tuple(value["flags"]),
    )


def get_record(connection: Connection, key: int | str) -> Record | None:
    """Return a conversation by `seq` (a number) or `uid` (text), or None."""
    column = conversations.c.seq if isinstance(key, int) else conversations.c.uid
    row = connection.execute(select_records().where(column == key)).one_or_none()
    return None if row is None else to_record(row)


def get_records(connection: Connection, seqs: Sequence[int]) -> list[Record]:
    """Return conversations by their row numbers, in that order; unknown ones are left out."""
    found: dict[int, Record] = {}
    for part in chunks(seqs):
        rows = connection.execute(select_records().where(conversations.c.seq.in_(part)))
        found.update((row.seq, to_record(row)) for row in rows)
    return [found[seq] for seq in seqs if seq in found]


def get_summaries(connection: Connection, seqs: Sequence[int]) -> list[RecordSummary]:
    """Return list rows by row numbers, in that order; unknown ones are left out."""
    found: dict[int, RecordSummary] = {}
    for part in chunks(seqs):
        rows = connection.execute(select(*SUMMARY_COLUMNS).where(conversations.c.seq.in_(part)))
        found.update((row.seq, to_summary(row)) for row in rows)
    return [found[seq] for seq in seqs if seq in found]


def stamp(connection: Connection) -> tuple[int, int, int]:
    """Return the newest action, how much it did so far, and the last row number."""
    newest = select(actions.c.id, actions.c.affected).order_by(actions.c.id.desc()).limit(1)
    action = connection.execute(newest).first()
    last = connection.execute(select(func.max(conversations.c.seq))).scalar() or 0
    return (action.id, action.affected, last) if action is not None else (0, 0, last)


def siblings(connection: Connection, prompt_hash: str, limit: int = 200) -> list[RecordSummary]:
    """Return the conversations that answer the same prompt, in order of arrival."""
    query = select(*SUMMARY_COLUMNS).where(conversations.c.prompt_hash == prompt_hash)
    return [to_summary(row) for row in connection.execute(query.order_by(conversations.c.seq).limit(limit))]
