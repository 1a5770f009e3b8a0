"""Turning *auto* into numbers, from the size of the model and of the data. No torch.

The rules, and why:

- step_tokens: 1,024 at a million parameters, growing with the root of the size: small models learn from many
  small steps, large ones need the hardware filled. Up to eight times that where the best class is so rare, or
  conversations so long, that steps would lack it: a step divides by its own weights.
- steps: every answer of the best class should be seen often enough to be learnt, however small its share, so
  the budget counts the *best class's supervised tokens*, not the data's (C-RLFT's classes share the steps;
  with a tenth of the data in the best class, the usual three epochs show it too little).
- learning_rate: 1.5e-3 at a million parameters, falling with the root of the size (1.5e-5 at ten billion);
  ten times that for LoRA. Class weights do not enter it: the step divides by its summed weight, so a gradient
  is as long whatever the rewards are; they enter the number of steps instead.
- packing: on CUDA, where attention kernels skip what packed conversations do not share; on a CPU a dense mask
  costs more than the padding left by grouping by length (docs/decisions.md).
"""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crlft.batching import StepPlan, plan_steps
from crlft.config import RunConfig
from crlft.dataset import Dataset
from crlft.ranks import local_ranks

BEST_CLASS_TOKENS = 120_000
"""Supervised tokens of the best class that a run should see, passes counted again."""
MIN_EPOCHS, MAX_EPOCHS = 2.0, 5.0
CONTEXT_LIMIT = 4096
MOST_DOUBLINGS = 3
"""Of a step's tokens, for the best class to stand in it."""


@dataclass(frozen=True)
class Resolved:
    """The numbers a run is carried out with; the meanings are those of `RunConfig`."""

    epochs: float
    steps: int | None
    step_tokens: int
    micro_batch_tokens: int
    learning_rate: float
    max_tokens: int
    threads: int
    device: str
    precision: str
    packing: bool = False
    gradient_checkpointing: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def resolve_context(config: RunConfig, model_context: int | None) -> int:
    """Return the longest conversation in tokens."""
    limit = model_context or CONTEXT_LIMIT
    return min(config.max_tokens, limit) if config.max_tokens else min(CONTEXT_LIMIT, limit)


def resolve(
    config: RunConfig,
    dataset: Dataset,
    best: str,
    *,
    parameters: int,
    max_tokens: int,
    device: str,
    fast_bf16: bool,
) -> Resolved:
    """Return the numbers for a run.

    Args:
        config: What was asked for; given values are kept.
        dataset: What is trained on.
        best: Name of the best class.
        parameters: Number of the model's parameters.
        max_tokens: See `resolve_context`.
        device: `cpu` or `cuda`.
        fast_bf16: Whether the device multiplies bfloat16 fast.
    """
    of_best = next((a.conversations for a in dataset.classes if a.name == best), 0)
    tokens = sum(len(e) for e in dataset.train)
    step_tokens = config.step_tokens or auto_step_tokens(parameters, tokens, of_best)
    return Resolved(
        epochs=config.epochs or auto_epochs(dataset, best),
        steps=config.steps,
        step_tokens=step_tokens,
        micro_batch_tokens=config.micro_batch_tokens or (2048 if device == "cpu" else 16384),
        learning_rate=config.learning_rate or auto_learning_rate(parameters, adapted=config.adapter != "none"),
        max_tokens=max_tokens,
        threads=config.threads or max(1, physical_cores() // local_ranks()),
        device=device,
        precision=config.precision if config.precision != "auto" else "bf16" if fast_bf16 else "fp32",
        packing=config.packing == "on" or (config.packing == "auto" and device == "cuda"),
    )


def resolve_plan(
    config: RunConfig,
    dataset: Dataset,
    best: str,
    *,
    parameters: int,
    max_tokens: int,
    device: str,
    fast_bf16: bool,
) -> tuple[Resolved, StepPlan]:
    """Return the numbers of a run and its steps; training and preview both come here. Arguments as `resolve`."""
    numbers = resolve(
        config,
        dataset,
        best,
        parameters=parameters,
        max_tokens=max_tokens,
        device=device,
        fast_bf16=fast_bf16,
    )
    steps = plan_steps(
        [len(e) for e in dataset.train],
        [e.class_name for e in dataset.train],
        step_tokens=numbers.step_tokens,
        seed=config.seed,
        steps=numbers.steps,
        epochs=numbers.epochs,
    )
    return numbers, steps


def auto_step_tokens(parameters: int, tokens: float = 0, of_best: float = 0) -> int:
    """Return tokens per step: a power of two from 1,024 (a million parameters) to 131,072.

    Args:
        parameters: Of the model.
        tokens: Of the data; with `of_best`, steps are doubled, thrice at most, until each can hold one of these.
        of_best: Conversations of the best class.
    """
    size = max(1.0, parameters / 1e6) ** 0.5
    doublings = 0
    while 2 ** (doublings + 1) <= size:
        doublings += 1
    found = int(min(131_072, 1024 * 2**doublings))
    for _ in range(MOST_DOUBLINGS if of_best else 0):
        if found * of_best < tokens:
            found *= 2
    return found


def auto_learning_rate(parameters: int, *, adapted: bool = False) -> float:
    """Return 1.5e-3 · (1e6 / parameters)^½ within 5e-6 … 2e-3, to two digits; ten times that for LoRA."""
    value = min(2e-3, max(5e-6, 1.5e-3 * (1e6 / max(1, parameters)) ** 0.5))
    return float(f"{min(1e-2, 10 * value) if adapted else value:.2g}")


def auto_epochs(dataset: Dataset, best: str) -> float:
    """Return the passes that show `BEST_CLASS_TOKENS` supervised tokens of the best class, within 2 … 5.

    Where the best class is empty, the smallest of the others stands in for it. The rule looks at the data
    only, so that every method gets the same budget from it.
    """
    tokens = {a.name: a.supervised_tokens for a in dataset.classes if a.conversations}
    seen = tokens.get(best) or min(tokens.values(), default=0)
    return min(MAX_EPOCHS, max(MIN_EPOCHS, BEST_CLASS_TOKENS / max(1, seen)))


def warmup_steps(config: RunConfig, steps: int) -> int:
    """Return the warm-up: 3 % of the steps, at least 10, at most half of them."""
    if config.warmup_steps is not None:
        return config.warmup_steps
    return min(max(10, round(0.03 * steps)), steps // 2)


def physical_cores() -> int:
    """Return the cores this process may use, hyper-threads not counted."""
    import psutil

    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(psutil.cpu_count(logical=False) or allowed, allowed))


def cpu_has_bf16() -> bool:
    """Whether the CPU has AVX512-bf16, AMX or Arm's bf16 instructions; False where it cannot be told."""
    if platform.system() != "Linux":
        return False
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    flags = next((line for line in text.splitlines() if line.startswith(("flags", "Features"))), "").split()
    return any(flag in flags for flag in ("avx512_bf16", "amx_bf16", "bf16"))
