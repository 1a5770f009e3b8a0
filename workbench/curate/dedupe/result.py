"""What a search for duplicates found, as an object that can be questioned again.

result = DuplicateResult(...)          # from a search, or read back from the store
result.groups                          # at result.threshold
result.rethreshold(0.9).groups         # regrouped from the kept scores; nothing is computed again
result.least_similar(20)               # where the threshold is decided
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from scipy.sparse import coo_array  # type: ignore[import-untyped]
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

from workbench.curate.dedupe.shingles import Part
from workbench.curate.dedupe.tables import Members, Numbers, Pair, Pairs
from workbench.domain.errors import PlanError

Method = Literal["exact", "near", "semantic"]
METHODS: tuple[Method, ...] = ("exact", "near", "semantic")


@dataclass(frozen=True, slots=True)
class Group:
    """Conversations linked by pairs at or above the threshold.

    Attributes:
        id: The smallest row number in it: the same at every threshold that leaves that member in the group.
        seqs: All members, ascending.
        lowest: The least score among the pairs that link them.
    """

    id: int
    seqs: tuple[int, ...]
    lowest: float


@dataclass(frozen=True)
class DuplicateResult:
    """What was found.

    Attributes:
        id: The store's number, 0 before it is stored.
        method: How it was searched.
        part: What was compared.
        threshold: Pairs below it do not group.
        floor: The least similarity that the stored pairs are complete for: `rethreshold` goes down to it.
        query: The selection that was searched.
        params: The method's options.
        considered: How many conversations were looked at.
        members: Rows that have a twin or stand in a pair, with the smallest row number of an equal text.
        pairs: Scores between representatives, ascending by row numbers.
        contrasts: Row numbers that share a prompt and differ in class, one tuple for each prompt: what C-RLFT
            learns from, never dropped as duplicates of each other.
        classes: Row number → class name or None, for every member.
        created_at: ISO 8601 UTC time.
    """

    method: Method
    part: Part
    threshold: float
    floor: float
    considered: int
    members: Members = field(repr=False)
    pairs: Pairs = field(repr=False)
    contrasts: tuple[tuple[int, ...], ...] = field(default=(), repr=False)
    classes: Mapping[int, str | None] = field(default_factory=dict, repr=False)
    query: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    id: int = 0
    created_at: str = ""

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Groups at the threshold, largest first, then by id."""
        counting = self.pairs.scores >= self.threshold
        one, other = self.pairs.a[counting], self.pairs.b[counting]
        # A representative may have been dropped since: it still links, but is no member.
        nodes = np.union1d(self.members.seqs, self.members.reps)
        left = np.searchsorted(nodes, np.concatenate((self.members.seqs, one)))
        right = np.searchsorted(nodes, np.concatenate((self.members.reps, other)))
        links = coo_array((np.ones(len(left), dtype=np.bool_), (left, right)), shape=(len(nodes), len(nodes)))
        count, labels = connected_components(links, directed=False)
        lowest = np.ones(count)
        np.minimum.at(lowest, labels[np.searchsorted(nodes, one)], self.pairs.scores[counting])
        return tuple(self._groups(labels[np.searchsorted(nodes, self.members.seqs)], lowest))

    def _groups(self, labels: Numbers, lowest: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[Group]:
        order = np.argsort(labels, kind="stable")
        seqs, ordered = self.members.seqs[order], labels[order]
        if not len(order):
            return []
        edges = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1], [True])))
        found = [
            Group(int(seqs[a]), tuple(seqs[a:b].tolist()), float(lowest[ordered[a]]))
            for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
            if b - a > 1
        ]
        found.sort(key=lambda g: (-len(g.seqs), g.id))
        return found

    @cached_property
    def group_of(self) -> Mapping[int, int]:
        """Row number → id of its group, grouped members only."""
        return {seq: group.id for group in self.groups for seq in group.seqs}

    @cached_property
    def conflicts(self) -> tuple[int, ...]:
        """Ids of groups whose members are tagged differently: the same text cannot be of two qualities.

        Only whole conversations: the same prompt answered differently, or the same answer to different prompts,
        may well be of different quality.
        """
        if self.part != "conversation":
            return ()
        return tuple(g.id for g in self.groups if len({self.classes.get(s) for s in g.seqs} - {None}) > 1)

    def without(self, seqs: Set[int]) -> DuplicateResult:
        """Return the same result as if these conversations had not been there."""
        members = self.members.without(np.fromiter(seqs, dtype=np.int64, count=len(seqs)))
        texts = np.unique(members.reps)
        living = np.isin(self.pairs.a, texts) & np.isin(self.pairs.b, texts)
        return replace(self, members=members, pairs=self.pairs.take(living))

    @property
    def duplicates(self) -> int:
        """How many conversations would go if one of each group stayed."""
        return sum(len(g.seqs) - 1 for g in self.groups)

    def group(self, group_id: int) -> Group | None:
        """Return a group by its id, or None where there is none at this threshold."""
        return self._by_id.get(group_id)

    @cached_property
    def _by_id(self) -> Mapping[int, Group]:
        return {group.id: group for group in self.groups}

    def rethreshold(self, threshold: float) -> DuplicateResult:
        """Return the same result grouped at another threshold.

        Raises:
            PlanError: The threshold lies below `floor`, where not all pairs are known.
        """
        if not self.floor <= threshold <= 1:
            raise PlanError(
                f"threshold {threshold:g} is outside {self.floor:g} to 1, the scores this search kept",
                "choose a value inside, or search again with that threshold",
            )
        return replace(self, threshold=threshold)

    def score(self, a: int, b: int) -> float:
        """Return the similarity of two conversations, 0 where it is below the floor."""
        return float(self.scores_to(a, np.array([b]))[0])

    def scores_to(self, centre: int, others: Numbers) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return the similarities of one conversation to others, 0 where they are below the floor."""
        one, texts = int(self.members.texts_of(np.array([centre]))[0]), self.members.texts_of(others)
        return np.where(texts == one, 1.0, self.pairs.between(one, texts))

    def histogram(self, width: float = 0.02) -> list[tuple[float, int]]:
        """Return (lower edge, pairs) from the floor to 1; equal texts count once per extra copy in the last."""
        steps = max(round((1 - self.floor) / width), 1)
        places = np.minimum((self.pairs.scores - self.floor) / width + 1e-9, steps - 1).astype(np.int64)
        counts = np.bincount(np.maximum(places, 0), minlength=steps)
        counts[-1] += int((self.members.seqs != self.members.reps).sum())
        return [(round(self.floor + i * width, 4), n) for i, n in enumerate(counts.tolist())]

    def least_similar(self, limit: int = 20) -> list[Pair]:
        """Return the pairs that only just count at this threshold, least similar first."""
        counting = self.pairs.take(self.pairs.scores >= self.threshold)
        order = np.lexsort((counting.b, counting.a, counting.scores))[:limit]
        return list(counting.take(order))

    def most_similar_below(self, limit: int = 20) -> list[Pair]:
        """Return the pairs that only just do not count, most similar first."""
        others = self.pairs.take(self.pairs.scores < self.threshold)
        order = np.lexsort((others.b, others.a, -others.scores))[:limit]
        return list(others.take(order))

    def memberships(self) -> Iterator[tuple[int, int, int | None]]:
        """Yield (row number, representative, group id or None) for storing."""
        for seq, rep in self.members.as_dict().items():
            yield seq, rep, self.group_of.get(seq)
