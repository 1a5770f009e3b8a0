"""A training run from beginning to end: prepare → train → evaluate → save.

    crlft train SNAPSHOT --base MODEL --method c-rlft --run DIR
    torchrun --nproc-per-node 2 -m -- crlft train SNAPSHOT --base MODEL --run DIR

Everything a run says goes to its folder (`crlft.runfolder`); a run that was stopped or killed goes on from
its last checkpoint when started again, with exactly the losses of an unbroken run (same machine, same
number of threads).
"""

from __future__ import annotations

import gc
import json
import shutil
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from crlft.adapters import is_adapted, merged, save_adapter
from crlft.callbacks import Rhythm, RunCallback
from crlft.checkpoints import check_identity, clear_scratch, latest
from crlft.config import RunConfig
from crlft.curves import write_curves
from crlft.dataset import account_row
from crlft.errors import CrlftError
from crlft.events import Events, Listener, Quiet
from crlft.failure import explain
from crlft.lr_probe import LARGEST, probe_learning_rate
from crlft.methods import METHODS
from crlft.modelfolder import ModelCard
from crlft.models import load_base, save_model
from crlft.prepare import Prepared, prepare, write_resolved
from crlft.ranks import is_first, is_sharded, rank, ranks
from crlft.rehearsal import rehearse
from crlft.resolve import warmup_steps
from crlft.runfolder import RunFolder, write_atomically
from crlft.steps import StepDataset
from crlft.trainer import CRLFTTrainer, peak_memory_bytes, schedule_options, training_arguments


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        status: `done`, `stopped` or `failed`.
        metrics: Final figures, where it is done.
        step: The last step.
        error: What happened, where it failed.
        remedy: What to do next.
    """

    status: str
    metrics: dict[str, Any]
    step: int = 0
    error: str = ""
    remedy: str = ""


def run_training(config: RunConfig, folder: Path, listener: Listener | None = None) -> Outcome:
    """Carry out a run in its folder and mark how it ended; never raises for what a run can meet.

    Args:
        config: What to do.
        folder: The run's folder; made where absent. With checkpoints in it, the run is resumed.
        listener: Called with every event, for a terminal.
    """
    folder.mkdir(parents=True, exist_ok=True)
    run = RunFolder(folder)
    if is_first():
        run.clear_markers()
    events = Events(run, listener) if is_first() else Quiet(run)
    with events.catching_sigterm():
        try:
            if is_first():
                run.keep_room()
            return train(config, events)
        except Exception as error:  # noqa: BLE001  the job's boundary: whatever happened is recorded in its folder
            failure = explain(error, folder)
            if failure.kind == "error" and not isinstance(error, CrlftError):
                sys.excepthook(type(error), error, error.__traceback__)
            # With several processes, one fails first and the others for lack of it: the first word counts.
            if ranks() == 1 or run.marker() is None:
                run.mark("failed", error=failure.error, remedy=failure.remedy, kind=failure.kind)
            return Outcome("failed", {}, error=failure.error, remedy=failure.remedy)
        finally:
            if torch.distributed.is_initialized():
                leave_the_others()


def leave_the_others() -> None:
    """End the talk between processes, its threads included.

    Trainer and wrapped model refer to each other and hold the process group: until they are collected, its
    threads live on into the interpreter's end, where one of them can abort a process that has done its work.
    """
    gc.collect()
    torch.distributed.destroy_process_group()


def train(config: RunConfig, events: Events) -> Outcome:
    """Prepare, train, evaluate, save: the whole run, read from top to bottom.

    Raises:
        CrlftError: Data, model, configuration or the run's folder cannot be used.
    """
    run = events.run
    began = time.monotonic()
    if is_first() and (latest(run.checkpoints) is None or not (run.path / "config.json").exists()):
        run.write_json("config.json", config.to_dict())  # what failed before its first checkpoint may be changed
    prepared = prepare(config, events)
    checkpoint = _resume_point(run, prepared)

    trainer, callback = make_trainer(prepared, events)
    if config.learning_rate_probe == "on" and config.learning_rate is None:
        _take_rate(prepared, trainer, events, _probed_rate(prepared, trainer, events))
    if not is_sharded():  # there, the bare model of a rehearsal need not fit on one device
        events.emit("phase", name="rehearsing")
        events.emit("rehearsal", **rehearse(trainer).to_dict())
    events.emit("phase", name="training")
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    step = trainer.state.global_step
    if callback.stopped:
        if is_first():
            run.mark("stopped", step=step)
        return Outcome("stopped", {}, step=step)

    events.emit("phase", name="saving")
    if not callback.last_evaluation:  # resumed behind the last step
        callback.evaluate(step)
    metrics = {
        "steps": step,
        "epochs": round(prepared.plan.epochs, 3),
        "loss": trainer.figures.loss,
        "loss_by_class": trainer.figures.loss_by_class,
        "held_out": callback.last_evaluation,
        "seconds": round(time.monotonic() - began, 2),
        "peak_memory_bytes": peak_memory_bytes(),
    }
    save(prepared, trainer, metrics, run)
    if is_first():
        run.mark("done", metrics=metrics)
    events.emit("done", metrics=metrics)
    return Outcome("done", metrics, step=step)


def make_trainer(prepared: Prepared, events: Events) -> tuple[CRLFTTrainer, RunCallback]:
    """Return the trainer and the callback that speaks for it."""
    config, resolved, plan = prepared.config, prepared.resolved, prepared.plan
    total = len(plan.steps)
    steps = StepDataset(
        prepared.dataset.train,
        plan.steps,
        {a.name: i for i, a in enumerate(prepared.dataset.classes)},
        pad_id=prepared.encoder.tokenizer.pad_token_id,
        micro_batch_tokens=resolved.micro_batch_tokens,
        packed=resolved.packing,
        rank=rank(),
        ranks=ranks(),
    )
    rhythm = Rhythm(
        total,
        save_every=config.save_every or max(1, total // 10),
        evaluate_every=config.evaluate_every or max(1, total // 5),
    )
    attempt = 1 + sum(e["event"] == "start" for e in events.run.read_events()[0])
    callback = RunCallback(events, rhythm, prepared.probe, prepared.encoder, prepared.context, attempt)
    args = training_arguments(
        events.run.checkpoints,
        steps=total,
        learning_rate=resolved.learning_rate,
        warmup_steps=warmup_steps(config, total),
        schedule=config.schedule,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        seed=config.seed,
        cpu=resolved.device == "cpu",
    )
    trainer = CRLFTTrainer(
        prepared.model,
        args,
        steps,
        identity=prepared.identity,
        keep_checkpoints=config.keep_checkpoints,
        autocast_dtype=torch.bfloat16 if resolved.precision == "bf16" else None,
        full_logits=prepared.full_logits,
        callbacks=[callback],
    )
    callback.trainer = trainer
    return trainer, callback


def save(prepared: Prepared, trainer: CRLFTTrainer, metrics: dict[str, Any], run: RunFolder) -> None:
    """Write the model's folder: plain weights (adapters merged in), tokenizer, card, curves, resolved config."""
    trainer.supervised_forward.remove()
    state = trainer.accelerator.get_state_dict(trainer.model_wrapped) if is_sharded() else None
    if not is_first():
        return
    model = trainer.model
    adapter = run.path / ".adapter"
    shutil.rmtree(adapter, ignore_errors=True)
    if is_adapted(model):
        save_adapter(model, adapter)
        model = merged(model, lambda: load_base(prepared.config.base, prepared.encoder))

    def beside(folder: Path) -> None:
        if adapter.exists():
            adapter.rename(folder / "adapter")
        write_curves(run.read_events()[0], folder)
        settings = {"config": prepared.config.to_dict(), "resolved": prepared.resolved.to_dict()}
        write_atomically(folder / "training.json", json.dumps(settings, ensure_ascii=False, indent=1) + "\n")

    save_model(model, prepared.encoder, _card(prepared, metrics), run.model, state=state, beside=beside)


def _probed_rate(prepared: Prepared, trainer: CRLFTTrainer, events: Events) -> float:
    """Return the learning rate that a short trial found; a resumed run goes on with what its start found."""
    saved = events.run.read_json("learning_rate.json")
    if saved is not None:
        return float(saved["learning_rate"])
    rate = prepared.resolved.learning_rate
    if prepared.memory.parameters > LARGEST or ranks() > 1:
        return rate
    events.emit("phase", name="probing")
    trials = probe_learning_rate(trainer, prepared.probe.held_out, rate)
    best = trials[0].learning_rate if trials else rate
    found = {"learning_rate": best, "trials": [vars(t) for t in trials]}
    events.run.write_json("learning_rate.json", found)
    events.emit("learning_rate", **found)
    return best


def _take_rate(prepared: Prepared, trainer: CRLFTTrainer, events: Events, rate: float) -> None:
    """Train at this learning rate, and say so wherever the settings stand."""
    prepared.resolved = replace(prepared.resolved, learning_rate=rate)
    trainer.args.learning_rate = rate
    _, trainer.args.lr_scheduler_kwargs = schedule_options(prepared.config.schedule, rate)
    if is_first():
        write_resolved(events.run, prepared)


def _resume_point(run: RunFolder, prepared: Prepared) -> Path | None:
    if is_first():
        run.checkpoints.mkdir(exist_ok=True)
        clear_scratch(run.checkpoints)
    found = latest(run.checkpoints)
    if found is None:
        return None
    check_identity(found[0], prepared.identity)
    return found[0]


def _card(prepared: Prepared, metrics: dict[str, Any]) -> ModelCard:
    conditioned = METHODS[prepared.config.method].conditioned
    return ModelCard(
        scheme=prepared.scheme,
        template=prepared.config.template,
        condition_placement=prepared.config.condition_placement,
        method=prepared.config.method,
        default_condition=prepared.scheme.best.condition if conditioned else "",
        base=prepared.config.base,
        snapshot=prepared.config.snapshot,
        snapshot_hash=prepared.identity.data,
        metrics=metrics,
        composition=[account_row(a) for a in prepared.dataset.classes],
    )
