"""What keeps a loop honest: how much the model wrote, held-out prompts in the data, where things come from."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from workbench.domain.errors import NotFound
from workbench.services import browsing
from workbench.services.lineage import lineage, near_leaks
from workbench.services.project import Project
from workbench.services.shares import ModelShare, model_shares, set_model_share_cap
from workbench.ui import background, state
from workbench.ui.i18n import t, tn
from workbench.ui.views.reader import local_time
from workbench.ui.views.shares import warn
from workbench.ui.views.working import busy, own_key, take
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.errors import guarded, plain
from workbench.ui.widgets.layout import section

SHOWN = 50


def draw_checks(project: Project) -> None:
    """Draw the three checks."""
    _shares(project)
    _leaks(project)
    _lineage(project)


@guarded
def _shares(project: Project) -> None:
    found = model_shares(project)
    section(t("Written by the model"), t("answers brought back that are not dropped, by class and by topic"))
    left, right = st.columns(2, gap="large")
    with left:
        _share_table(t("class"), found.classes, t("untagged"))
    with right:
        if found.mapped:
            _share_table(t("topic"), found.topics[:SHOWN], t("between topics"))
            if found.unplaced:
                st.caption(t("{n} answers ask what nothing on the map asks: draw it anew.", n=found.unplaced))
        else:
            st.caption(t("Topics are the regions of the map: draw it under Browse, and they stand here."))
    warn(found)
    cap = st.number_input(
        t("Warn above, percent"),
        1,
        100,
        round(100 * found.cap),
        5,
        key="share-cap",
        width=200,
        help=t("Of a class or topic that may be the model's own answers."),
    )
    if round(cap) != round(100 * found.cap):
        set_model_share_cap(project, cap / 100, actor=state.curator())
        st.rerun()


def _share_table(head: str, rows: Sequence[ModelShare], nameless: str) -> None:
    table(
        [head, t("by the model"), t("conversations"), t("share")],
        [[r.name or nameless, f"{r.model_made:,}", f"{r.total:,}", f"{100 * r.share:.1f} %"] for r in rows],
        numeric=range(1, 4),
    )


@guarded
def _leaks(project: Project) -> None:
    section(t("Held-out prompts"), t("they must never be trained on, nor anything that asks nearly the same"))
    key = own_key("leak-check")
    if st.button(t("Look for them in the data"), icon=":material/search:", disabled=busy(key), key="leak-start"):
        background.start(key, lambda report: near_leaks(project))
    result = take(key, label=t("Comparing prompts"))
    if result is not None:
        st.session_state["leaks"] = result
    found = st.session_state.get("leaks")
    if found is None:
        return
    if not found:
        st.success(t("No conversation asks what a held-out prompt asks."), icon=":material/check:")
        return
    prompts = len({leak.prompt_id for leak in found})
    text = (
        tn(len(found), "{n} conversation asks", "{n} conversations ask")
        + " "
        + t("(nearly) what {prompts} held-out prompts ask: figures on those flatter.", prompts=prompts)
    )
    st.warning(text, icon=":material/warning:")
    heads = {s.seq: s for s in browsing.summaries(project, [leak.seq for leak in found[:SHOWN]])}
    st.dataframe(
        {
            t("held-out prompt"): [leak.prompt_id for leak in found[:SHOWN]],
            t("asked in the data"): [
                heads[leak.seq].prompt if leak.seq in heads else "" for leak in found[:SHOWN]
            ],
            t("alike"): [round(leak.similarity, 2) for leak in found[:SHOWN]],
            t("id"): [heads[leak.seq].uid if leak.seq in heads else "" for leak in found[:SHOWN]],
        },
        hide_index=True,
        height=240,
    )


@guarded
def _lineage(project: Project) -> None:
    section(t("Where does it come from?"), t("back to its file, or to the run and the data that wrote it"))
    key = st.text_input(t("Id of a conversation"), key="lineage-id", placeholder="3fa9…")
    if not key:
        return
    try:
        steps = lineage(project, key.strip())
    except NotFound as error:
        st.caption(plain(str(error)))
        return
    table(
        [t("step"), t("what"), t("when")],
        [[t(s.kind), s.text, local_time(s.at) if s.at else ""] for s in steps],
    )
