"""A training run from beginning to end: prepare → train → evaluate → save.

    crlft train SNAPSHOT --base MODEL --method c-rlft --run DIR

Everything a run says goes to its folder (`crlft.runfolder`); a run that was stopped or killed goes on from
its last checkpoint when started again, with exactly the losses of an unbroken run (same machine, same
number of threads).
"""

from __future__ import annotations

import resource
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import set_seed

from crlft.batching import StepPlan, plan_steps
from crlft.callbacks import Rhythm, RunCallback
from crlft.checkpoints import Identity, check_identity, clear_scratch, latest
from crlft.condition import ClassScheme
from crlft.config import RunConfig
from crlft.conversation import Conversation
from crlft.dataset import Dataset, account_row, build_dataset
from crlft.errors import RunError
from crlft.evaluation import MAX_HELD_OUT, Probe, swapped_examples
from crlft.events import Events, Listener
from crlft.failure import explain
from crlft.loss import collate, knows_head
from crlft.methods import METHODS
from crlft.modelfolder import ModelCard, check_model
from crlft.models import (
    context_tokens,
    has_fast_bf16,
    load_base,
    load_config,
    load_encoder,
    pick_device,
    save_model,
)
from crlft.resolve import Resolved, physical_cores, resolve, resolve_context, warmup_steps
from crlft.runfolder import RunFolder
from crlft.snapshot import read_scheme, read_snapshot, snapshot_hash
from crlft.tokens import Encoder
from crlft.trainer import CRLFTTrainer, StepDataset, training_arguments


@dataclass
class Prepared:
    """Everything a run needs, checked, before any time is spent on training."""

    config: RunConfig
    scheme: ClassScheme
    dataset: Dataset
    encoder: Encoder
    model: Any
    resolved: Resolved
    plan: StepPlan
    probe: Probe
    context: int | None
    full_logits: bool
    identity: Identity


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
    run.clear_markers()
    events = Events(run, listener)
    with events.catching_sigterm():
        try:
            return train(config, events)
        except Exception as error:  # noqa: BLE001  the job's boundary: whatever happened is recorded in its folder
            failure = explain(error)
            if failure.kind == "error":
                sys.excepthook(type(error), error, error.__traceback__)
            run.mark("failed", error=failure.error, remedy=failure.remedy, kind=failure.kind)
            return Outcome("failed", {}, error=failure.error, remedy=failure.remedy)


def train(config: RunConfig, events: Events) -> Outcome:
    """Prepare, train, evaluate, save: the whole run, read from top to bottom.

    Raises:
        CrlftError: Data, model, configuration or the run's folder cannot be used.
    """
    run = events.run
    began = time.monotonic()
    if not (run.path / "config.json").exists():
        run.write_json("config.json", config.to_dict())
    prepared = prepare(config, events)
    checkpoint = _resume_point(run, prepared)

    events.emit("phase", name="training")
    trainer, callback = make_trainer(prepared, events)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    step = trainer.state.global_step
    if callback.stopped:
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
        "peak_memory_bytes": _peak_memory_bytes(),
    }
    save_model(trainer.model, prepared.encoder, _card(prepared, metrics), run.model)
    run.mark("done", metrics=metrics)
    events.emit("done", metrics=metrics)
    return Outcome("done", metrics, step=step)


def prepare(config: RunConfig, events: Events | None = None) -> Prepared:
    """Read, tokenise, check and plan; the `data` event tells the account.

    Raises:
        CrlftError: Something cannot work; nothing has been spent yet.
    """
    say = events.emit if events else _silent
    say("phase", name="reading")
    check_model(config.base)
    scheme, conversations = read_data(config)
    device = pick_device(config.device)
    if device == "cpu":
        torch.set_num_threads(config.threads or physical_cores())
    set_seed(config.seed)

    say("phase", name="tokenising")
    encoder, added = load_encoder(config.base, config.template, config.condition_placement)
    context = context_tokens(load_config(config.base))
    max_tokens = resolve_context(config, context)
    dataset = build_dataset(conversations, scheme, config, encoder, max_tokens)

    say("phase", name="loading")
    model = load_base(config.base, encoder)
    parameters = sum(p.numel() for p in model.parameters())
    resolved = resolve(
        config,
        dataset,
        scheme.best.name,
        parameters=parameters,
        max_tokens=max_tokens,
        device=device,
        fast_bf16=has_fast_bf16(device),
    )
    plan = plan_steps(
        [len(e) for e in dataset.train],
        [e.class_name for e in dataset.train],
        step_tokens=resolved.step_tokens,
        seed=config.seed,
        steps=resolved.steps,
        epochs=resolved.epochs,
    )
    pad_id = encoder.tokenizer.pad_token_id
    shortest = min(dataset.train, key=len)
    full_logits = not knows_head(model, collate([shortest], {shortest.class_name: 0}, pad_id))
    prepared = Prepared(
        config=config,
        scheme=scheme,
        dataset=dataset,
        encoder=encoder,
        model=model,
        resolved=resolved,
        plan=plan,
        probe=_probe(config, scheme, dataset, encoder, max_tokens),
        context=context,
        full_logits=full_logits,
        identity=Identity(config.identity(), snapshot_hash(config.snapshot)),
    )
    say("data", **data_report(dataset, resolved, plan), parameters=parameters, added_tokens=added)
    if events:
        events.run.write_json("resolved.json", {**resolved.to_dict(), "steps": len(plan.steps)})
        _refuse_full_disk(events.run.path, parameters, config.keep_checkpoints)
    return prepared


def read_data(config: RunConfig) -> tuple[ClassScheme, list[Conversation]]:
    """Return classes and conversations of a run's data."""
    return read_snapshot(config.snapshot, read_scheme(config.classes) if config.classes else None)


def data_report(dataset: Dataset, resolved: Resolved, plan: StepPlan) -> dict[str, Any]:
    """Return what the `data` event says: the account per class, the budget, the warnings."""
    return {
        "classes": [account_row(a) for a in dataset.classes],
        "untagged": dataset.untagged,
        "held_out": len(dataset.held_out),
        "steps": len(plan.steps),
        "epochs": round(plan.epochs, 3),
        "steps_per_epoch": plan.steps_per_epoch,
        "tokens_per_step": sum(len(e) for e in dataset.train) / plan.steps_per_epoch,
        "resolved": resolved.to_dict(),
        "warnings": dataset.warnings,
    }


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


def _probe(config: RunConfig, scheme: ClassScheme, dataset: Dataset, encoder: Encoder, max_tokens: int) -> Probe:
    conditioned = METHODS[config.method].conditioned
    held_out = sorted(dataset.held_out, key=lambda pair: pair[1].index)[
        :: max(1, len(dataset.held_out) // MAX_HELD_OUT)
    ]
    prompts = (
        list(config.sample_prompts)
        or [c.prompt for c, e in held_out if len(e) <= max_tokens // 2][: config.sample_count]
    )
    return Probe(
        held_out=[e for _, e in held_out],
        swapped=swapped_examples(held_out, scheme, encoder, max_tokens) if conditioned else [],
        prompts=prompts,
        conditions=[c.condition for c in scheme.classes] if conditioned else [""],
        sample_tokens=config.sample_tokens,
    )


def _resume_point(run: RunFolder, prepared: Prepared) -> Path | None:
    run.checkpoints.mkdir(exist_ok=True)
    clear_scratch(run.checkpoints)
    found = latest(run.checkpoints)
    if found is None:
        return None
    check_identity(found[0], prepared.identity)
    return found[0]


def _refuse_full_disk(folder: Path, parameters: int, keep_checkpoints: int) -> None:
    """Weights and two optimiser states in float32 a checkpoint, one more while writing, and the model."""
    needed = parameters * 4 * (3 * (keep_checkpoints + 1) + 1)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise RunError(
            f"{folder}: {free / 1e9:.1f} GB are free, but checkpoints and model need {needed / 1e9:.1f} GB",
            "free some space, or lower keep_checkpoints",
        )


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
    )


def _peak_memory_bytes() -> int:
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _silent(event: str, **fields: Any) -> None:
    """Take an event and say nothing."""
