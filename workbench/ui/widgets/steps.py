"""The loop's steps in a line: done, next, still to come; each leads to its page."""

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


def steps(items: Sequence[Step]) -> int | None:
    """Draw the steps and return the place of the one that was clicked.

    A card is a drawing with a button over the whole of it: the page changes without being loaded anew.
    """
    clicked = None
    with st.container(key="wb-steps"):
        for place, item in enumerate(items):
            kind = "wb-step" + (" wb-done" if item.done else "") + (" wb-now" if item.now else "")
            mark = "✓" if item.done else str(place + 1)
            current = ' aria-current="step"' if item.now else ""
            with st.container(key=f"wb-step-{place}"):
                st.html(
                    f'<div class="{kind}"{current}><span class="wb-step-mark">{mark}</span>'
                    f"<span><b>{escape(item.title)}</b><small>{escape(item.purpose)}</small></span></div>"
                )
                if st.button(item.title, key=f"step-{place}", width="stretch"):
                    clicked = place
    return clicked
