"""Text as the words that are compared: lower case, NFKC, no punctuation, one space or more between words.

    words("Hello, 世界")      ["hello", "世", "界"]

Three tables by code point (`signs`) say what each sign becomes and what it is; `reading` walks texts by them. Only
where a sign joins the one before it does a text pass through Python's own normalisation.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import chain

import numpy as np
import numpy.typing as npt

# Scripts without spaces between words: CJK and its extensions, kana, hangul, Thai, Lao, Burmese, Khmer.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
ODD = 0xFFFFFFFF
"""In `Signs.even`: this sign cannot be evened out by itself."""
SPILL = 0x80000000
"""In `Signs.even`, added: the sign becomes several, see `Signs.spill`."""
WORD, ALONE, DIGIT, SPACE, SIGN, OPENING = 1, 2, 4, 8, 16, 32
"""Bits of `Signs.kinds`: stands in words; is a word of its own; decimal digit; white space; arithmetic; `(`."""

# Where NFKC or case folding may change a sign; ideographs, hangul and private signs are as they are.
_CHANGING = tuple(
    chain(
        range(0x3400),
        range(0xA000, 0xAC00),
        range(0xD7B0, 0xD800),
        range(0xF900, 0x20000),
        range(0x2F800, 0x2FA20),
    )
)
_JAMO = frozenset(chain(range(0x1161, 0x1176), range(0x11A8, 0x11C3)))
_KINDS = (
    (re.compile(r"[^\W_]+"), WORD),
    (re.compile(f"[{UNSPACED}]+"), WORD | ALONE),
    (re.compile(r"\d+"), DIGIT),
    (re.compile(r"\s+"), SPACE),
    (re.compile(r"[-+*/=<>^%×÷]+"), SIGN),
    (re.compile(r"\("), OPENING),
)
_WORDS = re.compile(f"[{UNSPACED}]|[^\\W_{UNSPACED}]+")


@dataclass(frozen=True, slots=True)
class Signs:
    """What each code point becomes under NFKC and case folding, and what the outcome is.

    Attributes:
        even: Code point → code point, or `SPILL` plus a place in `spill`, or `ODD`.
        spill: At such a place the number of signs, and behind it the signs.
        kinds: Code point (evened out) → bits.
    """

    even: npt.NDArray[np.uint32]
    spill: npt.NDArray[np.uint32]
    kinds: npt.NDArray[np.uint8]


def even(text: str) -> str:
    """Return the text in NFKC, case folded."""
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).casefold()


def words(text: str) -> list[str]:
    """Split into lower-case words and single characters of unspaced scripts; punctuation falls away."""
    return _WORDS.findall(even(text))


@cache
def signs() -> Signs:
    """Return the tables; making them takes a few tenths of a second."""
    table = np.arange(sys.maxunicode + 1, dtype=np.uint32)
    spill: list[int] = []
    joining = {
        int(parts[1], 16)
        for parts in (unicodedata.decomposition(chr(point)).split() for point in range(0xC0, 0x20000))
        if len(parts) == 2 and not parts[0].startswith("<")
    } | _JAMO
    for point in _CHANGING:
        sign = chr(point)
        outcome = even(sign)
        if any(ord(c) in joining or unicodedata.combining(c) for c in sign + outcome):
            table[point] = ODD
        elif len(outcome) == 1:
            table[point] = ord(outcome)
        else:
            table[point] = SPILL + len(spill)
            spill += [len(outcome), *map(ord, outcome)]
    return Signs(table, np.array(spill, dtype=np.uint32), _kinds())


def _kinds() -> npt.NDArray[np.uint8]:
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    kinds = np.zeros(len(every), dtype=np.uint8)
    for pattern, bits in _KINDS:
        for run in pattern.finditer(every):
            kinds[run.start() : run.end()] |= bits
    return kinds
