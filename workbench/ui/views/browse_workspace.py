"""Browse's working part: the list and the reader. A fragment draws it, so that a step redraws nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from workbench.domain.record import Record
from workbench.services import browsing, curation, decisions
from workbench.services.browsing import Page
from workbench.services.curation import ClassRow
from workbench.services.decisions import Outcome
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.nav import set_params
from workbench.ui.views import acting, browse_bulk, origin, reader, siblings
from workbench.ui.views.querytext import with_likeness, words
from workbench.ui.widgets.errors import fault_words
from workbench.ui.widgets.focus_queue import outbox
from workbench.ui.widgets.reader_bar import Shown, reader_bar
from workbench.ui.widgets.record_list import Pager, acknowledge, record_list

PAGE_SIZE = 50
AHEAD = 2
"""Conversations below the open one that the browser holds ready; one above."""

# Session state: the open conversation, the pages walked through, what the view is, and the rows in view.
_SEQ, _CURSORS, _VIEW, _ROWS = "browse_seq", "browse_cursors", "browse_view", "browse_rows"
_NEXT, _LAND, _TAB, _RAW = "browse_next", "browse_land", "browse_tab", "browse_raw"
_OUTCOMES = "browse_outcomes"
_LIST = "browse-list"
"""The list's widget key."""

TABS = {
    "read": "Conversation",
    "edit": "Edit",
    "history": "History",
    "prompt": "Same prompt",
    "details": "Details",
}
"""Ways to show a conversation, and what they are called."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What list and reader show, asked for before the first element is drawn: so all are painted at once.

    Attributes:
        query: Which conversations; beside it `seqs` where they were chosen on the map.
        seqs: Row numbers of the chosen ones, or None.
        page: The list's page.
        selected: The open conversation.
        record: It, or None where it is gone.
        ahead: What the reader will show at the next keys, by row number.
    """

    query: str
    seqs: Sequence[int] | None
    page: Page
    selected: int | None
    record: Record | None
    ahead: Mapping[int, str]


def prepare(
    project: Project, classes: Sequence[ClassRow], query: str, order: str, seqs: Sequence[int] | None = None
) -> Prepared:
    """Ask for list and reader of a query, or of the conversations chosen on the map (`seqs`).

    Raises:
        QueryError: The query has a mistake.
    """
    _reset_if_new((query, order, None if seqs is None else (len(seqs), hash(tuple(seqs)))))
    page = _page(project, query, order, seqs)
    selected = _selection(page)
    shown = [row.seq for row in page.items]
    near: list[int] = []
    if selected in shown and st.session_state.get(_TAB, "read") == "read":
        at = shown.index(selected)
        near = shown[max(0, at - 1) : at] + shown[at + 1 : at + 1 + AHEAD]
    wanted = near if selected is None else [selected, *near]
    records = {record.seq: record for record in browsing.get_records(project, wanted)}
    colours = {row.name: row.colour for row in classes}
    ahead = {s: reader.read_html(records[s], colours, **_manner(classes, query)) for s in near if s in records}
    return Prepared(query, seqs, page, selected, records.get(selected or 0), ahead)


def workspace(
    project: Project,
    classes: Sequence[ClassRow],
    shown: Prepared,
    places: tuple[DeltaGenerator, DeltaGenerator] | None = None,
) -> None:
    """Draw list and reader, in two places or beside each other."""
    left, right = places or st.columns([5, 7], gap="medium")
    page, colours = shown.page, {row.name: row.colour for row in classes}
    with left:
        browse_bulk.bar(project, classes, total=page.total, query=shown.query, seqs=shown.seqs)
        cursors = st.session_state[_CURSORS]
        record_list(
            page.items,
            key=_LIST,
            colours=colours,
            selected=shown.selected,
            on_open=_open,
            on_turn=_turn,
            on_page=_turn_to_top,
            pager=Pager(len(cursors) * PAGE_SIZE + 1, page.total, bool(cursors), page.next_after is not None),
            address=True,
            height=None,
            empty=t("No conversation matches. Remove a word or a filter."),
            ahead=shown.ahead,
        )
    with right:
        if shown.selected is not None:
            _read(project, classes, colours, shown)
        _outbox(project)


def _reset_if_new(view: object) -> None:
    if st.session_state.get(_VIEW) != view:
        first = _VIEW not in st.session_state
        st.session_state[_VIEW] = view
        st.session_state[_CURSORS] = []
        st.session_state.pop(_SEQ, None)
        if not first:
            set_params(id=None)


def _page(project: Project, query: str, order: str, seqs: Sequence[int] | None) -> Page:
    cursors: list[int] = st.session_state[_CURSORS]
    after = cursors[-1] if cursors else None
    if seqs is None:
        page = browsing.search(project, query, limit=PAGE_SIZE, after=after, order=order)
    else:
        start = after or 0  # a selection is paged by position
        rows = browsing.summaries(project, seqs[start : start + PAGE_SIZE])
        page = Page(len(seqs), rows, start + PAGE_SIZE if start + PAGE_SIZE < len(seqs) else None)
    if not page.items and cursors:  # the last page's last match was tagged away
        cursors.pop()
        return _page(project, query, order, seqs)
    return page


def _selection(page: Page) -> int | None:
    """Return the open conversation: the chosen one, the address's, or the page's first (last, from below)."""
    seqs = [r.seq for r in page.items]
    st.session_state[_ROWS], st.session_state[_NEXT] = seqs, page.next_after
    wanted: int | None = st.session_state.get(_SEQ)
    if not seqs:
        wanted = None
    elif st.session_state.pop(_LAND, "") == "last":
        wanted = seqs[-1]
    elif wanted is None:
        by_uid = {r.uid: r.seq for r in page.items}
        wanted = by_uid.get(st.query_params.get("id", ""), seqs[0])
    st.session_state[_SEQ] = wanted
    return wanted


def _open(seq: int) -> None:
    st.session_state[_SEQ] = seq


def _turn(by: int) -> None:
    """Go one page on (+1) or back (-1), as far as there is one."""
    cursors: list[int] = st.session_state[_CURSORS]
    if by > 0 and st.session_state.get(_NEXT) is not None:
        cursors.append(st.session_state[_NEXT])
    elif by < 0 and cursors:
        cursors.pop()
        st.session_state[_LAND] = "last"
    else:
        return
    st.session_state.pop(_SEQ, None)


def _tool(project: Project, query: str, name: str, seq: int) -> None:
    """Do what a button of the reader's bar says about the conversation that was in view."""
    if name == "edit":
        st.session_state[_TAB] = "read" if st.session_state.get(_TAB) == "edit" else "edit"
    elif name == "raw":
        st.session_state[_RAW] = not st.session_state.get(_RAW, False)
    else:
        found = browsing.summaries(project, [seq])
        if found:
            set_params(q=with_likeness(query, found[0].uid), id=None, order=None)


def _tab(name: str) -> None:
    st.session_state[_TAB] = name if name in TABS else "read"


def _outbox(project: Project) -> None:
    """Draw the outbox of what is decided by key: carried out before the run that draws what came of it."""
    number, outcomes = st.session_state.get(_OUTCOMES, (0, []))

    def arrived(message: Mapping[str, Any]) -> None:
        done = _decided(project, message.get("decisions", ()))
        st.session_state[_OUTCOMES] = (number + 1, done)
        _gone_on(message.get("open") or {})

    outbox(
        key="browse-outbox",
        project=str(project.root),
        number=number,
        outcomes=outcomes,
        fresh={},
        stale=[],
        on_decisions=arrived,
    )


def _decided(project: Project, sent: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    """Carry out what was sent, in its order; what follows an undo that takes long stays in the browser so far."""
    who = state.curator()
    done: list[Outcome] = []
    for data in sent:
        undoing, key = data.get("kind") == "undo" and not data.get("value"), str(data.get("id", ""))
        if undoing and (acting.is_undoing(key) or curation.undo_takes_long(project, who)):
            acting.undo_soon(key)
            return [*done, Outcome(key, int(data.get("seq") or 0), ok=True)]
        outcome = decisions.take(project, data, actor=who)
        done.append(outcome)
        if not outcome.ok:
            state.say(fault_words(outcome.message), icon=":material/error:")
        elif undoing and outcome.action_id is not None:
            acting.say_undone(curation.get_action(project, outcome.action_id))
    return done


def _gone_on(place: Mapping[str, Any]) -> None:
    """Follow the list to where it has gone in the browser; sent twice, it is followed once."""
    rows: list[int] = st.session_state.get(_ROWS, [])
    follows = bool(rows) and (place.get("seq") in rows or (place.get("turn") and place.get("from") == rows[0]))
    if not follows or not acknowledge(_LIST, int(place["number"])):
        return
    if place.get("turn"):
        _turn(int(place["turn"]))
    else:
        _open(int(place["seq"]))


def _manner(classes: Sequence[ClassRow], query: str) -> dict[str, Any]:
    """Return how conversations are shown: words marked, weights of the classes, Markdown set or raw."""
    return {
        "highlight": words(query),
        "weights": {row.name: row.loss_weight for row in classes},
        "rendered": not st.session_state.get(_RAW, False),
    }


def _turn_to_top(by: int) -> None:
    _turn(by)
    st.session_state.pop(_LAND, None)


def _read(project: Project, classes: Sequence[ClassRow], colours: Mapping[str, str], shown: Prepared) -> None:
    record, query = shown.record, shown.query
    if record is None:
        st.info(t("This conversation is no longer here. Choose another one in the list."))
        return
    tab, raw = st.session_state.setdefault(_TAB, "read"), st.session_state.get(_RAW, False)
    standing = Shown(record.seq, record.revision, record.conversation.class_name, record.status, tab, raw)
    titles = {name: t(title) for name, title in TABS.items()}
    reader_bar(standing, classes, titles, key="browse-bar", on_tab=_tab, on_tool=partial(_tool, project, query))
    with st.container(key="wb-reader"):
        if tab == "edit":
            reader.edit(project, record)
        elif tab == "history":
            reader.history(project, record)
        elif tab == "prompt":
            siblings.draw(project, record, classes, on_open=_open)
        elif tab == "details":
            origin.draw_origin(project, record)
            reader.details(record)
        else:
            reader.read(record, colours, **_manner(classes, query))
