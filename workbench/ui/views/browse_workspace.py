"""Browse's working part: the list and the reader. A fragment draws it, so that a step redraws nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from workbench.domain.curation import Action
from workbench.domain.errors import NotFound
from workbench.services import browsing
from workbench.services.browsing import Page
from workbench.services.curation import ClassRow
from workbench.services.project import Project
from workbench.ui.i18n import t
from workbench.ui.nav import set_params
from workbench.ui.views import browse_bulk, deciding, origin, reader, siblings
from workbench.ui.views.querytext import with_likeness, words
from workbench.ui.widgets.record_list import record_list

PAGE_SIZE = 50
AHEAD = 2
"""Conversations below the open one that the browser holds ready; one above."""

# Session state: the open conversation, the pages walked through, what the view is, and the rows in view.
_SEQ, _CURSORS, _VIEW, _ROWS = "browse_seq", "browse_cursors", "browse_view", "browse_rows"
_NEXT, _LAND, _TAB, _RAW = "browse_next", "browse_land", "browse_tab", "browse_raw"


def workspace(
    project: Project, classes: Sequence[ClassRow], query: str, order: str, seqs: Sequence[int] | None = None
) -> None:
    """Draw list and reader of a query, or of the conversations chosen on the map (`seqs`)."""
    _reset_if_new((query, order, None if seqs is None else (len(seqs), hash(tuple(seqs)))))
    page = _page(project, query, order, seqs)
    colours = {row.name: row.colour for row in classes}
    selected = _selection(page)
    left, right = st.columns([5, 7], gap="medium")
    with left:
        browse_bulk.bar(project, classes, total=page.total, query=query, seqs=seqs)
        record_list(
            page.items,
            key="browse-list",
            colours=colours,
            selected=selected,
            on_open=_open,
            on_turn=_turn,
            address=True,
            height=None,
            empty=t("No conversation matches. Remove a word or a filter."),
            ahead=_ahead(project, classes, colours, page, selected, query),
        )
        _pager(page)
    with right:
        if selected is not None:
            _read(project, classes, colours, selected, query)


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


def _step(by: int) -> None:
    """Open the neighbour, turning the page at its end."""
    seqs: list[int] = st.session_state.get(_ROWS, [])
    current = st.session_state.get(_SEQ)
    at = seqs.index(current) + by if current in seqs else 0
    if 0 <= at < len(seqs):
        st.session_state[_SEQ] = seqs[at]
    else:
        _turn(by)


def _toggle_edit() -> None:
    st.session_state[_TAB] = "read" if st.session_state.get(_TAB) == "edit" else "edit"


def _toggle_raw() -> None:
    st.session_state[_RAW] = not st.session_state.get(_RAW, False)


def _alike(uid: str, query: str) -> None:
    """Ask for the nearest in meaning, beside the filters in force."""
    set_params(q=with_likeness(query, uid), id=None, order=None)


def _decided(_action: Action | None) -> None:
    _step(1)


def _ahead(
    project: Project,
    classes: Sequence[ClassRow],
    colours: Mapping[str, str],
    page: Page,
    selected: int | None,
    query: str,
) -> dict[int, str]:
    """Return what the reader will show at the next keys, while it shows a conversation."""
    seqs = [row.seq for row in page.items]
    if selected not in seqs or st.session_state.get(_TAB, "read") != "read":
        return {}
    at = seqs.index(selected)
    near = seqs[max(0, at - 1) : at] + seqs[at + 1 : at + 1 + AHEAD]
    return {
        record.seq: reader.read_html(record, colours, **_manner(classes, query))
        for record in browsing.get_records(project, near)
    }


def _manner(classes: Sequence[ClassRow], query: str) -> dict[str, Any]:
    """Return how conversations are shown: words marked, weights of the classes, Markdown set or raw."""
    return {
        "highlight": words(query),
        "weights": {row.name: row.loss_weight for row in classes},
        "rendered": not st.session_state.get(_RAW, False),
    }


def _pager(page: Page) -> None:
    cursors = st.session_state[_CURSORS]
    if not cursors and page.next_after is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="wb-browse-pager"):
        st.button(
            t("Previous page"),
            key="browse-page-back",
            icon=":material/chevron_left:",
            disabled=not cursors,
            on_click=_turn_to_top,
            args=(-1,),
        )
        st.button(
            t("Next page"),
            key="browse-page-on",
            icon=":material/chevron_right:",
            disabled=page.next_after is None,
            on_click=_turn_to_top,
            args=(1,),
        )
        start = len(cursors) * PAGE_SIZE
        st.caption(t("{a}–{b} of {n}", a=start + 1, b=start + len(page.items), n=page.total))


def _turn_to_top(by: int) -> None:
    _turn(by)
    st.session_state.pop(_LAND, None)


def _read(project: Project, classes: Sequence[ClassRow], colours: Mapping[str, str], seq: int, query: str) -> None:
    try:
        record = browsing.get_record(project, seq)
    except NotFound:
        st.info(t("This conversation is no longer here. Choose another one in the list."))
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="wb-reader-bar"):
        st.button(
            ":material/arrow_back:",
            key="browse-prev",
            help=t("The conversation before (← or K)"),
            on_click=_step,
            args=(-1,),
        )
        st.button(
            ":material/arrow_forward:",
            key="browse-next",
            help=t("The next conversation (→ or J)"),
            on_click=_step,
            args=(1,),
        )
        deciding.class_buttons(project, record, classes, key="browse", done=_decided)
        deciding.status_buttons(project, record, key="browse", done=_decided)
    tabs = {
        "read": t("Conversation"),
        "edit": t("Edit"),
        "history": t("History"),
        "prompt": t("Same prompt"),
        "details": t("Details"),
    }
    st.session_state.setdefault(_TAB, "read")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="wb-reader-tabs"):
        tab = st.segmented_control(
            t("Show"),
            list(tabs),
            required=True,
            format_func=tabs.__getitem__,
            key=_TAB,
            label_visibility="collapsed",
        )
        st.button(
            ":material/edit:",
            key="browse-edit",
            shortcut="E",
            on_click=_toggle_edit,
            help=t("Edit this conversation"),
        )
        raw = st.session_state.get(_RAW, False)
        st.button(
            ":material/notes:" if raw else ":material/code:",
            key="browse-raw",
            shortcut="M",
            on_click=_toggle_raw,
            help=t("Set the Markdown") if raw else t("Show the text as it was typed"),
        )
        st.button(
            ":material/join_inner:",
            key="browse-like",
            shortcut="L",
            on_click=_alike,
            args=(record.uid, query),
            help=t("Find the ones most like this in meaning"),
        )
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
