"""Errors as a reader wants them: what was found, and what to do about it.

with boundary("Browse"):       # around a page
    …
@st.fragment                   # a fragment's own reruns do not pass the page's boundary
@guarded
def reader() -> None: …
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec

import streamlit as st

from crlft.errors import ConfigError, CrlftError
from workbench.ui.i18n import language, said_error, t

logger = logging.getLogger("workbench.ui")
P = ParamSpec("P")


def error_box(error: CrlftError) -> None:
    """Show a fault with its remedy; a configuration error lists all of its faults."""
    faults = error.faults if isinstance(error, ConfigError) and len(error.faults) > 1 else (error.message,)
    st.error("\n\n".join([*(plain(_sentence(f)) for f in faults), *_to_do(error.remedy)]), icon=":material/error:")


def fault_words(message: str, remedy: str = "") -> str:
    """Return what went wrong, or may, and what to do about it as Markdown in the reader's language."""
    return "\n\n".join([*([plain(_sentence(message))] if message else []), *_to_do(remedy)])


def in_words(error: CrlftError) -> str:
    """Return an error as one line of Markdown, in the reader's language."""
    between = "" if language() == "zh" else " "
    return plain(between.join(_sentence(text) for text in (error.message, error.remedy) if text))


def _to_do(remedy: str) -> list[str]:
    return [f"**{t('What to do:')}** {plain(_sentence(remedy))}"] if remedy else []


def plain(text: str) -> str:
    """Return `text` with Markdown's and Streamlit's marks made harmless; backquoted commands stay."""
    for mark in "\\*_~[]<>$#|:":
        text = text.replace(mark, "\\" + mark)
    return text


def _sentence(text: str) -> str:
    """Return a fault in the reader's language as a whole sentence."""
    text = text.strip()
    told = said_error(text)
    end = "" if told.endswith((".", "!", "?", "。", "！", "？")) else "。" if language() == "zh" else "."
    return (told if told != text else text[:1].upper() + text[1:]) + end


@contextmanager
def boundary(where: str) -> Iterator[None]:
    """Turn whatever goes wrong inside into a box on the page; the unexpected is logged with its trace."""
    try:
        yield
    except CrlftError as error:
        logger.info("%s: %s", where, error)
        error_box(error)
    except Exception as error:  # the page's boundary: one broken page must not show a trace
        logger.exception("unexpected error on page %s", where)
        st.error(
            t(
                "Something unexpected happened on this page ({kind}: {text}). Nothing was changed by it. "
                "Reload the page; if it happens again, the app's log has the details.",
                kind=type(error).__name__,
                text=plain(str(error))[:300],
            ),
            icon=":material/error:",
        )


def guarded(function: Callable[P, None]) -> Callable[P, None]:
    """Give a fragment the page's boundary."""

    @wraps(function)
    def inner(*args: P.args, **kwargs: P.kwargs) -> None:
        with boundary(function.__name__):
            function(*args, **kwargs)

    return inner
