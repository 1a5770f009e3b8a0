"""The menu of saved views beside the search box."""

from __future__ import annotations

import streamlit as st

from crlft.errors import CrlftError
from workbench.services import views
from workbench.services.project import Project
from workbench.services.views import View
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.nav import set_params
from workbench.ui.widgets.errors import in_words, plain


def menu(project: Project, query: str, order: str) -> None:
    """Draw the menu: open a view, save this one under a name, remove one."""
    found = st.popover(t("Views"), icon=":material/bookmark:", key="browse-views", on_change="rerun")
    if found.open:  # what is not looked at is not sent again at every key
        with found:
            _menu(project, query, order)


def _menu(project: Project, query: str, order: str) -> None:
    saved = views.saved_views(project)
    if not saved:
        st.caption(t("Save a search under a name, and everybody in the project finds it here."))
    for i, view in enumerate(saved):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.button(
                plain(view.name),
                key=f"view-open-{i}",
                type="tertiary",
                help=plain(view.query) or t("everything"),
                on_click=_open,
                args=(view,),
            )
            st.button(
                ":material/close:",
                key=f"view-forget-{i}",
                type="tertiary",
                help=t("Remove this view"),
                on_click=_forget,
                args=(project, view.name),
            )
    st.text_input(t("Name"), key="view-name", placeholder=t("such as: long Chinese answers"))
    st.button(
        t("Save this view"),
        key="view-save",
        icon=":material/bookmark_add:",
        on_click=_save,
        args=(project, query, order),
        help=plain(query) or t("everything"),
    )


def _open(view: View) -> None:
    set_params(q=view.query, order=None if view.order == "newest" else view.order, id=None)


def _save(project: Project, query: str, order: str) -> None:
    try:
        view = views.save_view(project, st.session_state["view-name"], query, order, actor=state.curator())
    except CrlftError as error:
        state.say(in_words(error), icon=":material/error:")
        return
    st.session_state["view-name"] = ""
    state.say(t("Saved as “{name}”", name=plain(view.name)))


def _forget(project: Project, name: str) -> None:
    views.forget_view(project, name, actor=state.curator())
    state.say(t("Removed “{name}”", name=plain(name)))
