"""What changed between two snapshots: which conversations came, went or changed class, and who decided what."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pyarrow.parquet as pq

from workbench.services.heldout import count_in_snapshot
from workbench.services.project import Project
from workbench.services.snapshotfiles import DATA
from workbench.services.snapshots import Snapshot, list_snapshots
from workbench.store.actions import list_actions

_NO_DECISION = ("snapshot", "run", "undo", "comparison", "suggest", "held-out", "round")
"""Entries of the log that change no conversation, or take a decision back."""


@dataclass(frozen=True, slots=True)
class RoundChanges:
    """From one snapshot to a later one.

    Attributes:
        before: The earlier snapshot.
        after: The later one.
        added: Conversations that only the later holds.
        dropped: Conversations that only the earlier holds.
        held_out: Of those dropped, how many ask what is held out now.
        retagged: Conversations in both under another class.
        decisions: (who, what, conversations) of the time between, most first; undone ones are left out.
    """

    before: str
    after: str
    added: int
    dropped: int
    held_out: int
    retagged: int
    decisions: tuple[tuple[str, str, int], ...]


def round_changes(project: Project, number: int) -> RoundChanges | None:
    """Return what a round's newest snapshot changed against the newest one of an earlier round, or None."""
    snapshots = sorted(list_snapshots(project), key=lambda s: s.created_at)
    after = next((s for s in reversed(snapshots) if s.round == number), None)
    before = next((s for s in reversed(snapshots) if s.round < number), None)
    if after is None or before is None:
        return None
    old, new = _classes(before), _classes(after)
    gone = old.keys() - new.keys()
    return RoundChanges(
        before=before.name,
        after=after.name,
        added=len(new.keys() - old.keys()),
        dropped=len(gone),
        held_out=count_in_snapshot(project, before.path, gone) if gone else 0,
        retagged=sum(old[uid] != new[uid] for uid in old.keys() & new.keys()),
        decisions=_decisions(project, before.name, after.name),
    )


def _classes(snapshot: Snapshot) -> dict[str, str]:
    table = pq.read_table(snapshot.path / DATA, columns=["uid", "class"])
    return dict(zip(table["uid"].to_pylist(), table["class"].to_pylist(), strict=True))


def _decisions(project: Project, start: str, end: str) -> tuple[tuple[str, str, int], ...]:
    """Count the decisions that stand between the log's entries for two snapshots."""
    counts: Counter[tuple[str, str]] = Counter()
    before: int | None = None
    between = False
    with project.database.read() as connection:
        while page := list_actions(connection, 200, before=before):
            for action in page:
                made = str(action.params.get("name", "")) if action.kind == "snapshot" else ""
                if made == start and start:
                    return tuple((who, what, n) for (who, what), n in counts.most_common())
                between = between or made == end
                if between and action.kind not in _NO_DECISION and action.affected and action.undone_by is None:
                    counts[action.actor, action.kind] += action.affected
            before = page[-1].id
    return tuple((who, what, n) for (who, what), n in counts.most_common())
