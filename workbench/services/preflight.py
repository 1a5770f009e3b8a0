"""What a run will see and cost, before it costs anything: figures per class, steps, one example of each class.

Nothing here loads a model: tokens are the project's own counts and the examples are rendered by the code that
training renders with. `workbench.services.exact` counts with the base's tokenizer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from crlft.config import RunConfig
from crlft.conversation import Conversation
from crlft.methods import METHODS
from crlft.modelfolder import count_parameters
from crlft.resolve import (
    BEST_CLASS_TOKENS,
    MAX_EPOCHS,
    MIN_EPOCHS,
    auto_learning_rate,
    auto_step_tokens,
    resolve_context,
)
from crlft.template import Segment, get_template, render
from workbench.curate.text import count_tokens
from workbench.jobs import default_device
from workbench.services.costs import Costs, cost_warnings, costs
from workbench.services.lengths import Lengths, lengths
from workbench.services.project import Project
from workbench.services.train_request import Prepared, TrainRequest, prepare, worker_command
from workbench.services.trainset import ClassFigures, TrainSet, first_of_each_class

ASSUMED_PARAMETERS = 1_000_000_000
"""For hub models whose weights are not here."""
MANY_CUT = 0.1
"""From this part of the conversations on, losing their ends is worth a warning."""


@dataclass(frozen=True, slots=True)
class Example:
    """A conversation as the model will see it.

    Attributes:
        class_name: Its class.
        condition: The condition it is rendered with; empty for methods without.
        turn_weights: What a supervised token of each turn weighs.
        segments: Its text in order.
    """

    class_name: str
    condition: str
    turn_weights: tuple[float, ...]
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a run amounts to.

    Attributes:
        config: Its settings.
        classes: The figures per class, with the weights this method gives.
        examples: One conversation of each class that is trained on.
        parameters: The base's parameters, or None where they are not known.
        steps: About how many optimiser steps, or None where nothing is tagged.
        epochs: About how many passes over the data.
        step_tokens: Tokens in a step.
        learning_rate: The peak learning rate.
        max_tokens: The context: longer conversations lose their end.
        packing: Whether conversations are laid end to end, as far as can be told without the model.
        lengths: How long the conversations are.
        costs: Memory, disk and time.
        command: What will run; `DIR` stands for the run's folder.
        warnings: Sentences worth reading first, each with its remedy.
    """

    config: RunConfig
    classes: tuple[ClassFigures, ...]
    examples: tuple[Example, ...]
    parameters: int | None
    steps: int | None
    epochs: float
    step_tokens: int
    learning_rate: float
    max_tokens: int
    packing: bool
    lengths: Lengths
    costs: Costs
    command: tuple[str, ...]
    warnings: tuple[str, ...]


def preflight(project: Project, request: TrainRequest) -> Preflight:
    """Check a request and say what it amounts to, without starting or making anything.

    Raises:
        WorkbenchError: As `workbench.services.train_request.prepare`.
    """
    prepared = prepare(project, request)
    config = prepared.config
    parameters = count_parameters(prepared.base.model)
    size = parameters or ASSUMED_PARAMETERS
    classes = _weighted(prepared.data, config)
    tokens = _tokens(prepared, classes)
    step_tokens = config.step_tokens or auto_step_tokens(size, tokens, _of_best(prepared, classes))
    epochs, steps = _budget(prepared, classes, tokens, step_tokens)
    max_tokens = resolve_context(config, _model_context(prepared))
    added = {c.name: _header_tokens(c, config) for c in prepared.data.classes}
    found_lengths = lengths(project, prepared.data, max_tokens, added)
    spent = costs(project, config, parameters, None if steps is None else steps * step_tokens)
    return Preflight(
        config=config,
        classes=classes,
        examples=_examples(project, prepared, classes),
        parameters=parameters,
        steps=steps,
        epochs=epochs,
        step_tokens=step_tokens,
        learning_rate=config.learning_rate or auto_learning_rate(size, adapted=config.adapter != "none"),
        max_tokens=max_tokens,
        packing=config.packing == "on" or (config.packing == "auto" and _on_gpu(config)),
        lengths=found_lengths,
        costs=spent,
        command=tuple(part.replace("{run}", "DIR") for part in worker_command(request.processes)),
        warnings=(*prepared.warnings, *_cut_warnings(found_lengths, classes), *cost_warnings(spent)),
    )


def _cut_warnings(found: Lengths, classes: tuple[ClassFigures, ...]) -> list[str]:
    """Say when so many conversations lose their end that the model would learn to break off."""
    taken = {c.name: c.conversations for c in classes if c.conversations}
    cut = sum(found.longer.get(name, 0) for name in taken)
    share = cut / max(1, sum(taken.values()))
    if share < MANY_CUT:
        return []
    return [
        f"about {cut:,} of {sum(taken.values()):,} conversations ({share:.0%}) are longer than the context of "
        f"{found.cut_off:,} tokens and lose their end: choose a base with a longer context, or "
        f"drop them before the snapshot (drop --where 'tokens>{found.cut_off}')"
    ]


def _on_gpu(config: RunConfig) -> bool:
    return config.device == "cuda" or (config.device == "auto" and default_device() != "cpu")


def _model_context(prepared: Prepared) -> int | None:
    """Return the longest input the base's configuration allows, or None where it does not say or is not here."""
    path = Path(prepared.base.model) / "config.json"
    if not prepared.base.local or not path.is_file():
        return None
    body = json.loads(path.read_text(encoding="utf-8"))
    found = body.get("max_position_embeddings") or body.get("text_config", {}).get("max_position_embeddings")
    return int(found) if found else None


def _weighted(data: TrainSet, config: RunConfig) -> tuple[ClassFigures, ...]:
    """Return the figures with what method and normalisation make of weights and classes."""
    method, best = METHODS[config.method], data.scheme.best.name
    by_token = config.normalisation == "token"
    if method.weighted and by_token and not method.best_only:
        return data.classes  # these know each conversation's own reward
    taken = [c for c in data.classes if not method.best_only or c.name == best]
    size = {c.name: float(c.supervised_tokens if by_token else c.conversations) for c in taken}
    weight = {c.name: c.loss_weight if method.weighted else 1.0 for c in taken}
    if method.balanced:
        filled = [n for n in size.values() if n]
        weight = {name: min(filled) / n if n else 1.0 for name, n in size.items()}
    total = sum(size[name] * weight[name] for name in size) or 1.0
    return tuple(
        replace(c, loss_weight=weight[c.name], mass_share=size[c.name] * weight[c.name] / total) for c in taken
    )


def _tokens(prepared: Prepared, classes: tuple[ClassFigures, ...]) -> float:
    """Return about how many tokens are trained on in one pass."""
    config, data = prepared.config, prepared.data
    everything = sum(data.tokens[c.name] + c.conversations * _header_tokens(c, config) for c in classes)
    return everything * (1 - config.held_out_share)


def _of_best(prepared: Prepared, classes: tuple[ClassFigures, ...]) -> float:
    """Return about how many conversations of the best class are trained on."""
    best = prepared.data.scheme.best.name
    return sum(c.conversations for c in classes if c.name == best) * (1 - prepared.config.held_out_share)


def _budget(
    prepared: Prepared, classes: tuple[ClassFigures, ...], tokens: float, step_tokens: int
) -> tuple[float, int | None]:
    """Return about how many epochs and steps, by the rules of `crlft.resolve`."""
    config, data = prepared.config, prepared.data
    filled = {c.name: c.supervised_tokens for c in classes if c.conversations}
    if not filled:
        return config.epochs or 0.0, config.steps
    seen = filled.get(data.scheme.best.name) or min(filled.values())
    kept = 1 - config.held_out_share
    auto = min(MAX_EPOCHS, max(MIN_EPOCHS, BEST_CLASS_TOKENS / max(1.0, seen * kept)))
    if config.steps is not None:
        return config.steps * step_tokens / max(1.0, tokens), config.steps
    epochs = config.epochs or auto
    return epochs, max(1, round(epochs * tokens / step_tokens))


def _header_tokens(figures: ClassFigures, config: RunConfig) -> int:
    """Return what the template adds to a conversation of one question and one answer, and its start token."""
    template = get_template(config.template)
    condition = figures.condition if METHODS[config.method].conditioned else ""
    return 1 + sum(
        count_tokens(template.header(role, condition, config.condition_placement))
        for role in ("user", "assistant")
    )


def _examples(project: Project, prepared: Prepared, classes: tuple[ClassFigures, ...]) -> tuple[Example, ...]:
    config, data = prepared.config, prepared.data
    template, start = get_template(config.template), _start_token(prepared)
    conditioned = METHODS[config.method].conditioned
    found = first_of_each_class(project, data)
    examples = []
    for c in classes:
        conversation: Conversation | None = found.get(c.name)
        if conversation is None:
            continue
        condition = c.condition if conditioned else ""
        placement = "both" if config.condition_placement == "both" else "assistant"
        segments = render(conversation, condition, template, start=start, placement=placement)
        weights = [c.loss_weight] * len(conversation.turns)
        if METHODS[config.method].weighted:
            weights = data.scheme.turn_weights(conversation)
        examples.append(Example(c.name, condition, tuple(weights), tuple(segments)))
    return tuple(examples)


def _start_token(prepared: Prepared) -> str:
    """Return the base tokenizer's start token, or empty where it has none or is not here."""
    path = Path(prepared.base.model) / "tokenizer_config.json"
    if not prepared.base.local or not path.is_file():
        return ""
    token = json.loads(path.read_text(encoding="utf-8")).get("bos_token")
    return str(token.get("content", "")) if isinstance(token, dict) else str(token or "")
