"""Groups, borderline pairs and contrasts of a search, one at a time, with their differences marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st

from workbench.curate.diff import word_diff
from workbench.domain.record import Record
from workbench.services import browsing, duplicates
from workbench.services.duplicates import DuplicateResult, GroupView, MemberView
from workbench.services.project import Project
from workbench.ui.i18n import said, t, tn
from workbench.ui.nav import goto
from workbench.ui.widgets.chips import chip
from workbench.ui.widgets.diff import diff_html
from workbench.ui.widgets.errors import guarded
from workbench.ui.widgets.panes import pane_html, visible_ops

BESIDE = 2
"""How many copies stand beside the one that is kept; the others are a click away."""

CONTRAST_COLUMNS = 3


@dataclass(slots=True)
class ByHand:
    """What a person decided about single groups of a search, until it is applied.

    Attributes:
        keep: Group id to the member that stays.
        skip: Groups that are left as they are.
    """

    keep: dict[int, int] = field(default_factory=dict)
    skip: set[int] = field(default_factory=set)


def turn_diffs(kept: Record, other: Record) -> dict[int, str]:
    """Return the turns of `other` that differ from those of `kept` at the same place, as diffs."""
    bodies = {}
    mine, theirs = kept.conversation.turns, other.conversation.turns
    for i, turn in enumerate(theirs):
        before = mine[i].content if i < len(mine) and mine[i].role == turn.role else ""
        if before != turn.content:
            bodies[i] = diff_html(visible_ops(word_diff(before, turn.content)), context=None)
    return bodies


def _step(key: str, total: int) -> int:
    """Draw previous and next with arrow keys; return the place from 0, which never leaves the list."""
    index = min(max(0, int(st.session_state.get(key, 0))), total - 1)

    def move(by: int) -> None:
        st.session_state[key] = min(max(0, index + by), total - 1)

    icons = {-1: ":material/chevron_left:", 1: ":material/chevron_right:"}
    names = {-1: t("Previous"), 1: t("Next")}
    for by, shortcut in ((-1, "Left"), (1, "Right")):
        st.button(
            names[by],
            key=f"{key}-{shortcut}",
            icon=icons[by],
            shortcut=shortcut,
            disabled=not 0 <= index + by < total,
            on_click=move,
            args=(by,),
        )
    return index


@st.fragment
@guarded
def draw_groups(
    project: Project, result: DuplicateResult, keep: str, hand: ByHand, colours: Mapping[str, str]
) -> None:
    """Draw one group: who stays and why, who goes, and what a person may change about it."""
    groups = list(result.groups)
    with st.container(horizontal=True, vertical_alignment="center", key="wl-dup-bar"):
        order = st.segmented_control(
            t("Order"),
            ["largest", "least", "conflicts"],
            default="largest",
            required=True,
            format_func=lambda o: {
                "largest": t("Largest first"),
                "least": t("Least similar first"),
                "conflicts": t("Tagging conflicts"),
            }[o],
            key="dup-order",
            label_visibility="collapsed",
        )
        if order == "least":
            groups.sort(key=lambda g: (g.lowest, g.id))
        elif order == "conflicts":
            groups = [g for g in groups if g.id in set(result.conflicts)]
        if not groups:
            st.caption(t("No group is like that."))
            return
        index = _step("dup-group", len(groups))
        st.caption(t("Group {i} of {n}", i=index + 1, n=len(groups)))
    view = duplicates.view_group(
        project, result, groups[index].id, keep=keep, by_hand=hand.keep.get(groups[index].id)
    )
    if not view.members:
        st.caption(t("Its members have been dropped meanwhile."))
        return
    _group_head(project, result, view, groups[index].lowest, hand)
    _members(view, colours, hand)


def _group_head(project: Project, result: DuplicateResult, view: GroupView, lowest: float, hand: ByHand) -> None:
    stay = sum(m.kept for m in view.members)
    chips = [
        chip(t("{n} alike", n=len(view.members))),
        chip(tn(stay, "{n} stays", "{n} stay")),
        chip(t("least similarity {score}", score=f"{lowest:.2f}")),
    ]
    if view.conflict:
        chips.append(chip(t("tagging conflict: equal texts, different classes"), "#d08a2e", solid=True))
    with st.container(horizontal=True, vertical_alignment="center", key="wl-dup-head"):
        st.html(f'<div class="wb-chips">{"".join(chips)}</div>', width="content")
        skipped = st.toggle(t("Leave this group as it is"), value=view.id in hand.skip, key=f"dup-skip-{view.id}")
        (hand.skip.add if skipped else hand.skip.discard)(view.id)
        if st.button(t("See in Browse"), type="tertiary", icon=":material/forum:", key="dup-browse"):
            duplicates.set_threshold(project, result)
            goto("browse", q=f"dup:{view.id}")


def _members(view: GroupView, colours: Mapping[str, str], hand: ByHand) -> None:
    first, *others = view.members
    start = 0
    if len(others) > BESIDE:
        pages = -(-len(others) // BESIDE)
        start = (st.pagination(pages, key=f"dup-members-{view.id}-{first.record.seq}") - 1) * BESIDE
    shown = others[start : start + BESIDE]
    places = st.columns(1 + len(shown))
    with places[0]:
        st.html(pane_html(first.record, colours, title=t("Stays: {why}", why=t(first.why)), kept=True))
    for number, (place, member) in enumerate(zip(places[1:], shown, strict=True), 1):
        with place:
            _other(view, first, member, colours, hand, shortcut=str(number))


def _other(
    view: GroupView,
    first: MemberView,
    member: MemberView,
    colours: Mapping[str, str],
    hand: ByHand,
    *,
    shortcut: str,
) -> None:
    bodies = turn_diffs(first.record, member.record)
    if member.kept:
        title = t("Stays too: {why}", why=t(member.why))
    elif bodies:
        title = t("Goes: {why}", why=said(member.why))
    else:
        title = t("Goes: {why}; the same text", why=said(member.why))
    st.html(pane_html(member.record, colours, title=title, kept=member.kept, bodies=bodies))
    key = f"dup-keep-{member.record.seq}"
    if st.button(t("Keep this one"), key=key, icon=":material/swap_horiz:", shortcut=shortcut):
        hand.keep[view.id] = member.record.seq
        st.rerun()


@st.fragment
@guarded
def draw_pairs(project: Project, result: DuplicateResult, colours: Mapping[str, str]) -> None:
    """Draw the pairs around the threshold, where it is decided: just counted, or just not."""
    side = st.segmented_control(
        t("Which pairs"),
        ["above", "below"],
        default="above",
        required=True,
        format_func=lambda s: {"above": t("Only just the same"), "below": t("Only just not")}[s],
        key="dup-side",
        label_visibility="collapsed",
    )
    pairs = result.least_similar(50) if side == "above" else result.most_similar_below(50)
    if not pairs:
        st.caption(t("There is no such pair: everything found is equal text."))
        return
    with st.container(horizontal=True, vertical_alignment="center", key="wl-pair-bar"):
        index = _step(f"dup-pair-{side}", len(pairs))
        pair = pairs[index]
        st.html(
            f'<div class="wb-chips">{chip(t("similarity {score}", score=f"{pair.score:.3f}"))}</div>',
            width="content",
        )
        st.caption(t("Pair {i} of {n}", i=index + 1, n=len(pairs)))
    records = browsing.get_records(project, [pair.a, pair.b])
    if len(records) == 2:
        _side_by_side(records, colours)


@st.fragment
@guarded
def draw_contrasts(project: Project, result: DuplicateResult, colours: Mapping[str, str]) -> None:
    """Draw prompts that stand in several classes: what conditioning learns from, never dropped."""
    if not result.contrasts:
        st.caption(t("No prompt is answered in more than one class."))
        return
    with st.container(horizontal=True, vertical_alignment="center", key="wl-contrast-bar"):
        index = _step("dup-contrast", len(result.contrasts))
        seqs = result.contrasts[index]
        st.caption(
            tn(
                len(seqs),
                "Prompt {i} of {of}: {n} answer",
                "Prompt {i} of {of}: {n} answers",
                i=index + 1,
                of=len(result.contrasts),
            )
        )
    records = browsing.get_records(project, seqs)
    records.sort(key=lambda r: (r.conversation.class_name or "", r.seq))
    _side_by_side(_one_of_each_class(records, CONTRAST_COLUMNS), colours)


def _one_of_each_class(records: Sequence[Record], limit: int) -> list[Record]:
    """Return at most `limit` records, as many classes among them as there are."""
    seen: dict[str | None, list[Record]] = {}
    for record in records:
        seen.setdefault(record.conversation.class_name, []).append(record)
    chosen: list[Record] = []
    while len(chosen) < min(limit, len(records)):
        for group in seen.values():
            if group and len(chosen) < limit:
                chosen.append(group.pop(0))
    return chosen


def _side_by_side(records: Sequence[Record], colours: Mapping[str, str]) -> None:
    first = records[0]
    panes = [
        pane_html(r, colours, title=r.uid, bodies=turn_diffs(first, r) if r is not first else None)
        for r in records
    ]
    st.html(f'<div class="wl-row" style="--n:{len(panes)}">{"".join(panes)}</div>')
