"""Groups, borderline pairs and contrasts of a search, one at a time, with their differences marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st

from workbench.curate.diff import word_diff
from workbench.domain.record import Record
from workbench.services import browsing, duplicates
from workbench.services.duplicates import KEEP, DuplicateResult, GroupView, MemberView
from workbench.services.project import Project
from workbench.ui.i18n import said, t, tn
from workbench.ui.nav import goto
from workbench.ui.views.stepping import step
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
        policy: Group id to the keep policy of that group alone.
        skip: Groups that are left as they are.
    """

    keep: dict[int, int] = field(default_factory=dict)
    policy: dict[int, str] = field(default_factory=dict)
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
        index = step("dup-group", len(groups))
        st.caption(t("Group {i} of {n}", i=index + 1, n=len(groups)))
    group = groups[index]
    view = duplicates.view_group(
        project, result, group.id, keep=hand.policy.get(group.id, keep), by_hand=hand.keep.get(group.id)
    )
    if not view.members:
        st.caption(t("Its members have been dropped meanwhile."))
        return
    _group_head(project, result, view, group.lowest)
    _group_choices(view, keep, hand)
    _members(view, colours, hand)


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


def _group_choices(view: GroupView, keep: str, hand: ByHand) -> None:
    """Draw what a person may decide about this group alone: who stays, or that it is left as it is."""
    with st.container(horizontal=True, vertical_alignment="center", key="wl-dup-choices"):
        policies = list(KEEP)
        current = hand.policy.get(view.id, keep)
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
        following = policies[(policies.index(current) + 1) % len(policies)]
        if st.button(t("Another rule"), key="dup-rule", icon=":material/sync:", shortcut="P"):
            chosen = following
        if chosen is not None and chosen != current:
            _set_policy(view.id, chosen, keep, hand)
        skipped = view.id in hand.skip
        if st.button(
            t("Decide it after all") if skipped else t("Leave it as it is"),
            key=f"dup-skip-{view.id}",
            icon=":material/lock_open:" if skipped else ":material/lock:",
            shortcut="L",
        ):
            (hand.skip.discard if skipped else hand.skip.add)(view.id)
            st.rerun()
        if skipped:
            st.caption(t("Left as it is: nothing in this group goes."))


def _set_policy(group_id: int, chosen: str, keep: str, hand: ByHand) -> None:
    hand.keep.pop(group_id, None)
    if chosen == keep:
        hand.policy.pop(group_id, None)
    else:
        hand.policy[group_id] = chosen
    st.rerun()


def _members(view: GroupView, colours: Mapping[str, str], hand: ByHand) -> None:
    first, *others = view.members
    start = 0
    if len(others) > BESIDE:
        pages = -(-len(others) // BESIDE)
        with st.container(horizontal=True, vertical_alignment="center", key="wl-dup-copies"):
            start = step(f"dup-members-{view.id}-{first.record.seq}", pages, ("Up", "Down")) * BESIDE
            last = min(start + BESIDE, len(others))
            st.caption(t("Others {i} to {j} of {n}", i=start + 1, j=last, n=len(others)))
    shown = others[start : start + BESIDE]
    skipped = view.id in hand.skip
    places = st.columns(1 + len(shown))
    with places[0]:
        title = t("Stays") if skipped else t("Stays: {why}", why=t(first.why))
        st.html(_pane(first, colours, title))
    for number, (place, member) in enumerate(zip(places[1:], shown, strict=True), 1):
        with place:
            _other(view, first, member, colours, hand, shortcut=str(number))


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
    hand: ByHand,
    *,
    shortcut: str,
) -> None:
    bodies = turn_diffs(first.record, member.record)
    if view.id in hand.skip:
        title = t("Stays")
    elif member.kept:
        title = t("Stays too: {why}", why=t(member.why))
    elif bodies:
        title = t("Goes: {why}", why=said(member.why))
    else:
        title = t("Goes: {why}; the same text", why=said(member.why))
    st.html(_pane(member, colours, title, bodies))
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
        index = step(f"dup-pair-{side}", len(pairs))
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
