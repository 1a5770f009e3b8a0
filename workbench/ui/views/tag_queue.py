"""The queue: one conversation after another, decided by key; the next is there at once.

The walk itself lives in the browser (`widgets.focus_queue`); here stand the choice of the queue, the pages that
the browser asks for, and the decisions that it sends.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from crlft.errors import CrlftError
from workbench.services import decisions, queue
from workbench.services.curation import ClassRow
from workbench.services.decisions import Decision, Outcome
from workbench.services.project import Project
from workbench.services.queue import QueuePage
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.nav import follow, goto, param, set_params
from workbench.ui.widgets import focus_queue
from workbench.ui.widgets.chips import safe_colour
from workbench.ui.widgets.errors import guarded
from workbench.ui.widgets.layout import empty_state

DEFAULT_QUERY = "class:none -status:dropped"
SUSPECTED_QUERY = "-class:none -status:dropped"
PAGE_SIZE = 40
ORDERS = {
    "oldest": "Oldest first",
    "newest": "Newest first",
    "longest": "Longest first",
    "random": "Random",
    "uncertain": "Most uncertain",
    "mass": "Most reward mass",
    "suspected": "Suspected mistag",
}
_WALK, _OUTBOX = "queue-walk", "queue-outbox"


@dataclass(slots=True)
class Walk:
    """One walk through one queue, kept in the browser session.

    Attributes:
        asked: Query, order and whether answers stand side by side.
        epoch: Its name in the browser.
        number: The page that was handed out last, from 0.
        page: That page.
        total: How many matched at the beginning.
        handed: Every conversation that was handed out.
    """

    asked: tuple[str, str, bool]
    epoch: str
    number: int
    page: QueuePage
    total: int
    handed: set[int] = field(default_factory=set)


def draw(project: Project, classes: Sequence[ClassRow]) -> None:
    """Draw the queue's choice and the queue."""
    order = param("order") if param("order") in ORDERS else "oldest"
    query = param("q", SUSPECTED_QUERY if order == "suspected" else DEFAULT_QUERY)
    beside = param("beside") == "1"
    follow("queue-query", query)
    follow("queue-order", order)
    _choice(beside)
    _decisions(project, classes)
    _queue(project, classes, (query, order, beside))


def _choice(beside: bool) -> None:
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
            width=190,
            on_change=lambda: set_params(order=st.session_state["queue-order"]),
        )
        hint = t("The answers to one prompt beside each other")
        on = st.toggle(t("Side by side"), value=beside, key="queue-side", help=hint)
        if on != beside:
            set_params(beside="1" if on else None)
            st.rerun()
        if st.button(t("Start again"), key="queue-again", icon=":material/replay:", type="tertiary"):
            st.session_state.pop(_WALK, None)
            st.rerun()


@st.fragment
@guarded
def _queue(project: Project, classes: Sequence[ClassRow], asked: tuple[str, str, bool]) -> None:
    walk: Walk | None = st.session_state.get(_WALK)
    if walk is None or walk.asked != asked:
        page = _page(project, asked)
        handed = {item.record.seq for item in page.items}
        walk = st.session_state[_WALK] = Walk(asked, secrets.token_hex(6), 0, page, page.total, handed)
    if not walk.page.items and walk.number == 0:
        _nothing(asked)
        return
    shown = walk

    def more(wanted: int) -> None:
        if wanted == shown.number + 1 and shown.page.after is not None:
            shown.page = _page(project, asked, shown.page.after, shown.handed)
            shown.number = wanted
            shown.handed |= {item.record.seq for item in shown.page.items}

    focus_queue.focus_queue(
        key="focus-queue",
        epoch=walk.epoch,
        page=walk.number,
        items=walk.page.items,
        total=walk.total,
        more=walk.page.after is not None,
        classes=[(row.name, row.key, row.colour, row.condition) for row in classes],
        actor=state.curator(),
        side_by_side=asked[2],
        on_more=more,
    )


def _page(
    project: Project, asked: tuple[str, str, bool], after: int | None = None, handed: set[int] | None = None
) -> QueuePage:
    query, order, beside = asked
    return queue.queue_page(
        project, query, order, limit=PAGE_SIZE, after=after, handed=handed or (), side_by_side=beside
    )


@st.fragment
def _decisions(project: Project, classes: Sequence[ClassRow]) -> None:
    """Carry out what the browser sends, and answer; nothing else is drawn again."""
    answer: Answer = st.session_state.setdefault(_OUTBOX, Answer())

    def arrived(message: Mapping[str, Any]) -> None:
        answer.take(project, message, classes)

    focus_queue.outbox(
        key="focus-outbox",
        project=str(project.root),
        number=answer.number,
        outcomes=answer.outcomes,
        fresh=answer.fresh,
        stale=answer.stale,
        on_decisions=arrived,
    )


@dataclass(slots=True)
class Answer:
    """What the browser is told about the decisions that it sent last.

    Attributes:
        number: Grows with every answer.
        outcomes: What became of each.
        fresh: Conversations that somebody else changed, as they are now.
        stale: Conversations coming up in the browser that somebody else changed, and who.
    """

    number: int = 0
    outcomes: list[Outcome] = field(default_factory=list)
    fresh: dict[int, dict[str, Any]] = field(default_factory=dict)
    stale: list[tuple[int, str]] = field(default_factory=list)

    def take(self, project: Project, message: Mapping[str, Any], classes: Sequence[ClassRow]) -> None:
        """Carry out what was sent."""
        self.outcomes = [_outcome(project, data) for data in message.get("decisions", ())]
        mine = {o.seq for o in self.outcomes}
        seen = [(int(s), int(r)) for s, r in message.get("watch", ()) if int(s) not in mine]
        self.stale = [(seq, by) for seq, by in decisions.moved_on(project, seen)]
        colours = {row.name: safe_colour(row.colour) for row in classes}
        refused = [o.seq for o in self.outcomes if o.conflict]
        self.fresh = {
            item.record.seq: focus_queue.item_data(item, colours) for item in queue.items(project, refused)
        }
        self.number += 1


def _outcome(project: Project, data: Mapping[str, Any]) -> Outcome:
    try:
        decision = Decision.from_dict(data)
    except CrlftError as error:  # what cannot be read must leave the outbox too, or it would come for ever
        return Outcome(str(data.get("id", "")), int(data.get("seq") or 0), ok=False, message=str(error))
    return decisions.decide(project, decision, actor=state.curator())


def _nothing(asked: tuple[str, str, bool]) -> None:
    query, order, _ = asked
    if order in ("uncertain", "suspected"):
        texts = {
            "uncertain": t("There are no suggestions yet for what matches “{query}”.", query=query),
            "suspected": t("No tag that matches “{query}” is suspected, or no model has judged yet.", query=query),
        }
        empty_state(t("Nothing to rank"), texts[order], key="queue-unranked")
        if order == "uncertain":
            if st.button(t("Go to suggestions"), type="primary", key="queue-suggest"):
                goto("tag", tab="suggestions")
        elif st.button(t("Let a model judge the tags"), type="primary", key="queue-judge"):
            goto("rounds")
        return
    empty_state(t("The queue is empty"), t("Nothing matches “{query}”.", query=query), key="queue-empty")
    with st.container(horizontal=True):
        if st.button(t("Look at the rewards"), key="queue-rewards"):
            goto("tag", tab="rewards")
        if st.button(t("Make a snapshot"), type="primary", key="queue-snapshot"):
            goto("snapshots")
