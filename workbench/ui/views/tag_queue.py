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

from workbench.services import decisions, panels, queue
from workbench.services.curation import ClassRow
from workbench.services.decisions import Outcome
from workbench.services.project import Project
from workbench.services.queue import QueuePage
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.nav import follows, goto, param, set_params
from workbench.ui.views import tag_suggestions
from workbench.ui.widgets import focus_queue
from workbench.ui.widgets.chips import safe_colour
from workbench.ui.widgets.errors import guarded, plain
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


@dataclass(frozen=True, slots=True)
class Asked:
    """Which queue.

    Attributes:
        query: Which conversations.
        order: In which order.
        beside: Whether answers to one prompt stand side by side.
        panel: The panel that is judged instead, or 0.
        dispute: Whether it is what the panel's people differ on.
        actor: Who judges in the panel; empty elsewhere.
    """

    query: str
    order: str = "oldest"
    beside: bool = False
    panel: int = 0
    dispute: bool = False
    actor: str = ""

    @property
    def mode(self) -> focus_queue.Mode:
        """What a class's key does."""
        return "tag" if not self.panel else "settle" if self.dispute else "judge"


@dataclass(slots=True)
class Walk:
    """One walk through one queue, kept in the browser session.

    Attributes:
        asked: Which queue.
        epoch: Its name in the browser.
        number: The page that was handed out last, from 0.
        page: That page.
        total: How many matched at the beginning.
        handed: Every conversation that was handed out.
    """

    asked: Asked
    epoch: str
    number: int
    page: QueuePage
    total: int
    handed: set[int] = field(default_factory=set)


def draw(project: Project, classes: Sequence[ClassRow]) -> None:
    """Draw the queue's choice and the queue."""
    if param("panel").isdigit():
        _panel(project, classes, int(param("panel")), dispute=param("part") == "disputed")
        return
    order = param("order") if param("order") in ORDERS else "oldest"
    query = param("q", SUSPECTED_QUERY if order == "suspected" else DEFAULT_QUERY)
    beside = param("beside") == "1"
    _choice(query, order, beside)
    _decisions(project, classes)
    _queue(project, classes, Asked(query, order, beside))


def _panel(project: Project, classes: Sequence[ClassRow], panel_id: int, *, dispute: bool) -> None:
    """Draw a panel's queue: one's own share of it, blind, or what people differ on."""
    panel = panels.get_panel(project, panel_id)
    with st.container(horizontal=True, vertical_alignment="center", key="wb-queue-choice"):
        name, who = plain(panel.name), plain(state.curator())
        words = (
            t("Panel **{name}**: what people differ on, with what each thinks. A class's key decides.", name=name)
            if dispute
            else t(
                "Panel **{name}**: you judge as **{who}**, blind to the others. It tags nothing yet.",
                name=name,
                who=who,
            )
        )
        st.markdown(words, width="stretch")
        if st.button(t("Back to the panel"), key="queue-panel-back", icon=":material/arrow_back:"):
            goto("tag", tab="together", panel=str(panel_id))
    _decisions(project, classes)
    _queue(project, classes, Asked("", panel=panel_id, dispute=dispute, actor=state.curator()))


def _choice(query: str, order: str, beside: bool) -> None:
    box, ordered = follows("queue-query", query), follows("queue-order", order)
    with st.container(horizontal=True, vertical_alignment="bottom", key="wb-queue-choice"):
        st.text_input(
            t("Queue"),
            query,
            key=box,
            icon=":material/search:",
            on_change=lambda: set_params(q=st.session_state[box].strip()),
        )
        st.selectbox(
            t("Order"),
            list(ORDERS),
            index=list(ORDERS).index(order),
            format_func=lambda o: t(ORDERS[o]),
            key=ordered,
            width=190,
            on_change=lambda: set_params(order=st.session_state[ordered]),
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
def _queue(project: Project, classes: Sequence[ClassRow], asked: Asked) -> None:
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
            tag_suggestions.keep_fresh(project)

    focus_queue.focus_queue(
        key="focus-queue",
        epoch=walk.epoch,
        page=walk.number,
        items=walk.page.items,
        total=walk.total,
        more=walk.page.after is not None,
        classes=[(row.name, row.key, row.colour, row.condition) for row in classes],
        actor=state.curator(),
        side_by_side=asked.beside,
        on_more=more,
        panel=asked.panel,
        mode=asked.mode,
    )


def _page(project: Project, asked: Asked, after: int | None = None, handed: set[int] | None = None) -> QueuePage:
    held = handed or ()
    if asked.panel:
        return queue.panel_page(
            project, asked.panel, asked.actor, dispute=asked.dispute, limit=PAGE_SIZE, handed=held
        )
    return queue.queue_page(
        project, asked.query, asked.order, limit=PAGE_SIZE, after=after, handed=held, side_by_side=asked.beside
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
        self.outcomes = [
            decisions.take(project, data, actor=state.curator()) for data in message.get("decisions", ())
        ]
        mine = {o.seq for o in self.outcomes}
        seen = [(int(s), int(r)) for s, r in message.get("watch", ()) if int(s) not in mine]
        self.stale = [(seq, by) for seq, by in decisions.moved_on(project, seen)]
        colours = {row.name: safe_colour(row.colour) for row in classes}
        refused = [o.seq for o in self.outcomes if o.conflict]
        self.fresh = {
            item.record.seq: focus_queue.item_data(item, colours) for item in queue.items(project, refused)
        }
        self.number += 1


def _nothing(asked: Asked) -> None:
    query, order = asked.query, asked.order
    if asked.panel:
        title = t("Nobody differs") if asked.dispute else t("You have judged your share")
        text = (
            t("Where all who were asked have judged, they judged alike, or it is settled.")
            if asked.dispute
            else t("What is left waits for others, or for a decision.")
        )
        empty_state(title, text, key="queue-panel-empty")
        return
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
