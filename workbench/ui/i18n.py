"""Every text of the interface passes through `t` or `tn`; English is the key, other languages are catalogues.

A new language is one entry in `CATALOGUES`: English text → translated text. A text that a catalogue lacks is
shown in English, so a catalogue may grow in pieces.

The language belongs to the browser session (`workbench.ui.language` settles it), so two curators of one process
may read different languages. It is looked up in the session's state at each text, because a callback and a
fragment that is drawn again alone do not pass the start of the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from functools import lru_cache

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from workbench.ui.catalogues import zh, zh_errors, zh_log
from workbench.ui.forms import Forms

CATALOGUES: dict[str, Mapping[str, str]] = {"en": {}, "zh": zh.TEXTS}
"""Language code to (English text to text); English needs no entries."""

SENTENCES: dict[str, Mapping[str, str]] = {"zh": zh_log.SENTENCES}
"""Language code to (form of an English sentence to its form there), for titles and reasons that services write."""

ERRORS: dict[str, Mapping[str, str]] = {"zh": zh_errors.SENTENCES}
"""Language code to (form of an English sentence to its form there), for what errors say."""

LONGEST_SENTENCE = 500
"""Characters; what is longer is some text, and looking for its form would take long."""

SESSION_KEY = "language"
"""Where the session's state holds the code."""

_language: ContextVar[str | None] = ContextVar("workbench_language", default=None)


def use_language(code: str | None) -> None:
    """Choose the language for this thread, where no browser session stands behind it; None chooses none."""
    _language.set(code)


def language() -> str:
    """Return the code of the language to speak: the thread's own, else the browser session's, else English."""
    code = _language.get()
    if code is None and get_script_run_ctx(suppress_warning=True) is not None:
        code = st.session_state.get(SESSION_KEY)
    return code if code in CATALOGUES else "en"


def t(text: str, /, **values: object) -> str:
    """Return `text` in the chosen language with `{name}` places filled from `values`.

    Numbers are grouped by thousands. The catalogue's text must have the same places as the English one.
    """
    translated = CATALOGUES[language()].get(text, text)
    if not values:
        return translated
    return translated.format(**{k: _shown(v) for k, v in values.items()})


def tn(n: int, one: str, many: str, /, **values: object) -> str:
    """Return `one` for n = 1 and `many` otherwise, translated, with `{n}` filled in."""
    return t(one if n == 1 else many, n=n, **values)


def said(sentence: str) -> str:
    """Return a sentence that a service wrote (a title, a reason) in the chosen language, if its form is known."""
    return _said(language(), sentence)


def said_error(sentence: str) -> str:
    """Return an error's message or remedy in the chosen language, if its form is known."""
    return _said_error(language(), sentence)


@lru_cache(maxsize=4096)
def _said(code: str, sentence: str) -> str:
    if len(sentence) > LONGEST_SENTENCE or code not in SENTENCES:
        return sentence
    return _titles(code).said(sentence) or sentence


@lru_cache(maxsize=1024)
def _said_error(code: str, sentence: str) -> str:
    return (_errors(code).said(sentence) or sentence) if code in ERRORS else sentence


@lru_cache(maxsize=8)
def _titles(code: str) -> Forms:
    return Forms(SENTENCES[code])


@lru_cache(maxsize=8)
def _errors(code: str) -> Forms:
    return Forms(ERRORS[code], ranked=True, lists=True, titles=_titles(code))


def _shown(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return value
