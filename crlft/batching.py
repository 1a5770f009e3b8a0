"""Which conversations make up which optimiser step, and which of them are computed at once. No torch.

A step's normaliser is the summed weight of that very step. So that a step of weak examples does not get a
full-size gradient by accident, steps are *class-stratified*: every class is dealt over the steps in
proportion to its tokens. Within a class, conversations of similar length go to the same step, and a step's
conversations are computed in micro-batches of similar length, so that little is padding.

Every conversation stands in exactly one step of every epoch; nothing is dropped to fill up a batch.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

STEPS_PER_GROUP = 24
"""Steps that share a pool of conversations sorted by length: larger pads less, smaller shuffles more."""


@dataclass(frozen=True)
class StepPlan:
    """The order of the data over a whole run.

    Attributes:
        steps: Indices of the conversations of each optimiser step.
        epochs: Passes over the data, a fraction where the last one is cut short.
        steps_per_epoch: Steps of the first epoch.
    """

    steps: list[list[int]]
    epochs: float
    steps_per_epoch: int


def plan_steps(
    lengths: Sequence[int],
    classes: Sequence[str],
    *,
    step_tokens: int,
    seed: int,
    steps: int | None = None,
    epochs: float | None = None,
) -> StepPlan:
    """Return the steps of a run: `steps` of them, or as many as `epochs` passes make.

    Args:
        lengths: Tokens of each conversation.
        classes: Class of each conversation.
        step_tokens: Tokens wanted in a step.
        seed: Decides the order, together with the number of the epoch.
        steps: Exact number of steps; epochs are begun until they are reached.
        epochs: Passes over the data where `steps` is not given.

    Raises:
        ValueError: There is no conversation.
    """
    if not lengths:
        raise ValueError("no conversation to plan steps for")
    first = plan_epoch(lengths, classes, step_tokens=step_tokens, seed=seed, epoch=0)
    wanted = steps if steps is not None else max(1, math.ceil(len(first) * (epochs or 1.0)))
    plan = list(first)
    epoch = 1
    while len(plan) < wanted:
        plan += plan_epoch(lengths, classes, step_tokens=step_tokens, seed=seed, epoch=epoch)
        epoch += 1
    return StepPlan(plan[:wanted], wanted / len(first), len(first))


def plan_epoch(
    lengths: Sequence[int], classes: Sequence[str], *, step_tokens: int, seed: int, epoch: int
) -> list[list[int]]:
    """Return one epoch's steps: a partition of all conversations, shuffled by seed and epoch."""
    shuffler = random.Random(f"{seed}:{epoch}")
    n_steps = max(1, round(sum(lengths) / step_tokens))
    n_groups = max(1, round(n_steps / STEPS_PER_GROUP))
    by_class: dict[str, list[int]] = defaultdict(list)
    for index, name in enumerate(classes):
        by_class[name].append(index)
    groups: list[list[list[int]]] = [[] for _ in range(n_groups)]  # groups[g] = one list per class
    for name in sorted(by_class):
        members = by_class[name]
        shuffler.shuffle(members)
        for group, part in zip(groups, deal(members, lengths, n_groups, shuffler.random()), strict=True):
            group.append(part)
    out: list[list[int]] = []
    for number, group in enumerate(groups):
        size = n_steps * (number + 1) // n_groups - n_steps * number // n_groups
        steps: list[list[int]] = [[] for _ in range(max(1, size))]
        for part in group:
            ordered = sorted(part, key=lambda i: (lengths[i], i))
            for step, slice_ in zip(steps, deal(ordered, lengths, len(steps), shuffler.random()), strict=True):
                step.extend(slice_)
        out += [step for step in steps if step]
    shuffler.shuffle(out)
    return out


def deal(members: Sequence[int], lengths: Sequence[int], parts: int, offset: float) -> list[list[int]]:
    """Cut a list into consecutive parts of about equal tokens; each member goes where its middle falls.

    `offset` (0 to 1) moves the cuts of a class with fewer members than parts, so that it is not always the
    same steps that lack it.
    """
    total = sum(lengths[i] for i in members)
    out: list[list[int]] = [[] for _ in range(parts)]
    done = 0.0
    sparse = len(members) < parts
    for index in members:
        place = (done + lengths[index] / 2) / total if total else 0.0
        if sparse:
            place = (place + offset) % 1.0
        out[min(parts - 1, int(place * parts))].append(index)
        done += lengths[index]
    return out


def micro_batches(members: Sequence[int], lengths: Sequence[int], tokens: int) -> list[list[int]]:
    """Cut a step into batches of similar length whose padded size stays within `tokens`.

    A conversation longer than that is a batch of its own.
    """
    out: list[list[int]] = []
    for index in sorted(members, key=lambda i: (-lengths[i], i)):
        longest = lengths[out[-1][0]] if out else 0
        if out and longest * (len(out[-1]) + 1) <= tokens:
            out[-1].append(index)
        else:
            out.append([index])
    return out


def packs(members: Sequence[int], lengths: Sequence[int], tokens: int) -> list[list[int]]:
    """Cut a step into rows of at most `tokens`, none padded: longest first, each where it fits best.

    A conversation longer than that is a row of its own.
    """
    out: list[list[int]] = []
    room: list[int] = []
    for index in sorted(members, key=lambda i: (-lengths[i], i)):
        fitting = [(free, row) for row, free in enumerate(room) if free >= lengths[index]]
        if fitting:
            _, row = min(fitting)
            out[row].append(index)
            room[row] -= lengths[index]
        else:
            out.append([index])
            room.append(tokens - lengths[index])
    return out
