"""Evaluation items: the project's held-out prompts, or any file that can be imported."""

from __future__ import annotations

from pathlib import Path

from crlft.conversation import Conversation
from crlft.errors import DataError
from crlft.formats.mapping import ColumnMapping
from workbench.curate.contamination import Item
from workbench.curate.dedupe import sides
from workbench.domain.errors import ImportFault
from workbench.services.inspecting import UnknownSchema, open_file, read_checked
from workbench.services.project import Project
from workbench.services.prompts import asked, held_out_prompts, read_prompts

HELD_OUT_NAME = "the held-out prompts"


def held_out_items(project: Project) -> list[Item]:
    """Return the project's held-out prompts as items."""
    return [Item(p.id, _asked(asked(p))) for p in held_out_prompts(project)]


def _asked(conversation: Conversation) -> str:
    return sides(conversation.turns, "prompt")[0]


def read_items(path: Path) -> list[Item]:
    """Read evaluation items: any file that can be imported, or prompts as plain lines or JSONL.

    Columns of no known schema are taken as the import page would propose (`question` and `answer`, say). A file is
    read whole or not at all: what is left out could leak.

    Raises:
        ImportFault: The file or one of its rows cannot be read, or it holds no prompt.
    """
    if path.suffix.lower() in (".txt", ".md"):
        return _from_prompts(path)
    mapping = None
    try:
        with open_file(path):
            pass
    except UnknownSchema as unknown:
        if "prompt" in unknown.columns and path.suffix.lower() in (".jsonl", ".ndjson"):
            return _from_prompts(path)  # with an id or a check beside it, and no answer
        mapping = unknown.proposal
        if not mapping.prompt:
            raise
    return _from_rows(path, mapping)


def _from_prompts(path: Path) -> list[Item]:
    return [Item(p.id, _asked(asked(p))) for p in read_prompts(path)]


def _from_rows(path: Path, mapping: ColumnMapping | None) -> list[Item]:
    items: list[Item] = []
    with open_file(path, mapping=mapping) as file:
        for number, row in enumerate(file.rows, 1):
            try:
                conversation = read_checked(row, file.form).conversations[0]
            except DataError as error:
                raise ImportFault(
                    f"{path}: row {number} cannot be read: {error.message}", "correct it, or take it out"
                ) from error
            turns = conversation.turns
            name = str(conversation.metadata.get("id") or conversation.id or f"row {number}")
            items.append(Item(name, sides(turns, "prompt")[0], sides(turns, "answer")[0]))
    if not any(item.prompt.strip() for item in items):
        raise ImportFault(f"{path}: holds no prompt that can be read", "name a file with prompts or questions")
    return items
