"""Answers to one prompt side by side: differences marked against the open one, each tagged with a click."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import streamlit as st

from workbench.curate.diff import word_diff
from workbench.domain.record import Record
from workbench.services import browsing, curation
from workbench.services.curation import ClassRow
from workbench.services.project import Project
from workbench.ui.i18n import t, tn
from workbench.ui.nav import goto
from workbench.ui.views.deciding import decide
from workbench.ui.views.querytext import term
from workbench.ui.widgets.chat import text_html
from workbench.ui.widgets.chips import chip, chips, class_chip
from workbench.ui.widgets.diff import diff
from workbench.ui.widgets.errors import plain

SHOWN = 6
"""Answers on a page of this view."""


def draw(
    project: Project, record: Record, classes: Sequence[ClassRow], *, on_open: Callable[[int], None]
) -> None:
    """Draw the open answer and its rivals."""
    others = [s.seq for s in browsing.siblings(project, record.prompt_hash) if s.seq != record.seq]
    if not others:
        st.caption(t("No other conversation has this prompt."))
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{tn(len(others), '{n} other answer', '{n} other answers')}**", width="content")
        marked = st.toggle(t("Mark differences from the open one"), value=True, key="siblings-diff")
        if st.button(t("Show all {n} in the list", n=len(others) + 1), key="siblings-all", type="tertiary"):
            goto("browse", q=term("prompt", record.prompt_hash))
    _ranking(project, record, others, classes)
    last = max(0, (len(others) - 1) // SHOWN)
    page = min(int(st.session_state.get("siblings-page", 0)), last)
    colours = {row.name: row.colour for row in classes}
    drawn = [record, *browsing.get_records(project, others[page * SHOWN : (page + 1) * SHOWN])]
    columns = st.columns(2, gap="small")
    for i, one in enumerate(drawn):
        with columns[i % 2], st.container(border=True, key=f"wb-sibling-{i}"):
            _answer(project, one, record, classes, colours, marked=marked, on_open=on_open)
    if last:
        st.segmented_control(
            t("Answers"),
            range(last + 1),
            default=page,
            format_func=lambda p: f"{p * SHOWN + 1}–{min((p + 1) * SHOWN, len(others))}",
            key="siblings-page-choice",
            on_change=_turn,
        )


def _turn() -> None:
    st.session_state["siblings-page"] = st.session_state["siblings-page-choice"] or 0


def _ranking(project: Project, record: Record, others: Sequence[int], classes: Sequence[ClassRow]) -> None:
    """Offer the commonest relative judgement: this one is the best of its prompt, the others are not."""
    if len(classes) < 2:
        return
    ordered = sorted(classes, key=lambda row: -row.reward)
    best, worst = ordered[0], ordered[-1]

    def judge() -> None:
        rank = partial(curation.plan_ranking, project, record.seq, others, winner=best.name, loser=worst.name)
        decide(project, rank)

    st.button(
        t("The open one is the best: {best}, the others {worst}", best=plain(best.name), worst=plain(worst.name)),
        key="siblings-best",
        icon=":material/trophy:",
        on_click=judge,
        help=t("One decision over {n} conversations, undone with one key", n=len(others) + 1),
    )


def _answer(
    project: Project,
    one: Record,
    open_one: Record,
    classes: Sequence[ClassRow],
    colours: Mapping[str, str],
    *,
    marked: bool,
    on_open: Callable[[int], None],
) -> None:
    c = one.conversation
    mine = one.seq == open_one.seq
    facts = [class_chip(c.class_name, colours), chip(c.source or t("unknown source"))]
    chips([*([chip(t("open"))] if mine else []), *facts, chip(tn(one.n_tokens, "{n} token", "{n} tokens"))])
    with st.container(horizontal=True, gap="small"):
        for i, row in enumerate(classes):
            st.button(
                plain(row.name),
                key=f"sibling-{one.seq}-{i}",
                type="primary" if c.class_name == row.name else "tertiary",
                on_click=_tag,
                args=(project, one.seq, row.name),
            )
        if not mine:
            st.button(t("Open"), key=f"sibling-open-{one.seq}", type="tertiary", on_click=on_open, args=(one.seq,))
    if mine or not marked:
        st.html(f'<div class="wb-text" dir="auto">{text_html(c.answer)}</div>')
    else:
        diff(word_diff(open_one.conversation.answer[:20_000], c.answer[:20_000]), context=None)


def _tag(project: Project, seq: int, name: str) -> None:
    decide(project, lambda: curation.plan_tag(project, name, seqs=[seq]))
