"""Texts as shingles and MinHash signatures, taken in by the block; of the texts themselves nothing is kept.

For 128 permutations the agreement of two signatures estimates Jaccard similarity with a standard deviation of at
most .044.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.curate.dedupe.reading import sign_texts
from workbench.curate.dedupe.texts import Reading, digest

Signatures = npt.NDArray[np.uint32]
Columns = Sequence[Any]
"""One column of texts for each side, all of one length: lists of strings or Arrow arrays."""

_TURN = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(31)


@dataclass(frozen=True, slots=True)
class NearSettings:
    """How near-duplicates are searched.

    Attributes:
        floor: The least similarity whose pairs are kept, so that the threshold can move above it freely.
        reading: How texts become shingles.
        bands: Bands of the signature.
        rows: Rows per band; bands × rows are the permutations. 32 × 4 finds .88 of the pairs at .5, .99 at .6
            and all at .8.
        seed: Of the permutations.
        huge: Distinct texts in a bucket from which not all pairs are compared.
        most_pairs: Above this many pairs the floor rises (never above the threshold asked for).
        threads: Blocks read at a time; the outcome does not depend on it.
    """

    floor: float = 0.5
    reading: Reading = field(default_factory=Reading)
    bands: int = 32
    rows: int = 4
    seed: int = 11
    huge: int = 4_096
    most_pairs: int = 2_000_000
    threads: int = 2


@dataclass(frozen=True, slots=True)
class Block:
    """Some texts, signed; row i of everything is text i.

    Attributes:
        seqs: Row numbers.
        keys: (texts, 2), equal where all sides are equal.
        words: (texts,), of all sides.
        hashes: Shingles of all sides.
        begins: (texts, sides), where each side's begin.
        counts: (texts, sides), how many it has.
        figures: (texts, sides)
        signatures: (texts, permutations)
    """

    seqs: npt.NDArray[np.int64]
    keys: npt.NDArray[np.uint64]
    words: npt.NDArray[np.int64]
    hashes: npt.NDArray[np.uint32]
    begins: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int32]
    figures: npt.NDArray[np.uint64]
    signatures: Signatures

    @property
    def wordy(self) -> npt.NDArray[np.bool_]:
        """Which are texts at all: neither empty turns nor "ok" make two conversations alike."""
        return self.words > 1

    def take(self, places: npt.NDArray[Any]) -> Block:
        """Return some of the texts; all shingles stay."""
        return Block(
            self.seqs[places],
            self.keys[places],
            self.words[places],
            self.hashes,
            self.begins[places],
            self.counts[places],
            self.figures[places],
            self.signatures[places],
        )


def tightened(block: Block, places: npt.NDArray[np.int64]) -> Block:
    """Return some of the texts with no other shingles than theirs."""
    part = block.take(places)
    lengths = part.counts.ravel().astype(np.int64)
    ends = np.cumsum(lengths)
    begins = ends - lengths
    total = int(ends[-1]) if len(ends) else 0
    wanted = np.repeat(part.begins.ravel() - begins, lengths) + np.arange(total)
    return Block(
        part.seqs,
        part.keys,
        part.words,
        block.hashes[wanted],
        begins.reshape(part.begins.shape),
        part.counts,
        part.figures,
        part.signatures,
    )


def sign_block(seqs: npt.NDArray[np.int64], columns: Columns, settings: NearSettings) -> Block:
    """Read and sign some texts; depends on nothing else."""
    read = [digest(column, settings.reading) for column in columns]
    lengths = np.cumsum([0, *(len(d.hashes) for d in read[:-1])])
    hashes = read[0].hashes if len(read) == 1 else np.concatenate([d.hashes for d in read])
    begins = np.stack([d.begins + at for d, at in zip(read, lengths, strict=True)], axis=1)
    counts = np.stack([d.counts for d in read], axis=1)
    factors, addends = permutations(settings.bands * settings.rows, settings.seed)
    signatures = np.empty((len(seqs), len(factors)), dtype=np.uint32)
    sign_texts(hashes, begins, counts, factors, addends, signatures)
    words = np.asarray(np.sum([d.words for d in read], axis=0), dtype=np.int64)
    figures = np.stack([d.figures for d in read], axis=1)
    return Block(seqs, joint_keys([d.keys for d in read]), words, hashes, begins, counts, figures, signatures)


def joint_keys(sides: Sequence[npt.NDArray[np.uint64]]) -> npt.NDArray[np.uint64]:
    """Return one key for all sides of a text, given those of each."""
    keys = sides[0].copy()
    for side in sides[1:]:
        keys = (keys ^ (keys >> _SHIFT)) * _TURN + side
    return keys


@cache
def permutations(count: int, seed: int) -> tuple[Signatures, Signatures]:
    """Return the factors and addends of the permutations of the 32-bit numbers."""
    chance = np.random.default_rng(seed)
    factors = chance.integers(0, 1 << 32, count, dtype=np.uint64).astype(np.uint32) | np.uint32(1)
    return factors, chance.integers(0, 1 << 32, count, dtype=np.uint64).astype(np.uint32)


def signed(blocks: Iterable[tuple[npt.NDArray[np.int64], Columns]], settings: NearSettings) -> Iterator[Block]:
    """Sign block after block, `settings.threads` at a time, in the order given."""
    if settings.threads < 2:
        for seqs, columns in blocks:
            yield sign_block(seqs, columns, settings)
        return
    with ThreadPoolExecutor(settings.threads) as pool:
        waiting: deque[Future[Block]] = deque()
        for seqs, columns in blocks:
            waiting.append(pool.submit(sign_block, seqs, columns, settings))
            if len(waiting) > settings.threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


class Gathered:
    """Blocks laid end to end; arrays grow in place, so no second copy stands beside them."""

    def __init__(self) -> None:
        self._arrays: dict[str, npt.NDArray[Any]] = {}
        self._used: dict[str, int] = {}

    def add(self, block: Block) -> None:
        """Take a block in."""
        at = self._used.get("hashes", 0)
        for name in Block.__dataclass_fields__:
            values = getattr(block, name)
            self._append(name, values + at if name == "begins" else values)

    def _append(self, name: str, values: npt.NDArray[Any]) -> None:
        used = self._used.get(name, 0)
        held = self._arrays.setdefault(name, np.empty((0, *values.shape[1:]), dtype=values.dtype))
        if used + len(values) > len(held):
            room = (max(used + len(values), len(held) + len(held) // 4), *held.shape[1:])
            held.resize(room, refcheck=False)
        held[used : used + len(values)] = values
        self._used[name] = used + len(values)

    def block(self) -> Block | None:
        """Return everything, or None where nothing came."""
        if not self._arrays:
            return None
        for name, held in self._arrays.items():
            held.resize((self._used[name], *held.shape[1:]), refcheck=False)
        return Block(**self._arrays)


def gather(blocks: Iterable[Block]) -> Block | None:
    """Return blocks as one."""
    gathered = Gathered()
    for block in blocks:
        gathered.add(block)
    return gathered.block()
