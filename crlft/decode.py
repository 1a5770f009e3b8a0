"""Batched generation with left padding and a key-value cache.

Prompts of different length are aligned at their ends: positions count real tokens only and padding is masked,
so that a prompt's answer does not depend on its neighbours. Sampling draws from one generator per prompt, so
an answer depends on its seed and not on the batch it ran in. Finished rows leave the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from crlft.request import Sampling


@dataclass
class _Batch:
    """The rows still being answered.

    Attributes:
        rows: Which prompt each row of the tensors belongs to.
        current: Tokens to feed next (rows, tokens).
        attention: 1 for tokens, 0 for padding, over everything fed so far (rows, tokens).
        positions: Positions of `current`, padding not counted (rows, tokens).
        cache: The model's key-value cache, None before the first pass.
    """

    rows: list[int]
    current: torch.Tensor
    attention: torch.Tensor
    positions: torch.Tensor
    cache: Any = None

    @classmethod
    def of(cls, prompts: Sequence[Sequence[int]], pad_id: int, device: torch.device) -> _Batch:
        """Return the prompts aligned at their ends."""
        longest = max(len(p) for p in prompts)
        ids = torch.full((len(prompts), longest), pad_id, dtype=torch.long)
        attention = torch.zeros((len(prompts), longest), dtype=torch.long)
        for row, prompt in enumerate(prompts):
            ids[row, longest - len(prompt) :] = torch.as_tensor(prompt, dtype=torch.long)
            attention[row, longest - len(prompt) :] = 1
        attention = attention.to(device)
        positions = (attention.cumsum(1) - 1).clamp(min=0)
        return cls(list(range(len(prompts))), ids.to(device), attention, positions)

    def logits(self, model: Any) -> torch.Tensor:
        """Feed `current` and return the logits of its last tokens (rows, vocabulary)."""
        out = model(
            input_ids=self.current,
            attention_mask=self.attention,
            position_ids=self.positions,
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1,
        )
        self.cache = out.past_key_values
        last: torch.Tensor = out.logits[:, -1].float()
        return last

    def advance(self, chosen: torch.Tensor) -> None:
        """Take the chosen tokens (rows,) as the next to feed."""
        self.current = chosen[:, None]
        self.attention = torch.cat([self.attention, self.attention.new_ones(len(self.rows), 1)], dim=1)
        self.positions = self.positions[:, -1:] + 1

    def keep(self, alive: set[int]) -> None:
        """Drop rows that are done, once they are half of the batch."""
        if 2 * len(alive) > len(self.rows):
            return
        kept = [i for i, row in enumerate(self.rows) if row in alive]
        index = torch.tensor(kept, device=self.current.device)
        self.rows = [self.rows[i] for i in kept]
        self.current, self.attention = self.current[index], self.attention[index]
        self.positions = self.positions[index]
        self.cache.batch_select_indices(index)


@torch.inference_mode()
def decode_batch(
    model: Any,
    prompts: Sequence[Sequence[int]],
    sampling: Sampling,
    *,
    stop_ids: frozenset[int],
    pad_id: int,
    numbers: Sequence[int] | None = None,
    context_tokens: int | None = None,
    on_step: Callable[[Sequence[Sequence[int]]], None] | None = None,
) -> list[list[int]]:
    """Return the generated ids of each prompt, without the stop token.

    Args:
        model: A causal LM of `transformers` in evaluation mode.
        prompts: Token ids of the prompts, none empty.
        sampling: How to choose tokens.
        stop_ids: Tokens that end an answer.
        pad_id: Fills the left of shorter prompts; never attended to.
        numbers: The prompts' own numbers for seeding; their place where absent.
        context_tokens: Prompt and answer together stay within this.
        on_step: Called after every token with all answers so far.
    """
    batch = _Batch.of(prompts, pad_id, next(model.parameters()).device)
    room = [
        min(sampling.max_new_tokens, context_tokens - len(p)) if context_tokens else sampling.max_new_tokens
        for p in prompts
    ]
    draws = _generators(sampling, numbers if numbers is not None else range(len(prompts)))
    answers: list[list[int]] = [[] for _ in prompts]
    alive = {row for row in range(len(prompts)) if room[row] > 0}
    while alive:
        chosen = _choose(batch.logits(model), sampling, [draws[r] for r in batch.rows])  # (rows,)
        for row, token in zip(batch.rows, chosen.tolist(), strict=True):
            if row not in alive:
                continue
            if token not in stop_ids:
                answers[row].append(token)
            if token in stop_ids or len(answers[row]) >= room[row]:
                alive.remove(row)
        if on_step:
            on_step(answers)
        batch.advance(chosen)
        if alive:
            batch.keep(alive)
    return answers


def _generators(sampling: Sampling, numbers: Sequence[int]) -> list[torch.Generator | None]:
    if sampling.temperature <= 0:
        return [None] * len(numbers)
    return [torch.Generator().manual_seed((sampling.seed * 1_000_003 + n) % 2**63) for n in numbers]


def _choose(
    logits: torch.Tensor, sampling: Sampling, generators: Sequence[torch.Generator | None]
) -> torch.Tensor:
    """Return the next token of each row from logits (rows, vocabulary)."""
    if sampling.temperature <= 0:
        return logits.argmax(dim=-1)
    probabilities = torch.softmax(logits / sampling.temperature, dim=-1)
    if sampling.top_p < 1:
        ordered, order = probabilities.sort(dim=-1, descending=True)
        beyond = ordered.cumsum(dim=-1) - ordered >= sampling.top_p
        ordered = ordered.masked_fill(beyond, 0.0)
        probabilities = torch.zeros_like(probabilities).scatter(-1, order, ordered)
    drawn = [
        torch.multinomial(row.cpu(), 1, generator=generator)
        for row, generator in zip(probabilities, generators, strict=True)
    ]
    return torch.cat(drawn).to(logits.device)
