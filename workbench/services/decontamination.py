"""Evaluation prompts in the data: find the conversations that leak them, show where, plan to drop them.

    items = held_out_items(project) + read_items(Path("gsm8k_test.jsonl"))      # services.evalitems
    found = find_leaks(project, items)                               # by shared runs of words, and by meaning
    plan = plan_decontamination(project, found, overlap=0.8)         # then curation.apply_plan

A result can be questioned again at other thresholds; nothing is searched anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from workbench.curate.contamination import Item, Needles, Span, common_spans, split_words
from workbench.curate.dedupe import Document, Progress, Reading
from workbench.curate.dedupe.semantic import SLACK, Meanings, Vectors, cosines
from workbench.curate.dedupe.tables import Numbers
from workbench.domain.curation import Change, Plan
from workbench.domain.errors import PlanError
from workbench.services.meaning import compile_text
from workbench.services.partvectors import PartTexts, collect_embeddings, read_documents, read_parts
from workbench.services.project import Project
from workbench.services.semantic import embed_missing
from workbench.store import duplicates as store
from workbench.store.conversations import get_records

Way = Literal["words", "meaning"]
OVERLAP, LEAST_OVERLAP = 0.8, 0.5
"""Share of an item's words in common runs: what counts at first, and what is kept to be looked at."""
SIMILARITY, LEAST_SIMILARITY = 0.95, 0.85
"""The same for cosines of embeddings."""
BLOCK = 2_000
TILE = 4_096
READ, COMPARED = 0.3, 0.95
"""Progress: all read, all embedded; the rest is comparing."""


@dataclass(frozen=True, slots=True)
class Leak:
    """A conversation that gives an evaluation item away.

    Attributes:
        seq: The conversation.
        item: Place of the item.
        way: How it was found: by `words` in common, or by `meaning`.
        score: Share of the item's words, or cosine of the embeddings.
        side: Which of the item's texts: `prompt` or `answer`.
        spans: Where in the conversation.
    """

    seq: int
    item: int
    way: Way
    score: float
    side: str
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class LeakResult:
    """What was found.

    Attributes:
        items: What was looked for.
        considered: Conversations looked at.
        leaks: All from `LEAST_OVERLAP` and `LEAST_SIMILARITY` on, least alike first.
        by_meaning: Whether it was searched by embeddings, too.
        names: Where the items come from, for reasons.
    """

    items: tuple[Item, ...]
    considered: int
    leaks: tuple[Leak, ...] = field(repr=False)
    by_meaning: bool = False
    names: str = ""

    def at(self, overlap: float = OVERLAP, similarity: float = SIMILARITY) -> list[Leak]:
        """Return the leaks that count, the strongest of each conversation, least alike first."""
        best: dict[int, Leak] = {}
        for leak in self.leaks:
            if leak.score >= (overlap if leak.way == "words" else similarity):
                known = best.get(leak.seq)
                if known is None or (leak.way == "words", leak.score) > (known.way == "words", known.score):
                    best[leak.seq] = leak
        return sorted(best.values(), key=lambda leak: (leak.score, leak.seq))


def find_leaks(
    project: Project,
    items: Sequence[Item],
    *,
    names: str = "",
    query: str = "",
    by_meaning: bool = True,
    actor: str = "",
    on_progress: Progress | None = None,
) -> LeakResult:
    """Search the matching conversations that are not dropped for evaluation items.

    Args:
        project: The project.
        items: What to look for.
        names: Where they come from, for reasons, such as a file's name.
        query: Which conversations.
        by_meaning: Compare embeddings of what is asked, too; what has none is embedded by a job first.
        actor: Who asks.
        on_progress: Called with (conversations done, in all).

    Raises:
        PlanError: There is nothing to look for.
        QueryError: The query has a mistake.
        JobError: The embeddings could not be made.
    """
    items = tuple(item for item in items if item.prompt.strip())
    if not items:
        raise PlanError("there are no evaluation prompts to look for", "name a file, or set held-out prompts")

    def report(share: float, total: int) -> None:
        if on_progress is not None:
            on_progress(int(share * total), total)

    considered, leaks = _by_words(
        project, Needles(items), query, lambda done, total: report(READ * done / max(total, 1), total)
    )
    if by_meaning:
        leaks += _by_meaning(project, items, query, actor, lambda share: report(share, considered))
    report(1.0, considered)
    leaks.sort(key=lambda leak: (leak.score, leak.seq, leak.item))
    return LeakResult(items, considered, tuple(leaks), by_meaning, names)


def _by_words(project: Project, needles: Needles, query: str, on_progress: Progress) -> tuple[int, list[Leak]]:
    leaks: list[Leak] = []
    with project.database.read() as connection:
        rows = store.living_hashes(connection, compile_text(project, connection, query))
        block: list[tuple[int, list[str]]] = []
        for number, (seq, turns) in enumerate(store.iterate_turns(connection, [r.seq for r in rows]), 1):
            block.append((seq, [str(turn.get("content") or "") for turn in turns]))
            if len(block) == BLOCK or number == len(rows):
                leaks += _in_block(needles, block)
                block = []
                on_progress(number, len(rows))
    return len(rows), leaks


def _in_block(needles: Needles, block: Sequence[tuple[int, list[str]]]) -> list[Leak]:
    leaks = []
    words: dict[int, list[list[tuple[str, int, int]]]] = {}
    for row, item in needles.suspects(["\n".join(turns) for _, turns in block]):
        if row not in words:
            words[row] = [split_words(turn) for turn in block[row][1]]
        hit = needles.overlap(item, words[row])
        if hit is not None and hit.share >= LEAST_OVERLAP:
            leaks.append(Leak(block[row][0], item, "words", round(hit.share, 4), hit.side, hit.spans))
    return leaks


def _by_meaning(
    project: Project, items: Sequence[Item], query: str, actor: str, on_share: Callable[[float], None]
) -> list[Leak]:
    collect_embeddings(project)
    _, texts = read_parts(project, "prompt", query)
    with project.database.read() as connection:
        documents = (Document(number, (item.prompt,)) for number, item in enumerate(items))
        wanted = read_documents(connection, documents, texts.pieces)
    on_share(READ)
    embed_missing(
        project,
        texts.pieces,
        actor,
        on_progress=lambda done, total: on_share(READ + (COMPARED - READ) * done / max(total, 1)),
    )
    if not len(texts.seqs):
        return []
    found = _alike(texts, wanted)
    with project.database.read() as connection:
        records = {r.seq: r for r in get_records(connection, sorted({seq for seq, _, _ in found}))}
    leaks = []
    for seq, item, score in found:
        turns = [
            split_words(turn.content) if turn.role != "assistant" else []
            for turn in records[seq].conversation.turns
        ]
        said = [word for word, _, _ in split_words(items[item].prompt)]
        leaks.append(Leak(seq, item, "meaning", score, "prompt", common_spans(said, turns)))
    return leaks


def _alike(texts: PartTexts, wanted: PartTexts) -> list[tuple[int, int, float]]:
    """Return (row number, item, cosine) of what is asked and nearly asked by an item, judged as duplicates are."""
    ours, theirs = (_meanings(side) for side in (texts, wanted))
    reading = Reading()
    _, firsts, owners = np.unique(ours.keys, return_index=True, return_inverse=True)
    order = np.argsort(owners, kind="stable")
    ends = np.cumsum(np.bincount(owners))
    rows, items = _close(ours.vectors[firsts], theirs.vectors)
    left = firsts[rows]
    score = np.round(cosines(ours.vectors, left, theirs.vectors, items), 4)
    equal = ours.keys[left] == theirs.keys[items]
    few = np.minimum(ours.words[left], theirs.words[items]) < reading.short_words
    short = np.maximum(ours.counts[left], theirs.counts[items]) < reading.figure_tokens
    other = few | (short & (ours.figures[left] != theirs.figures[items]))
    score = np.where(equal, 1.0, np.where(other, 0.0, score))
    found = []
    for row, item, cosine in zip(rows.tolist(), items.tolist(), score.tolist(), strict=True):
        if cosine >= LEAST_SIMILARITY:
            begin = int(ends[row - 1]) if row else 0
            found += [(int(texts.seqs[place]), item, cosine) for place in order[begin : ends[row]].tolist()]
    return found


def _close(ours: Vectors, theirs: Vectors) -> tuple[Numbers, Numbers]:
    """Return the places of rows whose cosine may be large enough, in tiles: evaluation files may be large, too."""
    found: list[tuple[Numbers, Numbers]] = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    for top in range(0, len(ours), TILE):
        mine = ours[top : top + TILE].astype(np.float32)
        for begin in range(0, len(theirs), TILE):
            cosine = mine @ theirs[begin : begin + TILE].astype(np.float32).T
            i, j = np.nonzero(cosine >= LEAST_SIMILARITY - SLACK)
            found.append((i + top, j + begin))
    return np.concatenate([i for i, _ in found]), np.concatenate([j for _, j in found])


def _meanings(texts: PartTexts) -> Meanings:
    (read,), (vectors,) = texts.digests, texts.vectors()
    return Meanings(vectors, read.keys[:, 0], read.words, read.counts, read.figures)


def plan_decontamination(
    project: Project,
    result: LeakResult,
    *,
    overlap: float = OVERLAP,
    similarity: float = SIMILARITY,
    leave: Collection[int] = (),
) -> Plan:
    """Plan to drop the conversations that leak, each with what it leaks as the reason.

    Args:
        project: The project.
        result: What was found.
        overlap: From which share of an item's words.
        similarity: From which cosine.
        leave: Conversations that a person said are no leak.
    """
    chosen = [leak for leak in result.at(overlap, similarity) if leak.seq not in set(leave)]
    with project.database.read() as connection:
        members = {row["seq"]: row for row in store.read_standing(connection, [leak.seq for leak in chosen])}
    changes = [
        Change(
            leak.seq,
            members[leak.seq]["revision"],
            {"status": members[leak.seq]["status"], "drop_reason": members[leak.seq]["drop_reason"]},
            {"status": "dropped", "drop_reason": reason(result, leak)},
        )
        for leak in chosen
        if leak.seq in members and members[leak.seq]["status"] != "dropped"
    ]
    n = len(changes)
    return Plan(
        kind="drop",
        title=f"drop {n:,} conversation{'' if n == 1 else 's'} that leak evaluation prompts",
        changes=changes,
        reason=f"evaluation prompts of {result.names or 'a list'}",
        unchanged=len(chosen) - n,
        params={
            "overlap": overlap,
            "similarity": similarity if result.by_meaning else None,
            "items": len(result.items),
            "from": result.names,
        },
    )


def reason(result: LeakResult, leak: Leak) -> str:
    """Return why a conversation goes, in words."""
    what = "overlap" if leak.way == "words" else "same meaning"
    return f"leaks {result.items[leak.item].id} of {result.names or 'a list'}: {what} {leak.score:.2f}"


def leak_text(project: Project, leaks: Sequence[Leak]) -> list[str]:
    """Return of each leak what the conversation says there, stretches joined by ` … `."""
    with project.database.read() as connection:
        records = {r.seq: r for r in get_records(connection, [leak.seq for leak in leaks])}
    return [
        " … ".join(
            " ".join(records[leak.seq].conversation.turns[s.turn].content[s.begin : s.end].split())
            for s in leak.spans
        )
        for leak in leaks
    ]
