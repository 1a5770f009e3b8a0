"""The answers of a comparison: collected while they come, judged by program, voted on by people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crlft.checks import check_answer
from crlft.growing import PARTIAL
from crlft.runfolder import RunFolder
from workbench.domain.comparison import Cell, Choice, ColumnSummary, Comparison, Prompt
from workbench.domain.errors import NotFound, PlanError
from workbench.domain.run import Job
from workbench.services import jobs
from workbench.services.project import Project
from workbench.services.statistics import Difference, paired_difference, wilson
from workbench.services.votes import Ballot
from workbench.store import comparisons as store
from workbench.store.comparisons import Answer, Vote

RESULTS = "results.jsonl"
"""What the job writes: one JSON object per answer."""


@dataclass(frozen=True, slots=True)
class GridRow:
    """A prompt with its answers.

    Attributes:
        prompt: The prompt.
        cells: One per column; None where it is still to come.
        votes: Votes over its answers.
    """

    prompt: Prompt
    cells: tuple[Cell | None, ...]
    votes: tuple[Vote, ...]


@dataclass(frozen=True, slots=True)
class ColumnFigures(ColumnSummary):
    """A column's figures with 95 % Wilson intervals.

    Attributes:
        checked: Answers that a program could judge.
        correct_interval: Interval of `correct_rate`, or None.
        full_interval: Interval of `full_rate`, or None.
    """

    checked: int = 0
    correct_interval: tuple[float, float] | None = None
    full_interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """A comparison as it stands now.

    Attributes:
        comparison: What was asked.
        job: The job that answers, or None where its folder is gone.
        rows: One per prompt, in order.
        summary: One per column, in order.
        brought_back: Cell → conversation, for answers sent into the next round.
    """

    comparison: Comparison
    job: Job | None
    rows: tuple[GridRow, ...]
    summary: tuple[ColumnFigures, ...]
    brought_back: Mapping[int, int]

    @property
    def answered(self) -> int:
        """How many answers are there."""
        return sum(s.answered for s in self.summary)

    @property
    def total(self) -> int:
        """How many answers there will be."""
        return len(self.rows) * len(self.comparison.columns)


def collect_comparison(project: Project, comparison_id: int) -> int:
    """Take the answers written since the last call into the store, judged by program; returns how many.

    It may be called at any time and by several at once: the place in the results and the answers read up to it
    are stored in one transaction.

    Raises:
        NotFound: There is no such comparison.
    """
    with project.database.read() as connection:
        comparison = store.get_comparison(connection, comparison_id)
        offset = store.results_offset(connection, comparison_id)
    path = jobs.runs_dir(project) / comparison.job_id / RESULTS
    rows, end = _new_results(path, offset)
    if end == offset:
        return 0
    prompts = {p.id: p for p in comparison.prompts}
    known = [
        r for r in rows if r.get("prompt_id") in prompts and r.get("column") in range(len(comparison.columns))
    ]
    answers = [_judged(prompts[row["prompt_id"]], row) for row in known]
    with project.database.write() as connection:
        if store.results_offset(connection, comparison_id) == offset:
            store.add_answers(connection, comparison_id, answers, end)
    return len(answers)


def _new_results(path: Path, offset: int) -> tuple[list[dict[str, Any]], int]:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return [], offset
    end = data.rfind(b"\n") + 1
    rows = []
    for line in data[:end].splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue  # a line cut by a kill; a resumed job writes it again
    return [r for r in rows if isinstance(r, dict)], offset + end


def _judged(prompt: Prompt, row: Mapping[str, Any]) -> Answer:
    text = str(row.get("text", ""))
    verdict = check_answer(prompt.check, text) if prompt.check else None
    return Answer(
        prompt_id=prompt.id,
        column=row["column"],
        text=text,
        n_tokens=int(row.get("n_tokens", 0)),
        seconds=float(row.get("seconds", 0.0)),
        rendered_hash=str(row.get("rendered_hash", "")),
        correct=verdict.correct if verdict else None,
        complete=verdict.complete if verdict else None,
        polite=verdict.polite if verdict else None,
        full=verdict.full if verdict else None,
    )


def comparison_grid(project: Project, comparison_id: int) -> Grid:
    """Return a comparison with every answer so far; collects first.

    Raises:
        NotFound: There is no such comparison.
    """
    collect_comparison(project, comparison_id)
    with project.database.read() as connection:
        comparison = store.get_comparison(connection, comparison_id)
        cells = store.list_cells(connection, comparison_id)
        votes = store.list_votes(connection, comparison_id)
        brought = store.brought_back_cells(connection, comparison_id)
    by_place = {(c.prompt_id, c.column): c for c in cells}
    rows = tuple(
        GridRow(
            prompt,
            tuple(by_place.get((prompt.id, i)) for i in range(len(comparison.columns))),
            tuple(v for v in votes if v.prompt_id == prompt.id),
        )
        for prompt in comparison.prompts
    )
    summary = tuple(_figures(i, comparison, cells, votes) for i in range(len(comparison.columns)))
    try:
        job = jobs.get_job(project, comparison.job_id)
    except NotFound:
        job = None
    return Grid(comparison, job, rows, summary, brought)


def _figures(index: int, comparison: Comparison, cells: Sequence[Cell], votes: Sequence[Vote]) -> ColumnFigures:
    own = {c.id: c for c in cells if c.column == index}
    checked = [c for c in own.values() if c.correct is not None]
    right, full, n = sum(bool(c.correct) for c in checked), sum(bool(c.full) for c in checked), len(checked)
    sides = [
        ("left" if v.left_cell in own else "right", v.choice)
        for v in votes
        if {v.left_cell, v.right_cell} & set(own)
    ]
    wins = sum(side == choice for side, choice in sides)
    losses = sum(choice in ("left", "right") and side != choice for side, choice in sides)
    return ColumnFigures(
        column=comparison.columns[index],
        answered=len(own),
        correct_rate=right / n if n else None,
        full_rate=full / n if n else None,
        mean_tokens=sum(c.n_tokens for c in own.values()) / len(own) if own else 0.0,
        wins=wins,
        losses=losses,
        ties=len(sides) - wins - losses,
        checked=n,
        correct_interval=wilson(right, n) if n else None,
        full_interval=wilson(full, n) if n else None,
    )


def writing(project: Project, grid: Grid) -> dict[tuple[str, int], str]:
    """Return what is being written at this moment: (prompt id, column) → the answer so far."""
    if grid.job is None or not grid.job.live:
        return {}
    try:
        found = RunFolder(jobs.runs_dir(project) / grid.job.id).read_json(PARTIAL) or {}
    except ValueError:  # a full disk cut it; the answers themselves are not touched
        return {}
    return {(str(prompt), int(column)): str(text) for prompt, column, text in found.get("rows", ())}


def slice_names(grid: Grid) -> list[str]:
    """Return what the comparison's figures can be sliced by: tags of which its prompts have several values."""
    names = dict.fromkeys(name for row in grid.rows for name in row.prompt.tags)
    return [n for n in names if len({row.prompt.tags.get(n, "") for row in grid.rows}) > 1]


def slice_figures(grid: Grid, name: str) -> dict[str, tuple[ColumnFigures, ...]]:
    """Return every column's figures over the prompts of each value of a tag, most prompts first."""
    groups: dict[str, list[GridRow]] = {}
    for row in grid.rows:
        groups.setdefault(row.prompt.tags.get(name, ""), []).append(row)
    return {
        value: tuple(
            _figures(
                i,
                grid.comparison,
                [c for row in rows for c in row.cells if c is not None],
                [v for row in rows for v in row.votes],
            )
            for i in range(len(grid.comparison.columns))
        )
        for value, rows in sorted(groups.items(), key=lambda item: -len(item[1]))
    }


def column_difference(grid: Grid, first: int, second: int, *, full: bool = False) -> Difference | None:
    """Return by how many points a column's share of right (or full) answers lies above another's.

    Paired by prompt; None where no prompt could be checked in both.
    """
    pairs = []
    for row in grid.rows:
        a, b = row.cells[first], row.cells[second]
        if a is not None and b is not None and a.correct is not None and b.correct is not None:
            pairs.append((bool(a.full), bool(b.full)) if full else (bool(a.correct), bool(b.correct)))
    return paired_difference(pairs)


def ballots(grid: Grid) -> list[Ballot]:
    """Return all judges' votes by column; a tie and both bad count half for each side."""
    found = []
    scores = {"left": 1.0, "right": 0.0}
    for row in grid.rows:
        cells = {c.id: c for c in row.cells if c is not None}
        for v in row.votes:
            left, right = cells.get(v.left_cell), cells.get(v.right_cell)
            if left is not None and right is not None:
                score = scores.get(v.choice, 0.5)
                found.append(
                    Ballot(row.prompt.id, left.column, right.column, score, left.n_tokens, right.n_tokens)
                )
    return found


def unchanged_by_condition(grid: Grid) -> list[tuple[str, int, int]]:
    """Return models whose answers under several conditions are mostly the same: (model, same, prompts).

    A model that says word for word the same under every condition on at least half of the prompts has hardly
    learnt them, whatever the figures say.
    """
    found = []
    for model in dict.fromkeys(c.model for c in grid.comparison.columns):
        own = [i for i, c in enumerate(grid.comparison.columns) if c.model == model]
        rows = [[row.cells[i] for i in own] for row in grid.rows]
        whole = [[c.text.strip() for c in row if c is not None] for row in rows if all(row)]
        same = sum(len(set(texts)) == 1 for texts in whole)
        if len(own) > 1 and whole and 2 * same >= len(whole):
            found.append((model, same, len(whole)))
    return found


def broken_repeats(grid: Grid) -> list[tuple[str, int, int]]:
    """Return where the proof of conditioning fails: (prompt, column, column) given the same ids, saying otherwise.

    Asked greedily, the same model given the same token ids says the same; if not, a pane does not show what its
    head says.
    """
    if float(grid.comparison.sampling.get("temperature") or 0) > 0:
        return []
    columns, found = grid.comparison.columns, []
    for row in grid.rows:
        seen: dict[tuple[str, str], Cell] = {}
        for cell in row.cells:
            if cell is None or not cell.rendered_hash:
                continue
            key = (columns[cell.column].model, cell.rendered_hash)
            first = seen.setdefault(key, cell)
            if first.text != cell.text:
                found.append((row.prompt.id, first.column, cell.column))
    return found


@dataclass(frozen=True, slots=True)
class Proof:
    """What shows that a pane holds what its head says.

    Attributes:
        fingerprints: Column → hash of its model's weights, as the job read them; hub names have none.
        asked: Answers that the job asked for once more, each alone.
        same: How many of these came out the same.
    """

    fingerprints: Mapping[int, str]
    asked: int = 0
    same: int = 0


def proof(project: Project, comparison: Comparison) -> Proof:
    """Return the proof of conditioning that the comparison's job left; empty where its folder is gone."""
    folder = RunFolder(jobs.runs_dir(project) / comparison.job_id)
    events = folder.read_events()[0]
    models = {e["model"]: e["fingerprint"] for e in events if e["event"] == "model"}
    asked = (folder.read_json("request.json") or {}).get("columns", [])
    checks = [e for e in events if e["event"] == "self-check"]
    last = checks[-1] if checks else {"asked": 0, "same": 0}
    found = {i: models[c["model"]] for i, c in enumerate(asked) if models.get(c["model"])}
    return Proof(found, int(last["asked"]), int(last["same"]))


def vote(
    project: Project, left_cell: int, right_cell: int, choice: Choice, *, actor: str, blind: bool = False
) -> Vote:
    """Note a judge's choice between two answers to the same prompt.

    A vote given in the open can be changed; one given blind stands, since the columns are revealed after it.

    Args:
        project: The project.
        left_cell: The answer that stood on the left.
        right_cell: The answer that stood on the right.
        choice: `left`, `right`, `tie` or `both-bad`.
        actor: Who judges.
        blind: Whether model and condition were hidden.

    Raises:
        NotFound: There is no such answer.
        PlanError: The answers do not belong together, or this judge has voted blind on them.
    """
    if choice not in ("left", "right", "tie", "both-bad"):
        raise PlanError(f"{choice!r} is no vote", "choose left, right, tie or both-bad")
    with project.database.write() as connection:
        comparison_id, left = store.get_cell(connection, left_cell)
        other_id, right = store.get_cell(connection, right_cell)
        if comparison_id != other_id or left.prompt_id != right.prompt_id or left.column == right.column:
            raise PlanError(
                f"answers {left_cell} and {right_cell} do not stand side by side",
                "vote over two columns of the same prompt",
            )
        earlier = store.get_vote(connection, comparison_id, left.prompt_id, (left.column, right.column), actor)
        if earlier is not None and earlier.blind:
            raise PlanError(
                f"{actor} has judged this pair blind already ({earlier.choice})", "go on with the next prompt"
            )
        return store.put_vote(connection, comparison_id, left, right, choice, blind=blind, actor=actor)
