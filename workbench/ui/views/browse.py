"""Browse: find any conversation, read it, decide on it; or act on all that match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from workbench.domain.errors import QueryError
from workbench.services import browsing
from workbench.services.project import Project, project_overview
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.nav import follows, param, set_params
from workbench.ui.views import acting, browse_facets, browse_health, browse_map, browse_views, querytext
from workbench.ui.views.browse_workspace import prepare, workspace
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.completion import complete
from workbench.ui.widgets.errors import fault_words, guarded, in_words
from workbench.ui.widgets.facet_list import facet_list
from workbench.ui.widgets.layout import empty_state, page_header

_COLUMNS, _LIST_COLUMNS = (2, 11), (2.0, 4.5, 6.5)
ORDERS = {
    "newest": "Newest first",
    "oldest": "Oldest first",
    "longest": "Longest first",
    "shortest": "Shortest first",
    "random": "Random",
    "best": "Best match first",
}
HELP: tuple[tuple[str, str], ...] = (
    ("word another", "both words stand in it"),
    ('"an exact phrase"', "these words in this order; any two Chinese characters too"),
    ("-word", "without this word"),
    ("class:expert", "tagged so; class:none is untagged"),
    ("source:gpt4*", "the source begins so; several: source:a,b"),
    ("status:kept", "pending, kept or dropped"),
    ("lang:zh  round:2", "language, round"),
    ("turns>2  tokens<800  reward<0.5  tokens:200..399", "numbers"),
    ('like:"a poem about autumn"', "the 500 nearest in meaning, beside any filter (needs the map)"),
    ("like:3fa9c2d1e0b48a77", "the 500 nearest in meaning to that conversation"),
    ("-source:crowd", "any of these with a minus is excluded"),
)


def draw() -> None:
    """Draw the page."""
    project = state.current_project()
    page_header(t("Browse"), t("Find conversations, read them as chat, and decide on one or on all that match."))
    if project_overview(project).conversations == 0:
        empty_state(
            t("No conversations yet"),
            t("Import a file of conversations; they will be listed here, searchable at once."),
            button=t("Import a file"),
            page="import_",
        )
        return
    _body(project)


@st.fragment
@guarded
def _body(project: Project) -> None:
    """Draw all below the header; a search, a click or a decision redraws this and not the frame around it."""
    acting.draw_frame_anew()
    state.show_messages()
    query, order, view = _asked()
    classes, known = browse_facets.classes(project), browse_facets.known_values(project)
    failure, shown = None, None
    try:  # asked for before the first element is drawn: then all reach the browser, and are painted, at once
        browsing.check(project, query)
        shown = prepare(project, classes, query, order) if view == "list" else None
    except QueryError as error:
        failure = error
    _bar(project, query, order, view, known)
    if failure is not None:
        _query_error(query, failure)
        return
    side, *places = st.columns(_COLUMNS if shown is None else _LIST_COLUMNS, gap="medium")
    if shown is not None:
        workspace(project, classes, shown, (places[0], places[1]))
    with side:  # counted when the list is on its way: nobody waits for them to read on
        found = browse_facets.facets(project, classes, query)
        topics = browse_facets.topics(project, query) if view == "map" else []
        facet_list([*topics, *found], key="browse-facets", on_pick=_pick)
    if shown is None:
        with places[0]:
            if view == "map":
                browse_map.draw(project, classes, query, _pick)
            else:
                browse_health.draw(project, classes, query, _pick)


def _asked() -> tuple[str, str, str]:
    """Return query, order and view, as the address says."""
    query = param("q")
    order = param("order") if param("order") in ORDERS else _usual(query)
    return query, order, param("view") if param("view") in ("map", "health") else "list"


def _usual(query: str) -> str:
    return "best" if querytext.asks_for_likeness(query) else "newest"


def _bar(project: Project, query: str, order: str, view: str, known: Mapping[str, Sequence[str]]) -> None:
    """Draw the query line, with the values that it completes."""
    usual = _usual(query)
    box, ordered, viewed = follows("browse-q", query), follows("browse-order", order), follows("browse-view", view)
    with st.container(horizontal=True, vertical_alignment="center", key="wb-query"):
        st.text_input(
            t("Search"),
            query,
            key=box,
            placeholder=t('words, "a phrase", class:none, source:gpt4*, lang:zh, turns>2 …'),
            label_visibility="collapsed",
            icon=":material/search:",
            on_change=_typed,
            args=(box,),
        )
        complete(box, known, key="browse-completion")
        hint = t("How to search")
        found = st.popover(t("Help"), icon=":material/help:", help=hint, key="browse-help", on_change="rerun")
        if found.open:  # what is not looked at is not sent again at every key
            with found:
                st.markdown(f"**{hint}**")
                table([t("Write"), t("to find")], [(what, t(meaning)) for what, meaning in HELP])
        browse_views.menu(project, query, order)
        st.selectbox(
            t("Order"),
            list(ORDERS),
            index=list(ORDERS).index(order),
            format_func=lambda o: t(ORDERS[o]),
            key=ordered,
            label_visibility="collapsed",
            width=160,
            on_change=lambda: set_params(order=_unless(st.session_state[ordered], usual)),
        )
        views = {"list": t("List"), "map": t("Map"), "health": t("Health")}
        st.segmented_control(
            t("View"),
            list(views),
            default=view,
            required=True,
            format_func=views.__getitem__,
            key=viewed,
            label_visibility="collapsed",
            on_change=lambda: set_params(view=_unless(st.session_state[viewed], "list")),
        )


def _unless(value: str, default: str) -> str | None:
    return None if value == default else value


def _typed(box: str) -> None:
    set_params(q=st.session_state[box].strip(), id=None)


def _pick(field: str, value: str, exclude: bool) -> None:
    try:
        set_params(q=querytext.toggle(param("q"), field, value, exclude=exclude), id=None)
    except QueryError as error:
        state.say(in_words(error), icon=":material/error:")


def _query_error(query: str, error: QueryError) -> None:
    """Show the query with a mark under the place of the mistake, and the remedy."""
    st.error(fault_words(error.message), icon=":material/error:")
    st.code(f"{query}\n{' ' * error.position}^", language=None)
    if error.remedy:
        st.markdown(fault_words("", error.remedy))
