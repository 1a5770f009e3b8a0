"""What a snapshot would hold, and what speaks against making it. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, func, not_, select

from crlft.condition import ClassScheme
from workbench.curate.rewards import ClassCount, OwnReward, reward_mass
from workbench.services.browsing import compiled
from workbench.services.classes import answer_rewards, kept_answers
from workbench.services.heldout import HeldOutCounts, compare_prompts, counts_on, trainable
from workbench.services.project import Project
from workbench.store.classes import read_scheme
from workbench.store.heldout import is_held_out
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
        held_out: Matching, tagged, not dropped conversations that ask a held-out prompt; which of them stay out.
        faults: What keeps it from being made; empty if nothing does.
        warnings: What should be looked at first.
    """

    query: str
    conversations: int
    supervised_tokens: int
    classes: tuple[SnapshotClass, ...]
    left_out_untagged: int
    left_out_dropped: int
    held_out: HeldOutCounts
    faults: tuple[str, ...]
    warnings: tuple[str, ...]


def plan_snapshot(project: Project, query: str = "") -> SnapshotPlan:
    """Return what a snapshot would hold; nothing is written.

    Raises:
        QueryError: The query has a mistake.
    """
    compare_prompts(project)
    with compiled(project, query) as (connection, ready):
        return plan_of(connection, ready, query)


def plan_of(connection: Connection, ready: Compiled, query: str) -> SnapshotPlan:
    """Return what a snapshot would hold, on a connection with the query ready to run.

    What asks a held-out prompt is known of what `heldout.compare_prompts` has seen.
    """
    c = conversations.c
    scheme = read_scheme(connection)
    sums = (func.count(), func.sum(c.supervised_tokens))
    grouped = members(connection, ready.restrict(select(c.class_name, c.coarse_reward, *sums)))
    counts: dict[str, ClassCount] = {}
    own: list[OwnReward] = []
    for name, reward, n, tokens in connection.execute(grouped.group_by(c.class_name, c.coarse_reward)):
        count = counts.get(name, ClassCount())
        counts[name] = ClassCount(count.conversations + n, count.supervised_tokens + tokens)
        if reward is not None:
            own.append(OwnReward(name, reward, tokens))
    own += answer_rewards(connection, ready.restrict(kept_answers()).where(not_(is_held_out(connection))))
    out = ready.restrict(select(c.status == "dropped", func.count()))
    out = out.where((c.status == "dropped") | c.class_name.is_(None)).group_by(c.status == "dropped")
    left_out: dict[bool, int] = {bool(dropped): n for dropped, n in connection.execute(out)}
    rows = _figures(scheme, counts, own)
    tokens = sum(r.supervised_tokens for r in rows)
    total = sum(r.conversations for r in rows)
    untagged, dropped = left_out.get(False, 0), left_out.get(True, 0)
    held_out = counts_on(connection, and_(ready.where(), trainable()))
    faults = _faults(total, untagged, dropped, held_out.out)
    warnings = () if faults else _warnings(rows, tokens)
    return SnapshotPlan(query, total, tokens, rows, untagged, dropped, held_out, faults, warnings)


def members(connection: Connection, query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Restrict a SELECT of conversations to those a snapshot takes: tagged, not dropped, and not held out."""
    return query.where(trainable(), not_(is_held_out(connection)))


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


def _faults(total: int, untagged: int, dropped: int, held_out: int) -> tuple[str, ...]:
    if total:
        return ()
    if held_out:
        return (
            f"nothing to hold: {held_out:,} matching conversations ask held-out prompts, {untagged:,} are untagged"
            f" and {dropped:,} dropped",
        )
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
