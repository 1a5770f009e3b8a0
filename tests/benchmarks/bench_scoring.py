"""Conversations scored under two classes against two plain forward passes over padded batches; same numbers."""

from __future__ import annotations

from itertools import chain, islice
from pathlib import Path
from typing import Any

import torch

from crlft.conversation import Conversation
from crlft.scores import ScoreRequest
from crlft.scoring import Scorer, read_conversations
from tests.benchmarks.common import in_turns, versus

BASE = Path(__file__).resolve().parents[2] / "sample_data" / "base"
CONDITIONS = ("GPT4 Correct", "GPT3 Correct")
MOST, CONTEXT, BATCH = 10_000, 512, 16


def run(data: Path, rounds: int) -> dict[str, Any]:
    """Return conversations a second; both sides score the same tokens."""
    rows = list(islice(enumerate(read_conversations(str(data))), MOST))
    request = ScoreRequest(str(BASE), str(data), CONDITIONS, max_tokens=CONTEXT, device="cpu")
    scorer = Scorer.load(request)
    made: dict[str, list[float]] = {}

    def ours() -> None:
        scores = sorted(scorer.score(rows), key=lambda s: s.index)
        made["ours"] = [s.logp[c] for s in scores for c in CONDITIONS if s.logp]

    def peer() -> None:
        totals = [[_plain(scorer, part, condition) for part in _batches(rows)] for condition in CONDITIONS]
        made["peer"] = [v for pair in zip(*(chain.from_iterable(t) for t in totals), strict=True) for v in pair]

    seconds = in_turns(ours, peer, rounds)
    gaps = [abs(a - b) for a, b in zip(made["ours"], made["peer"], strict=False)]
    result = versus("conversations", len(rows), *seconds, "two plain forward passes, batches of 16 as they come")
    return {**result, "median_gap_nats": sorted(gaps)[len(gaps) // 2] if gaps else None}


def _batches(rows: list[tuple[int, Conversation]]) -> list[list[Conversation]]:
    return [[c for _, c in rows[i : i + BATCH]] for i in range(0, len(rows), BATCH)]


@torch.inference_mode()
def _plain(scorer: Scorer, conversations: list[Conversation], condition: str) -> list[float]:
    encoded = [scorer.loaded.encoder.encode(c, condition) for c in conversations]
    longest = min(CONTEXT, max(len(e) for e in encoded))
    ids = torch.zeros(len(encoded), longest, dtype=torch.long)
    mask, wanted = torch.zeros_like(ids), torch.zeros(len(encoded), longest, dtype=torch.bool)
    for row, e in enumerate(encoded):
        n = min(longest, len(e))
        ids[row, :n], mask[row, :n] = torch.from_numpy(e.ids[:n].astype("int64")), 1
        wanted[row, :n] = torch.from_numpy(e.supervised[:n])
    logits = scorer.loaded.model(input_ids=ids, attention_mask=mask, use_cache=False).logits.float()
    logp = logits[:, :-1].log_softmax(-1).gather(-1, ids[:, 1:, None])[..., 0]
    found: list[float] = (logp * wanted[:, 1:]).sum(1).double().tolist()
    return found
