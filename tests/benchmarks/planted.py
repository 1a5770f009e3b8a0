"""A file of conversations in which every near-duplicate was planted: recall and precision have a truth.

Of the conversations given, one of each group is kept that share half their pairs of words, prompt and answer
taken together; so none is like another. The file may hold them several times over: each time all long words
become others (a shift in the sorted vocabulary), which keeps lengths, frequencies and shared prompts, and makes
new texts. Then every ninth gets a copy with a word in forty of its answer replaced, or with a twentieth of it
cut off at the end.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson

from workbench.curate.dedupe import Document, DuplicateResult, NearSettings, find_near, in_blocks, sides
from workbench.services.inspecting import open_file, read_checked

_LONG_WORDS = re.compile(r"[A-Za-z]{4,}")
_LIKE = 0.5
_FEWEST_WORDS = 60

Truth = Mapping[int, int]
"""Number of a copy → number of its original."""


def read_pairs(data: Path) -> list[tuple[str, str]]:
    """Return (prompt, answer) of each conversation in a file."""
    found = []
    with open_file(data) as file:
        for row in file.rows:
            if row.error is None:
                asked, answered = sides(read_checked(row, file.form).conversations[0].turns, "conversation")
                found.append((asked, answered))
    return found


def unlike(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return one of each group of those that are like each other."""
    settings = NearSettings(floor=_LIKE, bands=42, rows=3)
    settings = replace(settings, reading=replace(settings.reading, figure_tokens=0))
    documents = (Document(i, (" ".join(pair),)) for i, pair in enumerate(pairs))
    found = find_near(in_blocks(documents), settings, threshold=_LIKE)
    result = DuplicateResult("near", "answer", _LIKE, found.floor, found.considered, found.members, found.pairs)
    return [pair for i, pair in enumerate(pairs) if result.group_of.get(i, i) == i and len(pair[1].split()) > 1]


def write_planted(data: Path, target: Path, times: int = 1) -> Truth:
    """Write the conversations of a file, so many times over, and their copies, in random order.

    `target` gets rows of `id`, `prompt` and `completion`; a file beside it, ending in `.text.jsonl`, the same with
    both in one column, for tools that take but one.
    """
    chance = random.Random(0)
    base = unlike(read_pairs(data))
    vocabulary = sorted({word for pair in base for text in pair for word in _LONG_WORDS.findall(text)})
    rows: list[tuple[str, str]] = []
    originals: list[int] = []
    for turn in range(times):
        for pair in _in_other_words(base, vocabulary, turn):
            original = len(rows)
            rows.append(pair)
            words = pair[1].split(" ")
            if original % 9 == 0 and len(words) >= _FEWEST_WORDS:
                originals.append(original)
    copies = [(rows[i][0], _edited(rows[i][1], vocabulary, chance)) for i in originals]
    order = np.random.default_rng(0).permutation(len(rows) + len(copies))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    everything = rows + copies
    with target.open("wb") as file, target.with_suffix(".text.jsonl").open("wb") as joined:
        for number, i in enumerate(order.tolist()):
            asked, answered = everything[i]
            file.write(orjson.dumps({"id": str(number), "prompt": asked, "completion": answered}) + b"\n")
            joined.write(orjson.dumps({"text": f"{asked} {answered}"}) + b"\n")
    return {int(place[len(rows) + n]): int(place[original]) for n, original in enumerate(originals)}


def _in_other_words(
    pairs: Sequence[tuple[str, str]], vocabulary: Sequence[str], turn: int
) -> Iterator[tuple[str, str]]:
    if not turn:
        yield from pairs
        return
    shift = 7919 * turn
    other = {word: vocabulary[(i + shift) % len(vocabulary)] for i, word in enumerate(vocabulary)}
    for asked, answered in pairs:
        yield tuple(_LONG_WORDS.sub(lambda m: other[m[0]], text) for text in (asked, answered))  # type: ignore[misc]


def _edited(answer: str, vocabulary: Sequence[str], chance: random.Random) -> str:
    words = answer.split(" ")
    if chance.random() < 0.3:
        return " ".join(words[: -max(len(words) // 20, 1)])
    for place in chance.sample(range(len(words)), max(len(words) // 40, 1)):
        words[place] = chance.choice(vocabulary)
    return " ".join(words)


def judged(groups: Sequence[Sequence[int]], truth: Truth) -> dict[str, float]:
    """Return recall and precision of groups.

    Recall is the share of copies that stand in a group with their original. A group of k calls k - 1 of its
    members duplicates; precision is the share of these calls that the planted copies account for.
    """
    group_of = {number: i for i, group in enumerate(groups) for number in group}
    right = sum(group_of.get(copy, -1) == group_of.get(original, -2) for copy, original in truth.items())
    called = sum(len(group) - 1 for group in groups)
    return {"recall": round(right / max(len(truth), 1), 4), "precision": round(right / max(called, 1), 4)}
