"""Long work on the project's own data as jobs: imports, searches for duplicates, scans, large plans applied.

    job = work.start(project, "dedupe", {"method": "near"}, actor="ann", title="…")    # returns at once
    found = work.result(project, job.id)                                               # once it is done

A job of this kind is like any other (`workbench.services.jobs`): a process group of its own with a folder, a
log, progress and a stop. It outlives the tab and the app. Each kind has a line of its own: a search does not wait
for a training run, nor for an import. What each does is in `workbench.services.workkinds`; `perform` does the same
in the caller's process, for what is so small that starting a process would take longer.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from crlft.runfolder import RunFolder
from workbench.domain.curation import Plan
from workbench.domain.errors import JobError, NotFound, PlanError
from workbench.domain.run import Job
from workbench.jobs import iterate_jobs, new_job_id, start_job
from workbench.services import jobs
from workbench.services.leakfile import LEAKS
from workbench.services.planfile import write_plan
from workbench.services.project import Project
from workbench.services.scanfile import SCAN
from workbench.services.workkinds import KINDS, RESULT, Kind, Watch

REQUEST = "request.json"
PUT_AWAY = "put-away"
"""A file in the folder: somebody has seen how the job ended."""

LARGE_PLAN, LARGE_EDITS = 20_000, 500
"""Changes of labels, and changes of texts, that are over in half a second."""

KEPT_EACH = 20
"""Jobs of a kind that stay on the list of jobs once somebody has seen how they ended."""

Progress = Callable[[int, int | None], None]

__all__ = ["KINDS", "has_result", "is_large", "latest", "perform", "put_away", "result", "start", "start_apply"]


def start(
    project: Project,
    kind: str,
    request: Mapping[str, Any],
    *,
    actor: str,
    title: str,
    put_files: Callable[[Path], None] | None = None,
) -> Job:
    """Start work as a job; it waits for nothing but work of its own kind.

    Args:
        project: The project.
        kind: One of `KINDS`.
        request: What to do, as JSON.
        actor: Who asks.
        title: One line for lists.
        put_files: Writes what does not fit a request into the job's folder, before it starts.

    Raises:
        JobError: It cannot be started.
    """
    known_kind(kind)
    _prune(project, kind)
    job_id = new_job_id(kind)
    folder = RunFolder(jobs.runs_dir(project) / job_id)
    try:
        folder.path.mkdir(parents=True)
        if put_files is not None:
            put_files(folder.path)
        folder.write_json(REQUEST, {**request, "actor": actor})
    except OSError as error:
        raise JobError(f"cannot write {folder.path}: {error.strerror}", "make room on the disk") from error
    start_job(
        jobs.runs_dir(project),
        kind,
        [sys.executable, "-m", "workbench.services.worker", "{run}"],
        job_id=job_id,
        title=title,
        params={**request, "actor": actor},
        device=f"data-{kind}",
        offline=False,
    )
    return jobs.get_job(project, job_id)


def is_large(plan: Plan) -> bool:
    """Whether applying a plan takes so long that it is better done by a process of its own."""
    most = LARGE_EDITS if any("turns" in c.after for c in plan.changes[: LARGE_EDITS + 1]) else LARGE_PLAN
    return plan.affected > most


def start_apply(project: Project, plan: Plan, *, actor: str) -> Job:
    """Start a job that does exactly what a plan says, once, in one transaction.

    Raises:
        PlanError: There is nothing to change.
        JobError: It cannot be started.
    """
    if not plan.changes:
        raise PlanError(f"{plan.title or plan.kind}: there is nothing to change", "select other conversations")

    def put_plan(folder: Path) -> None:
        write_plan(plan, folder)

    return start(project, "apply", {"plan": plan.kind}, actor=actor, title=plan.title, put_files=put_plan)


def perform(
    project: Project,
    kind: str,
    request: Mapping[str, Any],
    *,
    actor: str,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Any:
    """Do the work here and now and return its result, as `result` would.

    Raises:
        WorkbenchError: As the work itself.
    """
    watch = Watch(on_progress) if should_stop is None else Watch(on_progress, should_stop)
    return known_kind(kind).perform(project, {**request, "actor": actor}, watch)


def result(project: Project, job_id: str) -> Any:
    """Return what a finished job made.

    Raises:
        JobError: It is not done.
        NotFound: There is no such job, or its result is gone.
    """
    job = jobs.get_job(project, job_id)
    if job.status not in ("done", "stopped"):  # an import that was stopped says what it had stored
        raise JobError(f"job {job_id} is {job.status}: it has no result", "wait for its end, or resume it")
    folder = RunFolder(jobs.job_folder(project, job_id))
    return known_kind(job.kind).load(project, folder)


def has_result(project: Project, job_id: str) -> bool:
    """Whether a job has left a result; one that was stopped may not have."""
    return any((jobs.job_folder(project, job_id) / name).exists() for name in (RESULT, SCAN, LEAKS))


def latest(project: Project, kind: str, *, actor: str | None = None) -> Job | None:
    """Return the newest job of a kind that runs, or ended and was not put away; None where there is none.

    Args:
        project: The project.
        kind: One of `KINDS`.
        actor: Only what this person asked for.
    """
    for job in iterate_jobs(jobs.runs_dir(project), kind):
        if actor is None or job.params.get("actor") == actor:
            seen = (jobs.runs_dir(project) / job.id / PUT_AWAY).exists()
            return None if seen and not job.live else job
    return None


def put_away(project: Project, job_id: str) -> None:
    """Note that the end of a job was seen, so that no page shows it again; its large files go.

    Raises:
        NotFound: There is no such job.
    """
    folder = jobs.job_folder(project, job_id)
    for name in known_kind(jobs.get_job(project, job_id).kind).bulk:
        (folder / name).unlink(missing_ok=True)
    (folder / PUT_AWAY).touch()


def _prune(project: Project, kind: str) -> None:
    """Delete the oldest jobs of a kind that were put away: what they did stands in the log."""
    seen = [
        jobs.runs_dir(project) / job.id
        for job in iterate_jobs(jobs.runs_dir(project), kind)
        if not job.live and (jobs.runs_dir(project) / job.id / PUT_AWAY).exists()
    ]
    for folder in seen[KEPT_EACH:]:
        shutil.rmtree(folder, ignore_errors=True)


def known_kind(kind: str) -> Kind:
    """Return what is done for a kind.

    Raises:
        NotFound: There is no such kind.
    """
    if kind not in KINDS:
        raise NotFound(f"there is no work of kind {kind!r}", f"use one of {', '.join(KINDS)}")
    return KINDS[kind]
