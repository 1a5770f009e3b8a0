"""Where a conversation comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.domain.errors import NotFound
from workbench.services import jobs
from workbench.services.browsing import get_record, history
from workbench.services.project import Project

MOST_STEPS = 20
_ARRIVALS = ("import", "bring-back")


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
