"""Start, stop, resume and put away jobs. A job is a folder and a process; see `launcher` and `stopper`."""

from __future__ import annotations

import re
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crlft.runfolder import RunFolder
from workbench.domain.errors import JobError
from workbench.domain.run import Job
from workbench.jobs.device import go_first
from workbench.jobs.handover import hand_over
from workbench.jobs.process import is_alive, run_detaching, start_lock, sweep_group, worker_environment
from workbench.jobs.status import job_status

GRACE_SECONDS = 120.0
"""How long a worker may take to end its step and save before it is signalled."""

ENDING_SECONDS = 15.0
"""How long to wait for a process that has marked its end and is about to exit."""

TRASH = ".trash"


def new_job_id(label: str) -> str:
    """Return an id that sorts by time: `20261122-201500-c-rlft-1a2b`."""
    slug = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-") or "job"
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{slug[:40]}-{secrets.token_hex(2)}"


def crlft_command(*arguments: str) -> list[str]:
    """Return the argument vector of a `crlft` worker in this Python."""
    return [sys.executable, "-m", "crlft", *arguments]


def crlft_crew_command(processes: int, *arguments: str) -> list[str]:
    """Return the argument vector of a `crlft` worker in several processes of this machine (torchrun)."""
    crew = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    # Behind `--` torchrun reads no options: it would take --run for its own --run-path.
    return [sys.executable, *crew, "-m", "--", "workbench.jobs.mate", *arguments]


def staying_command() -> list[str]:
    """Return the argument vector of a worker that answers prompts and stays for more (`jobs.stay`)."""
    return [sys.executable, "-m", "workbench.jobs.stay", "{run}"]


def captured_command(command: Sequence[str], result: str) -> list[str]:
    """Return the argument vector that keeps a command's JSON answer in the job's folder (`jobs.capture`)."""
    return [sys.executable, "-m", "workbench.jobs.capture", "{run}", result, "--", *command]


def start_job(
    runs_dir: Path,
    kind: str,
    command: Sequence[str],
    *,
    job_id: str | None = None,
    title: str = "",
    params: Mapping[str, Any] | None = None,
    device: str = "cpu",
    offline: bool = False,
    environment: Mapping[str, str] | None = None,
    stays: bool = False,
) -> str:
    """Start a job; it runs on whatever becomes of the caller.

    Args:
        runs_dir: Where job folders live.
        kind: `train`, `generate` or `embed`.
        command: What to run; `{run}` stands for the job's folder.
        job_id: The folder's name; the folder may exist already with the job's request in it.
        title: One line for lists.
        params: What the job was started with, for showing.
        device: The device it waits for and holds.
        offline: True keeps the worker from asking a model hub.
        environment: More variables for the worker.
        stays: True hands the job to a worker of its kind that has stayed, where there is one.

    Returns:
        The job's id.

    Raises:
        JobError: It could not be started; the reason and a remedy.
    """
    job_id = job_id or new_job_id(kind)
    folder = (runs_dir / job_id).resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise JobError(f"cannot make {folder}: {error.strerror}", "make room or choose another project") from error
    job = {
        "id": job_id,
        "kind": kind,
        "title": title,
        "params": dict(params or {}),
        "command": [part.replace("{run}", str(folder)) for part in command],
        "device": device,
        "offline": offline,
        "environment": dict(environment or {}),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "attempt": 0,
        "stays": stays,
    }
    with start_lock(folder):
        if (folder / "job.json").exists():
            raise JobError(f"job {job_id!r} exists already", "resume it, or start another")
        _launch(RunFolder(folder), job)
    return job_id


def resume_job(folder: Path) -> Job:
    """Start a stopped, killed or failed job again; its worker goes on from its last checkpoint.

    Raises:
        JobError: It is done, it still runs, or it could not be started.
        NotFound: The folder holds no job.
    """
    folder = folder.resolve()
    with start_lock(folder):
        job = _once_ended(folder)
        if job.live:
            raise JobError(f"job {job.id} is {job.status}: nothing to resume", "stop it first, or let it run")
        if job.status == "done":
            raise JobError(f"job {job.id} is done: nothing to resume", "start a new one")
        run = RunFolder(folder)
        body = dict(run.read_json("job.json") or {})
        if job.pid is not None:
            sweep_group(folder, job.pid)
        run.clear_markers()
        _launch(run, body)
    return job_status(folder)


def stop_job(folder: Path, *, grace_seconds: float = GRACE_SECONDS) -> Job:
    """Ask a job to save and stop, and see to it; returns at once.

    A detached process watches over the request: SIGTERM after the grace, SIGKILL to the whole group after that.

    Args:
        folder: The job's folder.
        grace_seconds: How long the worker may take to end its step and save; 0 signals at once.

    Raises:
        JobError: The job does not run.
        NotFound: The folder holds no job.
    """
    folder = folder.resolve()
    job = job_status(folder)
    if not job.live:
        raise JobError(f"job {job.id} does not run: it is {job.status}", "nothing needs to be stopped")
    RunFolder(folder).request_stop()
    complaint = run_detaching("workbench.jobs.stopper", [str(folder), str(grace_seconds)], _tool_environment())
    if complaint:
        raise JobError(f"job {job.id} was asked to stop, but nobody watches over it: {complaint}", "stop it again")
    return job_status(folder)


def put_first(folder: Path) -> Job:
    """Let a queued job go before all others that wait for its device.

    Raises:
        JobError: It does not wait.
        NotFound: The folder holds no job.
    """
    folder = folder.resolve()
    job = job_status(folder)
    body = RunFolder(folder).read_json("job.json") or {}
    if not go_first(str(body.get("device", "cpu")), folder):
        raise JobError(f"job {job.id} does not wait: it is {job.status}", "only queued jobs have a place in line")
    return job_status(folder)


def trash_job(folder: Path) -> Path:
    """Move an ended job's folder to the trash beside it and return where it lies now.

    Raises:
        JobError: The job still runs.
        NotFound: The folder holds no job.
    """
    job = _once_ended(folder)
    if job.live:
        raise JobError(f"job {job.id} is {job.status}", "stop it before deleting it")
    trash = folder.parent / TRASH
    trash.mkdir(exist_ok=True)
    return folder.rename(trash / folder.name)


def restore_job(runs_dir: Path, job_id: str) -> Job:
    """Take a job out of the trash.

    Raises:
        JobError: It is not there.
    """
    source = runs_dir / TRASH / job_id
    if not source.is_dir():
        raise JobError(f"no job {job_id!r} in the trash", "it may have been restored already")
    return job_status(source.rename(runs_dir / job_id))


def _launch(run: RunFolder, job: dict[str, Any]) -> None:
    job |= {"attempt": int(job.get("attempt", 0)) + 1, "phase": "starting", "pid": None, "started": None}
    job["asked_at"] = time.time()
    environment = worker_environment(run.path, offline=bool(job.get("offline")), extra=job.get("environment"))
    try:
        if job.get("stays") and hand_over(run, job):
            return
        run.write_json("job.json", job)
        complaint = run_detaching("workbench.jobs.launcher", [str(run.path)], environment)
    except OSError as error:
        raise JobError(
            f"job {run.path.name} cannot be started: {error}", "make room on the disk, then resume"
        ) from error
    if complaint:
        run.mark("failed", kind="error", error=f"the job could not be started: {complaint}", remedy="resume it")
        raise JobError(f"job {run.path.name} could not be started: {complaint}", "look at its log, then resume it")


def _once_ended(folder: Path) -> Job:
    """Return the job's status; one that has marked its end is given the time to exit."""
    until = time.monotonic() + ENDING_SECONDS
    while True:
        job = job_status(folder)
        started = (RunFolder(folder).read_json("job.json") or {}).get("started")
        if job.live or not is_alive(job.pid, started) or time.monotonic() > until:
            return job
        time.sleep(0.05)


def _tool_environment() -> dict[str, str]:
    environment = worker_environment(Path(), offline=True)
    environment.pop("WORKBENCH_JOB")
    return environment
