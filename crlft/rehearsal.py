"""One real step on the longest micro-batch before the first hour is spent: does it fit, how long will it take.

The optimiser of the rehearsal has a learning rate of zero and is thrown away; random states are put back. So
the run behind it is the same as without.
"""

from __future__ import annotations

import random
import time
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

import numpy as np
import torch

from crlft.errors import ModelError
from crlft.failure import NotFiniteError
from crlft.loss import MicroBatch
from crlft.trainer import MIN_MICRO_BATCH_TOKENS, CRLFTTrainer, peak_memory_bytes


@dataclass(frozen=True)
class Rehearsal:
    """What the rehearsal found.

    Attributes:
        micro_batch_tokens: What fits at once; half as often as needed of what was asked for.
        tokens: Tokens of the rehearsed micro-batch, padding included.
        seconds: It took, forward and backward.
        expected_seconds: Of the whole run at that pace.
        peak_memory_bytes: The process's peak on the CPU, the allocator's on CUDA.
    """

    micro_batch_tokens: int
    tokens: int
    seconds: float
    expected_seconds: float
    peak_memory_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def rehearse(trainer: CRLFTTrainer) -> Rehearsal:
    """Compute the longest micro-batch once, forward, backward and optimiser; shorten it until it fits.

    Raises:
        torch.cuda.OutOfMemoryError: Not even the smallest fits.
        ModelError: The weights are no finite numbers.
        NotFiniteError: The loss is none, though they are.
    """
    steps = trainer.steps
    before = random_states()
    try:
        while True:
            batch = steps.largest()
            began = time.monotonic()
            try:
                _one_step(trainer, batch)
                fits = True
            except torch.cuda.OutOfMemoryError:
                if steps.micro_batch_tokens <= MIN_MICRO_BATCH_TOKENS:
                    raise
                fits = False
            seconds = time.monotonic() - began
            # Out of the except block, so that the failed pass's tensors are free. All processes go on alike.
            if not trainer.agreed(not fits):
                break
            torch.cuda.empty_cache()
            steps.micro_batch_tokens //= 2
    finally:
        trainer.bare.zero_grad(set_to_none=True)
        put_back(before)
    tokens = batch.ids.numel()
    total = sum(len(steps.examples[i]) for step in steps.steps for i in step) / steps.ranks
    return Rehearsal(steps.micro_batch_tokens, tokens, seconds, seconds * total / tokens, peak_memory_bytes())


def _one_step(trainer: CRLFTTrainer, batch: MicroBatch) -> None:
    model = trainer.bare
    micro = batch.to(trainer.args.device)
    model.train()
    with trainer.autocast():
        weighted, _ = model(supervised=micro, weighted=True)
    if not torch.isfinite(weighted):
        _refuse(model, float(weighted.detach()))
    (weighted / micro.weights.sum()).backward()
    trained = [p for p in model.parameters() if p.requires_grad]
    torch.optim.AdamW(trained, lr=0.0, weight_decay=0.0).step()


def _refuse(model: Any, loss: float) -> NoReturn:
    """Say why the loss is no number before anything was learnt: no learning rate is to blame."""
    broken = next((name for name, p in model.named_parameters() if not torch.isfinite(p).all()), None)
    if broken is not None:
        error = f"weights of the base are no finite numbers ({broken})"
        raise ModelError(error, "name another base, or get it anew")
    raise NotFiniteError(f"the loss is {loss} before the first step", "use precision=fp32, or another base")


def random_states() -> tuple[Any, ...]:
    """Return the states of every random generator a run draws from."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return random.getstate(), np.random.get_state(), torch.get_rng_state(), cuda


def put_back(states: tuple[Any, ...]) -> None:
    """Set the generators to what `random_states` returned."""
    python, numpy, cpu, cuda = states
    random.setstate(python)
    np.random.set_state(numpy)
    torch.set_rng_state(cpu)
    if cuda:
        torch.cuda.set_rng_state_all(cuda)
