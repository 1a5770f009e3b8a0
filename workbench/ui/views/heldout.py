"""What asks held-out prompts: how many conversations, which, and what of it stays out of snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from workbench.services import browsing, heldout
from workbench.services.heldout import COPY, NEAR, REWORDED, WAYS, HeldOutCounts
from workbench.services.project import Project
from workbench.services.prompts import held_out_prompts, parse_prompts, read_prompts, set_held_out
from workbench.services.promptsets import draw_prompts
from workbench.services.snapshots import get_snapshot
from workbench.ui import background, state
from workbench.ui.i18n import t, tn
from workbench.ui.nav import goto
from workbench.ui.views.import_sources import uploaded_files
from workbench.ui.views.working import own_key, take
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.layout import section

AT_ONCE = 10_000
"""So many new prompts are compared while the page waits (a second or two); more in the background."""
SHOWN = 200


def compared(project: Project) -> bool:
    """Compare new prompts with the held-out ones; draw the progress and return False while that takes long."""
    key = own_key("held-out")
    if background.task(key) is None and heldout.count_waiting(project) > AT_ONCE:
        background.start(key, lambda report: heldout.compare_prompts(project, report))
    take(key, label=t("Comparing prompts with the held-out ones"))
    return background.task(key) is None


def way_names() -> Mapping[str, str]:
    """Return what the ways are called."""
    return {COPY: t("copies"), NEAR: t("near-copies"), REWORDED: t("with a word replaced")}


def draw_left_out(counts: HeldOutCounts, query: str) -> None:
    """Say in two lines what a snapshot leaves out and what it does not, and lead to the conversations.

    Args:
        counts: Of the snapshot that would be made.
        query: What it would be made with.
    """
    names = way_names()
    if counts.out:
        parts = ", ".join(f"{counts.ways[w]:,} {names[w]}" for w in counts.left_out if counts.ways[w])
        st.info(
            tn(
                counts.out,
                "{n} conversation stays out because it asks what a held-out prompt asks: {parts}.",
                "{n} conversations stay out because they ask what held-out prompts ask: {parts}.",
                parts=parts,
            ),
            icon=":material/shield:",
        )
    staying = [w for w in WAYS if w not in counts.left_out and counts.ways[w]]
    if staying:
        parts = ", ".join(f"{counts.ways[w]:,} {names[w]}" for w in staying)
        note = tn(
            counts.staying,
            "{n} conversation nearly asks a held-out prompt and stays in: {parts}.",
            "{n} conversations nearly ask a held-out prompt and stay in: {parts}.",
            parts=parts,
        )
        (st.warning if NEAR in staying else st.caption)(note)
    if counts.out or staying:
        with st.container(horizontal=True):
            if st.button(t("Look at them"), icon=":material/search:", type="tertiary", key="held-out-browse"):
                goto("browse", q=f"heldout:any class:any -status:dropped {query}".strip())
            if st.button(t("What stays out"), icon=":material/tune:", type="tertiary", key="held-out-checks"):
                goto("rounds", panel="Checks")


def note_left_out(project: Project, snapshot: str | None) -> None:
    """Say how many conversations a run on this snapshot, or on what is kept now, does not learn from."""
    if snapshot:
        out = sum(get_snapshot(project, snapshot).held_out.get("left_out", {}).values())
    else:
        out = heldout.held_out_counts(project).out
    draw_not_counted(out)


def draw_not_counted(out: int) -> None:
    """Say how many conversations are not among what was just shown because they are held out."""
    if out:
        st.caption(
            tn(
                out,
                "{n} conversation is not among them: it asks what a held-out prompt asks.",
                "{n} conversations are not among them: they ask what held-out prompts ask.",
            )
        )


def draw_guard(project: Project) -> None:
    """Draw the whole: what is found, which conversations, and the choice of what stays out."""
    section(t("Held-out prompts"), t("they must never be trained on: snapshots leave out what asks them"))
    held_out = held_out_prompts(project)
    if not held_out:
        st.caption(t("Nothing is held out yet. Prompts kept out of training show how good each round is."))
        _hold_out(project)
        return
    if not compared(project):
        return
    counts = heldout.held_out_counts(project)
    names = way_names()
    meaning = {
        COPY: t("the same text; never trained on"),
        NEAR: t("nearly the same text"),
        REWORDED: t("nearly the same text, but a word gave way to another: often another question"),
    }
    table(
        [t("asks a held-out prompt"), t("meaning"), t("conversations"), t("in snapshots")],
        [
            [names[w], meaning[w], counts.ways[w], t("left out") if w in counts.left_out else t("stays in")]
            for w in WAYS
        ],
        numeric=(2,),
    )
    _choice(project, counts)
    if any(counts.ways.values()):
        _found(project)
    else:
        st.success(
            t("No conversation that is tagged asks any of the {n} held-out prompts.", n=counts.prompts),
            icon=":material/check:",
        )
    with st.expander(t("Hold out other prompts")):
        n = len(held_out)
        st.caption(t("Rounds that were judged on today's {n} cannot be compared with later ones.", n=n))
        _hold_out(project)


def _hold_out(project: Project) -> None:
    """Let somebody say what is held out: drawn from the project, from a file, or typed."""
    names = {"drawn": t("Drawn from the project"), "file": t("A file"), "typed": t("My own")}
    with st.container(border=True, key="wl-hold-out"):
        which = st.segmented_control(
            t("Hold out"),
            list(names),
            default="drawn",
            required=True,
            format_func=lambda s: names[s],
            key="hold-how",
        )
        files: list[Path] = []
        text, query, count = "", "", 0
        if which == "file":
            files = uploaded_files(t("Plain lines, or JSONL with prompt"), key="hold-files", extra=("txt",))[:1]
        elif which == "typed":
            text = st.text_area(t("One prompt per line"), key="hold-typed", height=140) or ""
        else:
            with st.container(horizontal=True, vertical_alignment="bottom"):
                count = int(st.number_input(t("How many prompts"), 1, 10_000, 100, 50, key="hold-n", width=160))
                query = st.text_input(t("Only where"), key="hold-query", placeholder="lang:zh", width=260) or ""
            st.caption(t("Conversations that ask them stay in the project, and out of snapshots."))
        if st.button(
            t("Hold them out"),
            type="primary",
            icon=":material/shield:",
            disabled=which != "drawn" and not (files or text.strip()),
            key="hold-do",
        ):
            if which == "drawn":
                found = draw_prompts(project, count, query)
            else:
                found = read_prompts(files[0]) if files else parse_prompts(text, where=t("your list"))
            set_held_out(project, found, actor=state.curator())
            state.say(tn(len(found), "{n} prompt is held out", "{n} prompts are held out"))
            st.rerun()


def _choice(project: Project, counts: HeldOutCounts) -> None:
    said = {
        COPY: t("copies only"),
        NEAR: t("near-copies, too (usual)"),
        REWORDED: t("and those with a word replaced"),
    }
    current = counts.left_out[-1]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.segmented_control(
            t("Leave out of snapshots"),
            WAYS,
            default=current,
            required=True,
            format_func=lambda way: said[way],
            key=f"held-out-choice-{current}",
        )
        if chosen is None or chosen == current:
            return
        reason = st.text_input(t("Why"), key="held-out-why", placeholder=t("stands in the log"), width=260)
        if st.button(t("Decide"), type="primary", key="held-out-decide"):
            heldout.leave_out(project, chosen, actor=state.curator(), reason=reason or "")
            st.rerun()


def _found(project: Project) -> None:
    found = heldout.held_out_conversations(project, SHOWN)
    heads = {s.seq: s for s in browsing.summaries(project, [h.seq for h in found])}
    asked = {p.id: str(p.messages[-1].get("content", "")) for p in held_out_prompts(project)}
    names = way_names()
    found = [h for h in found if h.seq in heads]
    st.dataframe(
        {
            t("how"): [names[h.way] for h in found],
            t("alike"): [round(h.similarity, 2) for h in found],
            t("asked in the data"): [heads[h.seq].prompt for h in found],
            t("held-out prompt"): [asked.get(h.prompt_id, "") for h in found],
            t("its id"): [h.prompt_id for h in found],
            t("conversation"): [heads[h.seq].uid for h in found],
        },
        hide_index=True,
        height=min(260, 38 + 35 * len(found)),
    )
    if st.button(t("Look at them in Browse"), icon=":material/search:", type="tertiary", key="held-out-list"):
        goto("browse", q="heldout:any class:any -status:dropped")
