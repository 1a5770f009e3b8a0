"""The classes: name, condition, colour and key; made, changed and removed here, all undoable."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from crlft.errors import CrlftError
from workbench.domain.curation import Action
from workbench.services import curation
from workbench.services.classes import GRADES
from workbench.services.curation import ClassRow
from workbench.services.palette import PALETTE
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import t, tn
from workbench.ui.views import acting
from workbench.ui.widgets.chips import safe_colour
from workbench.ui.widgets.errors import error_box, plain
from workbench.ui.widgets.layout import section

KEYS = ("", *"123456789")


def draw(project: Project, classes: Sequence[ClassRow]) -> None:
    """Draw one editor for each class, and one for a new class."""
    section(
        t("Classes"), t("the condition stands in front of every role in the prompt; the model learns to follow it")
    )
    for position, row in enumerate(classes):
        with st.container(border=True, key=f"wb-class-{position}"):
            _editor(project, row)
    if not set(GRADES) <= {row.name for row in classes}:
        hint = t("excellent, good, fair, poor, bad: rewards from 1 to 0; classes that nothing carries make room")
        if st.button(t("Make five grades"), key="class-grades", icon=":material/star_half:", help=hint):
            _do(lambda: curation.make_grades(project, actor=state.curator()))
    section(t("A new class"))
    with st.container(border=True, key="wb-class-new"):
        _new(project, classes)


def _editor(project: Project, row: ClassRow) -> None:
    with st.form(f"class-{row.name}", border=False):
        name, condition, reward, colour, key, save = st.columns(
            [2, 3, 1.2, 0.8, 1, 1.6], vertical_alignment="bottom"
        )
        held = tn(row.conversations, "{n} conversation", "{n} conversations")
        name.markdown(f"**{plain(row.name)}**  \n:small[{held}]")
        new_condition = condition.text_input(t("Condition"), row.condition)
        new_reward = reward.number_input(t("Reward"), value=float(row.reward), step=0.1, format="%g")
        new_colour = colour.color_picker(t("Colour"), safe_colour(row.colour))
        new_key = key.selectbox(t("Key"), KEYS, index=KEYS.index(row.key) if row.key in KEYS else 0)
        if save.form_submit_button(t("Save"), width="stretch"):
            new = (new_condition, float(new_reward), new_colour, new_key)
            if new != (row.condition, row.reward, row.colour, row.key):
                _do(lambda: curation.set_class(project, row.name, *new, actor=state.curator()))
    if row.conversations == 0 and st.button(
        t("Remove {name}", name=plain(row.name)), key=f"class-remove-{row.name}", type="tertiary"
    ):
        _do(lambda: curation.remove_class(project, row.name, actor=state.curator()))


def _new(project: Project, classes: Sequence[ClassRow]) -> None:
    taken = {row.key for row in classes}
    with st.form("class-new", border=False, clear_on_submit=True):
        name, condition, reward, colour, save = st.columns([2, 3, 1.2, 0.8, 1.6], vertical_alignment="bottom")
        new_name = name.text_input(t("Name"), placeholder="crowd")
        new_condition = condition.text_input(t("Condition"), placeholder="Crowd Correct")
        new_reward = reward.number_input(t("Reward"), value=0.5, step=0.1, format="%g")
        new_colour = colour.color_picker(t("Colour"), PALETTE[len(classes) % len(PALETTE)])
        if not save.form_submit_button(t("Add class"), type="primary", width="stretch"):
            return
    if not new_name.strip() or any(row.name == new_name.strip() for row in classes):
        st.error(t("Give the class a name of its own."))
        return
    key = next((k for k in KEYS[1:] if k not in taken), "")
    _do(
        lambda: curation.set_class(
            project,
            new_name.strip(),
            condition=new_condition.strip() or new_name.strip(),
            reward=new_reward,
            colour=new_colour,
            key=key,
            actor=state.curator(),
        )
    )


def _do(change: Callable[[], Action]) -> None:
    try:
        acting.notify(change())
    except CrlftError as error:
        error_box(error)
        return
    st.rerun()
