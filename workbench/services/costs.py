"""What a run will cost, as far as it can be told without loading a model: memory, disk, time.

    weights, gradients, AdamW    16 bytes a trained parameter; a frozen one 4, or 0.56 in four bits
    time                         tokens of the run over the pace of the last run on the same base

`crlft.memory` adds activations once the model's shape is known, and the rehearsal at a run's start measures both.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import psutil

from crlft.config import RunConfig
from workbench.services import jobs
from workbench.services.project import Project

TIGHT_BYTES = 1 << 30
"""Free disk under which a warning is given, beside what checkpoints take."""
_FOUR_BIT_BYTES = 0.56
_LORA_SHARE = 0.02
"""About the part of a model's parameters that rank 16 on every linear layer adds."""
_RANK = 16
_GROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Costs:
    """What a run takes.

    Attributes:
        memory_bytes: Weights, gradients and optimiser, or None where the base's size is not known.
        free_memory_bytes: What this machine has left.
        disk_bytes: Checkpoints and model, or None where the base's size is not known.
        free_disk_bytes: What the project's disk has left.
        seconds: About how long, at the pace of `paced_by`; None where nothing ran on this base yet.
        paced_by: The run whose pace it is, or empty.
    """

    memory_bytes: int | None
    free_memory_bytes: int
    disk_bytes: int | None
    free_disk_bytes: int
    seconds: float | None = None
    paced_by: str = ""


def costs(project: Project, config: RunConfig, parameters: int | None, run_tokens: float | None) -> Costs:
    """Return what a run takes.

    Args:
        project: Where it would run.
        config: Its settings.
        parameters: The base's parameters, or None.
        run_tokens: Tokens of all its steps, or None where they are not known.
    """
    pace, run_id = _pace(project, config)
    return Costs(
        memory_bytes=_memory(config, parameters) if parameters else None,
        free_memory_bytes=free_memory_bytes(),
        disk_bytes=_disk(config, parameters) if parameters else None,
        free_disk_bytes=shutil.disk_usage(project.root).free,
        seconds=run_tokens / pace if pace and run_tokens else None,
        paced_by=run_id if run_tokens else "",
    )


def free_memory_bytes() -> int:
    """Return the memory this machine has left, within the limit of a container's control group."""
    free = int(psutil.virtual_memory().available)
    try:
        limit = int((_GROUP / "memory.max").read_text(encoding="ascii"))
        used = int((_GROUP / "memory.current").read_text(encoding="ascii"))
        stat = dict(line.split() for line in (_GROUP / "memory.stat").read_text(encoding="ascii").splitlines())
    except (OSError, ValueError):  # no such group, or its limit is the word `max`
        return free
    # Cached file pages count as used there, but are given up when somebody needs the memory.
    return min(free, limit - used + int(stat.get("inactive_file", 0)))


def cost_warnings(found: Costs) -> list[str]:
    """Return what will not fit, each with its remedy."""
    said = []
    if found.disk_bytes is not None and found.free_disk_bytes < found.disk_bytes + TIGHT_BYTES:
        said.append(
            f"the disk has {found.free_disk_bytes / 1e9:.1f} GB free, and the run's checkpoints take about "
            f"{found.disk_bytes / 1e9:.1f} GB: make room, or keep fewer checkpoints"
        )
    if found.memory_bytes is not None and found.memory_bytes > found.free_memory_bytes:
        said.append(
            f"the run needs more than {found.memory_bytes / 1e9:.1f} GB of memory, "
            f"{found.free_memory_bytes / 1e9:.1f} GB are free here: use adapter=lora, a smaller base, or free some"
        )
    return said


def _trained(config: RunConfig, parameters: int) -> float:
    return parameters if config.adapter == "none" else _LORA_SHARE * config.lora_rank / _RANK * parameters


def _memory(config: RunConfig, parameters: int) -> int:
    frozen = {"none": 0.0, "lora": 4.0, "qlora": _FOUR_BIT_BYTES}[config.adapter]
    return int(16 * _trained(config, parameters) + frozen * parameters)


def _disk(config: RunConfig, parameters: int) -> int:
    # Weights and two AdamW moments in fp32 for every kept checkpoint and the one being written, and the model.
    return int(4 * (3 * _trained(config, parameters) * (config.keep_checkpoints + 1) + parameters))


def _pace(project: Project, config: RunConfig) -> tuple[float, str]:
    """Return (tokens a second, run) of the newest run of the same base, adapter and device; (0, '') where none."""
    for job in jobs.all_jobs(project, "train"):
        pace = job.metrics.get("tokens_per_second")
        if not isinstance(pace, int | float) or pace <= 0:
            continue
        try:
            said = json.loads((jobs.runs_dir(project) / job.id / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if all(said.get(k) == getattr(config, k) for k in ("base", "adapter", "device", "precision")):
            return float(pace), job.id
    return 0.0, ""
