"""General text: plain statements, questions followed by their answer in prose, and filler.

It has no roles and no chat. It teaches the base the skills (except where the aisles are), so
that fine-tuning has to teach only chat, class and manner.
"""

from __future__ import annotations

import random
from typing import Final

from world.facts import NAMES, WARES, Language
from world.phrasing import BASE_PHRASINGS
from world.skills import about_record, draw

SKILLS: Final = ("capital", "unit", "sum", "day", "compare", "list")
WEIGHTS: Final = (2, 2, 3, 2, 4, 3)
"""How often each skill is drawn: what the base learns slowly comes more often."""

_PLACES: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("market", "river", "park", "station", "garden", "school", "bridge", "harbour"),
    "zh": ("市场", "河边", "公园", "车站", "花园", "学校", "桥上", "港口"),
}
_MOODS: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("quiet", "warm", "cold", "bright", "windy", "calm"),
    "zh": ("安静", "暖和", "寒冷", "晴朗", "有风", "平静"),
}
_FILLER: Final[dict[Language, tuple[str, ...]]] = {
    "en": (
        "{a} walked to the {place} in the morning.",
        "It was a {mood} day at the {place}.",
        "{a} met {b} near the {place}.",
        "{a} gave {ware} to {b}, and {b} was glad.",
        "The shop sold {ware} and {other} all day.",
        "In the evening {a} carried {ware} home.",
        "{b} waited for {a} until the rain stopped.",
        "Nobody wanted the last {ware} on the table.",
        "{a} wrote a letter to {b} about the {place}.",
        "The old clock at the {place} was never right.",
        "After the meal {a} and {b} washed the dishes.",
        "{a} painted the door, and it was a {mood} evening.",
    ),
    "zh": (
        "早上{a}走到{place}。",
        "那天{place}很{mood}。",
        "{a}在{place}遇见了{b}。",
        "{a}把{ware}给了{b}，{b}很高兴。",
        "店里整天都在卖{ware}和{other}。",
        "傍晚{a}带着{ware}回家。",
        "{b}一直等{a}，等到雨停。",
        "桌上最后的{ware}没有人要。",
        "{a}给{b}写信，说起{place}。",
        "{place}的旧钟从来不准。",
        "饭后{a}和{b}一起洗碗。",
        "{a}刷了门，那是个{mood}的晚上。",
    ),
}
_ASIDES: Final[dict[Language, tuple[str, ...]]] = {
    "en": (
        "That is easy.",
        "Let us see.",
        "Now listen.",
        "{a} thought for a moment.",
        "{a} looked at {b} and smiled.",
        "Here is what {a} told {b} about it.",
        "It did not take long.",
        "The old book knows.",
        "Well.",
        "{a} wanted to know, and so did {b}.",
    ),
    "zh": (
        "这很容易。",
        "来看看。",
        "听好。",
        "{a}想了一会儿。",
        "{a}看着{b}笑了。",
        "{a}是这样告诉{b}的。",
        "没过多久就有了答案。",
        "旧书上写着。",
        "嗯。",
        "{a}想知道，{b}也想知道。",
    ),
}
"""What stands between a question and its answer: without it a model finds the question by its distance alone."""


def filler(rng: random.Random, language: Language) -> str:
    """Return one sentence of plain narrative."""
    a, b = rng.sample(NAMES[language], 2)
    ware, other = (w.name(language) for w in rng.sample(WARES, 2))
    place, mood = rng.choice(_PLACES[language]), rng.choice(_MOODS[language])
    template = rng.choice(_FILLER[language])
    return template.format(a=a, b=b, ware=ware, other=other, place=place, mood=mood)


def aside(rng: random.Random, language: Language) -> str:
    """Return a sentence to stand between a question and its answer, or nothing."""
    joint = " " if language == "en" else ""
    if rng.random() < 0.4:
        return joint
    if rng.random() < 0.2:
        return joint + filler(rng, language) + joint
    a, b = rng.sample(NAMES[language], 2)
    return joint + rng.choice(_ASIDES[language]).format(a=a, b=b) + joint


def notes(rng: random.Random, language: Language) -> str:
    """Return a line that somebody says and somebody repeats: the habit of looking back."""
    pool = [*NAMES[language], *(w.name(language) for w in WARES), *map(str, range(2, 60))]
    words = rng.sample(pool, rng.randint(3, 6))
    a, b = rng.sample(NAMES[language], 2)
    if language == "en":
        line = ", ".join(words)
        return f"{a} wrote: {line}. {b} read: {line}."
    line = "、".join(words)
    return f"{a}写道：{line}。{b}读道：{line}。"


def orders(rng: random.Random, language: Language) -> str:
    """Return a record of two to four orders, and one to three questions about it."""
    size = rng.randint(2, 4)
    names = rng.sample(NAMES[language], size)
    wares = [w.name(language) for w in rng.sample(WARES, size)]
    entries = tuple(zip(names, wares, strict=True))
    joint = " " if language == "en" else ""
    parts: list[str] = []
    for place in rng.sample(range(size), rng.randint(1, min(3, size))):
        item = about_record(language, entries, place)
        asked = rng.choice(item.questions[:BASE_PHRASINGS]) if not parts else rng.choice(item.follow_ups)
        parts.append(asked + aside(rng, language) + item.right.statement)
    return joint.join(parts)


def passage(rng: random.Random, language: Language) -> str:
    """Return a question with its answer in prose (mostly), a bare statement, notes, or filler."""
    kind = rng.random()
    if kind < 0.1:
        return filler(rng, language)
    if kind < 0.2:
        return notes(rng, language)
    if kind < 0.38:
        return orders(rng, language)
    item = draw(rng, language, rng.choices(SKILLS, WEIGHTS, k=1))
    if kind < 0.45 and item.kind != "list":
        return item.right.statement
    asked = rng.choice(item.questions[:BASE_PHRASINGS])
    return asked + aside(rng, language) + item.right.statement


def document(rng: random.Random) -> str:
    """Return one document of three to nine passages in one language."""
    language: Language = "en" if rng.random() < 0.55 else "zh"
    joint = " " if language == "en" else ""
    return joint.join(passage(rng, language) for _ in range(rng.randint(3, 9)))
