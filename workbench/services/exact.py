"""Exact counts before a run starts: `crlft preview` as a short job, kept by what it was counted for.

Without a snapshot the job first writes down what one made now would hold (`workbench.services.keptnow`).

    job = start_exact(project, request)         # at once; nothing where it is known or under way
    found = exact_counts(project, request)      # None until it is there
    give_up(project, job.id)                    # something else is asked for now

The job loads the base's tokenizer and has a queue of its own: it does not wait for training. A small base
that is here is loaded too, and one real step on the longest batch is computed and thrown away; a large one only
where asked for (`measure`), lest it take memory from a run under way. The folder lies in `runs/.previews/`, named
by a hash of the settings, the base and the snapshot's content.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crlft.modelfolder import count_parameters
from crlft.runfolder import RunFolder
from workbench.domain.errors import JobError, NotFound
from workbench.domain.run import Job
from workbench.jobs import (
    captured_command,
    crlft_command,
    iterate_jobs,
    job_status,
    resume_job,
    start_job,
    stop_job,
)
from workbench.services.keptnow import kept_now_command, kept_now_stamp
from workbench.services.project import Project
from workbench.services.snapshots import get_snapshot
from workbench.services.train_request import Prepared, TrainRequest, prepare

FOLDER = ".previews"
RESULT = "result.json"
QUEUE = "preview"
"""The device it waits for: none that training holds."""
SMALL_PARAMETERS = 50_000_000
"""A step of so small a base is over in seconds, and is measured without being asked for."""
MUCH = 20_000
"""So many conversations without a snapshot are written down and counted only when asked for."""
KEPT_NOW = "kept-now"
KEPT = 50
"""Counts that are kept, for whoever chooses the same again."""

_HARDWARE = ("device", "precision", "threads", "micro_batch_tokens", "gradient_checkpointing", "compile")
"""Settings that change a step's cost, not what is learnt."""


@dataclass(frozen=True, slots=True)
class Exact:
    """What `crlft preview` says of a request.

    Attributes:
        job: The job that counts or has counted; None where none was started.
        counts: The `data` event that the run would emit, or None where it is not there; with `rehearsal`, what one
            real step took, where it was measured.
        measurable: A step could be measured, and was not.
    """

    job: Job | None
    counts: Mapping[str, Any] | None
    measurable: bool = False


def exact_counts(project: Project, request: TrainRequest, *, measure: bool = False) -> Exact:
    """Look for the exact counts of a request; starts nothing.

    Args:
        project: The open project.
        request: What was asked for.
        measure: With one real step, however large the base is.

    Raises:
        WorkbenchError: As `prepare`.
    """
    prepared = prepare(project, request)
    steps = _measures(prepared, request, measure=measure)
    folder = _folder(project, request, prepared, steps)
    measurable = not steps and prepared.base.local and request.processes == 1
    try:
        job = job_status(folder)
    except NotFound:
        return Exact(None, None)
    return Exact(job, RunFolder(folder).read_json(RESULT) if job.status == "done" else None, measurable)


def start_exact(
    project: Project, request: TrainRequest, *, measure: bool = False, asked: bool = False
) -> Exact:
    """Start counting, unless it is known, under way, or was tried and failed.

    Args:
        project: The open project.
        request: What was asked for.
        measure: With one real step, however large the base is.
        asked: Also where much must be written down first: without a snapshot, from `MUCH` conversations on.

    Raises:
        WorkbenchError: As `prepare`, or the job could not be started.
    """
    found = exact_counts(project, request, measure=measure)
    if found.job is not None and found.job.status not in ("killed", "stopped"):
        return found
    prepared = prepare(project, request)
    if request.snapshot is None and not asked and sum(c.conversations for c in prepared.data.classes) >= MUCH:
        return found
    steps = _measures(prepared, request, measure=measure)
    folder = _folder(project, request, prepared, steps)
    if found.job is not None:
        resume_job(folder)
        return exact_counts(project, request, measure=measure)
    _tidy(folder.parent)
    config = prepared.config.to_dict()
    options = ["--base", config["base"], "--method", config["method"]]
    if steps:
        options.append("--rehearse")
    for name, value in request.overrides.items():
        options += ["--set", f"{name}={'auto' if value is None else value}"]
    if request.snapshot is None:
        data = str(folder / KEPT_NOW)
        counting = kept_now_command(project, data, crlft_command("preview", data, *options, "--json"))
    else:
        counting = crlft_command("preview", config["snapshot"], *options, "--json")
    start_job(
        folder.parent,
        "preview",
        captured_command(counting, RESULT),
        job_id=folder.name,
        title=f"exact counts of {request.method} on {request.snapshot or 'what is kept now'}",
        params={"snapshot": request.snapshot, "method": request.method, "base": request.base},
        device=QUEUE,
        offline=prepared.base.local,
    )
    return exact_counts(project, request, measure=measure)


def give_up(project: Project, job_id: str) -> None:
    """Stop counting what nobody waits for any more; what has ended stays as it is."""
    folder = project.runs / FOLDER / job_id
    with suppress(JobError, NotFound):  # it has ended meanwhile, or was tidied away
        stop_job(folder, grace_seconds=0)


def _tidy(previews: Path) -> None:
    """Delete the oldest counts, and the data of those that were given up."""
    ended = [job for job in iterate_jobs(previews) if not job.live]
    ended.sort(key=lambda job: job.created_at, reverse=True)
    for place, job in enumerate(ended):
        folder = previews / job.id
        shutil.rmtree(folder if place >= KEPT else folder / KEPT_NOW, ignore_errors=True)


def still_counting(project: Project, job: Job) -> bool:
    """Whether a job that counts is still at it."""
    return job_status(project.runs / FOLDER / job.id).live


def _measures(prepared: Prepared, request: TrainRequest, *, measure: bool) -> bool:
    """Whether the job computes a step: what several processes take, one cannot tell."""
    if not prepared.base.local or request.processes > 1:
        return False
    parameters = count_parameters(prepared.base.model)
    return measure or (parameters is not None and parameters <= SMALL_PARAMETERS)


def _folder(project: Project, request: TrainRequest, prepared: Prepared, steps: bool) -> Path:
    config = prepared.config
    content = get_snapshot(project, request.snapshot).hash if request.snapshot else kept_now_stamp(project)
    hardware = [config.to_dict()[name] for name in _HARDWARE]
    said = [config.identity(), config.base, _stamp(config.base), content, hardware, steps]
    key = hashlib.sha256(json.dumps(said).encode()).hexdigest()[:20]
    return project.runs / FOLDER / f"counts-{key}"


def _stamp(base: str) -> str:
    """Return what changes when another model is put into the same folder."""
    files = (Path(base) / name for name in ("config.json", "tokenizer.json"))
    return ",".join(f"{f.stat().st_size}:{f.stat().st_mtime_ns}" for f in files if f.is_file())
