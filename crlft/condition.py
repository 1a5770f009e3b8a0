"""Quality classes, their coarse rewards, and the loss weights that follow from them. Torch-free.

C-RLFT (arXiv 2309.11235, eq. 4-6) regularises towards the class-conditioned data policy; the optimum is
weighted likelihood with

    w = exp((r - r_max) / beta)

so only differences of rewards matter and the best class weighs 1. The defaults (r = 1 and 0.1,
beta = 0.9 / ln 10) give OpenChat's 1 : 0.1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crlft.conversation import Conversation
from crlft.errors import SchemeError

DEFAULT_BETA = 0.9 / math.log(10)
"""Makes a reward difference of 0.9 a weight ratio of exactly 10 (about 0.391)."""
LEAST_WEIGHT, LARGEST_WEIGHT = 1e-30, 1e30
"""A smaller weight is 0 and a larger one is refused: weights and their sums are float32, which ends at 3e38, and a
step of weights smaller than that divided by their sum is not a number."""


@dataclass(frozen=True, slots=True)
class ConditionClass:
    """A named quality class.

    Attributes:
        name: Short name, used in commands and files (`expert`).
        condition: The text that stands before the role in the prompt (`GPT4 Correct`).
        reward: The coarse reward r, any finite number.
    """

    name: str
    condition: str
    reward: float


@dataclass(frozen=True, slots=True)
class ClassScheme:
    """All classes of a project with the temperature beta.

    Raises:
        SchemeError: No class, a name or condition twice or empty, a reward that is no finite number, or a
            beta that is not positive.
    """

    classes: tuple[ConditionClass, ...]
    beta: float = DEFAULT_BETA

    def __post_init__(self) -> None:
        faults = self._faults()
        if faults:
            raise SchemeError("; ".join(faults), "correct the classes and try again")

    def _faults(self) -> list[str]:
        faults = [] if self.classes else ["there is no class"]
        if not (math.isfinite(self.beta) and self.beta > 0):
            faults.append(f"beta is {self.beta}, it must be a finite number above 0")
        names = [c.name for c in self.classes]
        conditions = [c.condition for c in self.classes]
        faults += [f"class {n!r} stands twice" for n in sorted({n for n in names if names.count(n) > 1})]
        faults += [
            f"condition {c!r} stands for two classes"
            for c in sorted({c for c in conditions if conditions.count(c) > 1})
        ]
        for c in self.classes:
            if not c.name.strip():
                faults.append("a class has no name")
            if not c.condition.strip() or c.condition != c.condition.strip() or "\n" in c.condition:
                faults.append(f"class {c.name!r}: condition {c.condition!r} is empty, padded or not one line")
            if not math.isfinite(c.reward):
                faults.append(f"class {c.name!r}: reward is {c.reward}, it must be a finite number")
        return faults

    @property
    def best(self) -> ConditionClass:
        """The class with the highest reward (the first of equals): the one inference is conditioned on."""
        return max(self.classes, key=lambda c: c.reward)

    @property
    def worst(self) -> ConditionClass:
        """The class with the lowest reward (the first of equals)."""
        return min(self.classes, key=lambda c: c.reward)

    def __contains__(self, name: object) -> bool:
        return any(c.name == name for c in self.classes)

    def __getitem__(self, name: str) -> ConditionClass:
        for c in self.classes:
            if c.name == name:
                return c
        known = ", ".join(repr(c.name) for c in self.classes)
        raise SchemeError(f"unknown class {name!r}", f"use one of {known}")

    def loss_weight(self, name: str, coarse_reward: float | None = None) -> float:
        """Return w = exp((r - r_max) / beta) for a conversation of class `name`; 0 below `LEAST_WEIGHT`.

        Args:
            name: The class.
            coarse_reward: The conversation's own reward, overriding the class's.

        Raises:
            SchemeError: The class is unknown or the weight is too large to calculate with.
        """
        reward = self[name].reward if coarse_reward is None else coarse_reward
        exponent = (reward - self.best.reward) / self.beta
        if not math.isfinite(exponent) or exponent > math.log(LARGEST_WEIGHT):
            raise SchemeError(
                f"reward {reward} with beta {self.beta:g} gives a loss weight that is not a finite number",
                "lower the reward or raise beta",
            )
        weight = math.exp(exponent)
        return weight if weight >= LEAST_WEIGHT else 0.0

    def turn_weights(self, conversation: Conversation) -> list[float]:
        """Return what a supervised token of each turn weighs, in the turns' order; 0 where none is supervised.

        A turn's own reward goes before the conversation's, and that before its class's.

        Raises:
            SchemeError: The conversation's class is unknown or a weight is not finite.
        """
        name = conversation.class_name or ""
        return [
            0.0
            if turn.role != "assistant" or turn.excluded
            else self.loss_weight(name, conversation.coarse_reward if turn.reward is None else turn.reward)
            for turn in conversation.turns
        ]

    def condition_of(self, name_or_condition: str) -> str:
        """Return the condition text for a class name or a condition text; empty stays empty.

        Raises:
            SchemeError: It is neither.
        """
        if name_or_condition == "":
            return ""
        for c in self.classes:
            if name_or_condition in (c.name, c.condition):
                return c.condition
        known = ", ".join(f"{c.name} ({c.condition})" for c in self.classes)
        raise SchemeError(f"unknown condition {name_or_condition!r}", f"use one of {known}, or '' for none")

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "classes": [{"name": c.name, "condition": c.condition, "reward": c.reward} for c in self.classes],
            "beta": self.beta,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ClassScheme:
        """Read what `to_dict` wrote.

        Raises:
            SchemeError: A class has no name, condition or reward, or the scheme is not valid.
        """
        classes = []
        rows = data.get("classes") or ()
        if not isinstance(rows, list | tuple) or not all(isinstance(row, Mapping) for row in rows):
            raise SchemeError("`classes` is no list of objects", "write name, condition and reward for each class")
        for i, row in enumerate(rows):
            lacking = [k for k in ("name", "condition", "reward") if row.get(k) is None]
            if lacking:
                name = row.get("name", f"number {i + 1}")
                raise SchemeError(f"class {name!r} has no {lacking[0]}", f"add {lacking[0]!r} or drop the class")
            reward = _number(f"class {row['name']!r}: reward", row["reward"])
            classes.append(ConditionClass(str(row["name"]), str(row["condition"]), reward))
        return cls(tuple(classes), _number("beta", data.get("beta", DEFAULT_BETA)))


def _number(what: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise SchemeError(f"{what} is {value!r}, it must be a finite number", "write a number") from None


OPENCHAT_SCHEME = ClassScheme(
    (ConditionClass("expert", "GPT4 Correct", 1.0), ConditionClass("sub", "GPT3 Correct", 0.1))
)
"""Two classes with OpenChat's conditions and weights 1 : 0.1: the default of a new project."""
