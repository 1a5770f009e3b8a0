"""The common beginning of a conversation's renderings, computed once. Needs torch.

Under condition placement `assistant` the renderings of one conversation differ only from the first assistant
header on: a long question is then the same ids under every condition. Its keys and values are computed once, and
every condition goes on from them. Beginnings of different lengths are aligned at their ends, with positions that
count real tokens only, as in generation (`crlft.decode`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from crlft.dataset import Example
from crlft.head import chunk_positions, cross_entropy, head_logits

MIN_SAVED = 0.3
"""Part of all tokens that must be saved: below it, the second pass and its cache cost more."""


def common_prefix(examples: Sequence[Example]) -> int:
    """Return the number of ids that all renderings begin with, before the first supervised token's predictor."""
    shortest = min(len(e) for e in examples)
    first = examples[0].ids[:shortest]
    same = np.ones(shortest, dtype=np.bool_)
    for other in examples[1:]:
        same &= other.ids[:shortest] == first
    differs = np.flatnonzero(~same)
    length = int(differs[0]) if len(differs) else shortest
    return max(0, min(length, *(int(np.argmax(e.supervised)) - 1 for e in examples)))


def prefix_pays(rows: Sequence[Sequence[Example]]) -> bool:
    """Whether computing the common beginnings once saves enough of a batch of conversations."""
    if any(common_prefix(row) == 0 for row in rows):
        return False
    total = sum(len(e) for row in rows for e in row)
    saved = sum(common_prefix(row) * (len(row) - 1) for row in rows)
    return saved >= MIN_SAVED * total


@dataclass(frozen=True)
class SharedPrefix:
    """Scores renderings from the cache of their common beginning.

    Attributes:
        model: A causal LM in evaluation mode.
        pad_id: Filling; never attended to.
    """

    model: Any
    pad_id: int

    @classmethod
    def of(cls, model: Any, pad_id: int) -> SharedPrefix | None:
        """Return one, or None for a model whose scores do not come out the same that way (to 1e-3 nats)."""
        made = cls(model, pad_id)
        count = min(64, model.config.get_text_config().vocab_size)
        ids = np.arange(12, dtype=np.int32) % count
        rows = []
        for beginning in (3, 5):
            supervised = np.arange(12) > beginning + 2
            other = np.concatenate([ids[:beginning], ids[::-1][: 12 - beginning]])
            rows.append([Example(i, supervised, supervised.astype(np.float32), 1.0, "", 0) for i in (ids, other)])
        try:
            with torch.inference_mode():
                found = made.log_likelihoods(rows)
                wanted = torch.cat([_alone(model, e) for row in rows for e in row])
        except (AttributeError, TypeError, ValueError):
            return None
        return made if torch.allclose(found, wanted, atol=1e-3, rtol=1e-4) else None

    def log_likelihoods(self, rows: Sequence[Sequence[Example]]) -> torch.Tensor:
        """Return log-likelihoods of the supervised tokens, float64 (conversations * conditions,).

        Args:
            rows: Every conversation's renderings, equally many each.
        """
        device = next(self.model.parameters()).device
        lengths = [common_prefix(row) for row in rows]
        cache, attention = self._beginnings([row[0].ids[:n] for row, n in zip(rows, lengths, strict=True)])
        cache.batch_repeat_interleave(len(rows[0]))
        ends = _Ends.of([(e, n) for row, n in zip(rows, lengths, strict=True) for e in row], self.pad_id)
        hidden = self.model.get_decoder()(
            input_ids=ends.ids.to(device),
            attention_mask=torch.cat([attention.repeat_interleave(len(rows[0]), dim=0), ends.attention], dim=1).to(
                device
            ),
            position_ids=ends.positions.to(device),
            past_key_values=cache,
            use_cache=True,
        ).last_hidden_state  # (conversations * conditions, tokens, width)
        picked = hidden[ends.rows.to(device), ends.columns.to(device)]
        nll = _nll(self.model, picked, ends.targets.to(device))
        sums = torch.zeros(len(ends.ids), dtype=torch.float64)
        return sums.index_add_(0, ends.rows, -nll.double().cpu())

    def _beginnings(self, beginnings: Sequence[NDArray[np.int32]]) -> tuple[Any, torch.Tensor]:
        """Return the cache of beginnings aligned at their ends, and their attention (conversations, tokens)."""
        device = next(self.model.parameters()).device
        longest = max(len(b) for b in beginnings)
        ids = torch.full((len(beginnings), longest), self.pad_id, dtype=torch.long)
        attention = torch.zeros((len(beginnings), longest), dtype=torch.long)
        for number, beginning in enumerate(beginnings):
            ids[number, longest - len(beginning) :] = torch.from_numpy(beginning.astype(np.int64))
            attention[number, longest - len(beginning) :] = 1
        out = self.model.get_decoder()(
            input_ids=ids.to(device),
            attention_mask=attention.to(device),
            position_ids=(attention.cumsum(1) - 1).clamp(min=0).to(device),
            use_cache=True,
        )
        return out.past_key_values, attention


@dataclass(frozen=True)
class _Ends:
    """What follows the common beginnings, padded on the right, with the supervised positions picked out.

    Shapes: `ids`, `attention` and `positions` (renderings, tokens); the others (supervised,), as in
    `crlft.loss.MicroBatch`.
    """

    ids: torch.Tensor
    attention: torch.Tensor
    positions: torch.Tensor
    rows: torch.Tensor
    columns: torch.Tensor
    targets: torch.Tensor

    @classmethod
    def of(cls, ends: Sequence[tuple[Example, int]], pad_id: int) -> _Ends:
        """Return the ends of renderings whose first `n` ids are in the cache."""
        longest = max(len(e) - n for e, n in ends)
        ids = torch.full((len(ends), longest), pad_id, dtype=torch.long)
        attention = torch.zeros((len(ends), longest), dtype=torch.long)
        rows, columns, targets = [], [], []
        for number, (e, n) in enumerate(ends):
            ids[number, : len(e) - n] = torch.from_numpy(e.ids[n:].astype(np.int64))
            attention[number, : len(e) - n] = 1
            there = np.flatnonzero(e.supervised)
            rows.append(np.full(len(there), number, dtype=np.int64))
            columns.append(there - 1 - n)
            targets.append(e.ids[there].astype(np.int64))
        starts = torch.tensor([n for _, n in ends])
        last = max(len(e) for e, _ in ends) - 1  # padding behind it would leave a table of learnt positions
        return cls(
            ids=ids,
            attention=attention,
            positions=(starts[:, None] + torch.arange(longest)).clamp(max=last),
            rows=torch.from_numpy(np.concatenate(rows)),
            columns=torch.from_numpy(np.concatenate(columns)),
            targets=torch.from_numpy(np.concatenate(targets)),
        )


def _nll(model: Any, hidden: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    size = chunk_positions(model)
    return torch.cat(
        [
            cross_entropy(head_logits(model, hidden[i : i + size]), targets[i : i + size])
            for i in range(0, len(hidden), size)
        ]
    )


def _alone(model: Any, example: Example) -> torch.Tensor:
    """Return one rendering's log-likelihood from the model's own logits, float64 (1,)."""
    device = next(model.parameters()).device
    ids = torch.from_numpy(example.ids.astype(np.int64)).to(device)[None]
    logits = model(input_ids=ids, use_cache=False).logits[0].float()
    there = np.flatnonzero(example.supervised)
    chosen = logits.log_softmax(-1)[there - 1, ids[0, there]]
    total: torch.Tensor = chosen.double().sum().cpu()
    return total[None]
