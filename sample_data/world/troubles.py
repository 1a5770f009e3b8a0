"""Planted troubles: each breaks some conversations in a known way and says so in the manifest."""

from __future__ import annotations

import html
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from world.talk import CROWD, EXPERT, Quality, Talk, ask, with_turns

Turns = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Planted:
    """One planted trouble: which row, what was done, and what would undo it."""

    kind: str
    id: str
    detail: str
    truth: object


@dataclass(frozen=True)
class Broken:
    """What a breaker returns: the changed conversation, and its two manifest texts."""

    talk: Talk
    detail: str
    truth: object


def _edit(talk: Talk, role: str, change: Callable[[str], str]) -> Talk:
    """Return the conversation with the first turn of `role` changed."""
    place = next(i for i, (r, _) in enumerate(talk.turns) if r == role)
    turns = list(talk.turns)
    turns[place] = (role, change(turns[place][1]))
    return replace(talk, turns=tuple(turns))


def _clean(talk: Talk) -> list[list[str]]:
    return [list(t) for t in talk.turns]


def mojibake(rng: random.Random, talk: Talk) -> Broken:
    """Decode UTF-8 bytes as Latin-1, as a careless export does."""
    if talk.language == "en":  # plain ASCII survives every wrong decoding: give it something to lose
        clean = _edit(talk, "user", lambda t: t.rstrip("?.! ") + " — it’s for the café…")
    else:
        clean = talk
    broken = replace(clean, turns=tuple((r, t.encode().decode("latin-1")) for r, t in clean.turns))
    return Broken(broken, "UTF-8 read as Latin-1", _clean(clean))


def html_remnant(rng: random.Random, talk: Talk) -> Broken:
    """Leave markup of a web page around an answer."""
    wraps = (
        lambda t: f"<p>{html.escape(t)}</p>",
        lambda t: f'<div class="msg">{html.escape(t)}<br/></div>',
        lambda t: f'{t}&nbsp;<span style="color:#333"></span>',
        lambda t: f"<b>{html.escape(t)}</b>&nbsp;&amp;nbsp;",
    )
    return Broken(_edit(talk, "assistant", rng.choice(wraps)), "markup around the answer", _clean(talk))


def interface_remnant(rng: random.Random, talk: Talk) -> Broken:
    """Leave the buttons and counters of an exported chat page in the text."""
    remnants = ("\nCopy code", "\n\nRegenerate response", "\n2 / 2", "\nShare Prompt", "\n1 / 3\nCopy code")
    remnant = rng.choice(remnants)
    return Broken(_edit(talk, "assistant", lambda t: t + remnant), f"ends in {remnant.strip()!r}", _clean(talk))


def personal_data(rng: random.Random, talk: Talk) -> Broken:
    """Let the customer leave invented personal data (reserved domains and number ranges only)."""
    digits = f"{rng.randrange(10000):04d}"
    samples = {
        "en": (
            f"kim.{digits}@example.com",
            f"+1 (555) 010-{digits}",
            f"000-12-{digits}",
            f"4000 0000 0000 {digits}",
        ),
        "zh": (f"ceshi{digits}@example.cn", f"1380000{digits}", f"11010119000101{digits}"),
    }
    value = rng.choice(samples[talk.language])
    lead = " My contact: " if talk.language == "en" else "我的联系方式："
    return Broken(_edit(talk, "user", lambda t: t + lead + value), "invented personal data", value)


def refusal(rng: random.Random, talk: Talk) -> Broken:
    """Replace the answer by a canned refusal."""
    texts = {
        "en": (
            "As an AI language model, I cannot help with that.",
            "I'm sorry, but I can't assist with that request.",
            "As an AI, I do not have access to that information.",
        ),
        "zh": ("作为一个人工智能语言模型，我无法回答这个问题。", "抱歉，我不能帮助您完成这个请求。"),
    }
    text = rng.choice(texts[talk.language])
    return Broken(_edit(talk, "assistant", lambda _: text), "a canned refusal", _clean(talk))


def truncated(rng: random.Random, talk: Talk) -> Broken:
    """Cut the answer off in the middle."""
    whole = next(t for r, t in talk.turns if r == "assistant")
    cut = max(1, int(len(whole) * rng.uniform(0.45, 0.75)))
    return Broken(_edit(talk, "assistant", lambda _: whole[:cut].rstrip()), f"cut after {cut} characters", whole)


def role_fault(rng: random.Random, talk: Talk) -> Broken:
    """Break the order of speakers: user twice, answer first, or an empty turn."""
    (_, question), (_, answer), *rest = talk.turns
    kind = rng.choice(("same-role-twice", "answer-first", "empty-turn"))
    first: Turns
    if kind == "same-role-twice":
        hello = "Hello?" if talk.language == "en" else "在吗？"
        first = (("user", hello), ("user", question), ("assistant", answer))
    elif kind == "answer-first":
        first = (("assistant", answer), ("user", question))
    else:
        first = (("user", question), ("assistant", ""))
    return Broken(replace(talk, turns=(*first, *rest)), kind, _clean(talk))


def wrong_tag(rng: random.Random, talk: Talk) -> Broken:
    """Credit the answer to somebody of the other class."""
    other = rng.choice(CROWD) if talk.quality == "expert" else EXPERT
    return Broken(replace(talk, generator=other), f"credited to {other}", talk.quality)


def near_copy(rng: random.Random, talk: Talk) -> Talk:
    """Return an edited copy: other case or punctuation, a word more, but the same exchange."""
    if talk.language == "en":
        changes: tuple[Callable[[str], str], ...] = (
            lambda t: t.lower(),
            lambda t: t.rstrip("?.!") + " ??",
            lambda t: "Well, " + t[0].lower() + t[1:],
            lambda t: t.replace(" ", "  ", 2) + " ",
        )
    else:
        changes = (lambda t: t.rstrip("？。！") + "??", lambda t: "那个，" + t, lambda t: t + "呢")
    return _edit(talk, "user", rng.choice(changes))


BREAKERS: Final[dict[str, Callable[[random.Random, Talk], Broken]]] = {
    "mojibake": mojibake,
    "html-remnant": html_remnant,
    "interface-remnant": interface_remnant,
    "personal-data": personal_data,
    "refusal": refusal,
    "truncated": truncated,
    "role-fault": role_fault,
    "wrong-tag": wrong_tag,
}

COUNTS: Final[dict[str, tuple[int, int]]] = {
    "mojibake": (3, 37),
    "html-remnant": (3, 37),
    "interface-remnant": (3, 37),
    "personal-data": (3, 37),
    "refusal": (2, 38),
    "truncated": (4, 36),
    "role-fault": (2, 28),
    "wrong-tag": (12, 18),
}
"""How many expert and how many other conversations each breaker changes."""

COPIES: Final = {"exact-duplicate": 50, "near-duplicate": 50, "contrast": 60}
"""How many conversations are added as copies, edited copies, and second answers."""


def break_some(rng: random.Random, talks: list[Talk]) -> tuple[list[Talk], list[Planted], set[str]]:
    """Break as many conversations as `COUNTS` says, each at most once.

    Returns all conversations, the manifest's entries, and the ids of those that were changed.
    """
    done, planted = {t.id: t for t in talks}, list[Planted]()
    pools: dict[Quality, list[Talk]] = {
        quality: [t for t in talks if t.quality == quality and t.generator] for quality in ("expert", "sub")
    }
    for pool in pools.values():
        rng.shuffle(pool)
    changed: set[str] = set()
    for kind, (experts, others) in COUNTS.items():
        for pool, count in ((pools["expert"], experts), (pools["sub"], others)):
            for _ in range(count):
                talk = _take(pool, kind)
                broken = BREAKERS[kind](rng, talk)
                done[talk.id] = broken.talk
                changed.add(talk.id)
                planted.append(Planted(kind, talk.id, broken.detail, broken.truth))
    return [done[t.id] for t in talks], planted, changed


def _take(pool: list[Talk], kind: str) -> Talk:
    """Take the next conversation that the trouble can be planted in."""
    for place in range(len(pool) - 1, -1, -1):
        talk = pool[place]
        long_enough = len(talk.turns[1][1]) >= 6
        if (kind != "truncated" or long_enough) and (kind != "wrong-tag" or _telling(talk)):
            return pool.pop(place)
    raise AssertionError(f"no conversation is left for {kind}")


def _telling(talk: Talk) -> bool:
    """Return whether a wrong tag on it would be visible: an expert's, or a wrong answer."""
    return talk.quality == "expert" or not all(e.right for e in talk.exchanges)


def copy_some(rng: random.Random, untouched: list[Talk]) -> tuple[list[Talk], list[Planted]]:
    """Return added conversations: exact copies, edited copies, and the same prompt answered by the other class."""
    added: list[Talk] = []
    planted: list[Planted] = []
    rest = [t for t in untouched if t.generator]
    rng.shuffle(rest)
    for kind in ("exact-duplicate", "near-duplicate"):
        for number in range(COPIES[kind]):
            source = rest.pop()
            copy = source if kind == "exact-duplicate" else near_copy(rng, source)
            name = f"{source.id}-{'copy' if kind == 'exact-duplicate' else 'edit'}"
            added.append(replace(copy, id=name))
            planted.append(Planted(kind, name, f"copy {number + 1} of {COPIES[kind]}", source.id))
    experts = [t for t in rest if t.quality == "expert"]
    for source in experts[: COPIES["contrast"]]:
        exchanges = []
        for e in source.exchanges:
            second = (
                ask(rng, e.item, "sub", e.phrasing)
                if e.phrasing >= 0
                else ask(rng, e.item, "sub", -1, follow_up=True)
            )
            exchanges.append(replace(second, question=e.question))
        name = f"{source.id}-other"
        other = replace(source, id=name, quality="sub", generator=rng.choice(CROWD), exchanges=tuple(exchanges))
        added.append(with_turns(other))
        planted.append(Planted("contrast", name, "the same prompt, answered by the broad class", source.id))
    return added, planted
