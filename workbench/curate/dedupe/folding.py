"""Text as the words that are compared: lower case, NFKC, no punctuation, one space or more between words.

    spaced("Hello, 世界")     b"hello   世  界 "
    words("Hello, 世界")      ["hello", "世", "界"]

ASCII goes through one table of bytes. Other text goes through two tables by code point; only where a sign takes
several to write in NFKC, or joins the sign before it, does the text pass through Python's own normalisation.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import chain

import numpy as np
import numpy.typing as npt

# Scripts without spaces between words: CJK and its extensions, kana, hangul, Thai, Lao, Burmese, Khmer.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_SPACE = 32
_ASCII = bytes(ord(chr(i).lower()) if i < 128 and chr(i).isalnum() else _SPACE for i in range(256))

_ODD = 0xFFFFFFFF
"""In the table: this sign cannot be folded by itself."""
# Where NFKC or case folding may change a sign; ideographs, hangul and private signs are as they are.
_CHANGING = chain(range(0x80, 0x3400), range(0xA000, 0xAC00), range(0xD7B0, 0xD800), range(0xF900, 0x20000))
_CHANGING_TOO = range(0x2F800, 0x2FA20)
_JAMO = frozenset(chain(range(0x1161, 0x1176), range(0x11A8, 0x11C3)))
_WORD = re.compile(r"[^\W_]+")
_ALONE = re.compile(f"[{UNSPACED}]+")


def words(text: str) -> list[str]:
    """Split into lower-case words and single characters of unspaced scripts; punctuation falls away."""
    return spaced(text).decode().split()


def spaced(text: str) -> bytes:
    """Return the text's words in UTF-8 between spaces; characters of unspaced scripts stand alone."""
    if text.isascii():
        return text.encode().translate(_ASCII)
    fold, in_words, alone = _tables()
    points = fold[_points(text)]
    if (points == _ODD).any():
        points = _points(unicodedata.normalize("NFKC", text).casefold())
        points = np.where(in_words[points], points, np.uint32(_SPACE))
    lonely = np.flatnonzero(alone[points])
    if len(lonely):
        points = np.insert(points, np.concatenate((lonely, lonely + 1)), np.uint32(_SPACE))
    return points.tobytes().decode("utf-32-le").encode()


def _points(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


@cache
def _tables() -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return what each code point becomes (a space outside words), which stand in words, and which alone."""
    every = "".join(map(chr, range(0x110000)))
    alone = np.zeros(0x110000, dtype=bool)
    fold = np.full(0x110000, _SPACE, dtype="<u4")
    for run in chain(_WORD.finditer(every), _ALONE.finditer(every)):
        fold[run.start() : run.end()] = np.arange(run.start(), run.end())
    for run in _ALONE.finditer(every):
        alone[run.start() : run.end()] = True
    joining = {
        int(parts[1], 16)
        for parts in (unicodedata.decomposition(sign).split() for sign in map(chr, range(0xC0, 0x20000)))
        if len(parts) == 2 and not parts[0].startswith("<")
    }
    in_words = fold != _SPACE
    for point in chain(range(0x80), _CHANGING, _CHANGING_TOO):
        sign = chr(point)
        even = unicodedata.normalize("NFKC", sign).casefold()
        if any(ord(c) in joining or ord(c) in _JAMO or unicodedata.combining(c) for c in sign + even):
            fold[point] = _ODD
        elif even != sign:
            fold[point] = _folded(even, in_words)
    return fold, in_words, alone


def _folded(even: str, in_words: npt.NDArray[np.bool_]) -> int:
    """Return what a sign whose even form is known becomes."""
    if not any(in_words[ord(sign)] for sign in even):
        return _SPACE
    return ord(even) if len(even) == 1 else _ODD
