"""How long the conversations of a run's data are, and how many the context would cut.

Lengths are counted with the project's own tokenizer, plus what the template adds; `workbench.services.exact`
counts with the base's. Only numbers are read, no texts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, not_, select

from workbench.services.heldout import trainable
from workbench.services.project import Project
from workbench.services.trainset import TrainSet
from workbench.store.heldout import is_held_out
from workbench.store.schema import conversations

BARS = 40


@dataclass(frozen=True, slots=True)
class Lengths:
    """Conversations by length.

    Attributes:
        width: Tokens a bar covers.
        bars: Class → conversations in each bar, the first from 0 tokens on; what is longer lies in the last.
        cut_off: The context in tokens: what is longer loses its end.
        longer: Class → about how many conversations are longer than the context.
    """

    width: int
    bars: Mapping[str, tuple[int, ...]]
    cut_off: int
    longer: Mapping[str, int]


def lengths(project: Project, data: TrainSet, cut_off: int, added: Mapping[str, int]) -> Lengths:
    """Return the lengths of a train set's conversations.

    Args:
        project: Its project, for what is in it now.
        data: The data.
        cut_off: The context in tokens.
        added: Class → tokens that the template adds to a conversation.
    """
    counts = _in_snapshot(data.path) if data.path is not None else _now(project)
    known: dict[str, Counter[int]] = {c.name: Counter() for c in data.classes}
    for name, tokens, n in counts:
        if name in known:
            known[name][tokens + added.get(name, 0)] += n
    return binned(known, cut_off)


def binned(counts: Mapping[str, Mapping[int, int]], cut_off: int) -> Lengths:
    """Lay counts by length into at most `BARS` bars that reach the cut-off and the longest, or twice the cut-off.

    Args:
        counts: Class → length in tokens → conversations.
        cut_off: The context in tokens.
    """
    longest = max((length for by in counts.values() for length in by), default=0)
    reach = min(max(longest, 1), 2 * cut_off)
    width = max(1, -(-(reach + 1) // BARS))
    bars: dict[str, tuple[int, ...]] = {}
    for name, by in counts.items():
        row = [0] * min(BARS, reach // width + 1)
        for length, n in by.items():
            row[min(length // width, len(row) - 1)] += n
        bars[name] = tuple(row)
    longer = {name: sum(n for length, n in by.items() if length > cut_off) for name, by in counts.items()}
    return Lengths(width, bars, cut_off, longer)


def _in_snapshot(path: Path) -> Iterable[tuple[str, int, int]]:
    import pyarrow.parquet as pq

    table = pq.read_table(path / "data.parquet", columns=["class", "n_tokens"])
    names, tokens = table.column("class").to_pylist(), table.column("n_tokens").to_pylist()
    counted = Counter(zip(names, tokens, strict=True))
    return [(name, int(n_tokens or 0), n) for (name, n_tokens), n in counted.items()]


def _now(project: Project) -> Iterable[tuple[str, int, int]]:
    query = (
        select(conversations.c.class_name, conversations.c.n_tokens, func.count())
        .where(trainable())
        .group_by(conversations.c.class_name, conversations.c.n_tokens)
    )
    with project.database.read() as connection:
        query = query.where(not_(is_held_out(connection)))
        return [(str(name), int(tokens), int(n)) for name, tokens, n in connection.execute(query)]
