"""Probes of a run: how much worse than its base it knows plain text, and answers questions. A small job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from crlft.checkedprompts import read_checked_prompts
from crlft.modelfolder import read_card
from crlft.runfolder import RunFolder
from workbench.domain.errors import JobError, ProjectError, WorkbenchError
from workbench.domain.run import Job
from workbench.jobs import crlft_command, default_device, new_job_id, start_job
from workbench.services import jobs
from workbench.services.bases import resolve_base
from workbench.services.project import Project
from workbench.services.sample_data import sample_data_dir

KIND = "probe"
TEXT = "probe_text.jsonl"
"""In the project's folder: general text of one's own to measure on; without it the sample's is taken."""
QUESTIONS = "probe_questions.jsonl"
"""In the project's folder: questions with a check (see `crlft.probes`); without it none are asked."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Nats per token of plain text.

    Attributes:
        run: The run's model.
        base: The base it started from.
        tokens: Over how many tokens.
        asked: Questions; 0 where none were asked.
        right: Of these, how many the run answers right.
        base_right: Of these, how many its base answers right.
        topics: Topic → (right by the run, right by the base, asked).
    """

    run: float
    base: float
    tokens: int
    asked: int = 0
    right: int = 0
    base_right: int = 0
    topics: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)

    @property
    def forgotten(self) -> float:
        """By how much the run is worse, nats per token; below 0 it is better."""
        return self.run - self.base


def probe_text(project: Project) -> Path:
    """Return the general text that is measured on.

    Raises:
        WorkbenchError: There is none.
    """
    own = project.root / TEXT
    if own.is_file():
        return own
    try:
        return sample_data_dir() / TEXT
    except ProjectError as error:
        raise WorkbenchError(
            "there is no general text to measure on", f'put {TEXT} into {project.root}, {{"text": …}} a line'
        ) from error


def probe_questions(project: Project) -> Path | None:
    """Return the questions that are asked, or None."""
    own = project.root / QUESTIONS
    return own if own.is_file() else None


def start_probe(project: Project, run: str, text: Path | None = None, questions: Path | None = None) -> Job:
    """Start measuring a finished run and its base on plain text, and on questions where there are any.

    Args:
        project: The project.
        run: The run.
        text: JSONL of documents; None takes `probe_text`.
        questions: JSONL of questions; None takes `probe_questions`.

    Raises:
        WorkbenchError: The run has no model, there is no text, or the job cannot be started.
    """
    folder = jobs.job_folder(project, run)
    if read_card(folder / "model") is None:
        raise JobError(f"run {run} has no finished model", "let it end, or name another run")
    base = resolve_base(project, str(jobs.get_job(project, run).params.get("base", "offline"))).model
    asked = questions or probe_questions(project)
    if asked is not None:
        read_checked_prompts(asked, "topic")  # a mistake in the file is said before anything is started
    body = {
        "models": [str((folder / "model").resolve()), base],
        "text": str((text or probe_text(project)).resolve()),
        **({"questions": str(asked.resolve())} if asked is not None else {}),
    }
    job_id = new_job_id(KIND)
    job = RunFolder(jobs.runs_dir(project) / job_id)
    try:
        job.path.mkdir(parents=True)
        job.write_json("request.json", body)
    except OSError as error:
        raise JobError(f"cannot write {job.path}: {error.strerror}", "make room on the disk") from error
    start_job(
        jobs.runs_dir(project),
        KIND,
        crlft_command("probe", "--run", "{run}"),
        job_id=job_id,
        title=f"plain text by {run} and its base",
        params={"run": run},
        device=default_device(),
        offline=Path(base).is_dir(),
    )
    return jobs.get_job(project, job_id)


def probes(project: Project) -> dict[str, Probe | Job]:
    """Return for every probed run its newest probe, or the job where that has not come to its end."""
    found: dict[str, Probe | Job] = {}
    for job in jobs.all_jobs(project, KIND):
        run = str(job.params.get("run", ""))
        if run in found:
            continue
        body = RunFolder(jobs.runs_dir(project) / job.id).read_json("probe.json") if job.status == "done" else None
        rows = (body or {}).get("plain_text") or []
        if len(rows) == 2:
            mine, base = rows
            known = Probe(float(mine["nats_per_token"]), float(base["nats_per_token"]), int(mine["tokens"]))
            found[run] = _with_questions(known, (body or {}).get("questions") or [])
        else:
            found[run] = job
    return found


def _with_questions(probe: Probe, rows: Sequence[Mapping[str, Any]]) -> Probe:
    if len(rows) != 2:
        return probe
    mine, base = rows
    topics = {
        str(name): (int(right), int(base["topics"].get(name, (0, n))[0]), int(n))
        for name, (right, n) in mine["topics"].items()
    }
    return replace(
        probe, asked=int(mine["asked"]), right=int(mine["right"]), base_right=int(base["right"]), topics=topics
    )
