"""A run's optimiser steps, put together when asked for: what one process computes of each.

One item is one *optimiser step*: all its conversations, cut into micro-batches of similar length, with the summed
weight of all of them. Every process knows the whole step and takes its part of the micro-batches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch.utils.data import Dataset as TorchDataset

from crlft.batching import micro_batches, packs
from crlft.dataset import Example
from crlft.loss import MicroBatch, collate


@dataclass(frozen=True)
class StepBatch:
    """One optimiser step.

    Attributes:
        index: Number of the step, from 0.
        micro_batches: Its parts that this process computes.
        normaliser: Summed share times weight of all its supervised tokens.
    """

    index: int
    micro_batches: list[MicroBatch]
    normaliser: float


class StepDataset(TorchDataset[StepBatch]):
    """The run's steps in order, put together when asked for."""

    def __init__(
        self,
        examples: Sequence[Example],
        steps: Sequence[Sequence[int]],
        class_numbers: dict[str, int],
        *,
        pad_id: int,
        micro_batch_tokens: int,
        packed: bool = False,
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        self.examples = examples
        self.steps = steps
        self.class_numbers = class_numbers
        self.pad_id = pad_id
        self.micro_batch_tokens = micro_batch_tokens
        self.packed = packed
        self.rank = rank
        self.ranks = ranks
        self._lengths = [len(e) for e in examples]

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, index: int) -> StepBatch:
        members = self.steps[index]
        cut = packs if self.packed else micro_batches
        parts = cut(members, self._lengths, self.micro_batch_tokens)
        return StepBatch(
            index=index,
            micro_batches=self._own([self.collate(p) for p in parts[self.rank :: self.ranks]], len(parts), parts),
            normaliser=math.fsum(self.examples[i].mass for i in members),
        )

    def collate(self, members: Sequence[int]) -> MicroBatch:
        """Return some of the examples as one micro-batch."""
        return collate([self.examples[i] for i in members], self.class_numbers, self.pad_id, packed=self.packed)

    def largest(self) -> MicroBatch:
        """Return a micro-batch at least as large as any of the run's: its longest conversations together."""
        order = sorted(range(len(self.examples)), key=lambda i: (-self._lengths[i], i))
        cut = packs if self.packed else micro_batches
        count = max(1, self.micro_batch_tokens // max(1, self._lengths[order[0]]))
        return self.collate(cut(order[: count + 1], self._lengths, self.micro_batch_tokens)[0])

    def _own(self, mine: list[MicroBatch], total: int, parts: Sequence[Sequence[int]]) -> list[MicroBatch]:
        """Fill up with a weightless micro-batch where another process has one more."""
        if len(mine) < math.ceil(total / self.ranks):
            mine.append(self.collate(parts[-1]).weightless())
        return mine
