"""Evaluation prompts in the data: look for them, see where they stand, drop the conversations that leak them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

import streamlit as st

from workbench.services import browsing, decontamination
from workbench.services.curation import class_table
from workbench.services.decontamination import (
    LEAST_OVERLAP,
    LEAST_SIMILARITY,
    OVERLAP,
    SIMILARITY,
    Leak,
    LeakResult,
)
from workbench.services.evalitems import held_out_items
from workbench.services.project import Project, project_overview
from workbench.ui.i18n import said, t, tn
from workbench.ui.views import acting, following
from workbench.ui.views.duplicates_search import AT_ONCE, draw_embedding
from workbench.ui.views.import_sources import uploaded_files
from workbench.ui.views.stepping import ByKey, places, step, walk_keys
from workbench.ui.views.working import own_key
from workbench.ui.widgets.chips import chip
from workbench.ui.widgets.errors import guarded
from workbench.ui.widgets.heard_keys import hear
from workbench.ui.widgets.layout import metric_row
from workbench.ui.widgets.panes import pane_html

_RESULT, _LEFT, _AT = "leak-result", "leak-left", "leak-at"


@dataclass(slots=True)
class _Left(ByKey):
    """What a person leaves in."""

    seqs: set[int] = field(default_factory=set)


@guarded
def draw(project: Project) -> None:
    """Draw the search for evaluation prompts and what it found."""
    running = _search(project)
    result: LeakResult | None = st.session_state.get(_RESULT)
    if result is None or running:
        return
    if not result.leaks:
        st.success(
            t(
                "None of {n} conversations leaks any of {items} evaluation prompts.",
                n=result.considered,
                items=len(result.items),
            ),
            icon=":material/check:",
        )
        return
    _found(project, result)


def _search(project: Project) -> bool:
    """Draw the form and what runs; return whether a search is under way."""
    held_out = held_out_items(project)
    with st.container(border=True, key="wl-leak-search"):
        files = uploaded_files(t("Evaluation files"), key="leak-files", extra=("txt",))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            own = st.checkbox(
                t("The {n} held-out prompts of this project", n=len(held_out)),
                value=bool(held_out),
                disabled=not held_out,
                key="leak-held-out",
            )
            meaning = st.checkbox(
                t("By meaning, too"),
                value=True,
                key="leak-meaning",
                help=t("Finds prompts said in other words. Texts that were never embedded are embedded first."),
            )
            query = st.text_input(
                t("Only where"), key="leak-query", placeholder=t("a query; empty is all"), width=240
            )
            clicked = st.button(
                t("Look for leaks"), type="primary", icon=":material/search:", disabled=not (files or own)
            )
        st.caption(
            t(
                "A conversation leaks a prompt if it says most of it word for word, in runs of eight words, or "
                "asks the same in other words. A model trained on it would look better than it is."
            )
        )
    key = own_key("leaks")
    if clicked:
        asked = {
            "files": [str(path) for path in files],
            "held_out": own,
            "query": query or "",
            "by_meaning": meaning,
        }
        # What is to be embedded first takes longer than starting a process, however few they are.
        small = not meaning and project_overview(project).conversations <= AT_ONCE
        title = "search for leaked evaluation prompts"
        following.begin(project, "leaks", asked, title=title, small=small, key=key)
    taken, running = following.take(project, "leaks", key=key, label=t("conversations read"), mine=True, keep=True)
    if running and meaning:
        draw_embedding(project)
    if taken is not None:
        st.session_state[_RESULT], st.session_state[_LEFT] = taken.result, _Left()
        places().put(_AT, 0)
    return running


def _found(project: Project, result: LeakResult) -> None:
    left, right = st.columns([3, 2], gap="large", vertical_alignment="bottom")
    with right:
        overlap = st.slider(
            t("Share of a prompt's words, from which it is a leak"),
            LEAST_OVERLAP,
            1.0,
            OVERLAP,
            0.01,
            key="leak-o",
        )
        similarity = SIMILARITY
        if result.by_meaning:
            similarity = st.slider(
                t("Similarity of meaning, from which it is a leak"),
                LEAST_SIMILARITY,
                1.0,
                SIMILARITY,
                0.01,
                key="leak-s",
            )
    leaks = result.at(overlap, similarity)
    left_in: _Left = st.session_state[_LEFT]
    left_in.changed = False  # what follows shows it
    leave = left_in.seqs
    there = {s.seq for s in browsing.summaries(project, [leak.seq for leak in leaks]) if s.status != "dropped"}
    leaks = [leak for leak in leaks if leak.seq in there]
    going = [leak for leak in leaks if leak.seq not in leave]
    with left:
        metric_row(
            [
                (t("Conversations that leak"), len(leaks), t("of {n}", n=result.considered)),
                (
                    t("Prompts leaked"),
                    len({leak.item for leak in leaks}),
                    t("of {n}", n=len(result.items)),
                ),
                (t("By words"), sum(leak.way == "words" for leak in leaks), t("the others by meaning")),
            ]
        )
    with right, st.container(horizontal=True, vertical_alignment="center"):
        clicked = st.button(
            t("Review and drop them"), type="primary", icon=":material/block:", disabled=not going, shortcut="D"
        )
        if len(going) < len(leaks):
            st.caption(tn(len(leaks) - len(going), "{n} left in by hand", "{n} left in by hand"))
    if clicked or (left_in.take_asked() and going):
        plan = decontamination.plan_decontamination(
            project, result, overlap=overlap, similarity=similarity, leave=leave
        )
        acting.review(plan)
    if leaks:
        _look(project, result, leaks)
    else:
        st.success(t("Nothing leaks at these thresholds."), icon=":material/check:")


@st.fragment
@guarded
def _look(project: Project, result: LeakResult, leaks: Sequence[Leak]) -> None:
    """Draw one leak: the prompt on the left, the conversation with the place marked on the right."""
    left_in: _Left = st.session_state[_LEFT]
    if left_in.changed:  # the page around it counts them, and asks for the plan
        st.rerun()
    here = places()

    def leave_in() -> None:
        left_in.seqs ^= {leaks[here.at(_AT, len(leaks))].seq}
        left_in.changed = True

    def review() -> None:
        left_in.asked = left_in.changed = True

    with st.container(horizontal=True, vertical_alignment="center", key="wl-leak-bar"):
        index = step(_AT, len(leaks))
        leak = leaks[index]
        score = f"{leak.score:.2f}"
        way = (
            t("words in common {score}", score=score)
            if leak.way == "words"
            else t("same meaning {score}", score=score)
        )
        st.html(f'<div class="wb-chips">{chip(way)}</div>', width="content")
        st.caption(t("Leak {i} of {n}, least alike first", i=index + 1, n=len(leaks)))
        stays = leak.seq in left_in.seqs
        st.button(
            t("It is a leak after all") if stays else t("No leak: leave it in"),
            key="leak-leave",
            icon=":material/lock_open:" if stays else ":material/lock:",
            shortcut="L",
            on_click=leave_in,
        )
    hear("leak-heard", {**walk_keys(_AT, len(leaks)), "l": leave_in, "d": review}, closing=("d",))
    item = result.items[leak.item]
    records = browsing.get_records(project, [leak.seq])
    if not records:
        st.caption(t("It is gone meanwhile."))
        return
    (record,) = records
    parts = [f'<div class="wl-title">{escape(item.id)}</div>', _block(t("Prompt"), item.prompt)]
    if item.answer:
        parts.append(_block(t("Answer"), item.answer))
    colours = {row.name: row.colour for row in class_table(project)}
    marked = marked_turns([turn.content for turn in record.conversation.turns], leak)
    title = t("Stays") if stays else t("Goes: {why}", why=said(decontamination.reason(result, leak)))
    pane = pane_html(record, colours, title=title, kept=stays, bodies=marked)
    st.html(f'<div class="wl-row" style="--n:2"><div class="wl-pane">{"".join(parts)}</div>{pane}</div>')


def _block(head: str, text: str) -> str:
    return (
        f'<div class="wb-chat"><div class="wb-turn wl-turn"><div class="wb-role">{escape(head)}</div>'
        f'<div class="wb-text" dir="auto">{escape(text)}</div></div></div>'
    )


def marked_turns(turns: Sequence[str], leak: Leak) -> Mapping[int, str]:
    """Return the turns that hold a span as HTML with the spans marked; every text is escaped."""
    out = {}
    for number, text in enumerate(turns):
        spans = [span for span in leak.spans if span.turn == number]
        if not spans:
            continue
        parts, at = [], 0
        for span in spans:
            parts += [escape(text[at : span.begin]), f"<mark>{escape(text[span.begin : span.end])}</mark>"]
            at = span.end
        body = "".join([*parts, escape(text[at:])])
        out[number] = f'<div class="wb-text wl-marked" dir="auto">{body}</div>'
    return out
