"""Jobs of a project, whatever they do: look, wait, stop, resume, put away."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from crlft.runfolder import RunFolder
from workbench.domain.errors import NotFound
from workbench.domain.run import Job
from workbench.jobs import (
    GRACE_SECONDS,
    job_status,
    list_jobs,
    put_first,
    queue_ahead,
    restore_job,
    resume_job,
    stop_job,
    trash_job,
)
from workbench.services.project import Project
from workbench.store.actions import record_action
from workbench.store.runs import mark_deleted, remember_run

OnEvent = Callable[[Mapping[str, Any]], None]
"""Called with each event of a job as it is read."""

POLL_SECONDS = 0.3


def runs_dir(project: Project) -> Path:
    """Return the folder of the project's jobs."""
    return project.runs


def job_folder(project: Project, job_id: str) -> Path:
    """Return a job's folder.

    Raises:
        NotFound: There is no such job.
    """
    folder = runs_dir(project) / job_id
    if not job_id or Path(job_id).name != job_id or not (folder / "job.json").is_file():
        known = [j.id for j in list_jobs(runs_dir(project))[:5]]
        remedy = f"the latest are {', '.join(known)}" if known else "nothing has been started yet"
        raise NotFound(f"there is no run {job_id!r} in this project", remedy)
    return folder


def get_job(project: Project, job_id: str) -> Job:
    """Return a job as it is now.

    Raises:
        NotFound: There is no such job.
    """
    return job_status(job_folder(project, job_id))


def all_jobs(project: Project, kind: str | None = None) -> list[Job]:
    """Return the project's jobs, newest first; `kind` leaves only `train`, `generate`, …."""
    return list_jobs(runs_dir(project), kind)


def job_events(project: Project, job_id: str, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Return the events behind a byte offset and the offset to go on from."""
    return RunFolder(job_folder(project, job_id)).read_events(offset)


def job_log(project: Project, job_id: str, lines: int = 40) -> str:
    """Return the end of a job's log."""
    return RunFolder(job_folder(project, job_id)).log_tail(lines)


def log_bytes(project: Project, job_id: str) -> int:
    """Return how long a job's log is; 0 before its first word."""
    try:
        return RunFolder(job_folder(project, job_id)).log_path.stat().st_size
    except FileNotFoundError:
        return 0


def waits_for(project: Project, job_id: str) -> list[str]:
    """Return the ids of the jobs, of any project, that go before this one on its device."""
    return queue_ahead(job_folder(project, job_id))


def go_first(project: Project, job_id: str, *, actor: str) -> Job:
    """Let a queued job go before all that wait for its device.

    Raises:
        JobError: It does not wait.
        NotFound: There is no such job.
    """
    job = put_first(job_folder(project, job_id))
    with project.database.write() as connection:
        record_action(connection, "run", f"job {job_id} goes first", actor)
    return job


def folder_bytes(project: Project, job_id: str) -> int:
    """Return what a job's folder takes on the disk.

    Raises:
        NotFound: There is no such job.
    """
    total = 0
    for root, _, names in os.walk(job_folder(project, job_id)):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # a checkpoint may be replaced meanwhile
                total += (Path(root) / name).lstat().st_size
    return total


def stop(project: Project, job_id: str, *, grace_seconds: float = GRACE_SECONDS) -> Job:
    """Ask a job to save and stop; returns at once. A grace of 0 ends it now.

    Raises:
        JobError: It does not run.
        NotFound: There is no such job.
    """
    return stop_job(job_folder(project, job_id), grace_seconds=grace_seconds)


def resume(project: Project, job_id: str) -> Job:
    """Go on with a stopped, killed or failed job.

    Raises:
        JobError: It is done or still runs.
        NotFound: There is no such job.
    """
    return resume_job(job_folder(project, job_id))


def delete(project: Project, job_id: str, *, actor: str) -> Job:
    """Move an ended job to the trash and return it as it was; `restore` takes it back.

    Raises:
        JobError: It still runs.
        NotFound: There is no such job.
    """
    folder = job_folder(project, job_id)
    job = job_status(folder)
    trash_job(folder)
    with project.database.write() as connection:
        mark_deleted(connection, job_id)
        record_action(connection, "run", f"delete run {job_id} (it lies in the trash)", actor)
    return job


def restore(project: Project, job_id: str, *, actor: str) -> Job:
    """Take a job out of the trash.

    Raises:
        JobError: It is not there.
    """
    job = restore_job(runs_dir(project), job_id)
    with project.database.write() as connection:
        remember_run(connection, job)
        record_action(connection, "run", f"restore run {job_id}", actor)
    return job


def wait_for(project: Project, job_id: str, on_event: OnEvent | None = None, *, offset: int = 0) -> Job:
    """Follow a job to its end.

    Args:
        project: The project.
        job_id: The job.
        on_event: Called with every event behind `offset`.
        offset: Byte offset in the event log to begin at.

    Raises:
        NotFound: There is no such job.
    """
    while True:
        job = get_job(project, job_id)
        events, offset = job_events(project, job_id, offset)
        for event in events if on_event else ():
            on_event(event)  # type: ignore[misc]  # the loop is empty without a listener
        if not job.live:
            return job
        time.sleep(POLL_SECONDS)
