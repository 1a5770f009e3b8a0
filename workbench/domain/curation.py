"""Decisions over conversations: what is planned, what was done, and how it is undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MUTABLE_FIELDS = (
    "class_name",
    "coarse_reward",
    "status",
    "drop_reason",
    "comment",
    "turns",
    "tagged_by",
    "flags",
    "language",
)
"""The record fields that an action may change; everything else is fixed at arrival or derived.

In a change, `turns` is a list of `Turn.to_dict()` and `flags` a sorted list of rule names; `language`
follows new turns.
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One conversation's fields before and after.

    Attributes:
        seq: The conversation's row number.
        revision: The revision the plan was made against; applying is refused where it has moved on.
        before: Field to value, only fields that change.
        after: Field to value, the same keys.
    """

    seq: int
    revision: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """Exactly what applying will do; the preview is the plan.

    Attributes:
        kind: `tag`, `accept`, `tag-rules`, `agree`, `adjudicate`, `reward`, `reward-turn`, `keep`, `drop`,
            `restore`, `edit`, `exclude-turn`, `comment`, `clean`, `dedupe`.
        title: One sentence for a reader, such as `tag 412 conversations as expert`.
        reason: Why, in the curator's words or the rule's.
        changes: Every change, none left out.
        unchanged: How many selected conversations are already as asked.
        params: What the act was asked with (query, rule, threshold); kept in the audit log.
    """

    kind: str
    title: str
    changes: Sequence[Change]
    reason: str = ""
    unchanged: int = 0
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def affected(self) -> int:
        """How many conversations will change."""
        return len(self.changes)

    def summary(self) -> list[tuple[str, str, str, int]]:
        """Count the changes as (field, before, after, conversations), most frequent first.

        A field that changes in more than `MOST_KINDS` different ways (a reason that names each one's original)
        is one line.
        """
        kinds: dict[str, dict[tuple[str, str], int]] = {}
        for change in self.changes:
            for name, after in change.after.items():
                shown = ("…", "…") if name == "turns" else (_show(change.before.get(name)), _show(after))
                counts = kinds.setdefault(name, {})
                counts[shown] = counts.get(shown, 0) + 1
        rows: list[tuple[str, str, str, int]] = []
        for name, counts in kinds.items():
            if len(counts) > MOST_KINDS:
                rows.append((name, "…", _common(counts), sum(counts.values())))
            else:
                rows += [(name, before, after, n) for (before, after), n in counts.items()]
        return sorted(rows, key=lambda row: (-row[3], row[:3]))


MOST_KINDS = 8
"""A plan's summary shows this many ways in which one field changes."""


def _common(counts: Mapping[tuple[str, str], int]) -> str:
    """Say what many different new values have in common: the words they begin with."""
    words = [after.split(" ") for _, after in counts]
    shared = []
    for same in zip(*words, strict=False):
        if len(set(same)) > 1:
            break
        shared.append(same[0])
    return " ".join([*shared, "…"]) + f" ({len(counts):,} different)"


def _show(value: object) -> str:
    if isinstance(value, list | tuple):
        value = ", ".join(str(v) for v in value)
    return "none" if value is None or value == "" else str(value)


@dataclass(frozen=True, slots=True)
class Action:
    """One entry of the audit log.

    Attributes:
        id: Ascending number.
        kind: As `Plan.kind`, or `import`, `undo`, `classes`, `settings`, `panel`, `opinion`, `bring-back`,
            `snapshot`, `run`.
        title: One sentence for a reader.
        actor: Who did it.
        at: ISO 8601 UTC time.
        reason: Why.
        affected: How many conversations changed.
        params: What it was asked with.
        undoes: The action this one undid, or None.
        undone_by: The action that undid this one, or None.
        undoable: Whether undo can reverse it.
    """

    id: int
    kind: str
    title: str
    actor: str
    at: str
    reason: str
    affected: int
    params: Mapping[str, Any]
    undoes: int | None = None
    undone_by: int | None = None
    undoable: bool = True
