"""The query language: one for the search box, bulk acts, the command line and the page's address.

    source:gpt4 class:none status:pending lang:zh turns>2 tokens<800 reward<0.5 round:1 "exact phrase" words -not

Grammar: terms stand beside each other and all must hold. A term is `field:value[,value…]`, `field:from..to`,
`field>number` (also `<`, `>=`, `<=`), a word, or a phrase in quotes; a minus before it turns it round. A value may
be quoted; inside quotes a backslash takes the next character as it is. Chinese quotes and colons are understood.
"""

from __future__ import annotations

import difflib
import math
import re

from workbench.domain.errors import QueryError
from workbench.domain.fields import FIELDS
from workbench.domain.query import FieldTerm, Operator, Query, TextTerm

_FIELD = re.compile(r"([A-Za-z_]+)(>=|<=|[:：<>])")
_BARE_VALUE = re.compile(r'[^\s,"“”]+')
_WORD = re.compile(r'[^\s"“”]+')
_CLOSING = {'"': '"', "“": "”"}
_PRESENCE = ("none", "any")


def parse_query(text: str) -> Query:
    """Read a query.

    Args:
        text: What was typed; empty matches everything.

    Raises:
        QueryError: There is a mistake; `position` says where and `remedy` what to write.
    """
    # Half a surrogate pair, as broken pasting leaves it, cannot reach a database; places stay the same.
    text = text.encode("utf-8", "replace").decode()
    terms = _Parser(text).terms()
    # A lone sign between words ("7 + 4") cannot be searched for and must not empty the list.
    searchable = [t for t in terms if isinstance(t, FieldTerm) or _has_words(t.text)]
    if terms and not searchable:
        raise QueryError(
            f"{text.strip()!r} holds nothing to search for", "search for a word with letters or digits"
        )
    return Query(tuple(searchable))


def format_query(query: Query) -> str:
    """Write a query so that `parse_query` reads the same again."""
    return " ".join(_format(term) for term in query.terms)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def terms(self) -> list[FieldTerm | TextTerm]:
        found: list[FieldTerm | TextTerm] = []
        while self._skip_space():
            start = self.at
            negated = self.text[self.at] == "-"
            self.at += negated
            if self.at >= len(self.text) or self.text[self.at].isspace():
                raise QueryError(
                    f"a minus at {start + 1} has nothing behind it", "write -word or -field:value", start
                )
            found.append(self._term(negated))
        return found

    def _skip_space(self) -> bool:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.at < len(self.text)

    def _term(self, negated: bool) -> FieldTerm | TextTerm:
        start = self.at
        if self.text[start] in _CLOSING:
            return TextTerm(self._quoted(), True, negated)
        field = _FIELD.match(self.text, start)
        if field:
            return self._field_term(field, negated)
        word = _WORD.match(self.text, start)
        if word is None:
            raise QueryError(f"a closing quote at {start + 1} without an opening one", 'put " before it', start)
        self.at = word.end()
        return TextTerm(word.group(), False, negated)

    def _quoted(self) -> str:
        """Read a quoted text from its opening quote; leave `at` behind the closing one."""
        start = self.at
        closing = _CLOSING[self.text[start]]
        characters: list[str] = []
        self.at += 1
        while self.at < len(self.text):
            c = self.text[self.at]
            if c == closing:
                self.at += 1
                return "".join(characters)
            if c == "\\" and self.at + 1 < len(self.text):
                self.at += 1
                c = self.text[self.at]
            characters.append(c)
            self.at += 1
        raise QueryError(f"the quote at {start + 1} is never closed", f"put {closing} at its end", start)

    def _field_term(self, match: re.Match[str], negated: bool) -> FieldTerm:
        start = match.start()
        name, sign = match.group(1).lower(), match.group(2)
        if name not in FIELDS:
            raise self._unknown_field(match)
        self.at = match.end()
        values = self._values(f"{name}{sign}", FIELDS[name].example)
        if sign in (":", "："):
            term = FieldTerm(name, ":", tuple(_checked_value(name, v, at) for v, at in values), negated)
        else:
            term = FieldTerm(name, _operator(sign), (_compared_value(name, sign, values, start),), negated)
        return term

    def _unknown_field(self, match: re.Match[str]) -> QueryError:
        name = match.group(1)
        word = _WORD.match(self.text, match.start())
        typed = word.group() if word else name
        close = difflib.get_close_matches(name.lower(), FIELDS, n=1)
        meant = f"did you mean {close[0]}? " if close else ""
        return QueryError(
            f"unknown field {name!r} at {match.start() + 1}",
            f'{meant}Known fields: {", ".join(FIELDS)}; to search for the text, quote it: "{typed}"',
            match.start(),
        )

    def _values(self, head: str, example: str) -> list[tuple[str, int]]:
        """Read comma-separated values, each with its position."""
        values: list[tuple[str, int]] = []
        while True:
            start = self.at
            if start < len(self.text) and self.text[start] in _CLOSING:
                values.append((self._quoted(), start))
            else:
                bare = _BARE_VALUE.match(self.text, start)
                if bare is None:
                    raise QueryError(f"{head} at {start + 1} lacks a value", f"write for example {example}", start)
                values.append((bare.group(), start))
                self.at = bare.end()
            if not self.text.startswith(",", self.at):
                return values
            self.at += 1


def _has_words(text: str) -> bool:
    return any(c.isalnum() for c in text)


def _operator(sign: str) -> Operator:
    signs: dict[str, Operator] = {">": ">", "<": "<", ">=": ">=", "<=": "<="}
    return signs[sign]


def _checked_value(name: str, value: str, at: int) -> str:
    field = FIELDS[name]
    if value.lower() in _PRESENCE:
        return value.lower()
    if field.choices and value.lower() not in field.choices:
        known = ", ".join((*field.choices, *_PRESENCE))
        raise QueryError(f"{name}:{value} at {at + 1}: there is no {name} {value!r}", f"use one of {known}", at)
    if field.choices:
        return value.lower()
    if field.kind != "text":
        ends = value.split("..", 1) if field.ranges and ".." in value else [value]
        for end in [e for e in ends if e] or [value]:
            _check_number(name, end, at)
    return value


def _compared_value(name: str, sign: str, values: list[tuple[str, int]], start: int) -> str:
    field = FIELDS[name]
    if field.kind == "text":
        raise QueryError(
            f"{name}{sign} at {start + 1}: {name} is no number and cannot be compared",
            f"write for example {field.example}",
            start,
        )
    if len(values) > 1:
        raise QueryError(
            f"{name}{sign} at {start + 1} compares with one number, {len(values)} are given",
            f"write {name}{sign}{values[0][0]}",
            values[1][1],
        )
    value, at = values[0]
    _check_number(name, value, at)
    return value


def _check_number(name: str, value: str, at: int) -> None:
    try:
        number = float(value) if FIELDS[name].kind == "number" else int(value)
    except ValueError:
        number = math.nan
    # SQLite's integers end at 64 bits.
    if not math.isfinite(number) or abs(number) >= 2**63:
        kind = "a number" if FIELDS[name].kind == "number" else "a whole number"
        raise QueryError(
            f"{value!r} at {at + 1} is not {kind}", f"{name} takes {kind}, as in {FIELDS[name].example}", at
        )


def _format(term: FieldTerm | TextTerm) -> str:
    sign = "-" if term.negated else ""
    if isinstance(term, TextTerm):
        plain = not term.phrase and _WORD.fullmatch(term.text) and not _FIELD.match(term.text)
        return sign + (term.text if plain and term.text[0] != "-" else _quote(term.text))
    values = ",".join(v if _BARE_VALUE.fullmatch(v) else _quote(v) for v in term.values)
    return f"{sign}{term.field}{term.operator}{values}"


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
