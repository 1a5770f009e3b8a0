"""Acts on all matches of a query (or on all conversations chosen on the map): plan, apply, undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

from workbench.services import curation
from workbench.services.curation import ClassRow
from workbench.services.project import Project
from workbench.ui.i18n import t, tn
from workbench.ui.views import acting
from workbench.ui.widgets.errors import plain


def bar(
    project: Project,
    classes: Sequence[ClassRow],
    *,
    total: int,
    query: str,
    seqs: Sequence[int] | None = None,
    key: str = "browse",
) -> None:
    """Draw how many match, and the menu that acts on all of them."""
    answer(project, query=query, seqs=seqs, key=key)
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key=f"wb-bulk-{key}"
    ):
        st.html(f"<b>{escape(tn(total, '{n} conversation', '{n} conversations'))}</b>", width="content")
        if total:
            label = tn(total, "Act on it", "Act on all {n}")
            popover = st.popover(label, icon=":material/checklist:", key=_menu_key(key), on_change="rerun")
            if popover.open:
                with popover:
                    menu(project, classes, total=total, query=query, seqs=seqs, key=key)


def menu(
    project: Project, classes: Sequence[ClassRow], *, total: int, query: str, seqs: Sequence[int] | None, key: str
) -> None:
    """Draw the acts; each one opens its plan before anything changes."""
    acts = {
        "tag": t("Tag as a class"),
        "keep": t("Keep"),
        "drop": t("Drop"),
        "pending": t("Back to pending"),
        "reward": t("Set their reward"),
        "untag": t("Remove the tag"),
    }
    act = st.radio(t("What to do"), list(acts), format_func=acts.__getitem__, key=f"bulk-act-{key}")
    if act == "tag":
        st.selectbox(t("Class"), [row.name for row in classes], key=f"bulk-tag-{key}")
    elif act == "drop":
        st.text_input(t("Reason"), key=f"bulk-drop-{key}", placeholder=t("why these are left out"))
    elif act == "reward":
        st.text_input(t("Reward (empty: as their class)"), key=f"bulk-reward-{key}")
        st.text_input(t("Why this reward"), key=f"bulk-why-{key}", placeholder=t("half right, too long, …"))
    st.caption(t("You will see the plan for all {n} before anything changes.", n=total))
    st.button(t("Show the plan"), type="primary", key=f"bulk-go-{key}", on_click=_ask, args=(key,))


def answer(project: Project, *, query: str, seqs: Sequence[int] | None, key: str) -> None:
    """Open the plan that the menu asked for in this run, if it did.

    The menu's button answers in a callback, because its click also closes the menu, which would cover the plan.
    """
    asked = st.session_state.pop(f"bulk-asked-{key}", None)
    if asked is not None:
        act, value, why = asked
        target = {"query": query} if seqs is None else {"seqs": list(seqs)}
        _review(project, act, str(value or ""), str(why or "").strip(), target)


def _ask(key: str) -> None:
    act = st.session_state[f"bulk-act-{key}"]
    st.session_state[f"bulk-asked-{key}"] = (
        act,
        st.session_state.get(f"bulk-{act}-{key}"),
        st.session_state.get(f"bulk-why-{key}"),
    )
    if _menu_key(key) in st.session_state:
        st.session_state[_menu_key(key)] = False


def _menu_key(key: str) -> str:
    return f"bulk-menu-{key}"


def _review(project: Project, act: str, value: str, why: str, target: Mapping[str, Any]) -> None:
    if act in ("tag", "untag"):
        acting.review(curation.plan_tag(project, value if act == "tag" else None, **target))
    elif act == "reward":
        try:
            reward = float(value) if value.strip() else None
        except ValueError:
            st.error(t("“{text}” is no number.", text=plain(value)))
            return
        acting.review(curation.plan_reward(project, reward, why or "set in bulk", **target))
    else:
        status = {"keep": "kept", "drop": "dropped", "pending": "pending"}[act]
        if act == "drop" and not value.strip():
            st.error(t("Give a reason: it is kept with every dropped conversation."))
            return
        acting.review(curation.plan_status(project, status, value.strip(), **target))
