"""64 prompts × 4 columns in batches against `transformers`' `generate`, one prompt at a time; same tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from crlft.conversation import Conversation, Turn
from crlft.decode import Sampling
from crlft.generation import Column, PromptRow, Request, generate
from crlft.models import load_trained
from tests.benchmarks.common import in_turns, versus

BASE = Path(__file__).resolve().parents[2] / "sample_data" / "base"
CONDITIONS = ("GPT4 Correct", "GPT3 Correct", "Plain", "")
PROMPTS, TOKENS = 64, 32


def run(data: Path, rounds: int) -> dict[str, Any]:
    """Return answers a second; `data` is not needed, the prompts are made here."""
    del data
    turns = [(Turn("user", f"What is {i} plus {i % 7}?"),) for i in range(PROMPTS)]
    rows = tuple(PromptRow(str(i), t) for i, t in enumerate(turns))
    columns = tuple(Column(str(BASE), c) for c in CONDITIONS)
    request = Request(columns, rows, Sampling(max_new_tokens=TOKENS), device="cpu")
    loaded = load_trained(str(BASE))

    def ours() -> None:
        assert len(list(generate(request))) == PROMPTS * len(CONDITIONS)

    def peer() -> None:
        with torch.no_grad():
            for condition in CONDITIONS:
                for asked in turns:
                    ids = loaded.encoder.encode(Conversation(asked), condition, answer_next=True).ids
                    given = torch.tensor([ids.tolist()])
                    loaded.model.generate(
                        given,
                        attention_mask=torch.ones_like(given),
                        max_new_tokens=TOKENS,
                        do_sample=False,
                        eos_token_id=loaded.encoder.close_id,
                        pad_token_id=0,
                    )

    return versus("answers", PROMPTS * len(CONDITIONS), *in_turns(ours, peer, rounds), "generate, one by one")
