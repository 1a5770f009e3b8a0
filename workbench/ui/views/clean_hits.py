"""The hits of one cleaning rule, a page at a time: the change in its context, and a tick for each."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from crlft.errors import CrlftError
from workbench.services import browsing, cleaning
from workbench.services.cleaning import CleanPreview, CleanScan, Hit, PreviewStep
from workbench.services.project import Project
from workbench.ui.i18n import said, t, tn
from workbench.ui.widgets.chips import chip
from workbench.ui.widgets.diff import diff_html
from workbench.ui.widgets.errors import error_box
from workbench.ui.widgets.layout import pager
from workbench.ui.widgets.panes import visible_ops

PAGE_HITS = 6
EXCERPT = 420
VERDICT_COLOURS = {"fix": "#2f7d6d", "flag": "#d08a2e", "drop": "#b5544a"}


def verdict_chip(verdict: str) -> str:
    """Return the chip of what follows from a rule."""
    words = {"fix": t("fixes"), "flag": t("flags"), "drop": t("drops")}
    return chip(words.get(verdict, verdict), VERDICT_COLOURS.get(verdict))


def draw_hits(project: Project, found: CleanScan, rule: str, unticked: set[tuple[int, str]], *, off: bool) -> None:
    """Draw a page of a rule's hits; ticks change `unticked`.

    Args:
        project: The open project.
        found: The scan.
        rule: Whose hits.
        unticked: (row number, rule) of the hits that are left alone.
        off: True where the whole rule is switched off.
    """
    hits = _filtered(project, found.by_rule(rule), unticked)
    if off:
        st.caption(t("This rule is switched off: nothing below will be done."))
    index = pager("clean-page", total=len(hits), page_size=PAGE_HITS)
    for hit in hits[index * PAGE_HITS : (index + 1) * PAGE_HITS]:
        _hit(project, found, hit, unticked)


def _filtered(project: Project, hits: list[Hit], unticked: set[tuple[int, str]]) -> list[Hit]:
    """Draw the filter and what un-ticks all that it leaves; return those."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        query = st.text_input(
            t("Show only"), key="clean-filter", placeholder=t("a query, such as source:gpt4 lang:zh"), width=300
        ).strip()
        if query:
            try:
                wanted = _matching(project, query)
            except CrlftError as error:
                error_box(error)
                return hits
            hits = [hit for hit in hits if hit.seq in wanted]
        places = {(hit.seq, hit.rule) for hit in hits}
        if places - unticked:
            leave = tn(len(places), "Leave {n} alone", "Leave all {n} alone")
            st.button(leave, key="clean-none", on_click=_leave, args=(unticked, places, True))
        if places & unticked:
            take = tn(len(places), "Tick {n}", "Tick all {n}")
            st.button(take, key="clean-every", on_click=_leave, args=(unticked, places, False))
    if query:
        st.caption(tn(len(hits), "{n} hit matches.", "{n} hits match."))
    return hits


def _matching(project: Project, query: str) -> set[int]:
    """Return what matches, asked anew only for another query."""
    known = st.session_state.get("clean-filter-found")
    if known is None or known[0] != query:
        known = st.session_state["clean-filter-found"] = (query, set(browsing.matching_seqs(project, query)))
    found: set[int] = known[1]
    return found


def _leave(unticked: set[tuple[int, str]], places: set[tuple[int, str]], alone: bool) -> None:
    """Leave hits alone, or do them again; their boxes are drawn from that, not from what they were before."""
    (unticked.update if alone else unticked.difference_update)(places)
    for seq, rule in places:
        st.session_state.pop(f"clean-hit-{seq}-{rule}", None)


def _hit(project: Project, found: CleanScan, hit: Hit, unticked: set[tuple[int, str]]) -> None:
    place = (hit.seq, hit.rule)
    preview = cleaning.preview(project, found, hit.seq, exclude=unticked)
    step = next((s for s in preview.steps if s.rule == hit.rule), None)
    tick, body = st.columns([1, 24], gap="small")
    with tick:
        st.checkbox(
            t("Apply to {uid}", uid=preview.record.uid),
            value=place not in unticked,
            key=f"clean-hit-{hit.seq}-{hit.rule}",
            label_visibility="collapsed",
            on_change=_toggle,
            args=(unticked, place),
        )
    with body:
        st.html(hit_html(preview, hit, step))


def _toggle(unticked: set[tuple[int, str]], place: tuple[int, str]) -> None:
    """Before the redraw, so that the button above already counts it."""
    unticked.symmetric_difference_update({place})


def hit_html(preview: CleanPreview, hit: Hit, step: PreviewStep | None) -> str:
    """Return one hit: what it is, and the change or the passage in its context."""
    record = preview.record
    marks = [
        chip(record.conversation.class_name or t("untagged")),
        chip(record.conversation.source or t("no source")),
        f'<span class="wl-quiet">{escape(said(hit.reason))} · {escape(record.uid)}</span>',
    ]
    if preview.outcome == "drop" and hit.verdict != "drop":
        marks.insert(0, chip(t("another rule drops it"), VERDICT_COLOURS["drop"]))
    head = f'<div class="wb-chips">{"".join(marks)}</div>'
    if step is None:
        return f'<div class="wl-hit">{head}<p class="wl-quiet">{escape(t("It was changed meanwhile."))}</p></div>'
    if step.diffs:
        body = "".join(_diff(d.role, diff_html(visible_ops(d.pieces), context=120)) for d in step.diffs)
    else:
        body = "".join(_diff(role, text) for role, text in _passage(preview, hit.turn))
    return f'<div class="wl-hit">{head}{body}</div>'


def _diff(role: str, body: str) -> str:
    names = {"user": t("User"), "assistant": t("Assistant"), "system": t("System"), "tool": t("Tool")}
    return f'<div class="wb-role">{escape(names.get(role, role))}</div>{body}'


def _passage(preview: CleanPreview, turn: int | None) -> Sequence[tuple[str, str]]:
    """Return the turn that a flag or drop is about, and what stands before it."""
    turns = preview.record.conversation.turns
    if turn is None or not 0 <= turn < len(turns):
        chosen = turns[:3]
    else:
        chosen = turns[max(0, turn - 1) : turn + 1]
    return [(x.role, f'<div class="wb-text" dir="auto">{escape(_cut(x.content)) or "∅"}</div>') for x in chosen]


def _cut(text: str) -> str:
    """Keep the beginning and the end: refusals stand in front, cut-off answers show at the end."""
    half = EXCERPT // 2
    return text if len(text) <= EXCERPT + 20 else f"{text[:half]} … {text[-half:]}"
