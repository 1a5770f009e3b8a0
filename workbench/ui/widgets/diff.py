"""Differences between two texts, drawn in place.

The pieces come from `workbench.curate.diff.word_diff`: (op, text) with op `equal`, `insert` or `delete`.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

CONTEXT_CHARS = 160
_TAGS = {"insert": "ins", "delete": "del"}


def diff(pieces: Sequence[tuple[str, str]], *, context: int | None = CONTEXT_CHARS) -> None:
    """Draw a diff; long stretches without change are shortened to `context` characters at each side."""
    st.html(diff_html(pieces, context=context))


def diff_html(pieces: Sequence[tuple[str, str]], *, context: int | None = CONTEXT_CHARS) -> str:
    """Return the HTML that `diff` draws; all text is escaped, and blanks that changed are made visible."""
    out = []
    for i, (op, text) in enumerate(pieces):
        tag = _TAGS.get(op)
        if tag:
            shown = text if text.strip() else text.replace(" ", "␣").replace("\n", "⏎\n").replace("\t", "⇥")
            out.append(f"<{tag}>{escape(shown)}</{tag}>")
        else:
            out.append(escape(_shorten(text, context, first=i == 0, last=i == len(pieces) - 1)))
    return f'<div class="wb-diff" dir="auto">{"".join(out)}</div>'


def _shorten(text: str, context: int | None, *, first: bool, last: bool) -> str:
    if context is None or len(text) <= 2 * context + 20:
        return text
    head = "" if first else text[:context]
    tail = "" if last else text[-context:]
    return f"{head} … {tail}"
