"""Taking turns, medians, and what machine it was."""

from __future__ import annotations

import json
import os
import platform
import random
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any


def made_up(path: Path, n: int) -> Path:
    """Write n conversations of some hundred words, a tenth of them near copies; the same ones every time."""
    words = [f"word{i}" for i in range(2000)]
    chance = random.Random(0)
    rows: list[tuple[str, str]] = []
    for i in range(n):
        if i % 10 == 9:
            question, answer = rows[-1]
            rows.append((question, answer.replace(" ", " indeed ", 1)))
        else:
            rows.append((" ".join(chance.choices(words, k=20)), " ".join(chance.choices(words, k=150))))
    roles = ("user", "assistant")
    talks = [[{"role": r, "content": c} for r, c in zip(roles, row, strict=True)] for row in rows]
    lines = (json.dumps({"id": str(i), "messages": talk}) for i, talk in enumerate(talks))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def in_turns(ours: Callable[[], object], peer: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Return the median seconds of both, run ours, peer, ours, peer … after one uncounted turn each."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds + 1):
        for which, work in enumerate((ours, peer)):
            start = time.perf_counter()
            work()
            if turn:
                seconds[which].append(time.perf_counter() - start)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def versus(unit: str, n: int, ours: float, peer: float, name: str) -> dict[str, Any]:
    """Return the line's figures: n of a unit took so many seconds."""
    return {
        "unit": unit,
        "n": n,
        "ours_per_second": round(n / ours, 1),
        "peer": name,
        "peer_per_second": round(n / peer, 1),
        "ratio": round(peer / ours, 2),
    }


def machine() -> dict[str, Any]:
    """Return what the figures were taken on."""
    return {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "torch": version("torch"),
        "transformers": version("transformers"),
    }
