"""Browse: find any conversation, read it, decide on it; or act on all that match."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from workbench.curate.query import parse_query
from workbench.domain.errors import QueryError
from workbench.services import browsing, curation
from workbench.services.curation import ClassRow
from workbench.services.project import Project, project_overview
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.nav import follow, param, set_params
from workbench.ui.theme import STATUS_COLOURS
from workbench.ui.views import browse_map, querytext
from workbench.ui.views.browse_workspace import workspace
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.errors import guarded, plain
from workbench.ui.widgets.facet_list import Facet, FacetValue, facet_list
from workbench.ui.widgets.layout import empty_state, page_header

FACET_TITLES = {
    "class": "Class",
    "status": "Status",
    "source": "Source",
    "lang": "Language",
    "round": "Round",
}
"""Query field → head of its facet, in the order they stand."""

FACET_LIMIT = 10
_COLUMNS = (2, 11)
_PICKED = "browse_picked"
ORDERS = {
    "newest": "Newest first",
    "oldest": "Oldest first",
    "longest": "Longest first",
    "shortest": "Shortest first",
    "random": "Random",
}
HELP: tuple[tuple[str, str], ...] = (
    ("word another", "both words stand in it"),
    ('"an exact phrase"', "these words in this order; any two Chinese characters too"),
    ("-word", "without this word"),
    ("class:expert", "tagged so; class:none is untagged"),
    ("source:gpt4*", "the source begins so; several: source:a,b"),
    ("status:kept", "pending, kept or dropped"),
    ("lang:zh  round:2", "language, round"),
    ("turns>2  tokens<800  reward<0.5", "numbers"),
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
    classes = curation.class_table(project)
    query, order, view = _bar()
    try:
        parse_query(query)
    except QueryError as error:
        _query_error(query, error)
        return
    if view == "map":
        side, main = st.columns(_COLUMNS, gap="medium")
        with side:
            _draw_facets(project, classes, query)
        with main:
            browse_map.draw(project, classes, query)
    else:
        _list_view(project, classes, query, order)


@st.fragment
@guarded
def _list_view(project: Project, classes: Sequence[ClassRow], query: str, order: str) -> None:
    """Draw facets, list and reader; a decision redraws these and nothing else."""
    if st.session_state.pop(_PICKED, False):
        st.rerun()  # the query line, which stands outside, must follow
    state.show_messages()
    side, main = st.columns(_COLUMNS, gap="medium")
    with side:
        _draw_facets(project, classes, query)
    with main:
        workspace(project, classes, query, order)


def _draw_facets(project: Project, classes: Sequence[ClassRow], query: str) -> None:
    """Draw the counts, computed anew only where the query or the data changed since the last step."""
    last = curation.log(project, limit=1)
    stamp = (str(project.root), query, last[0].id if last else 0)
    known = st.session_state.get("browse_facets")
    if known is None or known[0] != stamp:
        known = st.session_state["browse_facets"] = (stamp, browsing.facets(project, query))
    facet_list(_facets(known[1], query, classes), key="browse-facets", on_pick=_pick)


def _bar() -> tuple[str, str, str]:
    """Draw the query line; the address holds what it says."""
    query = param("q")
    order = param("order") if param("order") in ORDERS else "newest"
    view = "map" if param("view") == "map" else "list"
    follow("browse-q", query)
    follow("browse-order", order)
    follow("browse-view-choice", view)
    with st.container(horizontal=True, vertical_alignment="center", key="wb-query"):
        st.text_input(
            t("Search"),
            key="browse-q",
            placeholder=t('words, "a phrase", class:none, source:gpt4*, lang:zh, turns>2 …'),
            label_visibility="collapsed",
            icon=":material/search:",
            on_change=_typed,
        )
        with st.popover(t("How to search"), icon=":material/help:"):
            table([t("Write"), t("to find")], [(what, t(meaning)) for what, meaning in HELP])
        st.selectbox(
            t("Order"),
            list(ORDERS),
            format_func=lambda o: t(ORDERS[o]),
            key="browse-order",
            label_visibility="collapsed",
            width=170,
            on_change=lambda: set_params(order=_unless(st.session_state["browse-order"], "newest")),
        )
        views = {"list": t("List"), "map": t("Map")}
        st.segmented_control(
            t("View"),
            list(views),
            required=True,
            format_func=views.__getitem__,
            key="browse-view-choice",
            label_visibility="collapsed",
            on_change=lambda: set_params(view=_unless(st.session_state["browse-view-choice"], "list")),
        )
    return query, order, view


def _unless(value: str, default: str) -> str | None:
    return None if value == default else value


def _typed() -> None:
    set_params(q=st.session_state["browse-q"].strip(), id=None)


def _pick(field: str, value: str, exclude: bool) -> None:
    try:
        set_params(q=querytext.toggle(param("q"), field, value, exclude=exclude), id=None)
        st.session_state[_PICKED] = True
    except QueryError as error:
        state.say(plain(str(error)), icon=":material/error:")


def _query_error(query: str, error: QueryError) -> None:
    """Show the query with a mark under the place of the mistake, and the remedy."""
    st.error(plain(error.message[:1].upper() + error.message[1:]), icon=":material/error:")
    st.code(f"{query}\n{' ' * error.position}^", language=None)
    if error.remedy:
        st.markdown(f"**{t('What to do:')}** {plain(error.remedy)}")


def _facets(counts: dict[str, list[tuple[str, int]]], query: str, classes: Sequence[ClassRow]) -> list[Facet]:
    colours = {row.name: row.colour for row in classes}
    out = []
    for field, title in FACET_TITLES.items():
        values = []
        for value, count in counts.get(field, []):
            on, off = querytext.state_of(query, field, value)
            colour = colours.get(value, "") if field == "class" else STATUS_COLOURS.get(value, "")
            values.append(FacetValue(value, _label(field, value), count, on, off, colour))
        if len(values) > 1 or any(v.on for v in values):
            out.append(Facet(field, t(title), values[:FACET_LIMIT], max(0, len(values) - FACET_LIMIT)))
    return out


def _label(field: str, value: str) -> str:
    if value in ("none", ""):
        return t("untagged") if field == "class" else t("unknown")
    return t(value) if field == "status" else value
