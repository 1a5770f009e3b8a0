"""What a snapshot would hold, and what speaks against making it. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, select

from crlft.condition import ClassScheme
from workbench.curate.rewards import ClassCount, OwnReward, reward_mass
from workbench.services.browsing import compiled
from workbench.services.classes import answer_rewards, kept_answers
from workbench.services.project import Project
from workbench.store.classes import read_scheme
from workbench.store.schema import conversations
from workbench.store.search import Compiled


@dataclass(frozen=True, slots=True)
class SnapshotClass:
    """A class within a snapshot.

    Attributes:
        name: The class.
        condition: What stands in the prompt.
        reward: Coarse reward.
        loss_weight: Weight of its conversations that have no reward of their own.
        conversations: How many.
        supervised_tokens: Their tokens that are trained on.
        mass_share: Its part of Σ supervised tokens x weight, from 0 to 1.
    """

    name: str
    condition: str
    reward: float
    loss_weight: float
    conversations: int
    supervised_tokens: int
    mass_share: float


@dataclass(frozen=True, slots=True)
class SnapshotPlan:
    """What a snapshot would hold.

    Attributes:
        query: Which conversations, besides being tagged and not dropped.
        conversations: How many.
        supervised_tokens: Their tokens that are trained on.
        classes: Every class, also those without conversations.
        left_out_untagged: Matching conversations that stay out because they have no class.
        left_out_dropped: Matching conversations that stay out because they are dropped.
        faults: What keeps it from being made; empty if nothing does.
        warnings: What should be looked at first.
    """

    query: str
    conversations: int
    supervised_tokens: int
    classes: tuple[SnapshotClass, ...]
    left_out_untagged: int
    left_out_dropped: int
    faults: tuple[str, ...]
    warnings: tuple[str, ...]


def plan_snapshot(project: Project, query: str = "") -> SnapshotPlan:
    """Return what a snapshot would hold; nothing is written.

    Raises:
        QueryError: The query has a mistake.
    """
    with compiled(project, query) as (connection, ready):
        return plan_of(connection, ready, query)


def plan_of(connection: Connection, ready: Compiled, query: str) -> SnapshotPlan:
    """Return what a snapshot would hold, on a connection with the query ready to run."""
    c = conversations.c
    scheme = read_scheme(connection)
    sums = (func.count(), func.sum(c.supervised_tokens))
    grouped = members(ready.restrict(select(c.class_name, c.coarse_reward, *sums)))
    counts: dict[str, ClassCount] = {}
    own: list[OwnReward] = []
    for name, reward, n, tokens in connection.execute(grouped.group_by(c.class_name, c.coarse_reward)):
        count = counts.get(name, ClassCount())
        counts[name] = ClassCount(count.conversations + n, count.supervised_tokens + tokens)
        if reward is not None:
            own.append(OwnReward(name, reward, tokens))
    own += answer_rewards(connection, ready.restrict(kept_answers()))
    out = ready.restrict(select(c.status == "dropped", func.count()))
    out = out.where((c.status == "dropped") | c.class_name.is_(None)).group_by(c.status == "dropped")
    left_out: dict[bool, int] = {bool(dropped): n for dropped, n in connection.execute(out)}
    rows = _figures(scheme, counts, own)
    tokens = sum(r.supervised_tokens for r in rows)
    total = sum(r.conversations for r in rows)
    untagged, dropped = left_out.get(False, 0), left_out.get(True, 0)
    faults = _faults(total, untagged, dropped)
    warnings = () if faults else _warnings(rows, tokens)
    return SnapshotPlan(query, total, tokens, rows, untagged, dropped, faults, warnings)


def members(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Restrict a SELECT of conversations to those a snapshot takes: tagged and not dropped."""
    c = conversations.c
    return query.where(c.status != "dropped", c.class_name.is_not(None))


def _figures(
    scheme: ClassScheme, counts: Mapping[str, ClassCount], own: list[OwnReward]
) -> tuple[SnapshotClass, ...]:
    rows = []
    for c, mass in zip(scheme.classes, reward_mass(scheme, counts, own), strict=True):
        count = counts.get(c.name, ClassCount())
        rows.append(
            SnapshotClass(
                c.name,
                c.condition,
                c.reward,
                mass.loss_weight,
                count.conversations,
                count.supervised_tokens,
                mass.share,
            )
        )
    return tuple(rows)


def _faults(total: int, untagged: int, dropped: int) -> tuple[str, ...]:
    if total:
        return ()
    if untagged or dropped:
        return (f"nothing to hold: {untagged:,} matching conversations are untagged and {dropped:,} dropped",)
    return ("nothing to hold: no conversation matches",)


def _warnings(rows: tuple[SnapshotClass, ...], tokens: int) -> tuple[str, ...]:
    filled = [r.name for r in rows if r.conversations]
    warnings = []
    if len(filled) == 1:
        warnings.append(
            f"one class only ({filled[0]}): there is nothing to contrast, C-RLFT becomes plain fine-tuning"
        )
    else:
        warnings += [
            f"class {r.name!r} has no conversation: its condition stays unlearnt"
            for r in rows
            if not r.conversations
        ]
    if not tokens:
        warnings.append("no token is trained on: every assistant turn is excluded or empty")
    return tuple(warnings)
