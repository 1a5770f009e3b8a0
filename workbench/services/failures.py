"""A run that ended early: what happened in a few words, and the one thing to do about it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from crlft.runfolder import RunFolder
from workbench.domain.run import Job
from workbench.services import jobs
from workbench.services.costs import TIGHT_BYTES
from workbench.services.project import Project

MIN_MICRO_BATCH_TOKENS = 64
_ASSUMED_MICRO_BATCH = 2048

KINDS: dict[str, str] = {
    "out-of-memory": "Out of memory",
    "nan": "The loss stopped being a number",
    "disk-full": "The disk is full",
    "device-lost": "The device was lost",
    "bad-data": "The data cannot be used",
    "bad-config": "A setting cannot be used",
    "bad-model": "The base cannot be used",
    "killed": "The process was killed",
    "error": "It broke off with an error",
}
"""Kind of failure (`crlft.failure`, or `killed`) → a few words."""


@dataclass(frozen=True, slots=True)
class NextAction:
    """The one thing to do about a run that ended early.

    Attributes:
        code: `resume`; `retry` with other settings; `free-disk`: something must be deleted before it resumes;
            `data`, `settings`: something else must be chosen first.
        label: What a button says.
        overrides: Settings to change for a retry.
    """

    code: Literal["resume", "retry", "free-disk", "data", "settings"]
    label: str
    overrides: Mapping[str, Any] = field(default_factory=dict)


def failure_kind(job: Job) -> str:
    """Return the kind of a failure, a key of `KINDS`; empty for a job that did not fail."""
    if job.status == "killed":
        return "killed"
    if job.status != "failed":
        return ""
    kind = str(job.metrics.get("failure", "error"))
    return kind if kind in KINDS else "error"


def next_action(project: Project, job: Job) -> NextAction | None:
    """Return the one thing to do about a run that ended early; None where there is nothing to do."""
    if job.status == "stopped":
        return NextAction("resume", "Resume")
    match failure_kind(job):
        case "":
            return None
        case "nan":
            return _lower_rate(_settings(project, job), job)
        case "out-of-memory":
            return _smaller(_settings(project, job))
        case "disk-full" if shutil.disk_usage(project.root).free < TIGHT_BYTES:
            return NextAction("free-disk", "See what can be deleted")
        case "bad-data":
            return NextAction("data", "Open the snapshot")
        case "bad-config" | "bad-model":
            return NextAction("settings", "Choose anew")
        case _:
            return NextAction("resume", "Resume")


def _lower_rate(config: Mapping[str, Any], job: Job) -> NextAction:
    rate = config.get("learning_rate") or job.metrics.get("learning_rate") or 1e-3
    return NextAction(
        "retry", "Start again with a third of the learning rate", {"learning_rate": float(rate) / 3}
    )


def _smaller(config: Mapping[str, Any]) -> NextAction:
    size = int(config.get("micro_batch_tokens") or _ASSUMED_MICRO_BATCH)
    if size > MIN_MICRO_BATCH_TOKENS:
        half = max(MIN_MICRO_BATCH_TOKENS, size // 2)
        return NextAction("retry", "Start again with half the micro-batch", {"micro_batch_tokens": half})
    if config.get("adapter", "none") == "none":
        return NextAction("retry", "Start again with LoRA", {"adapter": "lora"})
    return NextAction("settings", "Choose anew")


def _settings(project: Project, job: Job) -> Mapping[str, Any]:
    """Return the run's settings, with the numbers that the trainer worked out for what was left to auto."""
    folder = RunFolder(jobs.job_folder(project, job.id))
    said = {k: v for k, v in (folder.read_json("config.json") or {}).items() if v is not None}
    return {**(folder.read_json("resolved.json") or {}), **said}
