"""Groups, borderline pairs and contrasts of a search, one at a time, with their differences marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from workbench.curate.diff import word_diff
from workbench.domain.record import Record
from workbench.services import browsing, duplicates
from workbench.services.duplicates import KEEP, DuplicateResult, GroupView, MemberView
from workbench.services.project import Project
from workbench.ui.i18n import said, t, tn
from workbench.ui.nav import goto
from workbench.ui.views.duplicates_hand import (
    BESIDE,
    GROUP,
    ByHand,
    Deciding,
    copies_from,
    copies_place,
    pages_of_copies,
)
from workbench.ui.views.stepping import places, step, walk_keys
from workbench.ui.widgets.chips import chip
from workbench.ui.widgets.diff import diff_html
from workbench.ui.widgets.errors import guarded
from workbench.ui.widgets.heard_keys import hear
from workbench.ui.widgets.panes import pane_html, visible_ops

CONTRAST_COLUMNS = 3


def turn_diffs(kept: Record, other: Record) -> dict[int, str]:
    """Return the turns of `other` that differ from those of `kept` at the same place, as diffs."""
    bodies = {}
    mine, theirs = kept.conversation.turns, other.conversation.turns
    for i, turn in enumerate(theirs):
        before = mine[i].content if i < len(mine) and mine[i].role == turn.role else ""
        if before != turn.content:
            bodies[i] = diff_html(visible_ops(word_diff(before, turn.content)), context=None)
    return bodies


@st.fragment
@guarded
def draw_groups(
    project: Project, result: DuplicateResult, keep: str, hand: ByHand, colours: Mapping[str, str]
) -> None:
    """Draw one group: who stays and why, who goes, and what a person may change about it."""
    if hand.changed:  # the page around it says how much was decided by hand, and asks for the plan
        st.rerun()
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
        index = step(GROUP, len(groups))
        st.caption(t("Group {i} of {n}", i=index + 1, n=len(groups)))
    deciding = Deciding(project, result, groups, keep, hand, places())
    hear("dup-heard", deciding.keys(), closing=("d",))
    view = deciding.view()
    if not view.members:
        st.caption(t("Its members have been dropped meanwhile."))
        return
    _group_head(project, result, view, groups[index].lowest)
    _group_choices(view, deciding)
    _members(view, colours, deciding)


def _group_head(project: Project, result: DuplicateResult, view: GroupView, lowest: float) -> None:
    stay = sum(m.kept for m in view.members)
    chips = [
        chip(t("{n} alike", n=len(view.members))),
        chip(tn(stay, "{n} stays", "{n} stay")),
        chip(t("least similarity {score}", score=f"{lowest:.2f}")),
    ]
    if view.conflict:
        chips.append(chip(t("tagging conflict: the same, but different classes"), "#d08a2e", solid=True))
    with st.container(horizontal=True, vertical_alignment="center", key="wl-dup-head"):
        st.html(f'<div class="wb-chips">{"".join(chips)}</div>', width="content")
        if st.button(t("See in Browse"), type="tertiary", icon=":material/forum:", key="dup-browse"):
            duplicates.set_threshold(project, result)
            goto("browse", q=f"dup:{view.id}")


def _group_choices(view: GroupView, deciding: Deciding) -> None:
    """Draw what a person may decide about this group alone: who stays, or that it is left as it is."""
    with st.container(horizontal=True, vertical_alignment="center", key="wl-dup-choices"):
        policies = list(KEEP)
        current = deciding.hand.policy.get(view.id, deciding.keep)
        chosen = st.selectbox(
            t("In this group stays"),
            policies,
            index=policies.index(current),
            format_func=lambda k: t("In this group stays: {what}", what=t(KEEP[k][0])),
            # A new key where the choice came from elsewhere, so that the box shows it.
            key=f"dup-own-{view.id}-{current}",
            label_visibility="collapsed",
            width=560,
        )
        rule, icon = t("Another rule"), ":material/sync:"
        st.button(rule, key="dup-rule", icon=icon, shortcut="P", on_click=deciding.another_policy)
        if chosen is not None and chosen != current:
            deciding.follow(view.id, chosen)
            st.rerun()
        skipped = view.id in deciding.hand.skip
        st.button(
            t("Decide it after all") if skipped else t("Leave it as it is"),
            key=f"dup-skip-{view.id}",
            icon=":material/lock_open:" if skipped else ":material/lock:",
            shortcut="L",
            on_click=deciding.leave,
        )
        if skipped:
            st.caption(t("Left as it is: nothing in this group goes."))


def _members(view: GroupView, colours: Mapping[str, str], deciding: Deciding) -> None:
    first, *others = view.members
    start = copies_from(view, deciding.here)
    if pages_of_copies(view) > 1:
        with st.container(horizontal=True, vertical_alignment="center", key="wl-dup-copies"):
            step(copies_place(view), pages_of_copies(view), ("Up", "Down"))
            last = min(start + BESIDE, len(others))
            st.caption(t("Others {i} to {j} of {n}", i=start + 1, j=last, n=len(others)))
    shown = others[start : start + BESIDE]
    skipped = view.id in deciding.hand.skip
    columns = st.columns(1 + len(shown))
    with columns[0]:
        title = t("Stays") if skipped else t("Stays: {why}", why=t(first.why))
        st.html(_pane(first, colours, title))
    for number, (place, member) in enumerate(zip(columns[1:], shown, strict=True), 1):
        with place:
            _other(view, first, member, colours, deciding, shortcut=str(number))


def _pane(
    member: MemberView, colours: Mapping[str, str], title: str, bodies: Mapping[int, str] | None = None
) -> str:
    reward = [] if member.reward is None else [chip(t("reward {r}", r=f"{member.reward:g}"))]
    return pane_html(member.record, colours, title=title, kept=member.kept, bodies=bodies, extra=reward)


def _other(
    view: GroupView,
    first: MemberView,
    member: MemberView,
    colours: Mapping[str, str],
    deciding: Deciding,
    *,
    shortcut: str,
) -> None:
    bodies = turn_diffs(first.record, member.record)
    if view.id in deciding.hand.skip:
        title = t("Stays")
    elif member.kept:
        title = t("Stays too: {why}", why=t(member.why))
    elif bodies:
        title = t("Goes: {why}", why=said(member.why))
    else:
        title = t("Goes: {why}; the same text", why=said(member.why))
    st.html(_pane(member, colours, title, bodies))
    key = f"dup-keep-{member.record.seq}"
    st.button(
        t("Keep this one"),
        key=key,
        icon=":material/swap_horiz:",
        shortcut=shortcut,
        on_click=deciding.stay,
        args=(view.id, member.record.seq),
    )


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
        index = step(f"dup-pair-{side}", len(pairs))
        pair = pairs[index]
        st.html(
            f'<div class="wb-chips">{chip(t("similarity {score}", score=f"{pair.score:.3f}"))}</div>',
            width="content",
        )
        st.caption(t("Pair {i} of {n}", i=index + 1, n=len(pairs)))
    hear("dup-pair-heard", walk_keys(f"dup-pair-{side}", len(pairs)))
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
        index = step("dup-contrast", len(result.contrasts))
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
    hear("dup-contrast-heard", walk_keys("dup-contrast", len(result.contrasts)))
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
