"""Which language a conversation is in, found offline.

Three votes: the script settles Chinese, Japanese and Korean; a share of English function words settles English
(short answers are easily taken for Danish), counted by a compiled loop; for the rest py3langid's model, limited to
`LANGUAGES`, decides.
Texts are best given many at once: see `workbench.curate.langbatch`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import numpy as np

from workbench.curate import langbatch, textloops

LANGUAGES = (
    "ar", "bg", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hi", "hu", "id", "it", "ja", "ko",
    "nl", "no", "pl", "pt", "ro", "ru", "sv", "th", "tr", "uk", "vi", "zh",
)  # fmt: skip
"""Every code that can be answered, besides the empty one for a text without letters."""

MAX_CHARACTERS = 400
"""How much of a text is looked at."""

_ENGLISH_SHARE = 0.2
_ENGLISH = frozenset(
    "the and of to is that it with are this have from you your be not can which they their"
    " what how would there been were when who its into these than should could about our my he she"
    " his them then some any each between while because through during does did if by but".split()
)  # words that are no common words of the other languages
_TABLE_BITS = 12
"""The table of English words has 2^12 slots: none of them is pushed out of its two."""
_WORDS = re.compile(r"[^\W\d_]+")
_ASCII = bytes(range(128))
_LETTER = re.compile(r"[^\W\d_]")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_KANA = re.compile(r"[\u3041-\u30ff\uff66-\uff9f]")
_HANGUL = re.compile(r"[\u1100-\u11ff\uac00-\ud7af]")
_EAST_ASIAN = re.compile(r"[\u1100-\u11ff\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\U000323af]")


def detect_languages(texts: Sequence[str]) -> list[str]:
    """Return the ISO 639-1 code of each text's language, or an empty string where it has no letters.

    Args:
        texts: Any texts; the first `MAX_CHARACTERS` characters of each are looked at.
    """
    heads = [text[:MAX_CHARACTERS] for text in texts]
    # Signs that are no letters and say nothing, such as quotation marks and emoji, part words as a space does.
    plain = [head if head.isascii() else _without_marks(head) for head in heads]
    together = [i for i, head in enumerate(plain) if head is not None]
    words, english = _count_words([head for head in plain if head is not None])
    found = [""] * len(heads)
    open_ones = []
    for i, n_words, n_english in zip(together, words, english, strict=True):
        if n_words and n_english >= _ENGLISH_SHARE * n_words:
            found[i] = "en"
        elif n_words:
            open_ones.append(i)
    for i, head in enumerate(heads):
        if plain[i] is None and not (script := _by_script(head)) and _LETTER.search(head):
            if _is_english(head):
                found[i] = "en"
            else:
                open_ones.append(i)
        elif plain[i] is None:
            found[i] = script
    if open_ones:
        guesses = langbatch.identifier(LANGUAGES).classify([heads[i] for i in open_ones])
        for i, guess in zip(open_ones, guesses, strict=True):
            found[i] = guess
    return found


def _without_marks(head: str) -> str | None:
    """Return a text in ASCII if all other signs of it are marks, else None."""
    beyond = set(head.encode("utf-8", "replace").translate(None, _ASCII).decode())
    return head.encode("ascii", "replace").decode() if all(map(_is_mark, beyond)) else None


@cache
def _is_mark(sign: str) -> bool:
    """Return whether a sign is no letter, and none by which a script is told."""
    return not _LETTER.match(sign) and not _EAST_ASIAN.match(sign)


def _count_words(heads: Sequence[str]) -> tuple[list[int], list[int]]:
    """Return how many words each ASCII text has, and how many of them are `_ENGLISH`."""
    data = [head.encode().lower() for head in heads]
    ends = np.cumsum([len(text) for text in data], dtype=np.int64)
    words, english = np.zeros((2, len(data)), dtype=np.int64)
    joined = np.frombuffer(b"".join(data), dtype=np.uint8)
    textloops.letter_words(joined, ends, _english_table(), _TABLE_BITS, words, english)
    return words.tolist(), english.tolist()


@cache
def _english_table() -> textloops.Words:
    """Return the table of `_ENGLISH` for `letter_words`."""
    words = np.array([int.from_bytes(word.encode(), "big") for word in sorted(_ENGLISH)], dtype=np.uint64)
    table = np.zeros(1 << _TABLE_BITS, dtype=np.uint64)
    textloops.list_words(words, _TABLE_BITS, table)
    return table


def detect_language(text: str) -> str:
    """Return one text's language, as `detect_languages` does."""
    return detect_languages([text])[0]


def _is_english(head: str) -> bool:
    words = _WORDS.findall(head.lower())
    return sum(map(_ENGLISH.__contains__, words)) >= _ENGLISH_SHARE * len(words)


def _by_script(head: str) -> str:
    """Return the language that the script gives away, empty where Latin or another script prevails."""
    if not _EAST_ASIAN.search(head):
        return ""
    letters = sum(map(len, _WORDS.findall(head)))
    if not letters:  # the middle dot of katakana alone
        return ""
    han, kana, hangul = len(_HAN.findall(head)), len(_KANA.findall(head)), len(_HANGUL.findall(head))
    # A sign of an East Asian script carries about as much as three Latin letters.
    if 3 * (han + kana + hangul) < letters:
        return ""
    if hangul > han + kana:
        return "ko"
    return "ja" if 10 * kana > han else "zh"
