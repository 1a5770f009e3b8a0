"""The queue: one conversation after another, decided by key; the next is there at once.

Decisions are saved as they are made. What was skipped or decided in this sitting does not come back until the
queue is started anew; what is left counts everything that still matches.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from workbench.domain.curation import Action
from workbench.services import browsing
from workbench.services.curation import ClassRow
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.nav import follow, goto, param, set_params
from workbench.ui.views import deciding, reader
from workbench.ui.views.querytext import words
from workbench.ui.widgets.errors import guarded
from workbench.ui.widgets.layout import empty_state

DEFAULT_QUERY = "class:none -status:dropped"
LOOKAHEAD = 50
ORDERS = {"oldest": "Oldest first", "newest": "Newest first", "longest": "Longest first", "random": "Random"}


@dataclass(slots=True)
class Sitting:
    """One curator's walk through one queue, kept in the browser session.

    Attributes:
        query: What is queued.
        order: Its order.
        seen: Conversations decided or skipped.
        trail: (conversation, action or None), for going back.
        back_to: A conversation to show again.
        cursor: Where the search goes on.
        started: Monotonic time of the first decision, 0 before it.
        decided: Decisions made.
    """

    query: str
    order: str
    seen: set[int] = field(default_factory=set)
    trail: list[tuple[int, int | None]] = field(default_factory=list)
    back_to: int | None = None
    cursor: int | None = None
    started: float = 0.0
    decided: int = 0

    def leave(self, seq: int, action: Action | None, *, decided: bool) -> None:
        """Go on from a conversation."""
        self.seen.add(seq)
        self.trail.append((seq, action.id if action else None))
        self.back_to = None
        if decided:
            self.started = self.started or time.monotonic()
            self.decided += 1

    def back(self) -> None:
        """Show the last conversation again."""
        if self.trail:
            self.back_to = self.trail.pop()[0]

    def per_hour(self) -> int | None:
        """Return the pace, once there is one."""
        seconds = time.monotonic() - self.started
        return round((self.decided - 1) / seconds * 3600) if self.decided > 2 and seconds > 1 else None


def draw(project: Project, classes: Sequence[ClassRow]) -> None:
    """Draw the queue's choice and the queue."""
    query = param("q", DEFAULT_QUERY)
    order = param("order") if param("order") in ORDERS else "oldest"
    follow("queue-query", query)
    follow("queue-order", order)
    with st.container(horizontal=True, vertical_alignment="bottom", key="wb-queue-choice"):
        st.text_input(
            t("Queue"),
            key="queue-query",
            icon=":material/search:",
            on_change=lambda: set_params(q=st.session_state["queue-query"].strip()),
        )
        st.selectbox(
            t("Order"),
            list(ORDERS),
            format_func=lambda o: t(ORDERS[o]),
            key="queue-order",
            width=180,
            on_change=lambda: set_params(order=st.session_state["queue-order"]),
        )
    _queue(project, classes, query, order)


def sitting(query: str, order: str) -> Sitting:
    """Return this browser session's sitting, a new one if the queue is another."""
    known = st.session_state.get("sitting")
    if not isinstance(known, Sitting) or (known.query, known.order) != (query, order):
        known = st.session_state["sitting"] = Sitting(query, order)
    undone = st.session_state.pop("last_undone", None)
    if undone is not None and known.trail and known.trail[-1][1] == undone:
        known.back()
        known.decided = max(0, known.decided - 1)
    return known


@st.fragment
@guarded
def _queue(project: Project, classes: Sequence[ClassRow], query: str, order: str) -> None:
    state.show_messages()
    now = sitting(query, order)
    total, seq = _next(project, now)
    if seq is None:
        _finished(total, now)
        return
    record = browsing.get_record(project, seq)
    colours = {row.name: row.colour for row in classes}

    def done(action: Action | None) -> None:
        now.leave(record.seq, action, decided=True)

    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="wb-queue-bar"):
        deciding.class_buttons(project, record, classes, key="queue", done=done)
        deciding.status_buttons(project, record, key="queue", done=done)
        st.button(
            t("Skip"),
            key="queue-skip",
            shortcut="S",
            icon=":material/skip_next:",
            on_click=lambda: now.leave(record.seq, None, decided=False),
        )
        st.button(
            t("Back"),
            key="queue-back",
            shortcut="Left",
            icon=":material/arrow_back:",
            disabled=not now.trail,
            on_click=now.back,
        )
    _pace(total, now)
    with st.container(key="wb-queue-reader"):
        reader.read(record, colours, highlight=words(query))


def _next(project: Project, now: Sitting) -> tuple[int, int | None]:
    """Return how many match, and the conversation to show."""
    page = browsing.search(project, now.query, limit=LOOKAHEAD, after=now.cursor, order=now.order)
    if now.back_to is not None:
        return page.total, now.back_to
    while True:
        fresh = next((r.seq for r in page.items if r.seq not in now.seen), None)
        if fresh is not None or page.next_after is None:
            return page.total, fresh
        now.cursor = page.next_after
        page = browsing.search(project, now.query, limit=LOOKAHEAD, after=now.cursor, order=now.order)


def _pace(total: int, now: Sitting) -> None:
    parts = [t("{n} match", n=total), t("{n} decided in this sitting", n=now.decided)]
    pace = now.per_hour()
    if pace:
        parts.append(t("{n} an hour", n=pace))
    st.progress(now.decided / max(1, now.decided + total), text=" · ".join(parts))


def _finished(total: int, now: Sitting) -> None:
    if total:
        empty_state(
            t("You have seen them all"),
            t("{n} skipped or decided ones still match.", n=total),
            key="queue-seen",
        )
        if st.button(t("Start this queue again"), type="primary", key="queue-again"):
            st.session_state.pop("sitting", None)
            st.rerun()
        return
    empty_state(t("The queue is empty"), t("Nothing matches “{query}”.", query=now.query), key="queue-empty")
    with st.container(horizontal=True):
        if st.button(t("Look at the rewards"), key="queue-rewards"):
            goto("tag", tab="rewards")
        if st.button(t("Make a snapshot"), type="primary", key="queue-snapshot"):
            goto("snapshots")
