"""Small conversations for tests of the store and of curation."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from crlft.conversation import Conversation, Turn
from workbench.curate.text import content_uid, measure
from workbench.domain.record import Record
from workbench.services.project import Project, create_project
from workbench.store.conversations import insert_records
from workbench.store.cube import count_cells, read_cube


def make_record(prompt: str, answer: str, **fields: Any) -> Record:
    """Return a record as an import makes it; conversation fields and record fields by name."""
    of_conversation = {k: v for k, v in fields.items() if k in Conversation.__dataclass_fields__}
    turns = fields.get("turns", (Turn("user", prompt), Turn("assistant", answer)))
    conversation = Conversation(**{**of_conversation, "turns": turns})
    m = measure(conversation)
    return Record(
        seq=0,
        uid=content_uid(conversation),
        conversation=conversation,
        n_turns=m.n_turns,
        n_tokens=m.n_tokens,
        supervised_tokens=m.supervised_tokens,
        prompt_hash=m.prompt_hash,
        answer_hash=m.answer_hash,
        **{k: v for k, v in fields.items() if k not in Conversation.__dataclass_fields__},
    )


def make_project(root: Path, records: Iterable[Record] = ()) -> Project:
    """Return a new project that holds these records."""
    project = create_project(root, "test")
    with project.database.write() as connection:
        insert_records(connection, list(records))
    return project


def numbered(n: int, **fields: Any) -> list[Record]:
    """Return n records that differ."""
    return [make_record(f"question number {i}", f"answer number {i} of many", **fields) for i in range(n)]


def counts_agree(connection: Connection) -> bool:
    """Whether the cube says what counting the conversations says."""
    return sorted(read_cube(connection), key=lambda c: c.key) == sorted(
        count_cells(connection), key=lambda c: c.key
    )
