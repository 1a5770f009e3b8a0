"""Talk to several at once: one chat, the same words to every model and condition, answers side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

from crlft.condition import ClassScheme
from workbench.domain.comparison import Column
from workbench.domain.errors import WorkbenchError
from workbench.services import comparing, desk, training
from workbench.services.project import Project
from workbench.ui.i18n import said, said_error, t
from workbench.ui.widgets.compare_grid import column_head, column_label
from workbench.ui.widgets.errors import error_box, guarded
from workbench.ui.widgets.layout import empty_state
from workbench.ui.widgets.likelihood import likelihood_html, mean_html

REFRESH_SECONDS = 0.25
MOST = 6
"""Columns that can still be read beside each other."""
Chat = list[dict[str, str]]


def draw_talk(project: Project, scheme: ClassScheme) -> None:
    """Draw the choice of columns, the chats and the line to type in."""
    done = [j for j in training.list_runs(project) if j.status == "done"]
    titles = {j.id: f"{said(j.title or j.id)} · {j.id}" for j in done}
    words = {c.condition: f"{c.name} ({c.condition})" for c in scheme.classes} | {"": t("no condition")}
    row = st.container(horizontal=True, vertical_alignment="bottom")
    runs = row.multiselect(
        t("Models"),
        list(titles),
        default=list(titles)[:1],
        format_func=lambda r: titles[r],
        key="talk-runs",
        placeholder=t("choose finished runs") if titles else t("no run is finished yet"),
        width=400,
    )
    conditions = row.multiselect(
        t("Asked under"),
        list(words),
        default=[c.condition for c in scheme.classes],
        format_func=lambda c: words[c],
        key="talk-conditions",
        placeholder=t("choose"),
        width=400,
    )
    base = row.toggle(t("The base too"), value=not done, key="talk-base")
    columns = comparing.columns_of(project, runs, conditions, include_base=base)[:MOST]
    if not columns:
        empty_state(t("Nobody to talk to"), t("Choose a model and a condition, or the base."))
        return
    with st.expander(t("Sampling")):
        first, second, third = st.columns(3)
        sampling: dict[str, Any] = {
            "max_new_tokens": int(first.number_input(t("Longest answer, tokens"), 1, 4096, 96, key="talk-tokens")),
            "temperature": float(second.number_input(t("Temperature"), 0.0, 2.0, 0.0, 0.1, key="talk-warmth")),
            "seed": int(third.number_input(t("Seed"), 0, 2**31 - 1, 0, key="talk-seed")),
        }
    state = _state(columns)
    waiting = state["ticket"] is not None
    st.fragment(_chats, run_every=REFRESH_SECONDS if waiting else None)(project, columns)
    typed = st.chat_input(t("Say something to all of them"), key="talk-input", disabled=waiting)
    if typed:
        for chat in state["chats"]:
            chat.append({"role": "user", "content": typed})
        state["ticket"] = desk.ask_chat(project, columns, state["chats"], **sampling)
        state["likely"] = None
        st.rerun()
    if any(state["chats"]) and not waiting:
        _after(project, columns, state)


def _state(columns: Sequence[Column]) -> dict[str, Any]:
    """Return this browser session's chats; other columns begin anew."""
    key = tuple((c.model, c.condition) for c in columns)
    kept: dict[str, Any] | None = st.session_state.get("talk")
    if kept is None or kept["key"] != key:
        kept = {"key": key, "chats": [[] for _ in columns], "ticket": None, "feet": {}, "likely": None}
        st.session_state["talk"] = kept
    return kept


@guarded
def _chats(project: Project, columns: Sequence[Column]) -> None:
    state = _state(columns)
    panes: Sequence[desk.Pane] = ()
    if state["ticket"] is not None:
        try:
            reply = desk.read_reply(project, state["ticket"])
        except WorkbenchError as error:
            _give_up(state)
            error_box(error)
            return
        panes = reply.panes
        if reply.done:
            _take(state, panes)
            st.rerun()
        if not panes:
            st.caption(t("Loading the models; the next answer will begin at once."))
    st.html(talk_html(columns, state["chats"], panes, state["feet"]))


def _take(state: dict[str, Any], panes: Sequence[desk.Pane]) -> None:
    for i, (chat, pane) in enumerate(zip(state["chats"], panes, strict=True)):
        chat.append({"role": "assistant", "content": pane.text or said_error(pane.error)})
        foot = t("{n} tokens", n=pane.n_tokens) + f" · {pane.seconds:.2f} s · {pane.rendered_hash}"
        state["feet"][i, len(chat) - 1] = foot
    state["ticket"] = None


def _give_up(state: dict[str, Any]) -> None:
    for chat in state["chats"]:
        chat.pop()
    state["ticket"] = None


def talk_html(
    columns: Sequence[Column],
    chats: Sequence[Chat],
    panes: Sequence[desk.Pane],
    feet: Mapping[tuple[int, int], str],
) -> str:
    """Return all chats side by side; what is still being written stands at their ends."""
    template = f"grid-template-columns: repeat({len(columns)}, minmax(13rem, 1fr))"
    parts = [f'<div class="wl-grid" style="{template}">']
    parts += [f'<div class="wl-head">{column_head(c)}</div>' for c in columns]
    for i, chat in enumerate(chats):
        parts.append('<div class="wl-cell">')
        for place, message in enumerate(chat):
            parts.append(_message(message["role"], message["content"], feet.get((i, place), "")))
        if i < len(panes):
            parts.append(_message("assistant", panes[i].text + " ▍", ""))
        parts.append("</div>")
    return "".join(parts) + "</div>"


def _message(role: str, text: str, foot: str) -> str:
    name = t("User") if role == "user" else t("Assistant")
    under = f'<div class="wl-foot wl-quiet">{escape(foot)}</div>' if foot else ""
    return (
        f'<div class="wb-turn wb-{role} wl-turn"><div class="wb-role">{escape(name)}</div>'
        f'<div class="wl-text" dir="auto">{escape(text)}</div>{under}</div>'
    )


def _after(project: Project, columns: Sequence[Column], state: dict[str, Any]) -> None:
    labels = [column_label(c) for c in columns]
    with st.container(horizontal=True, vertical_alignment="bottom", key="wl-talk-after"):
        whose = st.selectbox(
            t("Colour by likelihood the last answer of"),
            list(range(len(columns))),
            format_func=lambda i: labels[i],
            key="talk-whose",
            width=320,
        )
        if st.button(t("How likely does each find it?"), icon=":material/gradient:"):
            ticket = desk.ask_likelihood(project, columns, [state["chats"][whose]] * len(columns))
            with st.spinner(t("Scoring")):
                state["likely"] = (whose, desk.wait_for_reply(project, ticket).panes)
        if st.button(t("Begin anew"), icon=":material/restart_alt:"):
            st.session_state.pop("talk", None)
            st.rerun()
    if state["likely"]:
        draw_likelihoods(columns, state["likely"][1], labels[state["likely"][0]])


def draw_likelihoods(columns: Sequence[Column], panes: Sequence[desk.Pane], whose: str) -> None:
    """Draw one answer under every column, unlikely tokens shaded."""
    st.caption(
        t(
            "The answer of {whose}, as each column would have found it: the deeper the colour, the less likely "
            "the token there. Point at a token for its chance.",
            whose=whose,
        )
    )
    template = f"grid-template-columns: repeat({len(columns)}, minmax(13rem, 1fr))"
    heads = "".join(f'<div class="wl-head">{column_head(c)}</div>' for c in columns)
    cells = "".join(
        '<div class="wl-cell">'
        f"{escape(said_error(p.error)) or likelihood_html(p.tokens) + mean_html(p.tokens)}</div>"
        for p in panes
    )
    st.html(f'<div class="wl-grid" style="{template}">{heads}{cells}</div>')
