"""Which of how many processes this one is, as `torchrun` and `accelerate launch` say it. No torch.

    torchrun --nproc-per-node 2 -m -- crlft train SNAPSHOT --base MODEL --run DIR

Every process reads the data and makes the same plan; the first one alone writes to the run's folder.
"""

from __future__ import annotations

import os


def ranks() -> int:
    """Return the number of processes."""
    return _number("WORLD_SIZE", 1)


def rank() -> int:
    """Return this process's number, from 0."""
    return _number("RANK", 0)


def local_ranks() -> int:
    """Return the number of processes on this machine, who share its cores."""
    return _number("LOCAL_WORLD_SIZE", 1)


def is_first() -> bool:
    """Whether this process speaks for all."""
    return rank() == 0


def is_sharded() -> bool:
    """Whether the parameters themselves are spread over the processes (FSDP, DeepSpeed)."""
    names = ("ACCELERATE_USE_FSDP", "ACCELERATE_USE_DEEPSPEED")
    return any(os.environ.get(name, "").lower() in ("1", "true") for name in names)


def _number(name: str, default: int) -> int:
    return int(os.environ.get(name) or default)
