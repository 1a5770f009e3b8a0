"""Rewards of single answers, kept beside the turns that say them: who sums the reward mass reads no texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete

from workbench.store.schema import turn_rewards

TurnRewards = Sequence[tuple[int, float, int]]
"""(index of the turn, its own reward, its supervised tokens)."""


def add(connection: Connection, found: Mapping[int, TurnRewards]) -> None:
    """Keep the rewards of new conversations.

    Args:
        connection: In a write transaction.
        found: Row number of the conversation to its answers with a reward of their own; most have none.
    """
    rows = [
        {"seq": seq, "turn": turn, "reward": reward, "supervised_tokens": tokens}
        for seq, rewards in found.items()
        for turn, reward, tokens in rewards
    ]
    if rows:
        connection.execute(turn_rewards.insert(), rows)


def replace(connection: Connection, found: Mapping[int, TurnRewards]) -> None:
    """Keep the rewards of conversations whose turns changed, instead of what was kept of them."""
    connection.execute(delete(turn_rewards).where(turn_rewards.c.seq.in_(found)))
    add(connection, found)
