"""Every text of the interface passes through `t` or `tn`; English is the key, other languages are catalogues.

A new language is one entry in `CATALOGUES`: English text → translated text. A text that a catalogue lacks is
shown in English, so a catalogue may grow in pieces. The language in use is a context variable, set once for
each page run (`use_language`), so two curators of one process may read different languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar

from workbench.ui.catalogues import zh_import, zh_train

CATALOGUES: dict[str, Mapping[str, str]] = {"en": {}, "zh": {**zh_import.TEXTS, **zh_train.TEXTS}}
"""Language code to (English text to text); English needs no entries."""

_language: ContextVar[str] = ContextVar("workbench_language", default="en")


def use_language(code: str) -> None:
    """Choose the language for what follows in this page run; an unknown code means English."""
    _language.set(code if code in CATALOGUES else "en")


def t(text: str, /, **values: object) -> str:
    """Return `text` in the chosen language with `{name}` places filled from `values`.

    Numbers are grouped by thousands. The catalogue's text must have the same places as the English one.
    """
    translated = CATALOGUES[_language.get()].get(text, text)
    if not values:
        return translated
    return translated.format(**{k: _shown(v) for k, v in values.items()})


def tn(n: int, one: str, many: str, /, **values: object) -> str:
    """Return `one` for n = 1 and `many` otherwise, translated, with `{n}` filled in."""
    return t(one if n == 1 else many, n=n, **values)


def _shown(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return value
