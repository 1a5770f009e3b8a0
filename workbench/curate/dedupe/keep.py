"""Which member of a group stays, and of whom the others are copies.

A group may be a chain: A is like B, B like C, but A is not like C. Dropping C as a copy of A would be wrong, so
each group is covered by *stars*: the best member stays and takes those directly like it; of what is left, the
best stays, and so on. Every dropped conversation is at or above the threshold to the one it is said to copy,
and no two that stay are: searching again finds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.curate.dedupe.result import DuplicateResult, Group


@dataclass(frozen=True, slots=True)
class Member:
    """What the choice of the one to keep looks at.

    Attributes:
        seq: Row number.
        uid: Public id.
        revision: Revision of the record.
        class_name: Quality class or None.
        reward: Effective reward: the conversation's own, else its class's, else None for untagged.
        status: Curation status.
        drop_reason: As stored.
        answer_tokens: Length of what it teaches.
        arrived_at: ISO 8601 UTC time.
    """

    seq: int
    uid: str
    revision: int
    class_name: str | None
    reward: float | None
    status: str
    drop_reason: str
    answer_tokens: int
    arrived_at: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to one member.

    Attributes:
        seq: The member.
        copy_of: The member it is dropped for, or None where it stays.
        score: Similarity to that one, 1 where it stays.
        why: A few words for a reader.
    """

    seq: int
    copy_of: int | None
    score: float
    why: str

    @property
    def kept(self) -> bool:
        """Whether it stays."""
        return self.copy_of is None


def _reward(member: Member) -> float:
    return float("-inf") if member.reward is None else member.reward


def _best(m: Member) -> tuple[Any, ...]:
    return (-_reward(m), m.status != "kept", -m.answer_tokens, -m.seq)


def _longest(m: Member) -> tuple[Any, ...]:
    return (-m.answer_tokens, -_reward(m), -m.seq)


def _newest(m: Member) -> tuple[Any, ...]:
    return (-m.seq,)


def _first(m: Member) -> tuple[Any, ...]:
    return (m.seq,)


KEEP: dict[str, tuple[str, Callable[[Member], tuple[Any, ...]]]] = {
    "best": ("best class, then the longest answer, then the newest", _best),
    "longest": ("the longest answer, then the best class, then the newest", _longest),
    "newest": ("the newest", _newest),
    "first": ("the first that arrived", _first),
}
"""Keep policies: what they prefer in words, and the sort key that puts the preferred member first."""


def decide(
    result: DuplicateResult,
    group: Group,
    members: Mapping[int, Member],
    keep: str = "best",
    by_hand: int | None = None,
) -> list[Decision]:
    """Say for every member of a group whether it stays.

    Members that are gone or already dropped are left out. Duplicated *prompts* are only compared within a
    class: across classes they are the contrast that the method learns from.

    Args:
        result: Where the scores are.
        group: One of its groups.
        members: What is known about the members.
        keep: A name of `KEEP`.
        by_hand: The member chosen by a person; it stays whatever the policy says.
    """
    order = KEEP[keep][1]
    waiting = sorted(
        (members[seq] for seq in group.seqs if seq in members and members[seq].status != "dropped"),
        key=lambda m: (m.seq != by_hand, order(m)),
    )
    decisions: list[Decision] = []
    while waiting:
        centre, *rest = waiting
        others = np.array([m.seq for m in rest if _comparable(result, centre, m)], dtype=np.int64)
        alike = zip(others.tolist(), result.scores_to(centre.seq, others).tolist(), strict=True)
        copies = {seq: score for seq, score in alike if score >= result.threshold}
        decisions.append(Decision(centre.seq, None, 1.0, _why_kept(result, centre, len(copies), keep, by_hand)))
        decisions += [
            Decision(seq, centre.seq, score, f"duplicate of {centre.uid} at {score:.2f}")
            for seq, score in copies.items()
        ]
        waiting = [m for m in rest if m.seq not in copies]
    return decisions


def _comparable(result: DuplicateResult, centre: Member, other: Member) -> bool:
    return result.part != "prompt" or centre.class_name == other.class_name


def _why_kept(result: DuplicateResult, centre: Member, copies: int, keep: str, by_hand: int | None) -> str:
    if centre.seq == by_hand:
        return "chosen by hand"
    if copies:
        return KEEP[keep][0]
    return "another class answers it" if result.part == "prompt" else "not alike enough to any that stays"
