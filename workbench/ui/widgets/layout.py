"""The parts every page is built from: header, empty state, figures, pager, progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from workbench.ui.i18n import t
from workbench.ui.nav import goto
from workbench.ui.widgets.chips import coded


def page_header(title: str, purpose: str) -> None:
    """Draw the page's title with one sentence that says what it is for."""
    st.html(f'<div class="wb-head"><h1>{escape(title)}</h1><p>{escape(purpose)}</p></div>')


def empty_state(
    title: str,
    text: str,
    *,
    button: str = "",
    page: str = "",
    params: Mapping[str, str] | None = None,
    key: str = "empty",
) -> None:
    """Say that there is nothing here yet and lead to what comes next.

    Args:
        title: What is missing, a few words.
        text: One or two sentences: what to do, and what will then be here.
        button: The button's text; empty draws none.
        page: The page that the button leads to (its file's name under `pages/`).
        params: Parameters of that page's address.
        key: Widget key, where a page has more than one.
    """
    with st.container(border=True, key=f"wb-empty-{key}"):
        st.html(f'<div class="wb-empty"><h3>{escape(title)}</h3><p>{escape(text)}</p></div>')
        if button and st.button(button, type="primary", key=f"empty-go-{key}"):
            goto(page, **(params or {}))


def metric_row(items: Sequence[tuple[str, object, str]]) -> None:
    """Draw key figures side by side.

    Args:
        items: (label, value, hint); integers are grouped by thousands, an empty hint is left out.
    """
    cells = []
    for label, value, hint in items:
        shown = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
        cells.append(
            f'<div class="wb-metric"><div class="wb-metric-label">{escape(label)}</div>'
            f'<div class="wb-metric-value">{escape(shown)}</div>'
            f'<div class="wb-metric-hint">{escape(hint)}</div></div>'
        )
    st.html(f'<div class="wb-metrics">{"".join(cells)}</div>')


def section(title: str, note: str = "") -> None:
    """Draw a section's head inside a page; what stands between backticks in the note is set as code."""
    st.html(f'<div class="wb-section"><h2>{escape(title)}</h2><span>{coded(escape(note))}</span></div>')


def pager(key: str, *, total: int, page_size: int) -> int:
    """Draw previous and next with the rows in view, and return the page's index from 0.

    Use it where offsets are cheap (lists up to some thousands); keyset lists keep their own cursor.
    """
    last = max(0, (total - 1) // page_size)
    index = min(int(st.session_state.get(key, 0)), last)
    if last == 0:
        return 0
    with st.container(horizontal=True, vertical_alignment="center", key=f"wb-pager-{key}"):
        if st.button(t("Previous page"), key=f"{key}-prev", disabled=index == 0, icon=":material/chevron_left:"):
            index -= 1
        if st.button(t("Next page"), key=f"{key}-next", disabled=index == last, icon=":material/chevron_right:"):
            index += 1
        first = index * page_size + 1
        st.caption(t("{a}–{b} of {n}", a=first, b=min(total, first + page_size - 1), n=total))
    if index != st.session_state.get(key, 0):
        st.session_state[key] = index
        st.rerun()
    return index


def progress_line(done: int, total: int | None, *, label: str, eta_seconds: float | None = None) -> None:
    """Draw a progress bar with counts and, where known, the time left."""
    text = progress_words(done, total, label=label, eta_seconds=eta_seconds)
    st.progress(min(1.0, done / total) if total else 0.0, text=text)


def progress_words(done: int, total: int | None, *, label: str, eta_seconds: float | None = None) -> str:
    """Return what stands over a progress bar: what, how much of how much, and the time left where known."""
    counted = f"{done:,} / {total:,}" if total else f"{done:,}" if done else ""
    parts = [label, counted or t("starting…")]
    if eta_seconds is not None:
        parts.append(t("{time} left", time=duration(eta_seconds)))
    return " · ".join(p for p in parts if p)


def duration(seconds: float) -> str:
    """Return a span of time in words a person reads at a glance (`3 min 20 s`)."""
    whole = max(0, round(seconds))
    if whole < 60:
        return t("{s} s", s=whole)
    if whole < 3600:
        return t("{m} min {s} s", m=whole // 60, s=whole % 60)
    return t("{h} h {m} min", h=whole // 3600, m=whole % 3600 // 60)
