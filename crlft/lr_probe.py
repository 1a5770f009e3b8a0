"""A short trial of learning rates: half, once and twice the automatic one, on the run's own first steps.

Every trial starts from the base, warms up over a quarter of its steps and is judged by the weighted loss on
held-out conversations. The order of the data, the weights and all random states are as before afterwards. A
short trial favours rates that are good for a short run; so it looks at the neighbourhood of the rule only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from crlft.dataset import Example
from crlft.evaluation import held_out_loss
from crlft.rehearsal import put_back, random_states
from crlft.trainer import CRLFTTrainer

FACTORS = (0.5, 1.0, 2.0)
PROBE_STEPS = 24
LARGEST = 1_000_000_000
"""Parameters above which a trial is not worth its time."""


@dataclass(frozen=True)
class Trial:
    """A rate that was tried.

    Attributes:
        learning_rate: The rate.
        loss: Weighted held-out loss after the trial's steps, nats; infinite where it broke.
    """

    learning_rate: float
    loss: float


def probe_learning_rate(trainer: CRLFTTrainer, held_out: Sequence[Example], rate: float) -> list[Trial]:
    """Return the trials, the best first. Without held-out conversations there are none.

    Args:
        trainer: Before its training; its model is as it was when this returns.
        held_out: What to judge by.
        rate: The automatic learning rate.
    """
    if not held_out:
        return []
    trained = [p for p in trainer.bare.parameters() if p.requires_grad]
    start = [p.detach().clone() for p in trained]
    states = random_states()
    trials = []
    try:
        for factor in FACTORS:
            loss = _trial(trainer, trained, held_out, rate * factor)
            trials.append(Trial(float(f"{rate * factor:.3g}"), loss))
            with torch.no_grad():
                for parameter, value in zip(trained, start, strict=True):
                    parameter.copy_(value)
    finally:
        trainer.bare.zero_grad(set_to_none=True)
        put_back(states)
    return sorted(trials, key=lambda t: t.loss)


def _trial(trainer: CRLFTTrainer, trained: Sequence[Any], held_out: Sequence[Example], rate: float) -> float:
    optimiser = torch.optim.AdamW(trained, lr=rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True)
    steps = min(PROBE_STEPS, len(trainer.steps))
    warm_up = max(1, steps // 4)
    for index in range(steps):
        batch = trainer.steps[index]
        trainer.bare.train()
        for part in batch.micro_batches:
            micro = part.to(trainer.args.device)
            with trainer.autocast():
                weighted, _ = trainer.bare(supervised=micro, weighted=True)
            (weighted / batch.normaliser).backward()
        length = torch.nn.utils.clip_grad_norm_(trained, trainer.args.max_grad_norm)
        if not math.isfinite(float(length)):
            return math.inf
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (index + 1) / warm_up)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
    loss = held_out_loss(
        trainer.bare,
        held_out,
        pad_id=trainer.steps.pad_id,
        tokens=trainer.steps.micro_batch_tokens,
        autocast=trainer.autocast(),
        likelihood=lambda batch: trainer.bare(supervised=batch),
    ).weighted
    return loss if math.isfinite(loss) else math.inf
