"""Answers come back: chosen generations become pending conversations of the next round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crlft.modelfolder import read_card
from workbench.curate.text import content_uid, measure_many, prompt_hash
from workbench.domain.comparison import Cell
from workbench.domain.curation import Action
from workbench.domain.errors import PlanError
from workbench.domain.record import Record
from workbench.services import jobs
from workbench.services.answers import Grid, GridRow, comparison_grid
from workbench.services.project import Project
from workbench.services.prompts import asked, held_out_prompts
from workbench.services.rounds import open_round
from workbench.store.actions import record_action, update_action
from workbench.store.classes import read_scheme
from workbench.store.comparisons import count_twins, note_brought_back
from workbench.store.conversations import get_summaries, insert_records


@dataclass(frozen=True, slots=True)
class BroughtBack:
    """What `bring_back` did.

    Attributes:
        rows: Answers chosen; always `imported` + `already_there`.
        imported: New pending conversations.
        already_there: Answers that stand in the project already.
        twins: Of the new ones, how many say what a conversation from elsewhere said to the same prompt.
        held_out: Of those chosen, how many answer a held-out prompt: snapshots leave them out.
        round: The round they arrive in.
        action: The entry of the log; undoing it drops them.
    """

    rows: int
    imported: int
    already_there: int
    twins: int
    held_out: int
    round: int
    action: Action


def bring_back(
    project: Project,
    comparison_id: int,
    cells: Sequence[int] | None,
    *,
    actor: str,
    propose: bool = False,
    edits: Mapping[int, str] | None = None,
) -> BroughtBack:
    """Send answers into the project as pending conversations of the round after the comparison's.

    Args:
        project: The project.
        comparison_id: The comparison.
        cells: The answers; None takes every run's answers under its best condition.
        actor: Who brings them back.
        propose: True proposes classes from the votes: winners the best, losers the worst; otherwise none has one.
        edits: Cell to corrected text.

    Raises:
        PlanError: Nothing is chosen, or an answer is not of this comparison.
        NotFound: There is no such comparison.
    """
    grid = comparison_grid(project, comparison_id)
    chosen = _chosen(project, grid, cells)
    with project.database.read() as connection:
        scheme = read_scheme(connection)
    classes = {"win": scheme.best.name, "loss": scheme.worst.name} if propose else {}
    round_ = grid.comparison.round + 1
    records = [_record(grid, row, cell, classes, (edits or {}).get(cell.id), round_) for row, cell in chosen]
    measured = _measured(records)
    by_uid = {r.uid: cell.id for r, (_, cell) in zip(measured, chosen, strict=True)}
    with project.database.write() as connection:
        twins = count_twins(connection, [(r.prompt_hash, r.answer_hash) for r in measured])
        title = f"bring back answers of comparison {comparison_id}"
        action = record_action(connection, "bring-back", title, actor, undoable=True)
        inserted = insert_records(connection, measured, action_id=action.id)
        n, there = len(inserted.seqs), inserted.already_there
        pairs = [(by_uid[s.uid], s.seq) for s in get_summaries(connection, inserted.seqs)]
        note_brought_back(connection, comparison_id, pairs, action.id, round_)
        open_round(connection, round_, actor)
        params = {"comparison": comparison_id, "round": round_, "already_there": there, "runs": _runs(grid)}
        title = f"bring back {n} answer{'' if n == 1 else 's'} of comparison {comparison_id} for round {round_}"
        update_action(connection, action.id, title=title, affected=n, params=params, undoable=n > 0)
    action = replace(action, title=title, affected=n, params=params, undoable=n > 0)
    kept_out = {prompt_hash(asked(p)) for p in held_out_prompts(project)}
    held_out = sum(r.prompt_hash in kept_out for r in measured)
    return BroughtBack(len(chosen), n, there, min(twins, n), held_out, round_, action)


def arriving(grid: Grid, cells: Sequence[int]) -> list[tuple[str, str]]:
    """Return what answers will count as once they are back: no class yet (''), and the hash of their prompt."""
    wanted = set(cells)
    return [
        ("", prompt_hash(asked(row.prompt)))
        for row in grid.rows
        for cell in row.cells
        if cell is not None and cell.id in wanted
    ]


def _chosen(project: Project, grid: Grid, cells: Sequence[int] | None) -> list[tuple[GridRow, Cell]]:
    everything = {c.id: (row, c) for row in grid.rows for c in row.cells if c is not None}
    if cells is None:
        columns = _best_columns(project, grid)
        chosen = [(row, cell) for row, cell in everything.values() if cell.column in columns]
    else:
        unknown = [c for c in cells if c not in everything]
        if unknown:
            raise PlanError(
                f"answer {unknown[0]} is not of comparison {grid.comparison.id}",
                "reload the comparison and choose again",
            )
        chosen = [everything[c] for c in dict.fromkeys(cells)]
    chosen = [(row, cell) for row, cell in chosen if cell.text.strip()]
    if not chosen:
        raise PlanError("no answer is chosen, or all that are chosen are empty", "choose some answers")
    return chosen


def _best_columns(project: Project, grid: Grid) -> set[int]:
    """Return for every run the column of its best condition; a run asked otherwise gives its first."""
    found: dict[str, int] = {}
    for index, column in enumerate(grid.comparison.columns):
        card = read_card(jobs.runs_dir(project) / column.model / "model")
        if card is not None and (column.model not in found or column.condition == card.scheme.best.condition):
            found[column.model] = index
    return set(found.values()) or {0}


def _record(
    grid: Grid, row: GridRow, cell: Cell, classes: Mapping[str, str], edited: str | None, round_: int
) -> Record:
    comparison = grid.comparison
    column = comparison.columns[cell.column]
    votes = [
        {
            "choice": v.choice,
            "side": "left" if v.left_cell == cell.id else "right",
            "by": v.actor,
            "blind": v.blind,
        }
        for v in row.votes
        if cell.id in (v.left_cell, v.right_cell)
    ]
    standing = sum(v["choice"] == v["side"] for v in votes) - sum(
        v["choice"] in ("left", "right") and v["choice"] != v["side"] for v in votes
    )
    class_name = classes.get("win" if standing > 0 else "loss" if standing < 0 else "")
    # The source names run and condition, and no id is given: the same answer asked for again is known again.
    conversation = replace(
        asked(row.prompt, cell.text if edited is None else edited), source=column.label, class_name=class_name
    )
    provenance: dict[str, Any] = {
        "kind": "generation",
        "comparison": comparison.id,
        "job": comparison.job_id,
        "run": column.model,
        "condition": column.condition,
        "prompt_id": row.prompt.id,
        "sampling": dict(comparison.sampling),
        "rendered_hash": cell.rendered_hash,
        "correct": cell.correct,
        "full": cell.full,
        "votes": votes,
        "edited": edited is not None and edited != cell.text,
    }
    return Record(
        seq=0,
        uid=content_uid(conversation),
        conversation=conversation,
        round=round_,
        provenance=provenance,
        tagged_by="votes" if class_name else "",
    )


def _votes(row: GridRow, cell: Cell) -> tuple[list[dict[str, Any]], int]:
    """Return the votes over an answer, and its wins minus its losses."""
    votes, standing = [], 0
    for v in row.votes:
        if cell.id not in (v.left_cell, v.right_cell):
            continue
        side = "left" if v.left_cell == cell.id else "right"
        votes.append({"choice": v.choice, "side": side, "by": v.actor, "blind": v.blind})
        if v.choice in ("left", "right"):
            standing += 1 if v.choice == side else -1
    return votes, standing


def _measured(records: Sequence[Record]) -> list[Record]:
    measures = measure_many([r.conversation for r in records])
    return [
        replace(
            r,
            conversation=replace(r.conversation, language=m.language),
            n_turns=m.n_turns,
            n_tokens=m.n_tokens,
            supervised_tokens=m.supervised_tokens,
            prompt_hash=m.prompt_hash,
            answer_hash=m.answer_hash,
            turn_rewards=m.turn_rewards,
        )
        for r, m in zip(records, measures, strict=True)
    ]


def _runs(grid: Grid) -> list[str]:
    return list(dict.fromkeys(c.model for c in grid.comparison.columns))
