"""Tag: the queue, tagging in bulk, what rewards do, and the classes themselves."""

from __future__ import annotations

import streamlit as st

from workbench.services import browsing, curation
from workbench.services.curation import ClassRow
from workbench.services.project import Project, project_overview
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.nav import follow, param, set_params
from workbench.ui.views import (
    browse_bulk,
    tag_classes,
    tag_queue,
    tag_rewards,
    tag_rules,
    tag_suggestions,
    tag_together,
)
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.layout import empty_state, page_header, section

TABS = {
    "queue": "Queue",
    "suggestions": "Suggestions",
    "together": "Together",
    "bulk": "In bulk",
    "rewards": "Rewards",
    "classes": "Classes",
}


def draw() -> None:
    """Draw the page."""
    project = state.current_project()
    page_header(t("Tag"), t("Say how good each answer is, and how much more the good ones count."))
    tab = param("tab") if param("tab") in TABS else "queue"
    follow("tag-tab", tab)
    st.segmented_control(
        t("Part"),
        list(TABS),
        required=True,
        format_func=lambda name: t(TABS[name]),
        key="tag-tab",
        label_visibility="collapsed",
        on_change=_chosen,
    )
    classes = curation.class_table(project)
    if tab == "classes":
        tag_classes.draw(project, classes)
    elif tab == "rewards":
        tag_rewards.draw(project, classes)
    elif project_overview(project).conversations == 0:
        empty_state(
            t("Nothing to tag yet"),
            t("Import conversations first; a class can also come from a field of the file."),
            button=t("Import a file"),
            page="import_",
        )
    elif tab == "suggestions":
        tag_suggestions.draw(project, classes)
    elif tab == "together":
        tag_together.draw(project, classes)
    elif tab == "bulk":
        _bulk(project, classes)
    else:
        tag_queue.draw(project, classes)


def _chosen() -> None:
    tab = st.session_state["tag-tab"]
    set_params(tab=None if tab == "queue" else tab)


def _bulk(project: Project, classes: list[ClassRow]) -> None:
    """Tag all that match a query: counts by source help to write it."""
    section(
        t("All that match a query"), t("the same language as in Browse; you see the plan before anything changes")
    )
    query = st.text_input(
        t("Query"), value=param("q", "class:none"), key="tag-bulk-query", placeholder=t("source:gpt4* class:none")
    ).strip()
    total = browsing.search(project, query, limit=1).total
    left, right = st.columns([2, 3], gap="large")
    with left:
        browse_bulk.answer(project, query=query, seqs=None, key="tag-bulk")
        st.markdown(t("**{n}** conversations match.", n=total))
        if total:
            browse_bulk.menu(project, classes, total=total, query=query, seqs=None, key="tag-bulk")
    with right:
        _by_source(project, query)
    tag_rules.draw(project, classes, query)


def _by_source(project: Project, query: str) -> None:
    counts = browsing.facets(project, query)
    st.caption(t("Sources of what matches"))
    table(
        [t("Source"), t("Conversations")],
        [(t("unknown") if value == "none" else value, n) for value, n in counts.get("source", [])],
        numeric=[1],
    )
