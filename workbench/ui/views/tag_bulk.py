"""In bulk: what matches a query, chosen by words, by a source's row or by a region of the map; plan, then undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from workbench.services import browsing, health
from workbench.services.curation import ClassRow
from workbench.services.project import Project
from workbench.ui.i18n import t, tn
from workbench.ui.nav import follows, goto, param, set_params
from workbench.ui.views import browse_bulk, bulk_recipe, tag_rules
from workbench.ui.views.querytext import toggle, without
from workbench.ui.widgets.click_table import click_table
from workbench.ui.widgets.layout import section

UNTAGGED = "class:none"


def draw(project: Project, classes: Sequence[ClassRow]) -> None:
    """Draw the query, what can be done with all that match, and tables to choose from."""
    section(
        t("All that match a query"), t("the same language as in Browse; you see the plan before anything changes")
    )
    query = param("q", UNTAGGED)
    box = follows("tag-bulk-query", query)
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.text_input(
            t("Query"),
            query,
            key=box,
            placeholder=t("source:gpt4* class:none"),
            # An empty query is everything, and the address holds no empty parameter.
            on_change=lambda: set_params(q=st.session_state[box].strip() or "status:pending,kept"),
        )
        total = browsing.search(project, query, limit=1).total
        browse_bulk.answer(project, query=query, seqs=None, key="tag-bulk")
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            matching = tn(total, "{n} conversation matches.", "{n} conversations match.")
            st.markdown(f"**{matching}**", width="content")
            if total and st.button(t("Look at them"), key="tag-bulk-look", type="tertiary"):
                goto("browse", q=query)
        if total:
            browse_bulk.menu(project, classes, total=total, query=query, seqs=None, key="tag-bulk")
    with right:
        by = st.segmented_control(
            t("Choose by"),
            ["source", "cluster"],
            default="source",
            required=True,
            format_func=lambda name: {"source": t("Source"), "cluster": t("Region of the map")}[name],
            key="tag-bulk-by",
        )
        (_sources if by == "source" else _regions)(project, query, classes)
    tag_rules.draw(project, classes, query)
    bulk_recipe.draw(project)


def _sources(project: Project, query: str, classes: Sequence[ClassRow]) -> None:
    rows = health.sources_by_class(project, without(without(query, "source"), "class"))
    if not rows:
        st.caption(t("Nothing matches."))
        return
    names = [name for name, _ in rows]
    shown = [t("unknown") if name == "none" else name for name in names]
    chosen = _table(t("Source"), shown, [counts for _, counts in rows], classes, f"bulk-sources-{query}")
    st.caption(t("A click takes a source into the query, and out again."))
    if chosen is not None:
        _narrow(query, "source", names[chosen])


def _regions(project: Project, query: str, classes: Sequence[ClassRow]) -> None:
    found = health.clusters_by_class(project, without(without(query, "cluster"), "class"))
    rows = [(region, counts) for region, counts in found if sum(counts.values())]
    if not rows:
        st.caption(t("Regions show once the map is made (Browse, Map)."))
        if st.button(t("Go to the map"), key="tag-bulk-map"):
            goto("browse", view="map")
        return
    chosen = _table(
        t("Region"),
        [region.title or f"{region.cluster}" for region, _ in rows],
        [counts for _, counts in rows],
        classes,
        f"bulk-regions-{query}",
    )
    st.caption(t("A click takes a region into the query; a lasso on the map chooses any shape."))
    if chosen is not None:
        _narrow(query, "cluster", str(rows[chosen][0].cluster))


def _table(
    head: str, names: Sequence[str], counts: Sequence[Mapping[str, int]], classes: Sequence[ClassRow], key: str
) -> int | None:
    columns: dict[str, Sequence[object]] = {
        head: names,
        t("Conversations"): [sum(c.values()) for c in counts],
        t("untagged"): [c.get("none", 0) for c in counts],
        **{row.name: [c.get(row.name, 0) for c in counts] for row in classes},
    }
    return click_table(columns, key)


def _narrow(query: str, field: str, value: str) -> None:
    set_params(q=toggle(query, field, value) or "status:pending,kept")
    st.rerun()
