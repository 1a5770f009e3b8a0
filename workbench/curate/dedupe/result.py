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
from typing import Literal

from workbench.curate.dedupe.shingles import Part
from workbench.domain.errors import PlanError

Method = Literal["exact", "near"]
METHODS: tuple[Method, ...] = ("exact", "near")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two alike conversations.

    Attributes:
        a: Row number of the earlier one.
        b: Row number of the later one.
        score: Jaccard similarity, 1 for equal texts.
    """

    a: int
    b: int
    score: float


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
        considered: How many conversations were looked at.
        representative: Row number → smallest row number with an equal text.
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
    representative: Mapping[int, int] = field(repr=False)
    pairs: tuple[Pair, ...] = field(repr=False)
    contrasts: tuple[tuple[int, ...], ...] = field(default=(), repr=False)
    classes: Mapping[int, str | None] = field(default_factory=dict, repr=False)
    query: str = ""
    id: int = 0
    created_at: str = ""

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Groups at the threshold, largest first, then by id."""
        links = _Links()
        for seq, rep in self.representative.items():
            links.join(seq, rep)
        for pair in self.pairs:
            if pair.score >= self.threshold:
                links.join(pair.a, pair.b)
        lowest: dict[int, float] = {}
        for pair in self.pairs:
            if pair.score >= self.threshold:
                root = links.root(pair.a)
                lowest[root] = min(pair.score, lowest.get(root, 1.0))
        members: dict[int, list[int]] = {}
        for seq in sorted(self.representative):
            members.setdefault(links.root(seq), []).append(seq)
        # The root may be a representative that has been dropped since: the id is the smallest member still there.
        found = [
            Group(seqs[0], tuple(seqs), lowest.get(root, 1.0)) for root, seqs in members.items() if len(seqs) > 1
        ]
        return tuple(sorted(found, key=lambda g: (-len(g.seqs), g.id)))

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
        living = {seq: rep for seq, rep in self.representative.items() if seq not in seqs}
        texts = set(living.values())
        return replace(
            self,
            representative=living,
            pairs=tuple(p for p in self.pairs if p.a in texts and p.b in texts),
        )

    @property
    def duplicates(self) -> int:
        """How many conversations would go if one of each group stayed."""
        return sum(len(g.seqs) - 1 for g in self.groups)

    def group(self, group_id: int) -> Group | None:
        """Return a group by its id, or None where there is none at this threshold."""
        return next((g for g in self.groups if g.id == group_id), None)

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
        one, other = self.representative.get(a, a), self.representative.get(b, b)
        if one == other:
            return 1.0
        return self._scores.get((min(one, other), max(one, other)), 0.0)

    @cached_property
    def _scores(self) -> Mapping[tuple[int, int], float]:
        return {(p.a, p.b): p.score for p in self.pairs}

    def histogram(self, width: float = 0.02) -> list[tuple[float, int]]:
        """Return (lower edge, pairs) from the floor to 1; equal texts count once per extra copy in the last."""
        steps = max(round((1 - self.floor) / width), 1)
        counts = [0] * steps
        for pair in self.pairs:
            counts[min(int((pair.score - self.floor) / width + 1e-9), steps - 1)] += 1
        counts[-1] += sum(seq != rep for seq, rep in self.representative.items())
        return [(round(self.floor + i * width, 4), n) for i, n in enumerate(counts)]

    def least_similar(self, limit: int = 20) -> list[Pair]:
        """Return the pairs that only just count at this threshold, least similar first."""
        counting = (p for p in self.pairs if p.score >= self.threshold)
        return sorted(counting, key=lambda p: (p.score, p.a, p.b))[:limit]

    def most_similar_below(self, limit: int = 20) -> list[Pair]:
        """Return the pairs that only just do not count, most similar first."""
        others = (p for p in self.pairs if p.score < self.threshold)
        return sorted(others, key=lambda p: (-p.score, p.a, p.b))[:limit]

    def memberships(self) -> Iterator[tuple[int, int, int | None]]:
        """Yield (row number, representative, group id or None) for storing."""
        for seq, rep in self.representative.items():
            yield seq, rep, self.group_of.get(seq)


class _Links:
    """Union-find whose root is the smallest member."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}

    def root(self, seq: int) -> int:
        parent = self._parent
        top = seq
        while parent.get(top, top) != top:
            top = parent[top]
        while parent.get(seq, seq) != top:
            parent[seq], seq = top, parent[seq]
        return top

    def join(self, a: int, b: int) -> None:
        one, other = self.root(a), self.root(b)
        self._parent[max(one, other)] = min(one, other)
