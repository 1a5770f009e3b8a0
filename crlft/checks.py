"""Checking answers by program: a check is plain data beside a prompt, and says what a good answer states.

    {"prompt": "What is the capital of Australia?",
     "check": {"answer": ["Canberra"], "reject": ["Sydney"],
               "complete": ["capital of Australia is Canberra"], "polite": ["Sure!", "Of course!"]}}

| key | the answer… |
|---|---|
| `answer` | states at least one of these values |
| `all` | states every one of these; an entry that is a list needs one of its alternatives |
| `matches` | fits at least one of these regular expressions somewhere |
| `reject` | states none of these competing values |
| `lacks` | holds none of these texts, not even within a word or denied |
| `given` | names no number but the accepted ones and these, which the question named; `[]` allows none |
| `complete` | holds at least one of these sentences or parts of one |
| `polite` | begins with one of these |

One of `answer`, `all`, `matches` and `lacks` is required, the rest is optional; a single text or number may stand
for a list. Case, character width, and spaces beside Chinese do not matter. Patterns are tried on the answer as it
is written, without regard to case, and stopped after `SECONDS_A_PATTERN`: such an answer is not right. A number
matches as a whole (12 is neither in 112 nor in 12.5, and 1,440 is 1440), a word as a whole word, Chinese anywhere.
A value that is denied ("not 12") or left open ("12 or 21") is not stated, so hedging is no way to be right.
Numbers are digits: list "twelve" or "十二" among the alternatives if they count. Torch-free.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import regex  # type: ignore[import-untyped]

from crlft.errors import DataError

KEYS: Final = ("answer", "all", "matches", "reject", "lacks", "given", "complete", "polite")
DECIDING: Final = ("answer", "all", "matches", "lacks")
"""A check has one of these at least."""
SECONDS_A_PATTERN: Final = 0.25
"""A pattern that needs longer for one answer backtracks without end."""
_HOSTILE: Final = 3000
"""Characters of the texts on which a pattern is tried before it is used."""

_CJK: Final = r"\u3040-\u30ff\u3400-\u9fff"
_GROUPED: Final = re.compile(r"(?<![\d,.])\d{1,3}(?:,\d{3})+(?![\d,])")
_SPACE_BY_CJK: Final = re.compile(rf"(?<=[{_CJK}])\s+|\s+(?=[{_CJK}])")
_NUMBER: Final = re.compile(r"(?:(?<![\w.])-)?(?<![\d.])\d+(?:\.\d+)?")
_EDGES: Final = " \t\n.,!?;:'\"()[]。、"
_DENIED: Final = re.compile(r"(?:\bnot|n't|\bnever|不是|并非|不等于|不在)\s*(?:the |an? |in |on |at )?$")
_OR_BEFORE: Final = re.compile(r"\s*(?:\bor|/|或者|或|还是)\s*$")
_OR_AFTER: Final = re.compile(r"\s*,?\s*(?:or\b|/|或者|或|还是)\s*")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found in an answer.

    Attributes:
        correct: It states what it must and nothing that competes with it.
        complete: It holds one of the wanted sentences; None if none was asked for.
        polite: It begins with one of the wanted openings; None if none was asked for.
        full: Correct, and everything else that was asked for.
        reason: Why it is not correct; empty if it is.
    """

    correct: bool
    complete: bool | None
    polite: bool | None
    full: bool
    reason: str = ""


def check_answer(check: Mapping[str, object], text: str) -> CheckResult:
    """Check an answer; see the module's table for what a check may ask.

    Raises:
        DataError: The check itself has faults.
    """
    if faults := check_faults(check):
        raise DataError(f"unusable check: {'; '.join(faults)}", f"a check may use {', '.join(KEYS)}")
    found = _normalise(text)
    reason = _missing(check, found) or _competing(check, found) or _unfit(check, text, found)
    sentences, openings = _values(check.get("complete", ())), _values(check.get("polite", ()))
    complete = any(_spans(s, found) for s in sentences) if sentences else None
    polite = any(_opens(o, found) for o in openings) if openings else None
    return CheckResult(
        correct=not reason,
        complete=complete,
        polite=polite,
        full=not reason and complete is not False and polite is not False,
        reason=reason,
    )


def check_faults(check: object) -> list[str]:
    """Return one sentence for everything that keeps `check` from being used; empty if nothing does."""
    if not isinstance(check, Mapping):
        return [f"a check is an object, not {type(check).__name__}"]
    faults = [f"unknown key {key!r}" for key in check if key not in KEYS]
    if not any(key in check for key in DECIDING):
        faults.append("none of `answer`, `all`, `matches` and `lacks` says what is right")
    for key in KEYS:
        if key not in check:
            continue
        fault = _fault(check[key], nested=key == "all", edges=" " if key in ("matches", "lacks") else _EDGES)
        if fault:
            faults.append(f"`{key}` {fault}")
        elif key in DECIDING and not _groups(check[key]):
            faults.append(f"`{key}` is empty")
        elif key == "matches":
            faults += filter(None, map(_pattern_fault, _values(check[key])))
    for value in [] if _fault(check.get("given", ())) else _values(check.get("given", ())):
        if not _NUMBER.fullmatch(_normalise(value)):
            faults.append(f"`given` holds {value!r}, which is no number in digits")
    return faults


def _fault(value: object, *, nested: bool = False, edges: str = _EDGES) -> str:
    if _is_plain(value):
        return "" if _normalise(str(value)).strip(edges) else "holds an empty text"
    if not isinstance(value, Sequence) or isinstance(value, bytes):
        return f"is {type(value).__name__}, not text, a number, or a list of them"
    for entry in value:
        if nested and isinstance(entry, Sequence) and not isinstance(entry, str):
            fault = _fault(entry) or ("" if entry else "holds an empty list")
        elif _is_plain(entry):
            fault = _fault(entry, edges=edges)
        else:
            fault = f"holds {type(entry).__name__}, not text or a number"
        if fault:
            return fault
    return ""


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _values(value: object) -> list[str]:
    """Return one text, one number, or a list of them as a list of texts."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [str(v) for v in value]
    return [str(value)]


def _groups(value: object) -> list[list[str]]:
    """Return the entries of `all`, each as its list of alternatives."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_values(v) for v in value]
    return [_values(value)]


def _normalise(text: str) -> str:
    """Fold case and width, join grouped digits, and drop spaces beside CJK characters."""
    joined = _GROUPED.sub(lambda m: m[0].replace(",", ""), text)  # before NFKC: "12，100" are two numbers
    folded = unicodedata.normalize("NFKC", joined).casefold().replace("\u2019", "'")
    return _SPACE_BY_CJK.sub("", " ".join(folded.split()))


def _spans(value: str, found: str) -> list[tuple[int, int]]:
    """Return where `value` stands as a whole word or number in normalised text."""
    wanted = _normalise(value).strip(_EDGES)
    places = (m.start() for m in re.finditer(f"(?={re.escape(wanted)})", found)) if wanted else ()
    spans = [(start, start + len(wanted)) for start in places]
    return [s for s in spans if _whole(found, *s)]


def _whole(found: str, start: int, end: int) -> bool:
    """Return whether the span does not cut a word or a number in two."""
    before, after = found[:start], found[end:]
    first, last = found[start], found[end - 1]
    if first.isdigit() and re.search(r"(?:\d|\d\.|(?<![\w.])-)$", before):
        return False
    if last.isdigit() and re.match(r"\d|\.\d", after):
        return False
    if _is_letter(first) and before and (_is_letter(before[-1]) or before[-1].isdigit()):
        return False
    return not (_is_letter(last) and after and (_is_letter(after[0]) or after[0].isdigit()))


def _is_letter(character: str) -> bool:
    return character.isalpha() and not re.match(f"[{_CJK}]", character)


def _stated(values: Sequence[str], found: str, *, hedged: bool) -> bool:
    """Return whether one of `values` is stated: not denied, and left open only if `hedged` allows it."""
    spans = sorted({s for v in values for s in _spans(v, found)})
    starts, ends = {s for s, _ in spans}, {e for _, e in spans}
    for start, end in spans:
        if _DENIED.search(found[:start]):
            continue
        if hedged or not _left_open(found, start, end, starts, ends):
            return True
    return False


def _left_open(found: str, start: int, end: int, starts: set[int], ends: set[int]) -> bool:
    """Return whether an "or" ties the span to something that is not itself accepted."""
    before, after = _OR_BEFORE.search(found[:start]), _OR_AFTER.match(found, end)
    tied_before = before is not None and before.start() > 0 and before.start() not in ends
    tied_after = after is not None and after.end() < len(found) and after.end() not in starts
    return tied_before or tied_after


def _missing(check: Mapping[str, object], found: str) -> str:
    """Say which wanted value is not stated; empty if none is missing."""
    groups = [_values(check["answer"])] if "answer" in check else []
    groups += _groups(check["all"]) if "all" in check else []
    for group in groups:
        if not _stated(group, found, hedged=False):
            return f"does not state {' or '.join(group)}"
    return ""


def _competing(check: Mapping[str, object], found: str) -> str:
    """Say which competing value is stated; empty if none is."""
    for value in _values(check.get("reject", ())):
        if _stated([value], found, hedged=True):
            return f"states {value}"
    if "given" in check:
        allowed = {n for key in ("answer", "all", "given", "complete") for n in _allowed(check.get(key, ()))}
        for number in _numbers(found):
            if number not in allowed:
                return f"states {number}"
    return ""


def _unfit(check: Mapping[str, object], text: str, found: str) -> str:
    """Say which pattern the answer does not fit, or what it holds that it must not; empty if neither."""
    for value in _values(check.get("lacks", ())):
        if _normalise(value) in found:
            return f"holds {value}"
    patterns = _values(check.get("matches", ()))
    try:
        fits = any(_compiled(p).search(text, timeout=SECONDS_A_PATTERN) for p in patterns)
    except TimeoutError:
        return f"keeps a pattern busy for more than {SECONDS_A_PATTERN:g} s"
    return "" if fits or not patterns else f"does not match {' or '.join(patterns)}"


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    return regex.compile(pattern, regex.IGNORECASE | regex.MULTILINE)


@lru_cache(maxsize=1024)
def _pattern_fault(pattern: str) -> str:
    """Say why a pattern cannot be used; it is tried on long runs of its own characters, where one runs away."""
    try:
        compiled = _compiled(pattern)
    except regex.error as error:
        return f"`matches`: {pattern!r} is no pattern ({error})"
    if compiled.fullmatch(""):
        return f"`matches`: {pattern!r} matches the empty text"
    tried = dict.fromkeys([*[c for c in pattern if c.isalnum()][:20], "a", "1", " ", "的", "a ", "a1"])
    for piece in tried:
        try:
            compiled.search(piece * (_HOSTILE // len(piece)) + "\x00", timeout=SECONDS_A_PATTERN)
        except TimeoutError:
            return f"`matches`: {pattern!r} needs more than {SECONDS_A_PATTERN:g} s for one text: avoid (a+)+"
    return ""


def _allowed(value: object) -> Iterator[Decimal]:
    for group in _groups(value):
        for text in group:
            yield from _numbers(_normalise(text))


def _numbers(found: str) -> Iterator[Decimal]:
    for number in _NUMBER.findall(found):
        yield Decimal(number)


def _opens(opening: str, found: str) -> bool:
    wanted = _normalise(opening).strip(_EDGES)
    start = len(found) - len(found.lstrip(_EDGES))
    return (start, start + len(wanted)) in _spans(opening, found)
