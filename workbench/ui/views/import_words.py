"""What repairs and faults of rows are called on the page, for people who do not read JSON."""

from __future__ import annotations

from workbench.ui.i18n import t

_RECODED = "encoding-"

_WORDS = {
    "trailing-comma": "comma too many",
    "comment": "comment skipped",
    "single-quotes": "single quotation marks",
    "python-literal": "Python's True, False, None",
    "not-a-number": "NaN made empty",
    "bare-key": "field name without quotation marks",
    "bad-escape": "unknown backslash sign",
    "control-character": "control character in a text",
    "missing-comma": "comma missing",
    "duplicate-key": "field twice, with the same value",
    "nested-json": "JSON inside a text",
    "turned-columns": "turns stored as columns",
    "number-as-text": "number where text is expected",
    "lone-surrogate": "half a character (shown as �)",
    "nul": "NUL sign (shown as �)",
    "huge-integer": "huge number kept as text",
    "no-answer": "no answer",
    "answer-first": "answer before the question",
    "same-role-twice": "same speaker twice in a row",
    "late-system": "system text in the middle",
    "empty-turn": "empty turn",
    "unanswered": "last question unanswered",
}


def in_words(code: str) -> str:
    """Return the name of a repair or fault in the reader's language; a code that has none is shown itself."""
    if code.startswith(_RECODED):
        return t("read as {encoding}", encoding=code.removeprefix(_RECODED).upper())
    return t(_WORDS.get(code, code))
