"""Decisions on one conversation, as buttons with keys: tag, keep, drop. Used by the reader and the queue.

A decision runs in the button's callback, before the fragment is drawn again, so that the next conversation is
drawn at once. A refusal (somebody else was faster) becomes a message, and nothing is half done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from crlft.errors import CrlftError
from workbench.domain.curation import Action, Plan
from workbench.domain.record import Record
from workbench.services import curation
from workbench.services.curation import ClassRow
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.views import acting
from workbench.ui.widgets.chips import safe_colour
from workbench.ui.widgets.errors import in_words, plain

Done = Callable[[Action | None], None]
"""Called after a decision with its action, or None where nothing had to change."""


def decide(project: Project, planner: Callable[[], Plan], done: Done | None = None) -> None:
    """Plan and apply at once; say a refusal instead of raising it (a callback has no page to show it on)."""
    try:
        action = acting.apply_now(project, planner())
    except CrlftError as error:
        state.say(in_words(error), icon=":material/error:")
        return
    if done is not None:
        done(action)


def class_buttons(project: Project, record: Record, classes: Sequence[ClassRow], *, key: str, done: Done) -> None:
    """Draw one button for each class, with its number key; the class it has is filled."""
    # Streamlit has no coloured buttons: a stripe in the class's colour, by the class name it gives to a key.
    stripes = [
        f".st-key-{key}-class-{i} button {{ border-left: 4px solid {safe_colour(row.colour)}; }}"
        for i, row in enumerate(classes)
    ]
    st.html(f"<style>{' '.join(stripes)}</style>")
    for i, row in enumerate(classes):
        is_now = record.conversation.class_name == row.name
        st.button(
            plain(row.name),
            key=f"{key}-class-{i}",
            type="primary" if is_now else "secondary",
            shortcut=row.key if row.key else None,
            on_click=decide,
            args=(project, _tag_planner(project, record.seq, row.name), done),
            help=t("Tag as {name}: condition “{condition}”", name=plain(row.name), condition=plain(row.condition)),
        )


def status_buttons(project: Project, record: Record, *, key: str, done: Done) -> None:
    """Draw keep (A) and drop (X); the status it has is filled."""
    st.button(
        t("Keep"),
        key=f"{key}-keep",
        shortcut="A",
        icon=":material/check:",
        type="primary" if record.status == "kept" else "secondary",
        on_click=decide,
        args=(project, _status_planner(project, record.seq, "kept", ""), done),
        help=t("Mark it as kept"),
    )
    st.button(
        t("Drop"),
        key=f"{key}-drop",
        shortcut="X",
        icon=":material/block:",
        type="primary" if record.status == "dropped" else "secondary",
        on_click=decide,
        args=(project, _status_planner(project, record.seq, "dropped", "dropped by hand"), done),
        help=t("Leave it out of snapshots; nothing is deleted, and undo brings it back"),
    )


def _tag_planner(project: Project, seq: int, name: str) -> Callable[[], Plan]:
    return lambda: curation.plan_tag(project, name, seqs=[seq])


def _status_planner(project: Project, seq: int, status: str, reason: str) -> Callable[[], Plan]:
    return lambda: curation.plan_status(project, status, reason, seqs=[seq])
