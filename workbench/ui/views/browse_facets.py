"""Browse's left edge: counts by class, status, source, language, round, and how long and how well rewarded.

Each bar is a way in: click narrows, shift-click excludes. With a query in force every line says how many of how
many: in this view, and in the whole project.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import streamlit as st

from workbench.services import browsing, curation, health
from workbench.services.curation import ClassRow
from workbench.services.mapping import Cluster, map_stamp
from workbench.services.project import Project
from workbench.ui.i18n import t
from workbench.ui.theme import STATUS_COLOURS
from workbench.ui.views import querytext
from workbench.ui.widgets.facet_list import Facet, FacetValue

FACET_TITLES = {
    "class": "Class",
    "status": "Status",
    "source": "Source",
    "lang": "Language",
    "round": "Round",
    "turns": "Turns",
    "tokens": "Tokens",
    "reward": "Reward",
}
"""Query field → head of its facet, in the order they stand."""

HISTOGRAMS = ("turns", "tokens", "reward")
FACET_LIMIT = 10
TOPICS_SHOWN = 20
_Counts = Mapping[str, Sequence[tuple[str, int]]]


def facets(project: Project, classes: Sequence[ClassRow], query: str) -> list[Facet]:
    """Return the facets, counted anew only where the query or the data changed since the last step."""
    stamp = (str(project.root), browsing.stamp(project))
    whole, estimated = _counted(project, "", stamp, "browse_whole")
    if not query.strip():
        return _facets(whole, {}, query, classes, estimated)
    counts, estimated = _counted(project, query, stamp, "browse_facets")
    return _facets(counts, whole, query, classes, estimated)


def classes(project: Project) -> Sequence[ClassRow]:
    """Return the classes, read anew only where something was decided or arrived."""
    stamp = (str(project.root), browsing.stamp(project))
    known = st.session_state.get("browse_classes")
    if known is None or known[0] != stamp:
        known = st.session_state["browse_classes"] = (stamp, curation.class_table(project))
    found: Sequence[ClassRow] = known[1]
    return found


def topics_by_class(project: Project, query: str) -> Sequence[tuple[Cluster, Mapping[str, int]]]:
    """Return the map's topics, largest first, with what matches by class; counted anew where something changed."""
    created = map_stamp(project)
    stamp = (str(project.root), browsing.stamp(project), created, query)
    known = st.session_state.get("browse_topics")
    if known is None or known[0] != stamp:
        known = st.session_state["browse_topics"] = (stamp, health.clusters_by_class(project, query))
    found: Sequence[tuple[Cluster, Mapping[str, int]]] = known[1]
    return found


def topics(project: Project, query: str) -> list[Facet]:
    """Return the map's topics as a facet: a click shows one."""
    values = []
    for region, counts in topics_by_class(project, query):
        number, n = str(region.cluster), sum(counts.values())
        on, off = querytext.state_of(query, "cluster", number)
        if region.cluster >= 0 and (n or on or off):
            values.append(FacetValue(number, region.title, n, on, off, "", region.size if query.strip() else None))
    shown = values[:TOPICS_SHOWN]
    return [Facet("cluster", t("Topic"), shown, len(values) - len(shown))] if values else []


def known_values(project: Project) -> dict[str, list[str]]:
    """Return the values that the search box completes, the most frequent first; as of the last count."""
    known = st.session_state.get("browse_whole")
    if known is not None and known[0][0] == str(project.root):
        counts = known[1][0]
    else:
        counts, _ = _counted(project, "", (str(project.root), browsing.stamp(project)), "browse_whole")
    return {field: [v for v, _ in found] for field, found in counts.items() if field not in HISTOGRAMS}


def _counted(project: Project, query: str, stamp: tuple[str, Hashable], key: str) -> tuple[_Counts, bool]:
    known = st.session_state.get(key)
    if known is None or known[0] != (*stamp, query):
        spread, estimated = browsing.histograms(project, query)
        counts = {**browsing.facets(project, query), **spread}
        known = st.session_state[key] = ((*stamp, query), (counts, estimated))
    found: tuple[_Counts, bool] = known[1]
    return found


def _facets(
    counts: _Counts, whole: _Counts, query: str, classes: Sequence[ClassRow], estimated: bool
) -> list[Facet]:
    colours = {row.name: row.colour for row in classes}
    out = []
    for field, title in FACET_TITLES.items():
        everywhere = dict(whole.get(field, ()))
        values = []
        for value, count in counts.get(field, ()):
            on, off = querytext.state_of(query, field, value)
            colour = colours.get(value, "") if field == "class" else STATUS_COLOURS.get(value, "")
            values.append(FacetValue(value, label(field, value), count, on, off, colour, everywhere.get(value)))
        head = t(title) + (f" · {t('estimated')}" if estimated and field in HISTOGRAMS and values else "")
        if len(values) > 1 or any(v.on for v in values):
            out.append(Facet(field, head, values[:FACET_LIMIT], max(0, len(values) - FACET_LIMIT)))
    return out


def label(field: str, value: str) -> str:
    """Return what a value is called."""
    if value in ("none", ""):
        return {"class": t("untagged"), "reward": t("no reward")}.get(field, t("unknown"))
    if ".." in value:
        low, high = value.split("..", 1)
        high = f"{float(high) + 1e-6:g}" if field == "reward" and high else high
        return t("under {n}", n=high) if not low else t("{n} or more", n=low) if not high else _span(low, high)
    return t(value) if field == "status" else value


def _span(low: str, high: str) -> str:
    return low if low == high else f"{low}–{high}"
