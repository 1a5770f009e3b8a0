"""`transformers.Trainer` with C-RLFT's loss and a normaliser that spans the whole optimiser step.

One item of the trainer's dataset is one *optimiser step*: all its conversations, cut into micro-batches of
similar length, with the summed weight of all of them. So gradient accumulation happens inside
`training_step`, the normaliser is known before the first forward pass, and cutting the step into more or
fewer micro-batches (for speed, or after running out of memory) cannot change what the step means.

Nor can spreading it over processes: every process knows the whole step, takes its part of the micro-batches
and divides by the whole step's normaliser; gradients are summed over all. All processes compute equally many
micro-batches (some of them weightless), because wrappers that gather parameters wait for each other.
"""

from __future__ import annotations

import math
import resource
import shutil
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader
from transformers import PrinterCallback, Trainer, TrainingArguments

from crlft.adapters import is_adapted, save_adapter
from crlft.checkpoints import Identity, checkpoint_name, publish
from crlft.failure import NotFiniteError
from crlft.loss import SupervisedForward
from crlft.steps import StepBatch, StepDataset

MIN_MICRO_BATCH_TOKENS = 64


@dataclass
class StepFigures:
    """What the last step measured.

    Attributes:
        loss: The objective: weighted and normalised over the step, nats.
        loss_unweighted: Mean over the step's supervised tokens.
        loss_by_class: Mean over each class's supervised tokens, for the classes in the step.
        tokens: Real tokens.
        padded_tokens: Tokens computed, padding included.
        supervised_tokens: Supervised tokens.
        grad_norm: Length of the gradient before it is shortened.
    """

    loss: float = 0.0
    loss_unweighted: float = 0.0
    loss_by_class: dict[str, float] = field(default_factory=dict)
    tokens: int = 0
    padded_tokens: int = 0
    supervised_tokens: int = 0
    grad_norm: float = 0.0


class CRLFTTrainer(Trainer):
    """Trains on a `StepDataset`; `figures` holds what the last step measured.

    Args:
        model: A causal LM.
        args: From `training_arguments`.
        steps: The run's steps.
        identity: Stored in every checkpoint.
        keep_checkpoints: How many checkpoints to keep.
        autocast_dtype: Compute in this type; None computes in the weights' own.
        full_logits: See `crlft.loss.supervised_nll`.
        callbacks: Callbacks of `transformers`.
    """

    def __init__(
        self,
        model: Any,
        args: TrainingArguments,
        steps: StepDataset,
        *,
        identity: Identity,
        keep_checkpoints: int,
        autocast_dtype: torch.dtype | None = None,
        full_logits: bool = False,
        callbacks: list[Any] | None = None,
    ) -> None:
        super().__init__(model=model, args=args, train_dataset=steps, callbacks=callbacks)
        self.remove_callback(PrinterCallback)  # standard output is ours
        self.steps = steps
        self.folder = Path(str(args.output_dir))
        self.identity = identity
        self.keep_checkpoints = keep_checkpoints
        self.autocast_dtype = autocast_dtype
        self.supervised_forward = SupervisedForward(model, full_logits=full_logits)
        self.figures = StepFigures()
        self._class_names = sorted(steps.class_numbers, key=lambda name: steps.class_numbers[name])

    @property
    def bare(self) -> Any:
        """The model without any wrapper."""
        return self.model

    def get_train_dataloader(self) -> DataLoader[StepBatch]:
        """Return the steps in their planned order; the plan has shuffled them already."""
        return DataLoader(self.steps, batch_size=1, shuffle=False, collate_fn=_only)

    def training_step(  # type: ignore[override]  # the trainer hands on what the data loader gave
        self, model: Any, inputs: StepBatch, num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        """Compute the gradient of one whole optimiser step.

        Returns:
            The step's loss, detached.

        Raises:
            NotFiniteError: The loss is not a finite number.
        """
        model.train()
        while True:
            try:
                return self._gradient(model, inputs)
            except torch.cuda.OutOfMemoryError:
                # One of several processes cannot cut its part anew: the others would wait for it for ever.
                if self.steps.ranks > 1 or self.steps.micro_batch_tokens <= MIN_MICRO_BATCH_TOKENS:
                    raise
            # Out of the except block, so that the failed pass's tensors are free: the same step in
            # smaller parts has the same gradient.
            model.zero_grad()
            torch.cuda.empty_cache()
            self.steps.micro_batch_tokens //= 2
            inputs = self.steps[inputs.index]

    def agreed(self, wish: bool) -> bool:
        """Whether any process has this wish; all processes must ask at the same place."""
        if self.steps.ranks == 1:
            return wish
        flag = torch.tensor(float(wish), device=self.args.device)
        torch.distributed.all_reduce(flag, op=torch.distributed.ReduceOp.MAX)
        return bool(flag.item())

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context forward passes run in."""
        if self.autocast_dtype is None:
            return nullcontext()
        return torch.autocast(self.args.device.type, dtype=self.autocast_dtype)

    def _gradient(self, model: Any, batch: StepBatch) -> torch.Tensor:
        n_classes = len(self._class_names)
        device = self.args.device
        # loss, computed tokens, then per class: summed nll, supervised tokens
        sums = torch.zeros(2 + 2 * n_classes, device=device)
        last = len(batch.micro_batches) - 1
        # Wrappers average gradients over the processes; the normaliser already spans them all.
        scale = self.steps.ranks / batch.normaliser
        for number, part in enumerate(batch.micro_batches):
            micro = part.to(device)
            with nullcontext() if number == last else self.accelerator.no_sync(model):
                with self.autocast():
                    weighted, nll = model(supervised=micro, weighted=True)
                self.accelerator.backward(weighted * scale)
            sums[0] += weighted.detach() / batch.normaliser
            sums[1] += micro.ids.numel()
            if part.tokens:
                sums.index_add_(0, 2 + micro.classes, nll)
                sums.index_add_(0, 2 + n_classes + micro.classes, torch.ones_like(nll))
        if self.steps.ranks > 1:
            torch.distributed.all_reduce(sums)
        loss, padded, *rest = sums.tolist()
        self._measure(batch, loss, int(padded), rest[:n_classes], rest[n_classes:])
        return sums[0]

    def _measure(self, batch: StepBatch, loss: float, padded: int, sums: list[float], counts: list[float]) -> None:
        if not math.isfinite(loss):
            raise NotFiniteError(
                f"the loss became {loss} at step {batch.index + 1}",
                "lower learning_rate, or raise warmup_steps, and start again from the last checkpoint's settings",
            )
        self.figures = StepFigures(
            loss=loss,
            loss_unweighted=sum(sums) / max(1.0, sum(counts)),
            loss_by_class={n: s / c for n, s, c in zip(self._class_names, sums, counts, strict=True) if c},
            tokens=sum(len(self.steps.examples[i]) for i in self.steps.steps[batch.index]),
            padded_tokens=padded,
            supervised_tokens=int(sum(counts)),
        )

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        value = super()._get_grad_norm(model, grad_norm)  # type: ignore[no-untyped-call]
        self.figures.grad_norm = float(value)
        if not math.isfinite(self.figures.grad_norm):
            raise NotFiniteError(
                f"the gradient became {self.figures.grad_norm} at step {self.state.global_step + 1}",
                "lower learning_rate, or raise warmup_steps, and start again",
            )
        return value

    def _get_num_items_in_batch(self, batch_samples: Any, device: torch.device) -> None:
        """Return None: the normaliser comes with the step, and it is a weight, not a count."""

    def floating_point_ops(self, inputs: Any) -> int:
        """Return 0: the trainer's estimate needs inputs of another shape."""
        return 0

    def _get_output_dir(self, trial: Any) -> str:
        return str(self.folder / ".writing")

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        if is_adapted(self.model) and output_dir:
            save_adapter(self.model, Path(output_dir))  # without the embeddings, which are the base's
        else:
            super()._save(output_dir, state_dict)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Save everything beside, then give it its name: a checkpoint is complete or absent.

        All processes write (each its random state, sharded models their part), the first one publishes.
        """
        writing = self.folder / ".writing"
        first = self.is_world_process_zero()
        if first:
            shutil.rmtree(writing, ignore_errors=True)
        self.accelerator.wait_for_everyone()
        try:
            super()._save_checkpoint(model, trial)
            self.accelerator.wait_for_everyone()
            if first:
                (written,) = writing.iterdir()
                target = self.folder / checkpoint_name(self.state.global_step)
                publish(written, target, self.identity, self.keep_checkpoints)
            self.accelerator.wait_for_everyone()
        finally:
            if first:
                shutil.rmtree(writing, ignore_errors=True)


def peak_memory_bytes() -> int:
    """Return the most memory this process has held: CUDA's where there is one, else resident memory."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def training_arguments(
    folder: Path,
    *,
    steps: int,
    learning_rate: float,
    warmup_steps: int,
    schedule: str,
    weight_decay: float,
    max_grad_norm: float,
    seed: int,
    cpu: bool,
) -> TrainingArguments:
    """Return the trainer's arguments; saving, logging and evaluating are left to our callback."""
    kind, options = schedule_options(schedule, learning_rate)
    args = TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        per_device_train_batch_size=1,
        gradient_accumulation_steps=1,
        learning_rate=learning_rate,
        lr_scheduler_type=kind,
        lr_scheduler_kwargs=options,
        warmup_steps=warmup_steps,
        weight_decay=weight_decay,
        max_grad_norm=max_grad_norm,
        optim="adamw_torch_fused",
        adam_beta2=0.95,
        seed=seed,
        data_seed=seed,
        use_cpu=cpu,
        logging_strategy="no",
        save_strategy="no",
        eval_strategy="no",
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_num_workers=0,
        dataloader_pin_memory=False,
    )
    if not cpu and args.n_gpu > 1:
        args._n_gpu = 1  # one process trains on one device; the trainer would cut our steps up over all of them
    return args


def schedule_options(schedule: str, learning_rate: float) -> tuple[str, dict[str, float]]:
    """Return the trainer's name of a schedule, and its options for a peak learning rate."""
    kinds: dict[str, tuple[str, dict[str, float]]] = {
        "cosine": ("cosine_with_min_lr", {"min_lr_rate": 0.05}),
        "linear": ("polynomial", {"lr_end": 0.05 * learning_rate, "power": 1.0}),
        "constant": ("constant_with_warmup", {}),
    }
    return kinds[schedule]


def _only(batch: list[StepBatch]) -> StepBatch:
    return batch[0]
