"""The loop's steps in a line: done, next, still to come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        title: Its name.
        purpose: What it is for, a few words.
        done: It was done in this round.
        now: It is what comes next.
    """

    title: str
    purpose: str
    done: bool = False
    now: bool = False


def steps(items: Sequence[Step]) -> None:
    """Draw the steps."""
    cells = []
    for number, item in enumerate(items, 1):
        kind = "wb-step" + (" wb-done" if item.done else "") + (" wb-now" if item.now else "")
        mark = "✓" if item.done else str(number)
        current = ' aria-current="step"' if item.now else ""
        cells.append(
            f'<div role="listitem" class="{kind}"{current}><span class="wb-step-mark">{mark}</span>'
            f"<span><b>{escape(item.title)}</b><small>{escape(item.purpose)}</small></span></div>"
        )
    st.html(f'<div role="list" class="wb-steps">{"".join(cells)}</div>')
