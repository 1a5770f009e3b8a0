"""Where a conversation comes from, and whether held-out prompts have slipped into the data."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.domain.errors import NotFound
from workbench.services import jobs
from workbench.services.browsing import get_record, history, iterate_records
from workbench.services.project import Project
from workbench.services.prompts import held_out_prompts

NEAR = 0.8
"""Jaccard similarity of the words from which two prompts count as the same question."""
SWAPPED = 0.9
"""From here on prompts count as the same even if a word was replaced: long prompts with one synonym."""
MOST_STEPS = 20
_ARRIVALS = ("import", "bring-back")
_WORD = re.compile(r"[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the way back from a conversation to where it began.

    Attributes:
        kind: `decision`, `import`, `generation`, `run` or `snapshot`.
        text: One sentence.
        at: ISO 8601 UTC time, or empty.
    """

    kind: str
    text: str
    at: str = ""


def lineage(project: Project, key: int | str) -> list[Step]:
    """Return a conversation's way back: decisions, newest first, then its file, or generation, run and data.

    Raises:
        NotFound: There is no such conversation.
    """
    record = get_record(project, key)
    steps = [
        Step("decision", f"{action.title} (by {action.actor})", action.at)
        for action, _ in sorted(history(project, record.seq), key=lambda pair: -pair[0].id)
        if action.kind not in _ARRIVALS
    ][:MOST_STEPS]
    origin = record.provenance
    if origin.get("kind") == "generation":
        return [*steps, *_generation(project, origin, record.arrived_at)]
    where = f"row {origin['row']} of {origin['file']}" if "file" in origin and "row" in origin else "an import"
    return [*steps, Step("import", f"came from {where}", record.arrived_at)]


def _generation(project: Project, origin: Mapping[str, Any], at: str) -> list[Step]:
    run, condition = str(origin.get("run", "")), origin.get("condition") or "no condition"
    steps = [
        Step(
            "generation",
            f"written by {run} asked under {condition!r}, prompt {origin.get('prompt_id')} of comparison "
            f"{origin.get('comparison')}{', edited before it came' if origin.get('edited') else ''}",
            at,
        )
    ]
    try:
        job = jobs.get_job(project, run)
    except NotFound:
        return [*steps, Step("run", f"{run} is a base, or its folder is gone")]
    params = job.params
    steps.append(
        Step("run", f"{params.get('method', 'a run')} from base {params.get('base', 'unknown')}", job.created_at)
    )
    digest = str(params.get("snapshot_hash", ""))[:12]
    steps.append(Step("snapshot", f"trained on snapshot {params.get('snapshot', 'unknown')} {digest}".rstrip()))
    return steps


@dataclass(frozen=True, slots=True)
class Leak:
    """A conversation that asks what a held-out prompt asks, or nearly.

    Attributes:
        prompt_id: The held-out prompt.
        seq: The conversation.
        similarity: Jaccard similarity of their words, 1 where they are the same words.
    """

    prompt_id: str
    seq: int
    similarity: float


def near_leaks(project: Project, threshold: float = NEAR, query: str = "-status:dropped") -> list[Leak]:
    """Return conversations whose prompt is nearly a held-out one, most similar first.

    Words are compared as multisets, Chinese and Japanese by character. Prompts whose numbers differ ask different
    things and are never near; nor, below `SWAPPED`, are prompts where a word gave way to another ("the day before
    Monday", "… Tuesday"): words may only have been added on one side.

    Args:
        project: The project.
        threshold: From which similarity.
        query: Which conversations.

    Raises:
        QueryError: The query has a mistake.
    """
    bags = {p.id: _bag("\n".join(m.get("content", "") for m in p.messages)) for p in held_out_prompts(project)}
    holders: dict[str, list[str]] = defaultdict(list)
    for prompt_id, bag in bags.items():
        for word in bag:
            holders[word].append(prompt_id)
    found = []
    for record in iterate_records(project, query) if bags else ():
        bag = _bag(record.conversation.prompt)
        shared: Counter[str] = Counter()
        for word, n in bag.items():
            for prompt_id in holders.get(word, ()):
                shared[prompt_id] += min(n, bags[prompt_id][word])
        for prompt_id, common in shared.items():
            other = bags[prompt_id]
            similarity = common / (bag.total() + other.total() - common)
            if similarity >= threshold and _same_question(bag, other, similarity):
                found.append(Leak(prompt_id, record.seq, similarity))
    return sorted(found, key=lambda leak: (-leak.similarity, leak.seq))


def _bag(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.casefold()))


def _same_question(a: Counter[str], b: Counter[str], similarity: float) -> bool:
    return _numbers(a) == _numbers(b) and (similarity >= SWAPPED or a <= b or b <= a)


def _numbers(bag: Counter[str]) -> dict[str, int]:
    return {word: n for word, n in bag.items() if any(c.isdigit() for c in word)}
