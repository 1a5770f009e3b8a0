"""Counterfactual rewrites: what the model says now, under its best condition, to prompts of the project.

A comparison on prompts from the project names them by their conversation; so every answer can stand beside the one
that is there. Accepted, it comes back as a conversation of the next round, and the two make a preference pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.curate.diff import Piece, word_diff
from workbench.domain.comparison import Cell
from workbench.domain.record import Record
from workbench.services.answers import Grid
from workbench.services.project import Project
from workbench.store.conversations import get_record


@dataclass(frozen=True, slots=True)
class Rewrite:
    """An answer of the project beside a new one to the same prompt.

    Attributes:
        original: The conversation that is there.
        before: Its answer.
        cell: The new answer.
        accepted: Whether it has come back already.
    """

    original: Record
    before: str
    cell: Cell
    accepted: bool

    @property
    def pieces(self) -> list[Piece]:
        """What changed, word by word."""
        return word_diff(self.before, self.cell.text)


def rewrites(project: Project, grid: Grid, column: int) -> list[Rewrite]:
    """Return a column's answers to prompts taken from the project that say something else than is there.

    Args:
        project: The project.
        grid: The comparison.
        column: Which column rewrites.
    """
    found = []
    with project.database.read() as connection:
        for row in grid.rows:
            cell = row.cells[column]
            record = get_record(connection, row.prompt.id) if cell is not None and cell.text.strip() else None
            before = _answer_to(record, len(row.prompt.messages)) if record is not None else None
            if cell is None or record is None or before is None or before.strip() == cell.text.strip():
                continue
            found.append(Rewrite(record, before, cell, cell.id in grid.brought_back))
    return found


def _answer_to(record: Record, asked_turns: int) -> str | None:
    """Return the answer that follows the turns that were asked; None where the conversation holds none there."""
    turns = record.conversation.turns
    if len(turns) <= asked_turns or turns[asked_turns].role != "assistant":
        return None
    return turns[asked_turns].content


def rewrite_pairs(grid: Grid, found: Sequence[Rewrite]) -> list[dict[str, Any]]:
    """Return accepted rewrites as preference pairs in TRL's schema: new answer chosen, old one rejected."""
    prompts = {row.prompt.id: row.prompt for row in grid.rows}
    return [
        {
            "prompt": [dict(m) for m in prompts[r.cell.prompt_id].messages],
            "chosen": [{"role": "assistant", "content": r.cell.text}],
            "rejected": [{"role": "assistant", "content": r.before}],
        }
        for r in found
        if r.accepted
    ]
