"""Tokens a second of training: ours, TRL's `SFTTrainer`, and a plain padded `Trainer`, on the same work.

The same model, conversations, ids, supervised tokens, tokens a step and optimiser; all weights equal, because the
peers know no others. `ours` computes in the precision that a run on this machine would choose (bfloat16 where the
CPU has instructions for it), `ours_fp32` in float32 like the peers at their defaults; `padded_bf16` is the padded
trainer with `bf16=True`. Each turn is a process of its own, so that its peak memory is its own; the loss on
held-out conversations shows that they learnt the same.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

SIZES = {
    # vocabulary, width, layers: 1.4 and 24 million parameters, embeddings tied
    "1.4M": (4096, 128, 4),
    "24M": (32_000, 384, 6),
}
TRAINERS = ("ours", "ours_fp32", "trl", "padded", "padded_bf16")
PEERS = ("trl", "padded", "padded_bf16")
STEPS = {"1.4M": 12, "24M": 4}
STEP_TOKENS = 4096


def run(data: Path, rounds: int) -> dict[str, Any]:
    """Return tokens a second of each trainer at both sizes, with ratios, losses and peak memory."""
    out: dict[str, Any] = {"unit": "tokens"}
    for size in SIZES:
        turns: dict[str, list[dict[str, Any]]] = {name: [] for name in TRAINERS}
        for _ in range(rounds):
            for name in TRAINERS:
                turns[name].append(_turn(name, size, data))
        figures: dict[str, Any] = {}
        for name, told in turns.items():
            figures[name] = {
                "tokens_per_second": round(statistics.median(t["tokens"] / t["seconds"] for t in told)),
                "tokens_per_processor_second": round(
                    statistics.median(t["tokens"] / t["processor_seconds"] for t in told)
                ),
                "held_out_loss": round(told[-1]["loss"], 3),
                "peak_memory_mb": round(statistics.median(t["peak_bytes"] for t in told) / 1e6),
            }
        for measure in ("tokens_per_second", "tokens_per_processor_second"):
            for own in ("ours", "ours_fp32"):
                for peer in PEERS:
                    ratio = figures[own][measure] / figures[peer][measure]
                    figures[f"{measure}_ratio_{own}_to_{peer}"] = round(ratio, 2)
        out[size] = figures
    return out


def _turn(trainer: str, size: str, data: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.train_once", trainer, size, str(data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr[-4000:])
        raise SystemExit(f"training with {trainer} failed")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
