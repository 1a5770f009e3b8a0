"""English sentences recognised by their form, and said in another language.

Services write sentences with values in them (`there is no class 'x'`). A catalogue maps the form of each, with a
`{place}` for every value, to the form there. Some places are narrower: `{n}` takes a whole number, `{word…}` holds
no blank, `{list}` is words with commas; `{what…}` is a sentence in its turn, `{title…}` an action's title.

A catalogue may have hundreds of forms and the sentence may hold anybody's text, so a form is tried only where its
longest fixed piece stands in the sentence, and none tries a place twice (its pattern is atomic): the time grows
with the sentence's length alone.

    forms = Forms({"there is no class {name}": "没有类别 {name}"})
    forms.said("There is no class 'x'")        # "没有类别 'x'"
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

LONGEST_SENTENCE = 2000
"""Characters; what is longer is some text and stays as it is."""

_DEPTH = 6
"""Sentences within sentences."""
_MOST_PARTS = 12
"""Parts of a list of faults; a longer list is left as it is."""
_WIDEST = 3
"""How many of a list's parts may be one sentence with `; ` inside."""
_MOST_PREFIXES = 4
_LIGHT = 14
"""Fixed characters below which a form must know the sentence within."""
_NARROW = {"n": "[0-9][0-9,]*", "word": r"\S+?", "list": r"[^\s,]+(?:, [^\s,]+)*"}
"""Kinds of places that do not take any text."""
_PLACE = re.compile(r"\{(\w+)\}")
_BETWEEN = re.compile(
    r"(?<=[\u3001-\u9fff\uff00-\uffef]) (?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff]) (?=[\uff00-\uffef])"
)
"""A blank beside a Chinese character, left where a translated part met the text around it."""


@dataclass(frozen=True)
class _Form:
    said: str
    needle: str
    written: str
    weight: int

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(self.written, re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Found:
    text: str
    weight: int


class Forms:
    """A catalogue of forms, ready to recognise sentences.

    Args:
        forms: English form to the form there, with the same places.
        ranked: Prefer the form with the most fixed text; else the first that fits, in the catalogue's order.
        titles: What recognises a place `{title…}`: the title of an action or a job.
        lists: Recognise lists of sentences (`a; b`) and sentences behind a name (`file.json: a`) as well.
    """

    def __init__(
        self, forms: Mapping[str, str], *, ranked: bool = False, lists: bool = False, titles: Forms | None = None
    ) -> None:
        made = [_read(form, said) for form, said in forms.items()]
        self._forms = sorted(made, key=lambda form: -form.weight) if ranked else made
        self._lists, self._titles = lists, titles

    def said(self, sentence: str) -> str | None:
        """Return the sentence in the catalogue's language, or None where no form fits."""
        if not sentence or len(sentence) > LONGEST_SENTENCE:
            return None
        found = self._list(sentence, 0) if self._lists else self._whole(sentence, 0)
        return None if found is None else _BETWEEN.sub("", found.text)

    def _whole(self, sentence: str, depth: int) -> _Found | None:
        for form in self._forms:
            if form.needle not in sentence:
                continue
            match = form.pattern.fullmatch(sentence)
            if match is None:
                continue
            weight, parts = form.weight, match.groupdict()
            found = {name: self._inner(name, text, depth + 1) for name, text in parts.items()}
            unknown = any(name.startswith("what") and inner is None for name, inner in found.items())
            if unknown and self._lists and form.weight < _LIGHT:
                continue  # so little fixed text says nothing about a sentence whose rest is unknown
            for name, inner in found.items():
                if inner is not None:
                    parts[name], weight = inner.text, weight + inner.weight
            return _Found(_fill(form.said, parts), weight)
        return self._prefixed(sentence, depth) if self._lists and depth < _DEPTH else None

    def _inner(self, name: str, text: str, depth: int) -> _Found | None:
        if name.startswith("title") and self._titles is not None:
            return self._titles._whole(text, _DEPTH - 1)
        if not name.startswith("what") or depth > _DEPTH:
            return None
        return self._list(text, depth) if self._lists else self._whole(text, depth)

    def _prefixed(self, sentence: str, depth: int) -> _Found | None:
        """Read `NAME: sentence`, such as a file's name before its fault."""
        for _, place in zip(range(_MOST_PREFIXES), _places(sentence, ": "), strict=False):
            inner = self._whole(sentence[place + 2 :], _DEPTH)
            if inner is not None:
                name = self._whole(sentence[:place], _DEPTH)
                return _Found(f"{name.text if name else sentence[:place]}：{inner.text}", inner.weight)
        return None

    def _list(self, sentence: str, depth: int) -> _Found | None:
        """Read `a; b; c` as the sentences that explain most of it; a part may hold `; ` itself."""
        parts = sentence.split("; ")
        if len(parts) == 1 or len(parts) > _MOST_PARTS or depth > 1:
            return self._whole(sentence, depth)
        best: list[tuple[int, list[str]]] = [(0, [])]
        for end in range(1, len(parts) + 1):
            weight, texts = best[end - 1]
            here = (weight, [*texts, parts[end - 1]])
            for begin in range(max(0, end - _WIDEST), end):
                found = self._whole("; ".join(parts[begin:end]), depth + 1)
                if found is not None and best[begin][0] + found.weight > here[0]:
                    here = (best[begin][0] + found.weight, [*best[begin][1], found.text])
            best.append(here)
        weight, texts = best[-1]
        return _Found("；".join(texts), weight) if weight else None


def _places(sentence: str, mark: str) -> Iterator[int]:
    place = sentence.find(mark)
    while place > 0:
        yield place
        place = sentence.find(mark, place + 1)


def _read(form: str, said: str) -> _Form:
    """Return a form with its pattern; the case of the first letter does not count."""
    pieces = _PLACE.split(form)  # fixed, place, fixed, …
    pattern, opened = "", False
    last = max((i for i in range(1, len(pieces), 2) if _taken(pieces[i]) == ".+?"), default=0)
    for i, piece in enumerate(pieces):
        if i % 2 == 0:
            start = f"(?i:{re.escape(piece[0])}){re.escape(piece[1:])}" if i == 0 and piece else re.escape(piece)
            pattern += start
        elif _taken(piece) != ".+?":
            pattern += f"(?P<{piece}>{_taken(piece)})"
        else:
            # Atomic up to the next wild place: the shortest reading is right for all but the last, which
            # reaches for the sentence's end.
            pattern += (")" if opened else "") + ("(?>" if i != last else "") + f"(?P<{piece}>.+?)"
            opened = i != last
    fixed = [pieces[0][1:], *pieces[2::2]]
    return _Form(said, max(fixed, key=len), pattern, sum(map(len, pieces[::2])))


def _taken(place: str) -> str:
    """Return the pattern of what a place takes."""
    kind = place if place == "n" else next((k for k in ("word", "list") if place.startswith(k)), "")
    return _NARROW.get(kind, ".+?")


def _fill(form: str, parts: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: parts[place[1]], form)
