"""One turn of the training benchmark: `python -m tests.benchmarks.train_once TRAINER SIZE DATA`.

Prints one line of JSON: tokens, seconds, loss on held-out conversations, peak memory.
"""

from __future__ import annotations

import itertools
import json
import math
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset as Table
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, Trainer, TrainingArguments

from crlft.batching import plan_steps
from crlft.checkpoints import Identity
from crlft.condition import ClassScheme, ConditionClass
from crlft.config import RunConfig
from crlft.conversation import Conversation
from crlft.dataset import Example, build_dataset
from crlft.evaluation import held_out_loss
from crlft.models import has_fast_bf16
from crlft.resolve import physical_cores
from crlft.snapshot import read_snapshot
from crlft.steps import StepDataset
from crlft.tokens import make_encoder
from crlft.trainer import CRLFTTrainer, training_arguments
from tests.benchmarks.bench_training import SIZES, STEP_TOKENS, STEPS

PAD, BOS, EOT = "<pad>", "<s>", "<|end_of_turn|>"
EQUAL = ClassScheme((ConditionClass("a", "GPT4 Correct", 1.0), ConditionClass("b", "GPT3 Correct", 1.0)))
LEARNING_RATE = 1e-3
MAX_TOKENS = 1024
HELD_OUT = 64


def main() -> None:
    """Train once and say how it went."""
    kind, size, data = sys.argv[1:]
    torch.set_num_threads(physical_cores())
    train, held_out, vocabulary, pad_id = work(Path(data), size)
    model = fresh_model(vocabulary, size)
    with tempfile.TemporaryDirectory() as folder:
        trainer = TRAINERS[kind](model, train, pad_id, Path(folder))
        began, busy = time.perf_counter(), time.process_time()
        trainer.train()
        seconds, busy = time.perf_counter() - began, time.process_time() - busy
    loss = held_out_loss(model, held_out, pad_id=pad_id, tokens=4096)
    told = {
        "tokens": sum(len(e) for e in train),
        "seconds": seconds,
        "processor_seconds": busy,
        "loss": loss.mean,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    sys.stdout.write(json.dumps(told) + "\n")


def work(data: Path, size: str) -> tuple[list[Example], list[Example], int, int]:
    """Return examples to train on and held out, the model's vocabulary and the padding id."""
    _, conversations = read_snapshot(str(data), EQUAL)
    random.Random(0).shuffle(conversations)
    conversations = conversations[:4000]
    vocabulary = SIZES[size][0]
    encoder = make_encoder(tokenizer(conversations, vocabulary), "openchat")
    tagged = [
        Conversation(c.turns, class_name="ab"[i % 2]) for i, c in enumerate(conversations) if len(c.turns) > 1
    ]
    config = RunConfig(held_out_share=0.0)
    examples = build_dataset(tagged, EQUAL, config, encoder, MAX_TOKENS).train
    wanted = STEPS[size] * STEP_TOKENS
    totals = itertools.accumulate(len(e) for e in examples)
    count = sum(1 for total in totals if total <= wanted)
    return examples[:count], examples[-HELD_OUT:], vocabulary, encoder.tokenizer.pad_token_id


def tokenizer(conversations: Sequence[Conversation], vocabulary: int) -> Any:
    """Return a byte-level BPE of the data."""
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, special_tokens=[PAD, BOS, EOT], show_progress=False)
    raw.train_from_iterator((t.content for c in conversations for t in c.turns), trainer)
    return PreTrainedTokenizerFast(tokenizer_object=raw, bos_token=BOS, eos_token=EOT, pad_token=PAD)


def fresh_model(vocabulary: int, size: str) -> Any:
    """Return the model, the same weights every time."""
    _, width, layers = SIZES[size]
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=width,
            intermediate_size=width * 8 // 3,
            num_hidden_layers=layers,
            num_attention_heads=width // 64,
            max_position_embeddings=MAX_TOKENS,
            tie_word_embeddings=True,
        )
    )


def ours(model: Any, train: list[Example], pad_id: int, folder: Path, dtype: torch.dtype | None = None) -> Trainer:
    """Our trainer."""
    plan = plan_steps(
        [len(e) for e in train], [e.class_name for e in train], step_tokens=STEP_TOKENS, seed=1, epochs=1
    )
    steps = StepDataset(train, plan.steps, {"a": 0, "b": 1}, pad_id=pad_id, micro_batch_tokens=2048)
    args = training_arguments(
        folder,
        steps=len(plan.steps),
        learning_rate=LEARNING_RATE,
        warmup_steps=0,
        schedule="constant",
        weight_decay=0.0,
        max_grad_norm=1.0,
        seed=1,
        cpu=True,
    )
    return CRLFTTrainer(model, args, steps, identity=Identity("", ""), keep_checkpoints=1, autocast_dtype=dtype)


def settings(folder: Path, train: list[Example]) -> dict[str, Any]:
    """Return what both peers are given: batches of as many conversations as make a step's tokens."""
    mean = sum(len(e) for e in train) / len(train)
    batch = max(1, round(STEP_TOKENS / mean))
    accumulation = math.ceil(batch / 8)
    micro = max(1, round(batch / accumulation))  # as many conversations a step as ours has
    return {
        "output_dir": str(folder),
        "num_train_epochs": 1,
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": accumulation,
        "learning_rate": LEARNING_RATE,
        "lr_scheduler_type": "constant",
        "weight_decay": 0.0,
        "adam_beta2": 0.95,
        "seed": 1,
        "use_cpu": True,
        "bf16": False,
        "logging_strategy": "no",
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
    }


def padded(model: Any, train: list[Example], pad_id: int, folder: Path, *, bf16: bool = False) -> Trainer:
    """Transformers' own trainer, each batch padded to its longest."""

    def collate(rows: list[Example]) -> dict[str, torch.Tensor]:
        longest = max(len(e) for e in rows)
        ids = torch.full((len(rows), longest), pad_id)
        labels, attention = torch.full_like(ids, -100), torch.zeros_like(ids)
        for i, e in enumerate(rows):
            ids[i, : len(e)] = torch.from_numpy(e.ids.astype("int64"))
            labels[i, : len(e)] = torch.where(torch.from_numpy(e.supervised), ids[i, : len(e)], -100)
            attention[i, : len(e)] = 1
        return {"input_ids": ids, "labels": labels, "attention_mask": attention}

    args = TrainingArguments(**{**settings(folder, train), "bf16": bf16}, remove_unused_columns=False)
    return Trainer(model, args, train_dataset=train, data_collator=collate)  # type: ignore[arg-type]


def trl(model: Any, train: list[Example], pad_id: int, folder: Path) -> Trainer:
    """TRL's supervised trainer, on ids made before."""
    from trl import SFTConfig, SFTTrainer

    table = Table.from_dict(
        {
            "input_ids": [e.ids.tolist() for e in train],
            "labels": [np.where(e.supervised, e.ids, -100).tolist() for e in train],
        }
    )
    config = SFTConfig(**settings(folder, train), max_length=MAX_TOKENS, gradient_checkpointing=False)
    raw = Tokenizer(models.WordLevel({PAD: pad_id, EOT: 2, BOS: 1}))
    words = PreTrainedTokenizerFast(tokenizer_object=raw, pad_token=PAD, eos_token=EOT, bos_token=BOS)
    trainer: Trainer = SFTTrainer(model, config, train_dataset=table, processing_class=words)
    return trainer


TRAINERS: dict[str, Callable[[Any, list[Example], int, Path], Trainer]] = {
    "ours": partial(ours, dtype=torch.bfloat16 if has_fast_bf16("cpu") else None),
    "ours_fp32": ours,
    "trl": trl,
    "padded": padded,
    "padded_bf16": partial(padded, bf16=True),
}

if __name__ == "__main__":
    main()
