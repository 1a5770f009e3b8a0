"""What a training run is asked to do. Torch-free: the interface builds and checks these too.

`None` stands for *auto*: `crlft.resolve` works the value out from the data and the model, and the resolved
numbers are written to the run's `resolved.json` and its `data` event.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import inspect
import json
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from crlft.errors import ConfigError
from crlft.methods import METHODS

TEMPLATE_NAMES = ("openchat", "chatml", "llama3", "auto")
CHOICES: dict[str, tuple[str, ...]] = {
    "method": tuple(METHODS),
    "template": TEMPLATE_NAMES,
    "normalisation": ("token", "message", "conversation"),
    "condition_placement": ("both", "assistant"),
    "empty_classes": ("auto", "refuse", "warn"),
    "schedule": ("cosine", "linear", "constant"),
    "precision": ("auto", "fp32", "bf16"),
    "adapter": ("none", "lora", "qlora"),
    "packing": ("auto", "on", "off"),
    "gradient_checkpointing": ("auto", "on", "off"),
    "compile": ("off", "on"),
    "learning_rate_probe": ("off", "on"),
    "device": ("auto", "cpu", "cuda"),
}
"""Allowed values of the fields that name one of a few."""

RANGES: dict[str, tuple[float, float]] = {
    "steps": (1, 10_000_000),
    "epochs": (1e-6, 10_000),
    "step_tokens": (1, 100_000_000),
    "micro_batch_tokens": (1, 10_000_000),
    "learning_rate": (1e-9, 1.0),
    "warmup_steps": (0, 1_000_000),
    "weight_decay": (0.0, 1.0),
    "max_grad_norm": (1e-6, 1e6),
    "max_tokens": (4, 1_000_000),
    "held_out_share": (0.0, 0.5),
    "condition_dropout": (0.0, 1.0),
    "seed": (0, 2**31 - 1),
    "threads": (1, 1024),
    "lora_rank": (1, 4096),
    "lora_alpha": (1e-3, 1e5),
    "lora_dropout": (0.0, 0.9),
    "save_every": (1, 10_000_000),
    "keep_checkpoints": (1, 1000),
    "evaluate_every": (1, 10_000_000),
    "sample_count": (0, 50),
    "sample_tokens": (1, 4096),
}
"""Smallest and largest allowed value of the numeric fields."""

_NOT_IDENTITY = ("threads", "save_every", "keep_checkpoints", "evaluate_every", "sample_count", "sample_tokens")


@dataclass(frozen=True)
class RunConfig:
    """A training run's settings; every field at `None` is worked out from data and model.

    Raises:
        ConfigError: Some values are out of range; `faults` lists all of them.
    """

    snapshot: str = ""
    """The data: a snapshot's folder, or conversations in any format (a file, a folder, a glob, hub:owner/name)."""
    base: str = ""
    """The model to start from: a folder or a hub name."""
    method: str = "c-rlft"
    """How classes and rewards are used: c-rlft, or one of its ablations."""
    classes: str = ""
    """JSON file with the classes and their rewards, for data that carries none; it may tag by a field, too."""
    template: str = "openchat"
    """How turns become text: openchat for base models, chatml or llama3 for models that speak it, or auto: the
    model's own chat template with the condition placed in the role."""
    condition_placement: str = "both"
    """Where the class stands: before the role on both sides of every turn, or before the assistant only."""
    condition_dropout: float = 0.0
    """Share of the conversations trained without their condition, so that asking without one works too."""
    empty_classes: str = "auto"
    """A class that no conversation is trained on: refuse to start, or warn that its condition stays unlearnt.
    auto: a snapshot's own classes are only warned about, for a project may keep some in store."""
    normalisation: str = "token"
    """What counts the same: every supervised token (as OpenChat), every answer, or every conversation."""
    steps: int | None = None
    """Optimiser steps; auto: enough to see the best class's answers several times."""
    epochs: float | None = None
    """Passes over the data, instead of steps."""
    step_tokens: int | None = None
    """Tokens in one optimiser step; auto: 1,024 for tiny models, growing with size, and enough for the best class
    to stand in every step."""
    micro_batch_tokens: int | None = None
    """Tokens (with padding) computed at once; changes speed and memory, never the step's meaning."""
    learning_rate: float | None = None
    """Peak learning rate; auto: 1.5e-3 at a million parameters, falling with the root of the size."""
    schedule: str = "cosine"
    """How the learning rate falls after the warm-up: cosine or linear to a twentieth, or constant."""
    warmup_steps: int | None = None
    """Steps over which the learning rate rises; auto: 3 % of the steps, at least 10."""
    weight_decay: float = 0.01
    """AdamW's decoupled weight decay."""
    max_grad_norm: float = 1.0
    """Gradients longer than this are shortened to it."""
    max_tokens: int | None = None
    """Context: longer conversations are cut at the end; auto: the model's context, at most 4,096."""
    held_out_share: float = 0.05
    """Share of the prompts kept out of training and used to measure the loss per class."""
    seed: int = 1
    """Seeds the order of the data and everything else that is random."""
    threads: int | None = None
    """CPU threads; auto: as many as physical cores."""
    device: str = "auto"
    """Where to train: cuda where there is one, else cpu."""
    precision: str = "auto"
    """bf16 computes in bfloat16 (weights stay fp32); auto: where the hardware is fast at it."""
    adapter: str = "none"
    """none trains all weights; lora trains small matrices beside them; qlora the same on a 4-bit base."""
    lora_rank: int = 16
    """Rank of the LoRA matrices."""
    lora_alpha: float | None = None
    """Scale of the LoRA matrices; auto: twice the rank."""
    lora_dropout: float = 0.0
    """Dropout in front of the LoRA matrices."""
    packing: str = "auto"
    """Conversations laid end to end without padding; auto: on CUDA (on a CPU grouping by length is faster)."""
    gradient_checkpointing: str = "auto"
    """Activations computed twice to save memory; auto: where they would not fit otherwise."""
    compile: str = "off"
    """Compile the model with torch.compile: minutes of waiting first, so only for long runs."""
    learning_rate_probe: str = "off"
    """Try half, once and twice the automatic learning rate on 24 steps first, and take the best (below a
    billion parameters, one process)."""
    save_every: int | None = None
    """Steps between checkpoints; auto: a tenth of the run."""
    keep_checkpoints: int = 2
    """Checkpoints kept; older ones are deleted."""
    evaluate_every: int | None = None
    """Steps between evaluations; auto: a fifth of the run."""
    sample_prompts: tuple[str, ...] = ()
    """Prompts answered under each condition at every evaluation; auto: some held-out ones."""
    sample_count: int = 2
    """How many held-out prompts to answer where none are given."""
    sample_tokens: int = 64
    """Longest sample answer."""

    def __post_init__(self) -> None:
        faults = _range_faults(self)
        if self.steps is not None and self.epochs is not None:
            faults.append(f"steps is {self.steps} and epochs is {self.epochs}, only one of them can be given")
        if faults:
            raise ConfigError(faults)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; auto is null."""
        out = {f.name: getattr(self, f.name) for f in fields(self)}
        out["sample_prompts"] = list(self.sample_prompts)
        return out

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RunConfig:
        """Read what `to_dict` wrote; absent fields keep their defaults.

        Raises:
            ConfigError: A field is unknown, of the wrong type or out of range; lists all faults.
        """
        return cls().with_overrides(data)

    def with_overrides(self, values: Mapping[str, Any]) -> RunConfig:
        """Return a copy with some fields changed; texts are read as the field's type, `auto` as None.

        Raises:
            ConfigError: A field is unknown, of the wrong type or out of range; lists all faults.
        """
        kinds = typing.get_type_hints(RunConfig)
        faults: list[str] = []
        changed: dict[str, Any] = {}
        for name, value in values.items():
            if name not in kinds:
                like = difflib.get_close_matches(name, kinds, n=1)
                faults.append(
                    f"unknown setting {name!r}, perhaps {like[0]!r}"
                    if like
                    else f"unknown setting {name!r} (known: {', '.join(sorted(kinds))})"
                )
                continue
            try:
                changed[name] = _coerce(value, kinds[name])
            except (TypeError, ValueError, OverflowError):
                faults.append(f"{name} is {value!r}, it must be {_kind_words(kinds[name])}")
        try:
            made = replace(self, **changed)
        except ConfigError as error:  # out of range: told together with what is of the wrong type
            raise ConfigError([*faults, *error.faults]) from None
        if faults:
            raise ConfigError(faults)
        return made

    def identity(self) -> str:
        """Return a hash of everything that decides what the run computes; resume compares it.

        Fields at their default do not count, so that a field added later leaves old runs resumable.
        """
        defaults = RunConfig().to_dict()
        body = {k: v for k, v in self.to_dict().items() if k not in _NOT_IDENTITY and v != defaults[k]}
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]


def field_help() -> dict[str, str]:
    """Return the sentence under each field of `RunConfig`, for forms and `--help`."""
    body = ast.parse(inspect.getsource(RunConfig)).body[0]
    assert isinstance(body, ast.ClassDef)
    out: dict[str, str] = {}
    for node, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(after, ast.Expr):
            if isinstance(after.value, ast.Constant) and isinstance(after.value.value, str):
                out[node.target.id] = " ".join(after.value.value.split())
    return out


def _range_faults(config: RunConfig) -> list[str]:
    faults = []
    for name, allowed in CHOICES.items():
        value = getattr(config, name)
        if value not in allowed:
            faults.append(f"{name} is {value!r}, it must be one of {', '.join(allowed)}")
    for name, (low, high) in RANGES.items():
        value = getattr(config, name)
        if value is not None and not (math.isfinite(value) and low <= value <= high):
            faults.append(f"{name} is {value}, it must lie between {low:g} and {high:g}")
    return faults


def _coerce(value: Any, kind: Any) -> Any:
    options = typing.get_args(kind) if typing.get_origin(kind) in (types.UnionType, typing.Union) else ()
    if type(None) in options:
        if value is None or value in ("auto", ""):
            return None
        kind = next(o for o in options if o is not type(None))
    if value is None or isinstance(value, bool):
        raise TypeError
    if typing.get_origin(kind) is tuple:
        return (value,) if isinstance(value, str) else tuple(str(v) for v in value)
    if kind is int:
        number = float(value)
        if number != int(number):
            raise ValueError
        return int(number)
    if kind is str and not isinstance(value, str):
        raise TypeError
    return kind(value)


def _kind_words(kind: Any) -> str:
    text = str(kind)
    if "int" in text:
        words = "a whole number"
    elif "float" in text:
        words = "a number"
    else:
        words = "text"
    return f"{words} or auto" if "None" in text else words
