"""Training runs and other jobs, as the interface sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

JobStatus = Literal["queued", "running", "stopping", "stopped", "done", "failed", "killed"]
"""`killed` is a process that is gone without a marker: it can be resumed like `stopped`."""


@dataclass(frozen=True, slots=True)
class Job:
    """A process with a folder.

    Attributes:
        id: The folder's name under `runs/`, such as `20261122-201500-c-rlft-1a2b`.
        kind: `train`, `generate` or `embed`.
        status: Derived from marker files and from whether the process lives.
        title: One line for lists.
        params: What it was started with (snapshot, method, base; or prompts and columns).
        command: The argument vector it runs, for showing and copying.
        created_at: ISO 8601 UTC time.
        pid: Process id, or None before it starts.
        step: Last known step or item number.
        total: Steps or items in all, or None where unknown.
        eta_seconds: Estimated time to the end, measured from this start, or None.
        metrics: Last known figures (loss, tokens_per_second, …); after the end the final ones.
        error: What happened, for `failed` and `killed`.
        remedy: What to do next.
    """

    id: str
    kind: str
    status: JobStatus
    title: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    created_at: str = ""
    pid: int | None = None
    step: int = 0
    total: int | None = None
    eta_seconds: float | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    remedy: str = ""

    @property
    def live(self) -> bool:
        """Whether the job holds or awaits the device."""
        return self.status in ("queued", "running", "stopping")
