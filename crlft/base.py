"""The offline base: a tiny causal LM with its own tokenizer, made from plain text alone.

Nobody should have to download a model, or wait for one, to walk the loop. `build_base` trains
a byte-level BPE tokenizer and a Llama-shaped model of some 1.1 million parameters on general
text (no roles, no chat) and saves both in plain `transformers` format. The one that stands in
`sample_data/base` is made by

    crlft base build --text sample_data/general_text.jsonl.gz --out sample_data/base

and the same text, seed, versions and thread count give the same weights again.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crlft.base_text import LEAST_VOCABULARY, read_documents, train_tokenizer
from crlft.errors import ConfigError, DataError

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast


@dataclass(frozen=True)
class BaseConfig:
    """Shape and training of the offline base. All sizes are in tokens unless named otherwise."""

    vocab_size: int = 1024
    """Entries of the tokenizer: 256 bytes, 3 special tokens, the rest merges."""
    hidden_size: int = 144
    """Width of the residual stream."""
    layers: int = 4
    """Transformer blocks."""
    heads: int = 4
    """Attention heads; must divide `hidden_size`."""
    context_tokens: int = 512
    """Longest input the finished model takes."""
    block_tokens: int = 192
    """Length of a training row; documents are joined end to end, so nothing is padding."""
    rows: int = 8
    """Training rows in a step."""
    steps: int = 2600
    """Optimiser steps."""
    learning_rate: float = 3e-3
    """Peak of the cosine schedule; it ends at a twentieth of it."""
    warmup_steps: int = 100
    """Steps over which the learning rate rises from zero."""
    weight_decay: float = 0.05
    """AdamW's decoupled weight decay."""
    threads: int = 2
    """CPU threads; part of what makes a build reproducible."""
    seed: int = 0
    """Seeds the initial weights and the order of the rows."""


@dataclass(frozen=True)
class BaseProgress:
    """One report from a build in progress."""

    step: int
    """Steps done."""
    steps: int
    """Steps in all."""
    loss: float
    """Mean loss of the latest step, nats per token."""
    seconds: float
    """Wall-clock seconds since training began."""


@dataclass(frozen=True)
class BaseReport:
    """What a build made."""

    out: Path
    """Folder that holds the model and its tokenizer."""
    documents: int
    """Documents read."""
    text_tokens: int
    """Tokens in the text, document starts included."""
    trained_tokens: int
    """Tokens seen in training."""
    parameters: int
    """Trainable parameters, tied embeddings counted once."""
    vocabulary: int
    """Entries of the tokenizer."""
    loss: float
    """Mean loss of the last 50 steps, nats per token."""
    seconds: float
    """Wall-clock seconds of training."""


def build_base(
    text: Path,
    out: Path,
    *,
    config: BaseConfig | None = None,
    seed: int | None = None,
    steps: int | None = None,
    on_progress: Callable[[BaseProgress], None] | None = None,
) -> BaseReport:
    """Train a tokenizer and a tiny causal LM on `text` and save both in `out`.

    Args:
        text: JSONL, optionally gzipped, with a `text` field per line.
        out: Folder for `config.json`, `model.safetensors` (float16 values, loaded as float32),
            `tokenizer.json`, `tokenizer_config.json` and `build.json` (settings and result).
        config: Shape and training; the defaults make the shipped base.
        seed: Overrides `config.seed`.
        steps: Overrides `config.steps`.
        on_progress: Called about a hundred times while training.

    Raises:
        DataError: The text cannot be read, or is too short for one training step.
        ConfigError: The shape is impossible.
    """
    chosen = config or BaseConfig()
    chosen = replace(
        chosen,
        seed=chosen.seed if seed is None else seed,
        steps=chosen.steps if steps is None else steps,
    )
    if faults := _faults(chosen):
        raise ConfigError(faults)
    documents = read_documents(text)
    tokenizer = train_tokenizer(documents, chosen.vocab_size)
    report = _train(documents, tokenizer, out, chosen, on_progress)
    _describe(text, report, chosen)
    return report


def _faults(config: BaseConfig) -> list[str]:
    faults = [
        f"{name} is {value}; it must be at least 1"
        for name, value in asdict(config).items()
        if name not in ("seed", "weight_decay", "learning_rate", "warmup_steps") and value < 1
    ]
    if config.heads > 0 and (config.hidden_size % config.heads or config.hidden_size // config.heads % 2):
        faults.append(f"hidden_size {config.hidden_size} does not split into {config.heads} heads of even width")
    if config.vocab_size < LEAST_VOCABULARY:
        faults.append(f"vocab_size is {config.vocab_size}; 256 bytes and 3 controls need {LEAST_VOCABULARY}")
    if config.block_tokens > config.context_tokens:
        faults.append(f"block_tokens {config.block_tokens} is over context_tokens {config.context_tokens}")
    return faults


def _train(
    documents: list[str],
    tokenizer: PreTrainedTokenizerFast,
    out: Path,
    config: BaseConfig,
    on_progress: Callable[[BaseProgress], None] | None,
) -> BaseReport:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(config.threads)
    try:
        torch.manual_seed(config.seed)
        blocks = _blocks(documents, tokenizer, config)
        model = _model(len(tokenizer), tokenizer, config)
        began = time.perf_counter()
        losses = _steps(model, blocks, config, on_progress)
        seconds = time.perf_counter() - began
    finally:
        torch.set_num_threads(before)
    _save(model, tokenizer, out)
    return BaseReport(
        out=out,
        documents=len(documents),
        text_tokens=blocks.numel(),
        trained_tokens=config.steps * config.rows * config.block_tokens,
        parameters=sum(p.numel() for p in model.parameters()),
        vocabulary=len(tokenizer),
        loss=sum(losses[-50:]) / len(losses[-50:]),
        seconds=seconds,
    )


def _blocks(documents: list[str], tokenizer: PreTrainedTokenizerFast, config: BaseConfig) -> torch.Tensor:
    """Join all documents, each after a `<s>`, and cut them into rows (rows, block_tokens)."""
    import torch

    stream: list[int] = []
    start = tokenizer.bos_token_id
    for ids in tokenizer(documents, add_special_tokens=False, split_special_tokens=True)["input_ids"]:
        stream += [start, *ids]
    rows = len(stream) // config.block_tokens
    if rows < config.rows:
        raise DataError(
            f"the text has {len(stream)} tokens, but one step needs {config.rows * config.block_tokens}",
            "give more text or fewer rows",
        )
    return torch.tensor(stream[: rows * config.block_tokens]).view(rows, config.block_tokens)


def _model(vocabulary: int, tokenizer: PreTrainedTokenizerFast, config: BaseConfig) -> LlamaForCausalLM:
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=config.hidden_size,
            intermediate_size=config.hidden_size * 8 // 3 // 32 * 32,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            num_key_value_heads=config.heads,
            max_position_embeddings=config.context_tokens,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def _steps(
    model: LlamaForCausalLM,
    blocks: torch.Tensor,
    config: BaseConfig,
    on_progress: Callable[[BaseProgress], None] | None,
) -> list[float]:
    """Run the optimiser over shuffled rows, epoch after epoch; return every step's loss."""
    import torch

    order = torch.Generator().manual_seed(config.seed)
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=config.learning_rate, betas=(0.9, 0.95), weight_decay=config.weight_decay
    )
    queue: list[int] = []
    losses: list[float] = []
    began = time.perf_counter()
    every = max(1, config.steps // 100)
    model.train()
    for step in range(config.steps):
        if len(queue) < config.rows:
            queue = torch.randperm(len(blocks), generator=order).tolist()
        taken, queue = queue[: config.rows], queue[config.rows :]
        ids = blocks[taken]  # (rows, block_tokens)
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * _schedule(step, config)
        logits = model(input_ids=ids, use_cache=False).logits  # (rows, block_tokens, vocabulary)
        loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.item())
        if on_progress and ((step + 1) % every == 0 or step + 1 == config.steps):
            on_progress(BaseProgress(step + 1, config.steps, losses[-1], time.perf_counter() - began))
    return losses


def _schedule(step: int, config: BaseConfig) -> float:
    """Return the share of the peak learning rate: linear rise, then a cosine down to 0.05."""
    if step < config.warmup_steps:
        return (step + 1) / config.warmup_steps
    done = (step - config.warmup_steps) / max(1, config.steps - config.warmup_steps)
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done))


def _save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    """Store float16 values for half the size, under a config that loads them as float32.

    Training in float16 would be a trap for whoever loads the folder without naming a dtype.
    """
    out.mkdir(parents=True, exist_ok=True)
    model.half().save_pretrained(out)  # type: ignore[no-untyped-call]
    settings: dict[str, Any] = json.loads((out / "config.json").read_text(encoding="utf-8"))
    settings["dtype"] = "float32"
    (out / "config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    tokenizer.save_pretrained(out)


def _describe(text: Path, report: BaseReport, config: BaseConfig) -> None:
    """Write `build.json`: the settings and the result, without times, so that rebuilds compare equal."""
    import torch
    import transformers

    record = {
        "text": text.name,
        "config": asdict(config),
        "documents": report.documents,
        "text_tokens": report.text_tokens,
        "trained_tokens": report.trained_tokens,
        "parameters": report.parameters,
        "vocabulary": report.vocabulary,
        "loss": round(report.loss, 4),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
    }
    (report.out / "build.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
