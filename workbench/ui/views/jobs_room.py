"""Room on the disk: how much is free, and what may go for good."""

from __future__ import annotations

import streamlit as st

from workbench.services import room
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import t, tn
from workbench.ui.nav import param
from workbench.ui.widgets.sizes import gigabytes


def draw_room(project: Project) -> None:
    """Draw what could be freed; open at once where a full disk led here."""
    found = room.room(project)
    wanted = param("show") == "room"
    if not (found.trashed or found.finished or wanted):
        return
    title = t("Room on the disk: {free} free", free=gigabytes(found.free_bytes))
    with st.expander(title, expanded=wanted, icon=":material/hard_drive:"):
        if not (found.trashed or found.finished):
            st.caption(t("Runs leave nothing that could go: delete some, or make room outside the project."))
        with st.container(horizontal=True, key="wl-room"):
            _trash(project, found)
            _checkpoints(project, found)


def _trash(project: Project, found: room.Room) -> None:
    if not found.trashed:
        return
    label = t("Empty the trash ({size})", size=gigabytes(found.trash_bytes))
    with st.popover(label, icon=":material/delete_forever:"):
        st.caption(tn(found.trashed, "One run is deleted for good.", "{n} runs are deleted for good."))
        if st.button(t("Delete for good"), type="primary", key="room-trash"):
            freed = room.empty_trash(project, actor=state.curator())
            state.say(t("{size} freed", size=gigabytes(freed)))
            st.rerun()


def _checkpoints(project: Project, found: room.Room) -> None:
    if not found.finished:
        return
    label = t("Drop checkpoints of finished runs ({size})", size=gigabytes(found.checkpoint_bytes))
    with st.popover(label, icon=":material/layers_clear:"):
        st.caption(t("Models, curves and logs stay; a finished run is never resumed."))
        if st.button(t("Drop them for good"), type="primary", key="room-checkpoints"):
            freed = room.drop_checkpoints(project, actor=state.curator())
            state.say(t("{size} freed", size=gigabytes(freed)))
            st.rerun()
