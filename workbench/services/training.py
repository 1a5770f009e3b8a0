"""Training runs: a request is checked before anything is spent, then becomes a folder and a job.

request → snapshot (made where none is named) → base → RunConfig → runs/ID/config.json → job → log entry
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from crlft.config import RunConfig
from crlft.runfolder import RunFolder
from workbench.domain.errors import JobError, ProjectError
from workbench.domain.run import Job
from workbench.jobs import default_device, new_job_id, start_job
from workbench.services import jobs
from workbench.services.bases import BaseChoice, bases, offline_base_path
from workbench.services.failures import NextAction, next_action
from workbench.services.preflight import Example, Preflight, preflight
from workbench.services.project import Project
from workbench.services.snapshots import get_snapshot, list_snapshots, make_snapshot
from workbench.services.train_request import Prepared, TrainRequest, prepare, worker_command
from workbench.store.actions import record_action
from workbench.store.runs import remember_run, run_entries

__all__ = [
    "BaseChoice",
    "Example",
    "NextAction",
    "Preflight",
    "Prepared",
    "TrainRequest",
    "bases",
    "get_run",
    "list_runs",
    "next_action",
    "offline_base_path",
    "preflight",
    "prepare",
    "resume_run",
    "retry_run",
    "run_curves",
    "start_training",
    "stop_run",
    "wait_for",
]

logger = logging.getLogger("workbench.services")


def start_training(project: Project, request: TrainRequest, *, actor: str) -> Job:
    """Start a run; it goes on whatever becomes of the caller.

    Raises:
        WorkbenchError: As `prepare`, or what keeps the snapshot from being made.
    """
    prepared = prepare(project, request)
    if request.snapshot is None:
        name = make_snapshot(project, _next_snapshot_name(project), actor=actor).name
        request = replace(request, snapshot=name)
        prepared = prepare(project, request)
    snapshot = get_snapshot(project, request.snapshot or "")
    run_id = new_job_id(request.method)
    folder = RunFolder(jobs.runs_dir(project) / run_id)
    try:
        folder.path.mkdir(parents=True)
        folder.write_json("config.json", prepared.config.to_dict())
        for warning in prepared.warnings:
            folder.emit("warning", message=warning)
    except OSError as error:
        raise JobError(f"cannot write {folder.path}: {error.strerror}", "make room on the disk") from error
    params = {
        "snapshot": snapshot.name,
        "snapshot_hash": snapshot.hash,
        "method": request.method,
        "base": request.base,
        "overrides": dict(request.overrides),
        "round": snapshot.round,
        "actor": actor,
        **({"processes": request.processes} if request.processes > 1 else {}),
        **({"group": request.group} if request.group else {}),
    }
    start_job(
        jobs.runs_dir(project),
        "train",
        worker_command(request.processes),
        job_id=run_id,
        title=f"{request.method} on {snapshot.name}",
        params=params,
        device=_device(prepared.config),
        offline=prepared.base.local,
    )
    job = jobs.get_job(project, run_id)
    with project.database.write() as connection:
        remember_run(connection, job)
        record_action(connection, "run", f"train {run_id}: {job.title}", actor, params=params)
    return job


def list_runs(project: Project) -> list[Job]:
    """Return the training runs, newest first; the index learns what has changed."""
    found = jobs.all_jobs(project, "train")
    with project.database.read() as connection:
        known = run_entries(connection)
    news = [j for j in found if not j.live and ((e := known.get(j.id)) is None or e.status != j.status)]
    if news:
        _remember(project, news)
    return found


def get_run(project: Project, run_id: str) -> Job:
    """Return a run as it is now.

    Raises:
        NotFound: There is no such run.
    """
    return jobs.get_job(project, run_id)


def run_curves(project: Project, run_id: str, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Return a run's events behind a byte offset, and the offset to go on from."""
    return jobs.job_events(project, run_id, offset)


def stop_run(project: Project, run_id: str) -> Job:
    """Ask a run to save a checkpoint and stop; returns at once.

    Raises:
        JobError: It does not run.
        NotFound: There is no such run.
    """
    return jobs.stop(project, run_id)


def resume_run(project: Project, run_id: str) -> Job:
    """Go on with a stopped, killed or failed run from its last checkpoint.

    Raises:
        JobError: It is done or still runs.
        NotFound: There is no such run.
    """
    return jobs.resume(project, run_id)


def retry_run(project: Project, run_id: str, overrides: Mapping[str, Any], *, actor: str) -> Job:
    """Start a run anew with some settings changed; the old one stays as it is.

    Raises:
        WorkbenchError: As `start_training`.
    """
    params = get_run(project, run_id).params
    request = TrainRequest(
        snapshot=params.get("snapshot"),
        base=str(params.get("base", "offline")),
        method=str(params.get("method", "c-rlft")),
        overrides={**dict(params.get("overrides") or {}), **overrides},
        processes=int(params.get("processes", 1)),
        group=str(params.get("group", "")),
    )
    return start_training(project, request, actor=actor)


def wait_for(project: Project, run_id: str, on_event: jobs.OnEvent | None = None) -> Job:
    """Follow a run to its end; the index learns how it ended.

    Raises:
        NotFound: There is no such run.
    """
    job = jobs.wait_for(project, run_id, on_event)
    _remember(project, [job])
    return job


def _remember(project: Project, found: Sequence[Job]) -> None:
    """Bring the index up to date. The run's folder is the truth, so a full disk must not hide how a run ended."""
    try:
        with project.database.write() as connection:
            for job in found:
                remember_run(connection, job)
    except ProjectError as error:
        logger.warning("the index of runs is out of date until the next look: %s", error)


def _device(config: RunConfig) -> str:
    return {"cpu": "cpu", "cuda": "cuda:0"}.get(config.device) or default_device()


def _next_snapshot_name(project: Project) -> str:
    taken = {s.name for s in list_snapshots(project)}
    return next(name for n in range(1, len(taken) + 2) if (name := f"kept-{n}") not in taken)
