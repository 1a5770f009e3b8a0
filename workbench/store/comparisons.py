"""Comparisons, their answers, and the votes over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.dialects.sqlite import insert

from workbench.domain.comparison import Cell, Choice, Column, Comparison, Prompt
from workbench.domain.errors import NotFound
from workbench.store.conversations import chunks, now
from workbench.store.schema import brought_back, cells, comparisons, conversations, votes


@dataclass(frozen=True, slots=True)
class Vote:
    """One judge's choice between two answers to the same prompt.

    Attributes:
        id: The store's number.
        prompt_id: Which prompt.
        left_cell: The answer that stood on the left.
        right_cell: The answer that stood on the right.
        choice: What was chosen.
        blind: Whether model and condition were hidden.
        actor: Who judged.
        at: ISO 8601 UTC time.
    """

    id: int
    prompt_id: str
    left_cell: int
    right_cell: int
    choice: Choice
    blind: bool
    actor: str
    at: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A generated answer on its way into the store.

    Attributes:
        prompt_id: Which prompt.
        column: Index of the column.
        text: The answer.
        n_tokens: Generated tokens.
        seconds: Its share of the batch's time.
        rendered_hash: Hash of the token ids the model was given.
        correct: Program's verdict, or None.
        complete: Everything asked for was said, or None.
        polite: As asked, or None.
        full: All of it, or None.
    """

    prompt_id: str
    column: int
    text: str
    n_tokens: int = 0
    seconds: float = 0.0
    rendered_hash: str = ""
    correct: bool | None = None
    complete: bool | None = None
    polite: bool | None = None
    full: bool | None = None


def insert_comparison(connection: Connection, comparison: Comparison, actor: str) -> int:
    """Write a comparison (its `id` and `created_at` are given anew) and return its number."""
    values = {
        "name": comparison.name,
        "job_id": comparison.job_id,
        "actor": actor,
        "created_at": now(),
        "round": comparison.round,
        "prompts": [asdict(p) for p in comparison.prompts],
        "columns": [asdict(c) for c in comparison.columns],
        "sampling": dict(comparison.sampling),
    }
    key = connection.execute(comparisons.insert().values(**values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def delete_comparison(connection: Connection, comparison_id: int) -> None:
    """Forget a comparison that never started."""
    connection.execute(comparisons.delete().where(comparisons.c.id == comparison_id))


def get_comparison(connection: Connection, comparison_id: int) -> Comparison:
    """Return a comparison.

    Raises:
        NotFound: There is none of this number.
    """
    row = connection.execute(select(comparisons).where(comparisons.c.id == comparison_id)).one_or_none()
    if row is None:
        last = connection.execute(select(func.max(comparisons.c.id))).scalar()
        raise NotFound(
            f"there is no comparison {comparison_id}", f"the last one is {last}" if last else "start one first"
        )
    return _to_comparison(row)


def list_comparisons(connection: Connection) -> list[Comparison]:
    """Return every comparison, newest first."""
    return [_to_comparison(r) for r in connection.execute(select(comparisons).order_by(comparisons.c.id.desc()))]


def _to_comparison(row: Row[Any]) -> Comparison:
    value: dict[str, Any] = dict(row._mapping)
    return Comparison(
        id=value["id"],
        name=value["name"],
        job_id=value["job_id"],
        prompts=tuple(
            Prompt(p["id"], tuple(p["messages"]), p["check"], p.get("tags", {})) for p in value["prompts"]
        ),
        columns=tuple(Column(**c) for c in value["columns"]),
        sampling=value["sampling"],
        created_at=value["created_at"],
        round=value["round"],
    )


def results_offset(connection: Connection, comparison_id: int) -> int:
    """Return how many bytes of the job's results have been collected."""
    query = select(comparisons.c.results_offset).where(comparisons.c.id == comparison_id)
    return int(connection.execute(query).scalar_one())


def add_answers(connection: Connection, comparison_id: int, answers: Sequence[Answer], offset: int) -> None:
    """Write answers and how far the results have been read; what is there already stays as it is."""
    rows = []
    for answer in answers:
        row = asdict(answer) | {"comparison_id": comparison_id}
        rows.append(row | {"column_index": row.pop("column"), "full_quality": row.pop("full")})
    for part in chunks(rows, 500):
        connection.execute(insert(cells).on_conflict_do_nothing(), part)
    update = comparisons.update().where(comparisons.c.id == comparison_id)
    connection.execute(update.values(results_offset=offset))


def list_cells(connection: Connection, comparison_id: int) -> list[Cell]:
    """Return every answer of a comparison, in the order they came."""
    query = select(cells).where(cells.c.comparison_id == comparison_id).order_by(cells.c.id)
    return [_to_cell(row) for row in connection.execute(query)]


def get_cell(connection: Connection, cell_id: int) -> tuple[int, Cell]:
    """Return an answer with the comparison it belongs to.

    Raises:
        NotFound: There is none of this number.
    """
    row = connection.execute(select(cells).where(cells.c.id == cell_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no answer {cell_id}", "reload the comparison")
    return int(row.comparison_id), _to_cell(row)


def _to_cell(row: Row[Any]) -> Cell:
    return Cell(
        id=row.id,
        prompt_id=row.prompt_id,
        column=row.column_index,
        text=row.text,
        n_tokens=row.n_tokens,
        seconds=row.seconds,
        correct=row.correct,
        full=row.full_quality,
        rendered_hash=row.rendered_hash,
    )


def get_vote(
    connection: Connection, comparison_id: int, prompt_id: str, pair: tuple[int, int], actor: str
) -> Vote | None:
    """Return a judge's vote over a pair of columns for a prompt, or None."""
    query = select(votes).where(
        votes.c.comparison_id == comparison_id,
        votes.c.prompt_id == prompt_id,
        votes.c.pair_low == min(pair),
        votes.c.pair_high == max(pair),
        votes.c.actor == actor,
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else _to_vote(row)


def put_vote(
    connection: Connection, comparison_id: int, left: Cell, right: Cell, choice: Choice, *, blind: bool, actor: str
) -> Vote:
    """Write a vote; the same judge's earlier vote over the same pair gives way."""
    pair = (left.column, right.column)
    key = {
        "comparison_id": comparison_id,
        "prompt_id": left.prompt_id,
        "pair_low": min(pair),
        "pair_high": max(pair),
    }
    said = {"left_cell": left.id, "right_cell": right.id, "choice": choice, "blind": blind, "at": now()}
    statement = insert(votes).values(**key, **said, actor=actor)
    connection.execute(statement.on_conflict_do_update(index_elements=[*key, "actor"], set_=said))
    written = get_vote(connection, comparison_id, left.prompt_id, pair, actor)
    assert written is not None
    return written


def list_votes(connection: Connection, comparison_id: int) -> list[Vote]:
    """Return every vote of a comparison, in the order they were first given."""
    query = select(votes).where(votes.c.comparison_id == comparison_id).order_by(votes.c.id)
    return [_to_vote(row) for row in connection.execute(query)]


def count_votes(connection: Connection) -> dict[int, int]:
    """Return the number of votes of every comparison that has some."""
    query = select(votes.c.comparison_id, func.count()).group_by(votes.c.comparison_id)
    return {int(comparison): int(n) for comparison, n in connection.execute(query)}


def _to_vote(row: Row[Any]) -> Vote:
    return Vote(**{name: row._mapping[name] for name in Vote.__dataclass_fields__})


def note_brought_back(
    connection: Connection, comparison_id: int, pairs: Sequence[tuple[int, int]], action_id: int, round_: int
) -> None:
    """Note which conversation each answer became: pairs of (cell, seq)."""
    rows = [
        {"cell_id": cell, "seq": seq, "comparison_id": comparison_id, "action_id": action_id, "round": round_}
        for cell, seq in pairs
    ]
    if rows:
        connection.execute(insert(brought_back).on_conflict_do_nothing(), rows)


def brought_back_cells(connection: Connection, comparison_id: int) -> dict[int, int]:
    """Return which answers were brought back and as which conversation: cell → seq."""
    query = select(brought_back.c.cell_id, brought_back.c.seq).where(brought_back.c.comparison_id == comparison_id)
    return {int(cell): int(seq) for cell, seq in connection.execute(query)}


def count_twins(connection: Connection, pairs: Sequence[tuple[str, str]]) -> int:
    """Return how many of these (prompt hash, answer hash) pairs stand in the store already."""
    found: set[tuple[str, str]] = set()
    for part in chunks([prompt for prompt, _ in pairs]):
        query = select(conversations.c.prompt_hash, conversations.c.answer_hash)
        query = query.where(conversations.c.prompt_hash.in_(part))
        found.update((prompt, answer) for prompt, answer in connection.execute(query))
    return sum(pair in found for pair in pairs)
