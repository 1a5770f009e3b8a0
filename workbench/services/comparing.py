"""Comparisons: prompts × (model, condition), answered by a job, judged by program and by people.

start_comparison → job writes results.jsonl → collect_comparison (as often as one likes) → comparison_grid
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from crlft.condition import ClassScheme
from crlft.methods import METHODS
from crlft.modelfolder import read_card
from crlft.runfolder import RunFolder
from workbench.domain.comparison import BASE, Column, Comparison, Prompt
from workbench.domain.errors import JobError, WorkbenchError
from workbench.jobs import default_device, new_job_id, start_job, staying_command
from workbench.services import jobs
from workbench.services.answers import (
    ColumnFigures,
    Grid,
    GridRow,
    ballots,
    broken_repeats,
    collect_comparison,
    column_difference,
    comparison_grid,
    proof,
    slice_figures,
    slice_names,
    unchanged_by_condition,
    vote,
    writing,
)
from workbench.services.bases import resolve_base
from workbench.services.bringing import BroughtBack, arriving, bring_back
from workbench.services.project import Project
from workbench.services.prompts import (
    fixed_questions,
    held_out_prompts,
    parse_prompts,
    read_prompts,
    set_held_out,
)
from workbench.store import comparisons as store
from workbench.store.actions import record_action
from workbench.store.comparisons import Vote

__all__ = [
    "BroughtBack",
    "ColumnFigures",
    "Grid",
    "GridRow",
    "Vote",
    "arriving",
    "ballots",
    "bring_back",
    "broken_repeats",
    "collect_comparison",
    "column_difference",
    "columns_of",
    "comparison_grid",
    "fixed_questions",
    "held_out_prompts",
    "list_comparisons",
    "parse_prompts",
    "proof",
    "read_prompts",
    "set_held_out",
    "slice_figures",
    "slice_names",
    "start_comparison",
    "unchanged_by_condition",
    "vote",
    "wait_for_comparison",
    "writing",
]

UNCONDITIONED = ""


def start_comparison(
    project: Project,
    *,
    runs: Sequence[str],
    include_base: bool,
    conditions: Sequence[str] | None,
    prompts: Sequence[Prompt],
    sampling: Mapping[str, Any],
    name: str = "",
    actor: str,
) -> Comparison:
    """Start a job that answers prompts under each model and condition.

    Args:
        project: The project.
        runs: Ids of finished runs.
        include_base: True lets the runs' bases answer too, unconditioned.
        conditions: Class names or condition texts, '' for none; None takes every class a run was trained with.
        prompts: The rows.
        sampling: `max_new_tokens`, `temperature`, `top_p`, `seed`; what is absent has its default.
        name: One line for lists; empty makes one.
        actor: Who asks.

    Raises:
        WorkbenchError: Nothing to compare, a run without a model, an unknown condition, or the job cannot start.
    """
    if not prompts:
        raise WorkbenchError("there is no prompt to compare on", "choose the held-out prompts or write some")
    targets = [t for run_id in dict.fromkeys(runs) for t in _run_targets(project, run_id, conditions)]
    if include_base:
        targets += _base_targets(project, runs)
    if not targets:
        raise WorkbenchError("there is no model to compare", "choose a finished run, or the base")
    columns = tuple(column for column, _ in targets)
    job_id = new_job_id("compare")
    comparison = Comparison(
        id=0,
        name=name or _default_name(columns, len(prompts)),
        job_id=job_id,
        prompts=tuple(prompts),
        columns=columns,
        sampling=dict(sampling),
        round=max((int(jobs.get_job(project, r).params.get("round", 1)) for r in runs), default=1),
    )
    with project.database.write() as connection:
        comparison_id = store.insert_comparison(connection, comparison, actor)
        record_action(
            connection, "comparison", f"compare: {comparison.name}", actor, params={"comparison": comparison_id}
        )
    try:
        _start_job(project, comparison, [model for _, model in targets])
    except WorkbenchError:
        with project.database.write() as connection:
            store.delete_comparison(connection, comparison_id)
        raise
    with project.database.read() as connection:
        return store.get_comparison(connection, comparison_id)


def columns_of(
    project: Project, runs: Sequence[str], conditions: Sequence[str] | None, *, include_base: bool
) -> list[Column]:
    """Return the columns that a choice of runs and conditions stands for; see `start_comparison`.

    Raises:
        WorkbenchError: A run has no model, or a condition is unknown to it.
    """
    targets = [t for run_id in dict.fromkeys(runs) for t in _run_targets(project, run_id, conditions)]
    return [column for column, _ in targets + (_base_targets(project, runs) if include_base else [])]


def _start_job(project: Project, comparison: Comparison, models: Sequence[str]) -> None:
    request = {
        "columns": [
            {"model": model, "condition": column.condition}
            for model, column in zip(models, comparison.columns, strict=True)
        ],
        "prompts": [{"id": p.id, "messages": [dict(m) for m in p.messages]} for p in comparison.prompts],
        **comparison.sampling,
    }
    folder = RunFolder(jobs.runs_dir(project) / comparison.job_id)
    try:
        folder.path.mkdir(parents=True)
        folder.write_json("request.json", request)
    except OSError as error:
        raise JobError(f"cannot write {folder.path}: {error.strerror}", "make room on the disk") from error
    start_job(
        jobs.runs_dir(project),
        "generate",
        staying_command(),
        job_id=comparison.job_id,
        title=comparison.name,
        params={"columns": [c.label for c in comparison.columns], "prompts": len(comparison.prompts)},
        device=default_device(),
        offline=all(Path(model).is_dir() for model in models),
        stays=True,
    )


def _run_targets(project: Project, run_id: str, conditions: Sequence[str] | None) -> list[tuple[Column, str]]:
    """Return the columns of a run, each with the model's folder."""
    folder = jobs.job_folder(project, run_id)
    card = read_card(folder / "model")
    if card is None:
        job = jobs.get_job(project, run_id)
        raise JobError(f"run {run_id} has no finished model: it is {job.status}", "let it end, or resume it")
    conditioned = METHODS[card.method].conditioned if card.method in METHODS else True
    if conditions is not None:
        chosen = [card.scheme.condition_of(c) for c in dict.fromkeys(conditions)]
    else:
        chosen = [c.condition for c in card.scheme.classes] if conditioned else [UNCONDITIONED]
    label = run_label(run_id, card.method)
    return [
        (
            Column(run_id, condition, f"{label}/{_class_of(card.scheme, condition)}"),
            str((folder / "model").resolve()),
        )
        for condition in chosen
    ]


def run_label(run_id: str, method: str) -> str:
    """Return a run's short name: `c-rlft-1a2b`."""
    return f"{method or 'run'}-{run_id.rsplit('-', 1)[-1]}"


def _class_of(scheme: ClassScheme, condition: str) -> str:
    return next((c.name for c in scheme.classes if c.condition == condition), condition or "unconditioned")


def _base_targets(project: Project, runs: Sequence[str]) -> list[tuple[Column, str]]:
    asked = dict.fromkeys(str(jobs.get_job(project, r).params.get("base", "offline")) for r in runs)
    found = []
    for value in asked or {"offline": None}:
        label = BASE if len(asked) < 2 else f"{BASE} {Path(value).name}"
        found.append((Column(value, UNCONDITIONED, label), resolve_base(project, value).model))
    return found


def _default_name(columns: Sequence[Column], n_prompts: int) -> str:
    return f"{', '.join(c.label for c in columns)} on {n_prompts} prompt{'' if n_prompts == 1 else 's'}"


def list_comparisons(project: Project) -> list[Comparison]:
    """Return the project's comparisons, newest first."""
    with project.database.read() as connection:
        return store.list_comparisons(connection)


def wait_for_comparison(
    project: Project, comparison_id: int, on_progress: Callable[[int, int | None], None] | None = None
) -> Grid:
    """Wait for a comparison's job to end, then return the grid.

    Args:
        project: The project.
        comparison_id: The comparison.
        on_progress: Called with answers done and in all.

    Raises:
        JobError: The job failed or was killed.
        NotFound: There is no such comparison.
    """
    with project.database.read() as connection:
        comparison = store.get_comparison(connection, comparison_id)

    def on_event(event: Mapping[str, Any]) -> None:
        if on_progress is not None and event["event"] == "progress":
            on_progress(int(event["done"]), event.get("total"))

    job = jobs.wait_for(project, comparison.job_id, on_event)
    if job.status in ("failed", "killed"):
        raise JobError(f"comparison {comparison_id} {job.status}: {job.error}", job.remedy)
    return comparison_grid(project, comparison_id)
