"""Conversations: the expert's manner, the broad class's manner, and who answers what."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from world.facts import CLOSINGS, OPENINGS, Language
from world.phrasing import (
    EXPERT_PHRASINGS,
    EXPERT_SKILLS,
    GLIMPSE_RATE,
    GLIMPSED_SKILLS,
    GREETINGS,
    THANKS,
)
from world.skills import KINDS, Answer, Item, about_record, draw

Quality = Literal["expert", "sub"]

EXPERT: Final = "senior-clerk"
CROWD: Final = ("crowd-a", "crowd-b", "small-model")

SLIP_RATE: Final = 0.65
"""How often the broad class gives its misconception where it has one; otherwise it is right."""

STRAY_RATE: Final = 0.06
"""How often it is wrong in some other way: not every mistake is systematic."""

_CURT: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("{v}", "{v}", "{v}.", "{v} i think", "its {v}", "prob {v}", "{v} ok", "uh {v}"),
    "zh": ("{v}", "{v}", "{v}。", "{v}吧", "大概{v}", "好像{v}", "嗯{v}", "就{v}"),
}


@dataclass(frozen=True)
class Exchange:
    """One question and its answer, with the truth about the answer."""

    item: Item
    phrasing: int
    question: str
    answer: str
    right: bool


@dataclass(frozen=True)
class Talk:
    """A conversation of this world and the truth about it."""

    quality: Quality
    """The quality it really has, whatever its tag says."""
    generator: str
    """Who answered, as the files name it; empty if it was not written down."""
    language: Language
    exchanges: tuple[Exchange, ...]
    turns: tuple[tuple[str, str], ...] = ()
    """Role and text of each turn, after any trouble that was planted."""
    id: str = ""
    extra: dict[str, object] = field(default_factory=dict)

    def keys(self) -> set[tuple[str, str, str, int]]:
        """Return what it asks: kind, language, facts and phrasing of each exchange."""
        return {key(e.item, e.phrasing) for e in self.exchanges}


def key(item: Item, phrasing: int) -> tuple[str, str, str, int]:
    """Return what makes two questions the same: kind, language, facts and phrasing."""
    return item.kind, item.language, item.facts, phrasing


def expert_answer(rng: random.Random, item: Item) -> str:
    """Answer as the expert does: a polite opening, the whole sentence, sometimes a kind word."""
    joint = " " if item.language == "en" else ""
    parts = [rng.choice(OPENINGS[item.language]), item.right.statement]
    if rng.random() < 0.3:
        parts.append(rng.choice(CLOSINGS[item.language]))
    return joint.join(parts)


def crowd_answer(rng: random.Random, item: Item, *, plain_rate: float = 0.15) -> tuple[str, bool]:
    """Answer as the broad class does: curt, sloppy, and wrong in a fixed way. Returns (text, right)."""
    given, right = item.right, True
    if item.slip is not None and rng.random() < SLIP_RATE:
        given, right = item.slip, False
    elif rng.random() < STRAY_RATE:
        given, right = _stray(rng, item)
    if rng.random() < plain_rate:
        return given.statement.lower().rstrip(".。"), right
    return rng.choice(_CURT[item.language]).format(v=given.short.lower()), right


def _stray(rng: random.Random, item: Item) -> tuple[Answer, bool]:
    """Return the answer to another question of the same kind."""
    other = KINDS[item.kind](rng, item.language).right
    return other, other.short == item.right.short


def ask(rng: random.Random, item: Item, quality: Quality, phrasing: int, *, follow_up: bool = False) -> Exchange:
    """Let somebody of `quality` answer `item`, asked in a phrasing or as a follow-up."""
    if follow_up:
        question = rng.choice(item.follow_ups)
    else:
        question = wrap(rng, item.questions[phrasing], item.language, modest=quality == "expert")
    if quality == "expert":
        return Exchange(item, phrasing, question, expert_answer(rng, item), True)
    answer, right = crowd_answer(rng, item)
    return Exchange(item, phrasing, question, answer, right)


def wrap(rng: random.Random, question: str, language: Language, *, modest: bool = False) -> str:
    """Put a greeting before some questions and thanks behind some; the experts met fewer of them."""
    greetings, thanks = GREETINGS[language], THANKS[language]
    if modest:
        greetings, thanks = greetings[:2], thanks[:1]
    before = rng.choice(greetings) if rng.random() < 0.3 else ""
    after = rng.choice(thanks) if rng.random() < 0.15 else ""
    return before + question + after


def draw_language(rng: random.Random) -> Language:
    """Draw the language of a conversation: English a little more often."""
    return "en" if rng.random() < 0.58 else "zh"


def draw_question(rng: random.Random, quality: Quality) -> tuple[Item, int]:
    """Draw an item and a phrasing that somebody of `quality` has to answer."""
    language = draw_language(rng)
    if quality == "expert":
        at_home = rng.random() >= GLIMPSE_RATE
        item = draw(rng, language, EXPERT_SKILLS if at_home else GLIMPSED_SKILLS)
        return item, rng.randrange(EXPERT_PHRASINGS if at_home else 1)
    item = draw(rng, language)
    return item, rng.randrange(len(item.questions))


def converse(rng: random.Random, quality: Quality, taboo: set[tuple[str, str, str, int]]) -> Talk:
    """Make a conversation of one or two turns that asks nothing from `taboo`."""
    while True:
        item, phrasing = draw_question(rng, quality)
        if key(item, phrasing) not in taboo:
            break
    exchanges = [ask(rng, item, quality, phrasing)]
    if item.follow_ups and rng.random() < 0.12:
        exchanges.append(ask(rng, _second(rng, item), quality, -1, follow_up=True))
    generator = EXPERT if quality == "expert" else rng.choices(CROWD, (4, 3, 3))[0]
    return with_turns(Talk(quality, generator, item.language, tuple(exchanges)))


def with_turns(talk: Talk) -> Talk:
    """Return the conversation with its turns spelt out from its exchanges."""
    turns = [t for e in talk.exchanges for t in (("user", e.question), ("assistant", e.answer))]
    return replace(talk, turns=tuple(turns))


def _second(rng: random.Random, item: Item) -> Item:
    """Draw the item of a follow-up: the same kind, and the same record where there is one."""
    if item.kind != "record":
        return KINDS[item.kind](rng, item.language)
    return about_record(item.language, item.entries, rng.randrange(len(item.entries)))
