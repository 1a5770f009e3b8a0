"""Everything a run needs, read, checked and planned before any time is spent on training."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import set_seed

from crlft.batching import StepPlan
from crlft.checkpoints import Identity
from crlft.condition import ClassScheme
from crlft.config import RunConfig
from crlft.conversation import Conversation
from crlft.dataset import Dataset, account_row, build_dataset
from crlft.errors import RunError
from crlft.evaluation import Probe, choose_held_out, swapped_examples
from crlft.events import Events
from crlft.loss import collate, knows_head
from crlft.methods import METHODS
from crlft.modelfolder import check_model
from crlft.models import (
    context_tokens,
    has_fast_bf16,
    load_base,
    load_config,
    load_encoder,
    pick_device,
)
from crlft.resolve import Resolved, physical_cores, resolve_context, resolve_plan
from crlft.snapshot import read_scheme, read_snapshot, snapshot_hash
from crlft.tokens import Encoder


@dataclass
class Prepared:
    """What `prepare` found and made.

    Attributes:
        config: What was asked for.
        scheme: The classes.
        dataset: Examples to train on and held out, with the account of the rest.
        encoder: Tokenizer and template.
        model: The base, in float32, embeddings grown to the tokenizer.
        resolved: The numbers for what was left to auto.
        plan: Which conversations make up which step.
        probe: What evaluations measure.
        context: Longest input of the model in tokens, or None where it does not say.
        full_logits: See `crlft.loss.supervised_nll`.
        identity: What a resume must find unchanged.
    """

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


def prepare(config: RunConfig, events: Events | None = None) -> Prepared:
    """Read, tokenise, check and plan; the `data` event tells the account.

    Raises:
        CrlftError: Something cannot work; nothing has been spent yet.
    """
    say = events.emit if events else _silent
    _refuse_many_processes()
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
    resolved, plan = resolve_plan(
        config,
        dataset,
        scheme.best.name,
        parameters=parameters,
        max_tokens=max_tokens,
        device=device,
        fast_bf16=has_fast_bf16(device),
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
        probe=_probe(config, scheme, dataset, encoder, resolved, len(plan.steps)),
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


def _probe(
    config: RunConfig, scheme: ClassScheme, dataset: Dataset, encoder: Encoder, resolved: Resolved, steps: int
) -> Probe:
    conditioned = METHODS[config.method].conditioned
    held_out = choose_held_out(dataset.held_out, steps * resolved.step_tokens)
    fitting = [c.prompt for c, e in held_out if len(e) <= resolved.max_tokens // 2]
    return Probe(
        held_out=[e for _, e in held_out],
        swapped=swapped_examples(held_out, scheme, encoder, resolved.max_tokens) if conditioned else [],
        prompts=list(config.sample_prompts) or list(dict.fromkeys(fitting))[: config.sample_count],
        conditions=[c.condition for c in scheme.classes] if conditioned else [""],
        sample_tokens=config.sample_tokens,
    )


def _refuse_many_processes() -> None:
    """Gradients are not yet summed over processes: each would quietly train a model of its own."""
    processes = int(os.environ.get("WORLD_SIZE", "1") or 1)
    if processes > 1:
        raise RunError(f"started as {processes} processes, training runs in one", "start it without torchrun")


def _refuse_full_disk(folder: Path, parameters: int, keep_checkpoints: int) -> None:
    """Weights and two optimiser states in float32 a checkpoint, one more while writing, and the model."""
    needed = parameters * 4 * (3 * (keep_checkpoints + 1) + 1)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise RunError(
            f"{folder}: {free / 1e9:.1f} GB are free, but checkpoints and model need {needed / 1e9:.1f} GB",
            "free some space, or lower keep_checkpoints",
        )


def _silent(event: str, **fields: Any) -> None:
    """Take an event and say nothing."""
