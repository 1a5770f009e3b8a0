"""What stands around every page: project and curator in the sidebar, undo, keys, and what was just done."""

from __future__ import annotations

from urllib.parse import unquote

import streamlit as st

from workbench.services.project import Project
from workbench.ui import language, state
from workbench.ui.i18n import t
from workbench.ui.launch import MAX_UPLOAD_MEGABYTES
from workbench.ui.views import acting
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.dialog_enter import listen_for_enter
from workbench.ui.widgets.remember import remember, remembered
from workbench.ui.widgets.upload_words import upload_words

KEYS: tuple[tuple[str, str], ...] = (
    ("1 … 9", "tag with the class of that number"),
    ("← →, J K", "previous, next conversation"),
    ("X", "drop"),
    ("A", "keep"),
    ("S", "skip (Tag)"),
    ("R", "reward an answer (Tag)"),
    ("E", "edit a turn (Browse)"),
    ("U", "undo your last decision"),
    ("Enter", "apply the plan in view"),
)
"""The keyboard, as the Keys list shows it."""


def draw_frame(project: Project, page: str) -> None:
    """Draw sidebar, messages, the pending plan and the notice of the last act."""
    if st.session_state.get("frame_page") != page:
        st.session_state["frame_page"] = page
        if not st.session_state.pop("keep_notice", False):
            st.session_state.pop("notice", None)
    _sidebar(project, page)
    state.show_messages()
    acting.draw_pending(project)
    acting.draw_applying(project)
    acting.draw_notice(project)


def _sidebar(project: Project, page: str) -> None:
    with st.sidebar:
        with st.container(horizontal=True, key="wb-side-buttons"):
            clicked = st.button(
                t("Undo"),
                key="frame-undo",
                icon=":material/undo:",
                shortcut="U",
                help=t("Undo your last decision"),
            )
            if clicked or acting.take_soon():
                acting.undo(project)
                st.rerun()
            with st.popover(t("Keys"), icon=":material/keyboard:"):
                table([t("Key"), t("What it does")], [(key, t(what)) for key, what in KEYS])
        st.text_input(
            t("Your name"),
            value=state.curator(),
            key="curator",
            help=t("Your decisions are logged under this name; this browser keeps it."),
        )
        if state.curator() != unquote(remembered(state.CURATOR)):
            remember(state.CURATOR, state.curator())
        st.caption(t("Project: {name}", name=project.name).replace("[", "\\["), help=str(project.root))
        language.choose(page)
        upload_words(t("Choose files"), t("up to {n} GB each", n=MAX_UPLOAD_MEGABYTES // 1024))
        listen_for_enter()
