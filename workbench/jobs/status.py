"""What a job's folder says about it: status = marker files × whether its process lives.

Nothing is remembered between calls, so any process at any time adopts a running job by looking at it. Only the
end of the event log is read: looking costs the same however long the job has run.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crlft.runfolder import RunFolder
from workbench.domain.errors import NotFound
from workbench.domain.run import Job, JobStatus
from workbench.jobs.device import queue
from workbench.jobs.process import is_alive

TAIL_BYTES = 131_072
"""How much of a live job's event log is read: some hundred steps, the window of the measured rate."""

ENDED_TAIL_BYTES = 32_768
"""How much of an ended job's: the last step and what came behind it."""

START_SECONDS = 15.0
"""How long a job may have no process id after its creation before it counts as dead."""

_EXCEPTION = re.compile(r"[\w.]+(Error|Exception|Exit|Interrupt)\b")
_CHARTED = ("loss", "loss_unweighted", "loss_by_class", "learning_rate", "grad_norm", "tokens_per_second")


def job_status(folder: Path) -> Job:
    """Return the job that lives in a folder.

    Raises:
        NotFound: The folder holds no job.
    """
    run = RunFolder(folder)
    try:
        job = run.read_json("job.json")
    except ValueError:
        return Job(folder.name, "train", "failed", error="job.json cannot be read", remedy="delete this run")
    if job is None:
        raise NotFound(f"no job {folder.name!r} in {folder.parent}", "list the runs to see what there is")
    status, marker = _judge(run, job)
    live = status in ("running", "stopping")
    progress = _progress(tail_events(run, TAIL_BYTES if live else ENDED_TAIL_BYTES), live=live)
    error, remedy = _words(run, status, marker)
    metrics = progress["metrics"] | dict(marker.get("metrics") or {})
    if marker.get("kind"):
        metrics["failure"] = marker["kind"]
    return Job(
        id=folder.name,
        kind=str(job.get("kind", "train")),
        status=status,
        title=str(job.get("title", "")),
        params=job.get("params") or {},
        command=tuple(job.get("command") or ()),
        created_at=str(job.get("created_at", "")),
        pid=job.get("pid"),
        step=int(progress["step"] or marker.get("step") or 0),
        total=progress["total"],
        eta_seconds=progress["eta_seconds"],
        metrics=metrics,
        error=error,
        remedy=remedy,
    )


def list_jobs(runs_dir: Path, kind: str | None = None) -> list[Job]:
    """Return every job under a folder, newest first; `kind` leaves only such jobs."""
    return list(iterate_jobs(runs_dir, kind))


def iterate_jobs(runs_dir: Path, kind: str | None = None) -> Iterator[Job]:
    """Yield the jobs under a folder, newest first; one that is not asked for is not looked into."""
    if not runs_dir.is_dir():
        return
    folders = [p for p in runs_dir.iterdir() if not p.name.startswith(".") and (p / "job.json").is_file()]
    for folder in sorted(folders, key=lambda p: p.name, reverse=True):
        if kind is None or _kind(folder) in (kind, None):
            job = job_status(folder)
            if kind is None or job.kind == kind:
                yield job


def _kind(folder: Path) -> str | None:
    """Return what a job does, without looking at how far it is; None where its file cannot be read."""
    try:
        return str((RunFolder(folder).read_json("job.json") or {}).get("kind", "train"))
    except ValueError:
        return None


def queue_ahead(folder: Path) -> list[str]:
    """Return the ids of the jobs that wait for the same device before this one; empty if it is next or runs."""
    folder = folder.resolve()
    job = RunFolder(folder).read_json("job.json") or {}
    waiting = [t.folder for t in queue(str(job.get("device", "cpu")))]
    if str(folder) not in waiting:
        return []
    return [Path(f).name for f in waiting[: waiting.index(str(folder))]]


def tail_events(run: RunFolder, size_bytes: int = TAIL_BYTES) -> list[dict[str, Any]]:
    """Return the events at the log's end; a first half line is left out."""
    try:
        with run.events_path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - size_bytes))
            data = file.read()
    except FileNotFoundError:
        return []
    lines = data[: data.rfind(b"\n") + 1].splitlines()
    events = []
    for line in lines[1 if size > size_bytes else 0 :]:
        try:
            event = json.loads(line)
        except ValueError:
            continue  # cut by a full disk or a power loss
        if isinstance(event, dict) and "event" in event:
            events.append(event)
    return events


def _judge(run: RunFolder, job: Mapping[str, Any]) -> tuple[JobStatus, Mapping[str, Any]]:
    marker = _marker(run)
    if marker is None and _is_live(job):
        if run.stop_requested():
            return "stopping", {}
        return ("running" if job.get("phase") == "running" else "queued"), {}
    # It may have ended between the two looks: its marker was there before it went.
    marker = marker or _marker(run)
    if marker is not None:
        return marker
    if run.stop_requested():
        return "stopped", {}  # asked to stop, and gone before it, or its stopper, could say so
    fresh = job.get("pid") is None and time.time() - float(job.get("asked_at", 0)) < START_SECONDS
    return ("queued" if fresh else "killed"), {}


def _marker(run: RunFolder) -> tuple[JobStatus, Mapping[str, Any]] | None:
    try:
        return run.marker()
    except ValueError:
        return "failed", {"error": "its last word cannot be read (a full disk?)", "kind": "disk-full"}


def _is_live(job: Mapping[str, Any]) -> bool:
    return is_alive(job.get("pid"), job.get("started"))


def _words(run: RunFolder, status: JobStatus, marker: Mapping[str, Any]) -> tuple[str, str]:
    if status == "failed":
        error = str(marker.get("error") or "it failed without a word")
        return error, str(marker.get("remedy") or "look at the log's end, correct it and resume")
    if status != "killed":
        return "", ""
    # Nobody waits for the process (it outlives whoever started it), so its exit status is not known.
    last = next((line for line in reversed(run.log_tail().splitlines()) if line.strip()), "")
    ends = f'its log ends with "{last.strip()[:200]}"' if last else "its log is empty"
    if _EXCEPTION.match(last):
        return f"the process broke off with an error; {ends}", "look at the log; resume once its cause is gone"
    return f"the process is gone without a word (killed, out of memory, or the machine went down); {ends}", (
        "resume: it goes on from its last checkpoint"
    )


def _progress(events: list[dict[str, Any]], *, live: bool) -> dict[str, Any]:
    """Step, total, remaining time and last figures; the rate is this start's, measured over the tail."""
    starts = [i for i, e in enumerate(events) if e["event"] == "start"]
    recent = [e for e in events[starts[-1] :] if e["event"] != "start"] if starts else events
    points = [p for e in recent if (p := _point(e)) is not None]
    last = points[-1] if points else None
    if last is None and starts:
        last = _point(events[starts[-1]] | {"event": "step"})
    steps = [e for e in recent if e["event"] == "step"]
    evals = [e for e in recent if e["event"] == "eval"]
    metrics = {k: steps[-1][k] for k in _CHARTED if steps and k in steps[-1]}
    if evals:
        metrics["eval_loss"] = evals[-1].get("loss")
    return {
        "step": last[1] if last else 0,
        "total": last[2] if last else None,
        "eta_seconds": _eta(points) if live else None,
        "metrics": metrics,
    }


def _point(event: Mapping[str, Any]) -> tuple[float, int, int | None] | None:
    """Return (time, step, total) of an event that tells progress."""
    done = event.get("step" if event["event"] == "step" else "done")
    if event["event"] not in ("step", "progress") or done is None:
        return None
    total = event.get("total")
    return float(event["time"]), int(done), None if total is None else int(total)


def _eta(points: list[tuple[float, int, int | None]]) -> float | None:
    if len(points) < 2:
        return None
    (t0, first, _), (t1, last, total) = points[0], points[-1]
    if total is None or last <= first or t1 <= t0:
        return None
    remaining = (total - last) * (t1 - t0) / (last - first)
    return max(0.0, remaining - (time.time() - t1))
