"""Runs as people keep them: marked, noted, put away, taken elsewhere, laid beside each other.

run_rows → a list · star, note, delete (services.jobs) · baselines → queued runs · method_table · export_model
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crlft.methods import METHODS
from crlft.runfolder import RunFolder
from workbench.domain.errors import JobError
from workbench.domain.run import Job
from workbench.services import jobs, training
from workbench.services.project import Project
from workbench.services.train_request import TrainRequest
from workbench.store import runmarks
from workbench.store.actions import record_action

NOTE_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run in the list.

    Attributes:
        job: The run.
        starred: Somebody marked it.
        notes: Somebody's words.
    """

    job: Job
    starred: bool = False
    notes: str = ""


@dataclass(frozen=True, slots=True)
class MethodRow:
    """A run among its baselines.

    Attributes:
        job: The run.
        method: Its method.
        steps: Its steps.
        held_out: Held-out loss per token by class, from its last evaluation.
        swap: Nats per token by which the wrong condition makes held-out answers less likely; None unconditioned.
    """

    job: Job
    method: str
    steps: int
    held_out: Mapping[str, float]
    swap: float | None


def run_rows(project: Project) -> list[RunRow]:
    """Return the training runs with what is noted about them, newest first."""
    found = training.list_runs(project)
    with project.database.read() as connection:
        marks = runmarks.run_marks(connection)
    none = runmarks.RunMark()
    return [RunRow(j, (m := marks.get(j.id, none)).starred, m.notes) for j in found]


def run_row(project: Project, run_id: str) -> RunRow:
    """Return one run with what is noted about it.

    Raises:
        NotFound: There is no such run.
    """
    job = training.get_run(project, run_id)
    with project.database.read() as connection:
        mark = runmarks.run_marks(connection).get(run_id, runmarks.RunMark())
    return RunRow(job, mark.starred, mark.notes)


def star_run(project: Project, run_id: str, *, starred: bool) -> None:
    """Mark a run, or take the mark away.

    Raises:
        NotFound: There is no such run.
    """
    training.get_run(project, run_id)
    with project.database.write() as connection:
        runmarks.set_star(connection, run_id, starred=starred)


def note_run(project: Project, run_id: str, notes: str, *, actor: str) -> None:
    """Write down words about a run; the log keeps who did.

    Raises:
        NotFound: There is no such run.
        JobError: The words are too many.
    """
    training.get_run(project, run_id)
    notes = notes.strip()
    if len(notes) > NOTE_CHARACTERS:
        raise JobError(f"the note has {len(notes):,} characters", f"keep it below {NOTE_CHARACTERS:,}")
    with project.database.write() as connection:
        runmarks.set_notes(connection, run_id, notes)
        record_action(connection, "run", f"note on run {run_id}", actor, params={"notes": notes})


def trashed_runs(project: Project) -> list[tuple[str, str]]:
    """Return (id, title) of the runs in the trash that can be taken back, newest first."""
    trash = jobs.runs_dir(project) / ".trash"
    with project.database.read() as connection:
        marks = runmarks.run_marks(connection)
    return [(i, m.title) for i, m in marks.items() if m.deleted_at and (trash / i / "job.json").is_file()]


def start_baselines(project: Project, run_id: str, methods: Sequence[str], *, actor: str) -> list[Job]:
    """Start the same training by other methods: same data, base and number of steps. They queue for the device.

    Raises:
        WorkbenchError: The run has no snapshot, or as `training.start_training`.
    """
    job = training.get_run(project, run_id)
    params, snapshot = job.params, job.params.get("snapshot")
    if not snapshot:
        raise JobError(f"run {run_id} names no snapshot", "start the methods one by one")
    overrides = dict(params.get("overrides") or {})
    if "steps" not in overrides:
        # One budget: fewer conversations (sft-best) must not mean fewer steps.
        overrides.pop("epochs", None)
        overrides["steps"] = job.total or _planned_steps(project, job)
    done = {row.method for row in method_table(project, run_id)}
    return [
        training.start_training(
            project,
            TrainRequest(
                snapshot=str(snapshot),
                base=str(params.get("base", "offline")),
                method=method,
                overrides=overrides,
                processes=int(params.get("processes", 1)),
                group=_group(job),
            ),
            actor=actor,
        )
        for method in methods
        if method not in done
    ]


def missing_baselines(project: Project, run_id: str) -> list[str]:
    """Return the methods that no run of this one's group has."""
    done = {row.method for row in method_table(project, run_id)}
    return [name for name in METHODS if name not in done]


def method_table(project: Project, run_id: str) -> list[MethodRow]:
    """Return a run and its baselines by method; of a method's runs the newest that did not fail."""
    group = _group(training.get_run(project, run_id))
    found: dict[str, Job] = {}
    for job in jobs.all_jobs(project, "train"):
        method = str(job.params.get("method", ""))
        if _group(job) == group and job.status != "failed":
            found.setdefault(method, job)
    return [_method_row(project, found[name]) for name in METHODS if name in found]


def export_model(project: Project, run_id: str, target: Path | None = None) -> Path:
    """Copy a finished run's model with its card to a folder; return the folder.

    Args:
        project: The project.
        run_id: Which run.
        target: A folder that does not exist yet; None makes `exports/RUN-model`.

    Raises:
        JobError: The run has no model, the folder exists, or the disk is full.
        NotFound: There is no such run.
    """
    source = RunFolder(jobs.job_folder(project, run_id)).model
    if not (source / "config.json").is_file():
        raise JobError(f"run {run_id} has no finished model", "let it end (or resume it), then export it")
    folder = (target or project.root / "exports" / f"{run_id}-model").expanduser()
    if folder.exists():
        raise JobError(f"{folder} exists already", "choose another folder, or move that one away")
    aside = folder.with_name(f".{folder.name}.partly")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(source, aside)
        aside.rename(folder)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise JobError(
            f"cannot write {folder}: {error.strerror}", "make room, or choose another folder"
        ) from error
    return folder


def last_evaluation(project: Project, run_id: str) -> Mapping[str, Any]:
    """Return a run's last `eval` event, or nothing."""
    events, _ = jobs.job_events(project, run_id)
    return next((e for e in reversed(events) if e.get("event") == "eval"), {})


def _group(job: Job) -> str:
    return str(job.params.get("group") or job.id)


def _method_row(project: Project, job: Job) -> MethodRow:
    said = last_evaluation(project, job.id)
    pairs = [p for p in (said.get("swap") or {}).values() if "right" in p and "wrong" in p]
    swap = sum(p["wrong"] - p["right"] for p in pairs) / len(pairs) if pairs else None
    method = str(job.params.get("method", ""))
    return MethodRow(job, method, job.total or job.step, dict(said.get("loss_by_class") or {}), swap)


def _planned_steps(project: Project, job: Job) -> int:
    """Return the steps of a run that has not said its total yet."""
    resolved = RunFolder(jobs.job_folder(project, job.id)).read_json("resolved.json") or {}
    if resolved.get("steps"):
        return int(resolved["steps"])
    params = job.params
    request = TrainRequest(
        params.get("snapshot"),
        str(params.get("base", "offline")),
        str(params.get("method", "c-rlft")),
        dict(params.get("overrides") or {}),
    )
    return training.preflight(project, request).steps or 1
