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
from workbench.ui.i18n import said, t

logger = logging.getLogger("workbench.ui")
P = ParamSpec("P")


def error_box(error: CrlftError) -> None:
    """Show a fault with its remedy; a configuration error lists all of its faults."""
    faults = error.faults if isinstance(error, ConfigError) and len(error.faults) > 1 else (error.message,)
    lines = [plain(_sentence(said(f))) for f in faults]
    if error.remedy:
        lines.append(f"**{t('What to do:')}** {plain(_sentence(said(error.remedy)))}")
    st.error("\n\n".join(lines), icon=":material/error:")


def plain(text: str) -> str:
    """Return `text` with Markdown's and Streamlit's marks made harmless; backquoted commands stay."""
    for mark in "\\*_~[]<>$#|:":
        text = text.replace(mark, "\\" + mark)
    return text


def _sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", "。")) else ".")


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
