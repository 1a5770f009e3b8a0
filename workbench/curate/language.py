"""Which language a conversation is in, found offline.

Three steps, cheapest first: the script settles Chinese, Japanese and Korean; a share of English function words
settles English; py3langid, limited to `LANGUAGES`, decides the rest. The shortcuts exist because py3langid
walks every byte in Python (about 5,000 texts a second); on real answers they agree with it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

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
_WORDS = re.compile(r"[^\W\d_]+")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_KANA = re.compile(r"[\u3041-\u30ff\uff66-\uff9f]")
_HANGUL = re.compile(r"[\u1100-\u11ff\uac00-\ud7af]")
_EAST_ASIAN = re.compile(r"[\u1100-\u11ff\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\U000323af]")


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(LANGUAGES)
    return identifier


def detect_language(text: str) -> str:
    """Return the ISO 639-1 code of a text's language, or an empty string where it has no letters.

    Args:
        text: Any text; the first `MAX_CHARACTERS` characters are looked at.
    """
    head = text[:MAX_CHARACTERS]
    words = _WORDS.findall(head.lower())
    if not words:
        return ""
    if not head.isascii() and _EAST_ASIAN.search(head):
        by_script = _by_script(head, sum(map(len, words)))
        if by_script:
            return by_script
    if sum(map(_ENGLISH.__contains__, words)) >= _ENGLISH_SHARE * len(words):
        return "en"
    return str(_identifier().classify(head)[0])


def _by_script(head: str, letters: int) -> str:
    """Return the language that the script gives away, empty where Latin or another script prevails."""
    han, kana, hangul = len(_HAN.findall(head)), len(_KANA.findall(head)), len(_HANGUL.findall(head))
    # A sign of an East Asian script carries about as much as three Latin letters.
    if 3 * (han + kana + hangul) < letters:
        return ""
    if hangul > han + kana:
        return "ko"
    return "ja" if 10 * kana > han else "zh"
