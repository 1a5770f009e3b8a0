"""Where a conversation comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.domain.errors import NotFound
from workbench.services import jobs
from workbench.services.browsing import get_record, history
from workbench.services.project import Project
from workbench.services.snapshotfiles import read_manifest

MOST_STEPS = 20
_ARRIVALS = ("import", "bring-back")


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the way back from a conversation to where it began.

    Attributes:
        kind: `decision`, `import`, `generation`, `prompt`, `run` or `snapshot`.
        text: One sentence.
        at: ISO 8601 UTC time, or empty.
        page: The page of the app that shows it, or empty.
        where: The page's parameters.
    """

    kind: str
    text: str
    at: str = ""
    page: str = ""
    where: Mapping[str, str] = field(default_factory=dict)


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
            "compare",
            {"comparison": str(origin.get("comparison"))},
        )
    ]
    steps += _prompt(project, str(origin.get("prompt_id", "")))
    try:
        job = jobs.get_job(project, run)
    except NotFound:
        return [*steps, Step("run", f"{run} is a base, or its folder is gone")]
    params = job.params
    steps.append(
        Step(
            "run",
            f"{params.get('method', 'a run')} from base {params.get('base', 'unknown')}",
            job.created_at,
            "train",
            {"run": run},
        )
    )
    name, digest = str(params.get("snapshot", "unknown")), str(params.get("snapshot_hash", ""))[:12]
    told = f"trained on snapshot {name} {digest}".rstrip()
    there = read_manifest(project.snapshots / name) is not None
    steps.append(Step("snapshot", told, "", "snapshots" if there else "", {"snapshot": name} if there else {}))
    return steps


def _prompt(project: Project, prompt_id: str) -> list[Step]:
    """Return the conversation whose prompt was answered, where the prompt is one of the project."""
    try:
        asked = get_record(project, prompt_id)
    except NotFound:
        return []
    return [Step("prompt", f"asked what conversation {asked.uid} asks", "", "browse", {"q": f"id:{asked.uid}"})]
