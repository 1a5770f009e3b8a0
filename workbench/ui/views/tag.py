"""Tag: the queue, tagging in bulk, what rewards do, and the classes themselves."""

from __future__ import annotations

import streamlit as st

from workbench.services import curation
from workbench.services.project import project_overview
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.nav import follow, param, set_params
from workbench.ui.views import (
    tag_bulk,
    tag_classes,
    tag_queue,
    tag_rewards,
    tag_suggestions,
    tag_together,
)
from workbench.ui.widgets.layout import empty_state, page_header

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
        tag_bulk.draw(project, classes)
    else:
        tag_queue.draw(project, classes)


def _chosen() -> None:
    tab = st.session_state["tag-tab"]
    if tab in TABS:  # the browser may not have been told yet which one it shows
        set_params(tab=None if tab == "queue" else tab)
