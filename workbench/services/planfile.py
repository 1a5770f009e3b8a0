"""A plan as files in a job's folder: written where it was reviewed, applied exactly so by another process.

plan.json       the plan without its changes
changes.jsonl   one change a line: {"seq", "revision", "before", "after"}
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from workbench.domain.curation import Change, Plan
from workbench.domain.errors import PlanError

_PLAN, CHANGES = "plan.json", "changes.jsonl"


def write_plan(plan: Plan, folder: Path) -> None:
    """Write a plan.

    Raises:
        OSError: There is no room for it.
    """
    with (folder / CHANGES).open("wb") as file:
        for c in plan.changes:
            file.write(orjson.dumps([c.seq, c.revision, c.before, c.after]) + b"\n")
    head = {"kind": plan.kind, "title": plan.title, "reason": plan.reason, "unchanged": plan.unchanged}
    body = {**head, "changes": len(plan.changes), "params": dict(plan.params)}
    (folder / _PLAN).write_bytes(orjson.dumps(body))


def read_plan(folder: Path) -> Plan:
    """Return the plan that lies in a folder.

    Raises:
        PlanError: There is none, or it is not whole.
    """
    shared: dict[bytes, Mapping[str, Any]] = {}
    changes: list[Change] = []
    try:
        body = orjson.loads((folder / _PLAN).read_bytes())
        with (folder / CHANGES).open("rb") as lines:
            for line in lines:
                seq, revision, before, after = orjson.loads(line)
                # Bulk acts are written in groups of equal new values, told by identity (`store.changes`).
                after = shared.setdefault(orjson.dumps(after), after) if "turns" not in after else after
                changes.append(Change(seq, revision, before, after))
    except (OSError, ValueError, TypeError) as error:
        raise PlanError(f"the plan in {folder} cannot be read: {error}", "plan it anew") from error
    if len(changes) != body["changes"]:
        raise PlanError(f"the plan in {folder} is not whole", "plan it anew")
    return Plan(body["kind"], body["title"], changes, body["reason"], body["unchanged"], body["params"])
