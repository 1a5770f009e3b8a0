"""Where the reward mass lies: by class, source, language and topic; what that means, and what to beware of.

Pure functions over counts that are read once; they follow the sliders at every step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crlft.condition import ClassScheme

SMALL_SHARE = 0.02
BEST_CONVERSATIONS = 100
BEST_SHARE = 0.01
TOPIC_TOKENS = 500
"""A topic with less of a class is too small to be warned about."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Conversations that share all of these.

    Attributes:
        class_name: Their class.
        reward: Their own reward, or None where the class's counts.
        source: Who answered.
        language: Language code.
        topic: Region of the map, or empty where there is no map.
        n: Conversations.
        tokens: Their supervised tokens.
    """

    class_name: str
    reward: float | None
    source: str
    language: str
    topic: str
    n: int
    tokens: int


@dataclass(frozen=True, slots=True)
class ClassPart:
    """A class: what of it is trained on, and what that weighs.

    Attributes:
        name: The class.
        reward: Coarse reward.
        loss_weight: Weight of its conversations that have no reward of their own.
        conversations: How many.
        tokens: Their supervised tokens.
        mass_share: Its part of Σ supervised tokens x weight, from 0 to 1.
    """

    name: str
    reward: float
    loss_weight: float
    conversations: int
    tokens: int
    mass_share: float


@dataclass(frozen=True, slots=True)
class Part:
    """A source, language or topic.

    Attributes:
        name: Its name; empty is unknown.
        tokens: Supervised tokens.
        token_share: Part of all supervised tokens.
        mass_share: Part of the mass.
        by_class: Class → part of all mass that it brings here.
    """

    name: str
    tokens: int
    token_share: float
    mass_share: float
    by_class: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class MassReport:
    """What the model will mostly learn from.

    Attributes:
        classes: Every class, in the scheme's order.
        parts: `source`, `language` and `topic` → parts, most mass first.
        conversations: How many are counted.
        effective: How many equally weighted conversations are worth as much: (Σw)² / Σw².
        leading: Class, source and share of the pair with the most mass; None where there is no mass.
        warnings: (code, values) for a reader.
    """

    classes: tuple[ClassPart, ...]
    parts: Mapping[str, list[Part]]
    conversations: int
    effective: float
    leading: tuple[str, str, float] | None
    warnings: list[tuple[str, Mapping[str, object]]]


def mass_report(scheme: ClassScheme, cells: Sequence[Cell], topics: Sequence[Cell] = ()) -> MassReport:
    """Return where the mass lies.

    Args:
        scheme: Classes with rewards, and beta.
        cells: Counts without topics.
        topics: Counts by class and topic; empty where there is no map.

    Raises:
        SchemeError: A class is unknown or a weight is not finite.
    """
    weights = {cell: scheme.loss_weight(cell.class_name, cell.reward) for cell in (*cells, *topics)}
    total = sum(cell.tokens * weights[cell] for cell in cells)
    classes = _classes(scheme, cells, weights)
    n = sum(cell.n for cell in cells)
    summed = sum(cell.n * weights[cell] for cell in cells)
    squared = sum(cell.n * weights[cell] ** 2 for cell in cells)
    parts = {
        "source": _parts(cells, weights, "source"),
        "language": _parts(cells, weights, "language"),
        "topic": _parts(topics, weights, "topic"),
    }
    pairs: dict[tuple[str, str], float] = {}
    for cell in cells:
        key = (cell.class_name, cell.source)
        pairs[key] = pairs.get(key, 0.0) + cell.tokens * weights[cell]
    leading = max(pairs, key=lambda k: pairs[k], default=None)
    return MassReport(
        classes,
        parts,
        n,
        summed**2 / squared if squared > 0 else 0.0,
        (*leading, pairs[leading] / total) if leading is not None and total > 0 else None,
        _warnings(scheme, classes, topics),
    )


def _classes(scheme: ClassScheme, cells: Sequence[Cell], weights: Mapping[Cell, float]) -> tuple[ClassPart, ...]:
    held: dict[str, list[float]] = {c.name: [0, 0, 0.0] for c in scheme.classes}
    for cell in cells:
        count = held[cell.class_name]
        count[0] += cell.n
        count[1] += cell.tokens
        count[2] += cell.tokens * weights[cell]
    total = sum(mass for _, _, mass in held.values()) or 1.0
    return tuple(
        ClassPart(c.name, c.reward, scheme.loss_weight(c.name), int(n), int(tokens), mass / total)
        for c, (n, tokens, mass) in zip(scheme.classes, held.values(), strict=True)
    )


def _parts(cells: Sequence[Cell], weights: Mapping[Cell, float], field: str) -> list[Part]:
    tokens: dict[str, int] = {}
    masses: dict[str, dict[str, float]] = {}
    for cell in cells:
        name = str(getattr(cell, field))
        tokens[name] = tokens.get(name, 0) + cell.tokens
        classes = masses.setdefault(name, {})
        classes[cell.class_name] = classes.get(cell.class_name, 0.0) + cell.tokens * weights[cell]
    all_tokens = sum(tokens.values()) or 1
    all_mass = sum(sum(m.values()) for m in masses.values()) or 1.0
    made = [
        Part(
            name,
            tokens[name],
            tokens[name] / all_tokens,
            sum(classes.values()) / all_mass,
            {c: mass / all_mass for c, mass in classes.items()},
        )
        for name, classes in masses.items()
    ]
    return sorted(made, key=lambda part: -part.mass_share)


def _warnings(
    scheme: ClassScheme, classes: Sequence[ClassPart], topics: Sequence[Cell]
) -> list[tuple[str, Mapping[str, object]]]:
    out: list[tuple[str, Mapping[str, object]]] = []
    filled = [c for c in classes if c.conversations]
    out += [("empty", {"name": c.name}) for c in classes if not c.conversations]
    if any(c.mass_share for c in classes):
        out += [
            ("small", {"name": c.name, "share": c.mass_share}) for c in filled if c.mass_share < SMALL_SHARE
        ]
    if len(filled) > 1 and len({c.loss_weight for c in filled}) == 1:
        out.append(("equal", {}))
    best, tokens = scheme.best.name, sum(c.tokens for c in classes)
    mine = next(c for c in classes if c.name == best)
    few = mine.conversations < BEST_CONVERSATIONS or mine.tokens < BEST_SHARE * tokens
    if len(filled) > 1 and mine.conversations and few:
        out.append(("best-small", {"name": best, "n": mine.conversations}))
    return out + _without_best(best, topics)


def _without_best(best: str, topics: Sequence[Cell]) -> list[tuple[str, Mapping[str, object]]]:
    """Topics on which a class speaks and the best one is silent: the model cannot learn to do it well there."""
    tokens: dict[str, dict[str, int]] = {}
    for cell in topics:
        by_class = tokens.setdefault(cell.topic, {})
        by_class[cell.class_name] = by_class.get(cell.class_name, 0) + cell.tokens
    lonely: dict[str, list[tuple[int, str]]] = {}
    for topic, by_class in tokens.items():
        if not by_class.get(best):
            for name, count in by_class.items():
                if count >= TOPIC_TOKENS:
                    lonely.setdefault(name, []).append((count, topic))
    return [
        ("no-counterpart", {"name": name, "best": best, "n": len(found), "topics": _named(found)})
        for name, found in lonely.items()
    ]


def _named(found: Sequence[tuple[int, str]]) -> str:
    return ", ".join(f"“{topic}”" for _, topic in sorted(found, reverse=True)[:3])


def preset_rewards(name: str, classes: Sequence[tuple[str, float, int]], beta: float) -> dict[str, float]:
    """Return the rewards of a preset.

    Args:
        name: `openchat` (best 1, others 0.1), `binary` (best 1, others 0), `grades` (evenly from 1 down to 0,
            in the order of the present rewards), or `inverse-frequency` (every class with the same mass).
        classes: Name, present reward and supervised tokens of each.
        beta: The temperature, for `inverse-frequency`.
    """
    ranked = sorted(classes, key=lambda c: -c[1])
    if name == "openchat":
        return {c: 1.0 if i == 0 else 0.1 for i, (c, _, _) in enumerate(ranked)}
    if name == "binary":
        return {c: 1.0 if i == 0 else 0.0 for i, (c, _, _) in enumerate(ranked)}
    if name == "grades":
        steps = max(1, len(ranked) - 1)
        return {c: round(1 - i / steps, 2) for i, (c, _, _) in enumerate(ranked)}
    rarest = min((tokens for _, _, tokens in classes if tokens), default=1)
    return {c: round(1 + beta * math.log(rarest / tokens), 3) if tokens else 1.0 for c, _, tokens in classes}


PRESETS = {
    "openchat": "OpenChat, 1 : 0.1",
    "binary": "Best or not: 1 and 0",
    "grades": "Even grades from 1 to 0",
    "inverse-frequency": "Inverse frequency (for comparison)",
}
"""Preset → what a reader calls it."""
