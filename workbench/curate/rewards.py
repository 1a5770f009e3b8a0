"""What classes, rewards and beta do to a dataset: loss weights and each class's share of the reward mass.

The mass of a class is Σ supervised tokens x loss weight over its conversations: its share of the gradient.
Pure functions; they serve the page's sliders as well as what is saved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from crlft.condition import ClassScheme, ConditionClass
from crlft.errors import SchemeError


@dataclass(frozen=True, slots=True)
class ClassCount:
    """How much of a class there is.

    Attributes:
        conversations: Its conversations, those with their own reward included.
        supervised_tokens: Their tokens that are trained on.
    """

    conversations: int = 0
    supervised_tokens: int = 0


@dataclass(frozen=True, slots=True)
class OwnReward:
    """Conversations or single answers of a class that share a reward of their own.

    Attributes:
        class_name: Their class.
        reward: The reward that counts for them.
        supervised_tokens: Their tokens that are trained on.
        instead_of: The reward that it overrides: None is the class's, for answers it may be their conversation's.
    """

    class_name: str
    reward: float
    supervised_tokens: int
    instead_of: float | None = None


@dataclass(frozen=True, slots=True)
class ClassMass:
    """What a class weighs.

    Attributes:
        name: The class.
        loss_weight: Weight of its conversations that have no reward of their own.
        mass: Σ supervised tokens x loss weight.
        share: Its part of the mass of all classes, from 0 to 1; 0 where there is none at all.
    """

    name: str
    loss_weight: float
    mass: float
    share: float


def reward_mass(
    scheme: ClassScheme, counts: Mapping[str, ClassCount], own: Iterable[OwnReward] = ()
) -> list[ClassMass]:
    """Return what each class weighs, in the scheme's order.

    Args:
        scheme: Classes with rewards, and beta.
        counts: How much there is of each class; absent is none.
        own: The conversations and answers among them that have a reward of their own.

    Raises:
        SchemeError: A weight is not finite, or a class is unknown.
    """
    masses = {
        c.name: counts.get(c.name, ClassCount()).supervised_tokens * scheme.loss_weight(c.name)
        for c in scheme.classes
    }
    for group in own:
        overridden = scheme.loss_weight(group.class_name, group.instead_of)
        difference = scheme.loss_weight(group.class_name, group.reward) - overridden
        masses[group.class_name] += group.supervised_tokens * difference
    # Differences may leave -1e-12 where there is nothing.
    masses = {name: max(mass, 0.0) for name, mass in masses.items()}
    total = sum(masses.values())
    return [
        ClassMass(name, scheme.loss_weight(name), mass, mass / total if total > 0 else 0.0)
        for name, mass in masses.items()
    ]


def with_rewards(
    scheme: ClassScheme, rewards: Mapping[str, float] | None = None, beta: float | None = None
) -> ClassScheme:
    """Return the scheme with some rewards and beta replaced.

    Raises:
        SchemeError: A class is unknown, a reward is not finite, or beta is not positive.
    """
    rewards = rewards or {}
    unknown = sorted(set(rewards) - {c.name for c in scheme.classes})
    if unknown:
        known = ", ".join(repr(c.name) for c in scheme.classes)
        raise SchemeError(f"unknown class {unknown[0]!r}", f"use one of {known}")
    classes: tuple[ConditionClass, ...] = tuple(
        replace(c, reward=float(rewards.get(c.name, c.reward))) for c in scheme.classes
    )
    return ClassScheme(classes, scheme.beta if beta is None else float(beta))
