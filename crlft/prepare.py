"""Everything a run needs, read, checked and planned before any time is spent on training.

`plan_run` reads data, tokenizer and configuration and works out every number; it loads no weights, and the
preview ends there. `prepare` loads the model on top of the same plan.
"""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from transformers import set_seed

from crlft import snapshot
from crlft.adapters import add_adapter
from crlft.batching import StepPlan
from crlft.checkpoints import Identity
from crlft.condition import ClassScheme
from crlft.config import RunConfig
from crlft.conversation import Conversation
from crlft.dataset import Dataset, account_row, build_dataset, refuse_empty
from crlft.errors import RunError
from crlft.evaluation import Probe, choose_held_out, swapped_examples
from crlft.events import Events
from crlft.loss import collate, knows_head, packs_truly
from crlft.memory import Estimate, decide_checkpointing, estimate
from crlft.methods import METHODS
from crlft.modelfolder import check_model
from crlft.models import (
    context_tokens,
    has_fast_bf16,
    load_base,
    load_config,
    load_encoder,
    pick_device,
    use_varlen,
)
from crlft.promptgroups import read_prompt_groups
from crlft.resolve import Resolved, resolve_context, resolve_plan
from crlft.runfolder import RunFolder
from crlft.snapshot import snapshot_hash
from crlft.tokens import Encoder

TOLERATED = 0.05
"""Part of the steps that may lack the best class before it is warned of."""


@dataclass
class Planned:
    """What a run will be, without its weights.

    Attributes:
        config: What was asked for.
        scheme: The classes.
        conversations: All that was read.
        dataset: Examples to train on and held out, with the account of the rest.
        encoder: Tokenizer and template.
        added: Control tokens that the base's tokenizer lacked.
        resolved: The numbers for what was left to auto.
        plan: Which conversations make up which step.
        memory: What it will need.
        context: Longest input of the model in tokens, or None where it does not say.
    """

    config: RunConfig
    scheme: ClassScheme
    conversations: list[Conversation]
    dataset: Dataset
    encoder: Encoder
    added: list[str]
    resolved: Resolved
    plan: StepPlan
    memory: Estimate
    context: int | None


@dataclass
class Prepared(Planned):
    """A planned run with its model.

    Attributes:
        model: The base with its embeddings grown to the tokenizer, and adapters where asked for.
        probe: What evaluations measure.
        full_logits: See `crlft.loss.supervised_nll`.
        identity: What a resume must find unchanged.
    """

    model: Any
    probe: Probe
    full_logits: bool
    identity: Identity


def plan_run(config: RunConfig, events: Events | None = None) -> Planned:
    """Read, tokenise and plan; no weights are loaded.

    Raises:
        CrlftError: Data, model or configuration cannot be used, or the run would not fit into memory.
    """
    say = events.emit if events else _silent
    say("phase", name="reading")
    check_model(config.base)
    scheme, conversations = read_data(config)
    say("phase", name="tokenising")
    device = pick_device(config.device)
    encoder, added = load_encoder(config.base, config.template, config.condition_placement)
    model_config = load_config(config.base)
    context = context_tokens(model_config)
    max_tokens = resolve_context(config, context)
    groups = read_prompt_groups(config.snapshot)
    dataset = build_dataset(conversations, scheme, config, encoder, max_tokens, groups)
    if METHODS[config.method].conditioned and _refuses_empty(config):
        refuse_empty(dataset.classes)
    fast = has_fast_bf16(device)
    bf16 = config.precision == "bf16" or (config.precision == "auto" and fast)
    memory = estimate(model_config, config, device=device, bf16=bf16)
    resolved, plan = resolve_plan(
        config,
        dataset,
        scheme.best.name,
        parameters=memory.parameters,
        max_tokens=max_tokens,
        device=device,
        fast_bf16=fast,
    )
    if METHODS[config.method].weighted:
        dataset.warnings += steps_without(plan, dataset, scheme.best.name)
    longest = max(len(e) for e in dataset.train)  # computed whole, whatever micro_batch_tokens says
    memory = replace(memory, tokens=max(resolved.micro_batch_tokens, longest))
    checkpointed = decide_checkpointing(memory, config.gradient_checkpointing, config.adapter)
    resolved = replace(resolved, gradient_checkpointing=checkpointed)
    return Planned(config, scheme, conversations, dataset, encoder, added, resolved, plan, memory, context)


def prepare(config: RunConfig, events: Events | None = None) -> Prepared:
    """Plan the run and load its model; the `data` event tells the account.

    Raises:
        CrlftError: Something cannot work; nothing has been spent yet.
    """
    say = events.emit if events else _silent
    planned = plan_run(config, events)
    resolved, encoder = planned.resolved, planned.encoder
    if resolved.device == "cpu":
        torch.set_num_threads(resolved.threads)
    set_seed(config.seed)

    say("phase", name="loading")
    model = _load(planned)
    shortest = sorted(planned.dataset.train, key=len)[:2]
    pad_id = encoder.tokenizer.pad_token_id
    full_logits = not knows_head(model, collate(shortest[:1], {shortest[0].class_name: 0}, pad_id))
    if resolved.packing and not packs_truly(model, shortest, pad_id, full_logits=full_logits):
        resolved = replace(resolved, packing=_refuse_packing(config, planned.dataset))
    if resolved.packing and resolved.precision == "bf16":
        use_varlen(model, resolved.device)
    prepared = Prepared(
        **{**vars(planned), "resolved": resolved},
        model=model,
        probe=_probe(planned),
        full_logits=full_logits,
        identity=Identity(
            config.identity(),
            snapshot_hash(config.snapshot),
            snapshot.classes_hash(planned.scheme, config.classes),
        ),
    )
    say("data", **data_report(prepared), added_tokens=prepared.added)
    if events:
        write_resolved(events.run, prepared)
        _refuse_full_disk(events.run.path, planned.memory, config.keep_checkpoints)
    return prepared


def steps_without(plan: StepPlan, dataset: Dataset, best: str) -> list[str]:
    """Return a warning where many steps hold nothing of the best class: stratifying cannot help there.

    A step divides by its own weights, so a class that is alone in it counts in full, whatever its reward.
    """
    classes = [e.class_name for e in dataset.train]
    lacking = sum(all(classes[i] != best for i in step) for step in plan.steps)
    of_best = classes.count(best)
    if not of_best or lacking <= TOLERATED * len(plan.steps):
        return []
    enough = math.ceil(sum(len(e) for e in dataset.train) / of_best)
    return [
        f"{lacking} of {len(plan.steps)} steps hold no conversation of class {best!r}, the best: there the others "
        f"count in full; raise step_tokens to {enough} or more"
    ]


def write_resolved(run: RunFolder, planned: Planned) -> None:
    """Write the numbers that the run is carried out with to its `resolved.json`."""
    run.write_json("resolved.json", {**planned.resolved.to_dict(), "steps": len(planned.plan.steps)})


def read_data(config: RunConfig) -> tuple[ClassScheme, list[Conversation]]:
    """Return classes and conversations of a run's data."""
    return snapshot.read_data(config.snapshot, config.classes)


def _refuses_empty(config: RunConfig) -> bool:
    if config.empty_classes == "auto":
        return bool(config.classes) or not snapshot.is_snapshot(config.snapshot)
    return config.empty_classes == "refuse"


def data_report(planned: Planned) -> dict[str, Any]:
    """Return what the `data` event says: the account per class, the budget, the memory, the warnings."""
    dataset, resolved, plan, memory = planned.dataset, planned.resolved, planned.plan, planned.memory
    return {
        "classes": [account_row(a) for a in dataset.classes],
        "untagged": dataset.untagged,
        "held_out": len(dataset.held_out),
        "steps": len(plan.steps),
        "epochs": round(plan.epochs, 3),
        "steps_per_epoch": plan.steps_per_epoch,
        "tokens_per_step": sum(len(e) for e in dataset.train) / plan.steps_per_epoch,
        "resolved": resolved.to_dict(),
        "parameters": memory.parameters,
        "trained_parameters": memory.trained,
        "memory_bytes": memory.total_bytes(checkpointed=resolved.gradient_checkpointing),
        "free_memory_bytes": memory.free_bytes,
        "warnings": dataset.warnings,
    }


def _load(planned: Planned) -> Any:
    config, resolved, encoder = planned.config, planned.resolved, planned.encoder
    bf16 = resolved.precision == "bf16"
    adapted = config.adapter != "none"
    model = load_base(
        config.base,
        encoder,
        dtype=torch.bfloat16 if adapted and bf16 else torch.float32,
        four_bit=config.adapter == "qlora",
        device=resolved.device,
    )
    if adapted:
        added_ids = encoder.tokenizer.convert_tokens_to_ids(planned.added)
        model = add_adapter(model, config, added_ids)
    if resolved.gradient_checkpointing:
        model.activation_checkpointing_enable({"use_reentrant": False})
    if config.compile == "on":
        model.get_decoder().compile(dynamic=True)
    return model


def _refuse_packing(config: RunConfig, dataset: Dataset) -> bool:
    """Return False, with a warning, where packing was our choice; refuse where it was asked for.

    Raises:
        RunError: Packing was asked for.
    """
    words = f"{config.base}: packed conversations of this model see each other"
    if config.packing == "on":
        raise RunError(words, "use packing=off")
    dataset.warnings.append(f"{words}, so they are padded instead")
    return False


def _probe(planned: Planned) -> Probe:
    config, scheme, dataset, resolved = planned.config, planned.scheme, planned.dataset, planned.resolved
    conditioned = METHODS[config.method].conditioned
    held_out = choose_held_out(dataset.held_out, len(planned.plan.steps) * resolved.step_tokens)
    fitting = [c.prompt for c, e in held_out if len(e) <= resolved.max_tokens // 2]
    swapped = swapped_examples(held_out, scheme, planned.encoder, resolved.max_tokens) if conditioned else []
    return Probe(
        held_out=[e for _, e in held_out],
        swapped=swapped,
        prompts=list(config.sample_prompts) or list(dict.fromkeys(fitting))[: config.sample_count],
        conditions=[c.condition for c in scheme.classes] if conditioned else [""],
        sample_tokens=config.sample_tokens,
    )


def _refuse_full_disk(folder: Path, memory: Estimate, keep_checkpoints: int) -> None:
    """What is trained and two optimiser states in float32 a checkpoint, one more while writing; and the model."""
    needed = 4 * (3 * memory.trained * (keep_checkpoints + 1) + memory.parameters)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise RunError(
            f"{folder}: {free / 1e9:.1f} GB are free, but checkpoints and model need {needed / 1e9:.1f} GB",
            "free some space, or lower keep_checkpoints",
        )


def _silent(event: str, **fields: Any) -> None:
    """Take an event and say nothing."""
