"""What is searched for duplicates, and how; long ones run in a job, and embedding in one of its own."""

from __future__ import annotations

import streamlit as st

from workbench.services.duplicates import DuplicateResult
from workbench.services.partvectors import embedding_job
from workbench.services.project import Project, project_overview
from workbench.ui.i18n import t
from workbench.ui.nav import set_params
from workbench.ui.views import following
from workbench.ui.views.duplicates_hand import GROUP
from workbench.ui.views.stepping import places
from workbench.ui.widgets.errors import guarded

TASK = "duplicates"
AT_ONCE = 2_000
"""A search among no more conversations is over before a process of its own would have started."""
POLL_SECONDS = 2.0


def draw_search(project: Project) -> bool:
    """Draw the form and what runs; return whether a search is under way."""
    methods = {"near": t("Near"), "exact": t("Exact"), "semantic": t("By meaning")}
    parts = {"conversation": t("Conversation"), "prompt": t("Prompt"), "answer": t("Answer")}
    with st.container(border=True, key="wl-dup-search"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            method = st.segmented_control(
                t("Method"),
                list(methods),
                default="near",
                required=True,
                format_func=lambda m: methods[m],
                key="dup-method",
            )
            part = st.segmented_control(
                t("Compare"),
                list(parts),
                default="conversation",
                required=True,
                format_func=lambda p: parts[p],
                key="dup-part",
            )
            shingles, punctuation = _options(method or "near")
            query = st.text_input(
                t("Only where"), key="dup-query", placeholder=t("a query; empty is all"), width=240
            )
            clicked = st.button(t("Find duplicates"), type="primary", icon=":material/search:")
        st.caption(_explained(method or "near"))
    if clicked:
        asked = {
            "method": method or "near",
            "part": part or "conversation",
            "query": query or "",
            "shingles": shingles,
            "punctuation": punctuation,
        }
        # What is to be embedded first takes longer than starting a process, however few they are.
        small = method != "semantic" and project_overview(project).conversations <= AT_ONCE
        following.begin(project, "dedupe", asked, title="search for duplicates", small=small, key=TASK)
    taken, busy = following.take(project, "dedupe", key=TASK, label=t("conversations read"))
    if taken is not None:
        places().put(GROUP, 0)
        set_params(result=taken.result.id)
    if busy:
        draw_embedding(project)
    return busy


def _options(method: str) -> tuple[str, bool]:
    """Draw what the method can be told; return the shingles and whether punctuation counts."""
    if method == "near":
        names = {"words": t("Words"), "characters": t("Characters")}
        chosen = st.segmented_control(
            t("By"),
            list(names),
            default="words",
            required=True,
            format_func=lambda n: names[n],
            key="dup-shingles",
            help=t(
                "Words: two in a row. Characters: five in a row, which forgives typing errors and joined words. "
                "Chinese and other scripts without spaces go by the sign either way."
            ),
        )
        return chosen or "words", True
    if method == "exact":
        return "words", not st.checkbox(t("Ignore punctuation"), key="dup-punctuation")
    return "words", True


def _explained(method: str) -> str:
    return {
        "near": t("Copies with small differences. Every pair is checked word by word; short texts only if equal."),
        "exact": t("Equal texts only, whatever their width, case and white space."),
        "semantic": t(
            "The same said in other words. Texts that were never embedded are embedded first, once: about a "
            "minute for every two thousand; then it is a matter of seconds. Long texts go by their beginning "
            "and their end."
        ),
    }[method]


def told(result: DuplicateResult) -> str:
    """Say in one line what a search compared."""
    parts = {
        "conversation": t("whole conversations"),
        "prompt": t("prompts"),
        "answer": t("answers"),
    }
    methods = {"near": t("near-duplicates"), "exact": t("exact duplicates"), "semantic": t("same meaning")}
    words = [t("{n} {what} searched", n=result.considered, what=parts[result.part]), methods[result.method]]
    if result.params.get("shingles") == "characters":
        words.append(t("by characters"))
    if result.params.get("punctuation") is False:
        words.append(t("punctuation ignored"))
    if result.query:
        words.append(t("only where {query}", query=result.query))
    return " · ".join(words)


@st.fragment(run_every=POLL_SECONDS)
@guarded
def draw_embedding(project: Project) -> None:
    """Draw how far embedding is, where a search waits for it."""
    job = embedding_job(project)
    if job is None or not job.live:
        return
    if job.status == "queued":
        st.caption(t("The embedding job waits for the device; see the Jobs page."))
    else:
        st.caption(t("Embedding: {i} of {n} texts, once and for all.", i=job.step, n=job.total or job.step))
