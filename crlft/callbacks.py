"""The trainer's voice: events at every step, evaluations, checkpoints and stops at the step's end."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from crlft.checkpoints import checkpoint_name
from crlft.evaluation import Probe, held_out_loss, sample_answers
from crlft.events import Events, Pace
from crlft.tokens import Encoder
from crlft.trainer import CRLFTTrainer, peak_memory_bytes


@dataclass(frozen=True)
class Rhythm:
    """How often things happen, in steps.

    Attributes:
        total: Steps of the run.
        save_every: Steps between checkpoints.
        evaluate_every: Steps between evaluations.
    """

    total: int
    save_every: int
    evaluate_every: int


class RunCallback(TrainerCallback):
    """Writes `start`, `step`, `eval`, `sample` and `checkpoint` events, and heeds stop requests.

    After a resume, steps behind the last checkpoint are told again; readers take the later telling of a step.
    """

    def __init__(
        self, events: Events, rhythm: Rhythm, probe: Probe, encoder: Encoder, context: int | None, attempt: int
    ) -> None:
        self.events = events
        self.rhythm = rhythm
        self.probe = probe
        self.encoder = encoder
        self.context = context
        self.attempt = attempt
        self.trainer: CRLFTTrainer | None = None
        self.last_evaluation: dict[str, Any] = {}
        self.stopped = False
        self._pace = Pace(rhythm.total)
        self._step_began = time.monotonic()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Say where this start begins."""
        self._pace = Pace(self.rhythm.total, done_before=state.global_step)
        self.events.emit("start", attempt=self.attempt, step=state.global_step, total=self.rhythm.total)

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the step's clock."""
        self._step_began = time.monotonic()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> TrainerControl:
        """Report the step; evaluate, save and stop where it is time to."""
        trainer = self.trainer
        assert trainer is not None
        step = state.global_step
        self._report(step)
        last = step >= self.rhythm.total
        if last or step % self.rhythm.evaluate_every == 0:
            self.evaluate(step)
        if trainer.agreed(self.events.stop_wanted()) and not last:
            self.stopped = True
            control.should_save = control.should_training_stop = True
        if last or step % self.rhythm.save_every == 0:
            control.should_save = True
        return control

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Say that a checkpoint is complete."""
        name = checkpoint_name(state.global_step)
        self.events.emit("checkpoint", step=state.global_step, path=f"checkpoints/{name}")

    def evaluate(self, step: int) -> None:
        """Measure on held-out conversations, run the swap test and answer the sample prompts."""
        trainer = self.trainer
        assert trainer is not None
        options: dict[str, Any] = {
            "pad_id": self.encoder.tokenizer.pad_token_id,
            "tokens": trainer.steps.micro_batch_tokens,
            "likelihood": lambda batch: trainer.model_wrapped(supervised=batch),
        }
        if self.probe.held_out:
            own = held_out_loss(trainer.model_wrapped, self.probe.held_out, autocast=trainer.autocast(), **options)
            found: dict[str, Any] = {
                "loss": own.mean,
                "loss_weighted": own.weighted,
                "loss_by_class": own.by_class,
            }
            if self.probe.swapped:
                other = held_out_loss(
                    trainer.model_wrapped, self.probe.swapped, autocast=trainer.autocast(), **options
                )
                found["swap"] = {
                    name: {"right": right, "wrong": other.by_class[name]}
                    for name, right in own.by_class.items()
                    if name in other.by_class
                }
            self.last_evaluation = found
            self.events.emit("eval", step=step, **found)
        # FlashAttention knows no float32; on a CPU samples stay in the weights' own type.
        with trainer.autocast() if trainer.args.device.type == "cuda" else nullcontext():
            for answer in sample_answers(trainer.model_wrapped, self.encoder, self.probe, self.context):
                self.events.emit("sample", step=step, **answer)

    def _report(self, step: int) -> None:
        trainer = self.trainer
        assert trainer is not None
        figures = trainer.figures
        seconds = max(1e-9, time.monotonic() - self._step_began)
        self.events.emit(
            "step",
            step=step,
            total=self.rhythm.total,
            loss=figures.loss,
            loss_unweighted=figures.loss_unweighted,
            loss_by_class=figures.loss_by_class,
            learning_rate=trainer._get_learning_rate(),
            grad_norm=figures.grad_norm,
            tokens=figures.tokens,
            supervised_share=figures.supervised_tokens / max(1, figures.tokens),
            padding_share=1 - figures.tokens / max(1, figures.padded_tokens),
            tokens_per_second=figures.tokens / seconds,
            peak_memory_bytes=peak_memory_bytes(),
            eta_seconds=self._pace.eta_seconds(step),
        )
