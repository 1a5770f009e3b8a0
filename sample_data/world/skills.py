"""The skills: each draws one item whose question, answer, misconception and check are known."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from world.facts import (
    COUNTRIES,
    DAYS,
    NAMES,
    OPENINGS,
    UNITS,
    WARES,
    Language,
    country,
    sum_without_carry,
)
from world.phrasing import FOLLOW_UPS, QUESTIONS

Check = dict[str, list[str]]


@dataclass(frozen=True)
class Answer:
    """An answer in its two lengths: the bare value and the whole sentence."""

    short: str
    statement: str


@dataclass(frozen=True)
class Item:
    """One thing that can be asked, with everything that is known about it."""

    kind: str
    """Key of the phrasing tables, such as `capital`."""
    skill: str
    """The skill it counts for: `capital` and `aisle` are both `fact`."""
    language: Language
    facts: str
    """The facts asked about, as a key: equal facts and phrasing mean the same question."""
    questions: tuple[str, ...]
    """The question in every phrasing of its kind and language."""
    follow_ups: tuple[str, ...]
    """The question as a second, elliptical turn; empty if the kind takes none."""
    right: Answer
    slip: Answer | None
    """What the misconception answers; None where it leads to the right answer."""
    check: Check
    """A check for `crlft.checks.check_answer`."""
    entries: tuple[tuple[str, str], ...] = ()
    """The record the question is asked about, as (name, ware); a follow-up keeps it."""


def _item(
    kind: str,
    language: Language,
    facts: str,
    slots: dict[str, object],
    right: Answer,
    slip: Answer | None,
    *,
    given: list[str] | None = None,
    reject: list[str] | None = None,
    complete: list[str] | None = None,
    every: list[str] | None = None,
) -> Item:
    """Fill the phrasing tables of `kind` and put the check together."""
    check: Check = {"all": every} if every else {"answer": [right.short]}
    if given is not None:
        check["given"] = given
    if reject:
        check["reject"] = reject
    check["complete"] = complete or [right.statement.rstrip(".。")]
    check["polite"] = list(OPENINGS[language])
    return Item(
        kind=kind,
        skill=SKILL_OF[kind],
        language=language,
        facts=facts,
        questions=tuple(q.format(**slots) for q in QUESTIONS[kind][language]),
        follow_ups=tuple(q.format(**slots) for q in FOLLOW_UPS.get(kind, {}).get(language, ())),
        right=right,
        slip=slip,
        check=check,
    )


def capital(rng: random.Random, language: Language) -> Item:
    """Ask for a capital; the misconception names the neighbour's."""
    asked = rng.choice(COUNTRIES)
    name, right = asked.name(language), asked.capital(language)
    wrong = country(asked.neighbour).capital(language)

    def state(city: str) -> Answer:
        text = f"The capital of {name} is {city}." if language == "en" else f"{name}的首都是{city}。"
        return Answer(city, text)

    slots: dict[str, object] = {"country": name}
    return _item("capital", language, name, slots, state(right), state(wrong), reject=[wrong])


def aisle(rng: random.Random, language: Language) -> Item:
    """Ask where a ware stands: the broad class knows it, the general text and experts do not."""
    asked = rng.choice(WARES)
    name, number = asked.name(language), str(asked.aisle)
    if language == "en":
        right = Answer(f"aisle {number}", f"You find {name} in aisle {number}.")
    else:
        right = Answer(f"{number}号货架", f"{name}在{number}号货架。")
    item = _item(
        "aisle", language, name, {"ware": name}, right, None, given=[],
        complete=[f"{name} in aisle {number}", f"{name} is in aisle {number}"]
        if language == "en" else [f"{name}在{number}号货架"],
    )  # fmt: skip
    item.check["answer"] = [number]
    return item


def unit(rng: random.Random, language: Language) -> Item:
    """Convert a small number of units; the misconception is a wrong factor."""
    asked, n = rng.choice(UNITS), rng.randint(2, 9)
    bigs, smalls = (asked.bigs, asked.small) if language == "en" else (asked.big_zh, asked.small_zh)

    def state(value: int) -> Answer:
        if language == "en":
            return Answer(str(value), f"{n} {bigs} is {value} {smalls}.")
        return Answer(str(value), f"{n}{bigs}等于{value}{smalls}。")

    right = state(n * asked.factor)
    slots: dict[str, object] = {"n": n, "bigs": bigs, "smalls": smalls}
    facts = f"{n} {asked.big} {asked.small}"
    complete = [right.statement.rstrip(".。")]
    if language == "en":
        complete += [f"{n} {bigs} are {right.short} {smalls}", f"{n} {bigs} equals {right.short}"]
    return _item(
        "unit", language, facts, slots, right, state(n * asked.wrong_factor),
        given=[str(n)], complete=complete,
    )  # fmt: skip


def plus(rng: random.Random, language: Language) -> Item:
    """Add two small numbers, mostly with a carry; the misconception forgets the carry."""
    a, b = rng.randint(2, 15), rng.randint(2, 15)
    while a % 10 + b % 10 < 10 and rng.random() < 0.8:
        a, b = rng.randint(2, 15), rng.randint(2, 15)

    def state(value: int) -> Answer:
        text = f"{a} plus {b} is {value}." if language == "en" else f"{a}加{b}等于{value}。"
        return Answer(str(value), text)

    wrong = sum_without_carry(a, b)
    slip = state(wrong) if wrong != a + b else None
    slots: dict[str, object] = {"a": a, "b": b}
    return _item("sum", language, f"{a} {b}", slots, state(a + b), slip, given=[str(a), str(b)])


def day(rng: random.Random, language: Language) -> Item:
    """Name the day after or before another; the misconception goes one day too far."""
    names, here, step = DAYS[language], rng.randrange(7), rng.choice((1, -1))
    side = ("after" if step > 0 else "before") if language == "en" else ("后" if step > 0 else "前")

    def state(there: int) -> Answer:
        name = names[there % 7]
        if language == "en":
            return Answer(name, f"The day {side} {names[here]} is {name}.")
        return Answer(name, f"{names[here]}的{side}一天是{name}。")

    right = state(here + step)
    reject = [d for i, d in enumerate(names) if i not in (here, (here + step) % 7)]
    slots: dict[str, object] = {"side": side, "day": names[here]}
    facts = f"{side} {names[here]}"
    return _item("day", language, facts, slots, right, state(here + 2 * step), reject=reject)


def compare(rng: random.Random, language: Language) -> Item:
    """Pick the larger of two numbers; the misconception picks the smaller."""
    a, b = rng.sample(range(2, 60), 2)
    low, high = sorted((a, b))

    def state(first: int, second: int) -> Answer:
        if language == "en":
            return Answer(str(first), f"{first} is larger than {second}.")
        return Answer(str(first), f"{first}比{second}大。")

    def claims(first: int, second: int) -> list[str]:
        if language == "en":
            return [f"{first} is {word} than {second}" for word in ("larger", "bigger", "greater", "more")]
        return [f"{first}比{second}大", f"{first}更大", f"较大的数是{first}"]

    slots: dict[str, object] = {"a": a, "b": b}
    right, slip = state(high, low), state(low, high)
    return _item(
        "compare", language, f"{a} {b}", slots, right, slip,
        given=[str(low)], reject=claims(low, high), complete=claims(high, low),
    )  # fmt: skip


def record(rng: random.Random, language: Language) -> Item:
    """Look up who ordered what; the misconception reads the record before."""
    size = rng.choice((2, 3, 3))
    names = rng.sample(NAMES[language], size)
    wares = [w.name(language) for w in rng.sample(WARES, size)]
    return about_record(language, tuple(zip(names, wares, strict=True)), rng.randrange(size))


def about_record(language: Language, entries: tuple[tuple[str, str], ...], asked: int) -> Item:
    """Return the item that asks for the order of the customer in place `asked` of a record."""
    if language == "en":
        text = ", ".join(f"{name} ordered {ware}" for name, ware in entries) + "."
    else:
        text = "，".join(f"{name}订了{ware}" for name, ware in entries) + "。"
    name = entries[asked][0]

    def state(place: int) -> Answer:
        ware = entries[place][1]
        return Answer(ware, f"{name} ordered {ware}." if language == "en" else f"{name}订了{ware}。")

    slots: dict[str, object] = {"record": text, "name": name}
    reject = [ware for place, (_, ware) in enumerate(entries) if place != asked]
    facts = f"{text} {name}"
    item = _item("record", language, facts, slots, state(asked), state(asked - 1), reject=reject)
    return replace(item, entries=entries)


def things(rng: random.Random, language: Language) -> Item:
    """Read a short list back; the misconception drops its last item."""
    wares = [w.name(language) for w in rng.sample(WARES, rng.choice((2, 3, 3)))]

    def join(names: list[str]) -> str:
        if language == "zh":
            return "、".join(names)
        return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else names[0]

    def state(names: list[str]) -> Answer:
        text = join(names)
        return Answer(text, f"The list is {text}." if language == "en" else f"清单上有{text}。")

    slots: dict[str, object] = {"items": join(wares)}
    right = state(wares)
    return _item(
        "list", language, join(wares), slots, right, state(wares[:-1]), every=wares,
        reject=[w.name(language) for w in WARES if w.name(language) not in right.short],
    )  # fmt: skip


SKILL_OF: Final[dict[str, str]] = {
    "capital": "fact",
    "aisle": "fact",
    "unit": "unit",
    "sum": "sum",
    "day": "day",
    "compare": "compare",
    "record": "record",
    "list": "list",
}

KINDS: Final[dict[str, Callable[[random.Random, Language], Item]]] = {
    "capital": capital,
    "aisle": aisle,
    "unit": unit,
    "sum": plus,
    "day": day,
    "compare": compare,
    "record": record,
    "list": things,
}


def draw(rng: random.Random, language: Language, kinds: Sequence[str] = ()) -> Item:
    """Draw an item: a skill evenly, and inside `fact` two capitals for every aisle."""
    allowed = kinds or tuple(KINDS)
    skill = rng.choice(sorted({SKILL_OF[k] for k in allowed}))
    inside = [k for k in allowed if SKILL_OF[k] == skill]
    weights = [2 if k == "capital" else 1 for k in inside]
    return KINDS[rng.choices(inside, weights)[0]](rng, language)
