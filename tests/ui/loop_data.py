"""Runs and comparisons as their workers leave them, without running a worker."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from crlft.modelfolder import ModelCard
from crlft.runfolder import RunFolder
from workbench.domain.comparison import Column, Comparison, Prompt
from workbench.jobs.process import identity
from workbench.services import curation
from workbench.services.project import Project
from workbench.store import comparisons

CHECKED = (
    Prompt("p1", ({"role": "user", "content": "What is 2 plus 2?"},), {"answer": ["4"], "polite": ["Sure!"]}),
    Prompt("p2", ({"role": "user", "content": "What is <b>3</b> plus 3?"},), {"answer": ["6"]}),
    Prompt("p3", ({"role": "user", "content": "Tell me a tale"},)),
)


def step(n: int, total: int = 4, loss: float = 1.0, **more: Any) -> dict[str, Any]:
    """Return a `step` event."""
    figures = {"loss": loss, "loss_by_class": {"expert": loss, "sub": 2 * loss}, "tokens_per_second": 900.0}
    return {"event": "step", "step": n, "total": total, **figures, "learning_rate": 1e-3, **more}


def make_run(
    project: Project,
    run_id: str,
    *,
    events: list[dict[str, Any]] | None = None,
    mark: str = "",
    marker: dict[str, Any] | None = None,
    alive: bool = False,
    model: bool = False,
    kind: str = "train",
) -> Path:
    """Write a run's folder; `alive` lets it run in this very process."""
    folder = RunFolder(project.root / "runs" / run_id)
    folder.path.mkdir(parents=True)
    job = {
        "id": run_id,
        "kind": kind,
        "title": f"c-rlft on {run_id}",
        "params": {"snapshot": "s", "method": "c-rlft", "base": "offline", "round": 1},
        "command": ["python", "-m", "crlft", "train", "--run", str(folder.path)],
        "device": "cpu",
        "created_at": "2026-11-22T20:00:00+00:00",
        "attempt": 1,
        "phase": "running",
        "pid": os.getpid() if alive else 2**22 - 1,
        "started": identity(os.getpid()) if alive else "nobody:0",
        "asked_at": 0.0,
    }
    folder.write_json("job.json", job)
    folder.log_path.write_text("line one\nthe last words\n", encoding="utf-8")
    for event in events or []:
        folder.emit(**event)
    if mark:
        folder.mark(mark, **(marker or {}))  # type: ignore[arg-type]
    if model:
        folder.model.mkdir()
        scheme = curation.class_scheme(project)
        card = ModelCard(scheme, "openchat", "both", "c-rlft", scheme.best.condition, "offline")
        (folder.model / "crlft.json").write_text(json.dumps(card.to_dict()), encoding="utf-8")
        (folder.model / "config.json").write_text("{}", encoding="utf-8")
    return folder.path


def make_comparison(
    project: Project, run_id: str = "run-1", answers: dict[tuple[str, int], str] | None = None
) -> int:
    """Store a comparison of a finished run under both conditions with the base, its answers lying in its job."""
    columns = (
        Column(run_id, "GPT4 Correct", "c-rlft/expert"),
        Column(run_id, "GPT3 Correct", "c-rlft/sub"),
        Column("offline", "", "base"),
    )
    job = f"{run_id}-compare"
    folder = make_run(project, job, mark="done", kind="generate")
    lines = [
        {"prompt_id": prompt, "column": column, "text": text, "n_tokens": 5, "seconds": 0.1}
        for (prompt, column), text in (answers or {}).items()
    ]
    (folder / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines), encoding="utf-8")
    with project.database.write() as connection:
        return comparisons.insert_comparison(
            connection, Comparison(0, "expert against sub", job, CHECKED, columns, {"seed": 0}), "t"
        )


ANSWERS = {
    ("p1", 0): "Sure! It is 4.",
    ("p1", 1): "5",
    ("p1", 2): "two plus two",
    ("p2", 0): "6",
    ("p2", 1): "7",
    ("p2", 2): "<script>alert(1)</script>",
    ("p3", 0): "Once upon a time.",
    ("p3", 1): "no",
}
"""Every answer but the base's to the last prompt."""
