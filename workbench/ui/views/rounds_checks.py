"""What keeps a loop honest: how much the model wrote, held-out prompts in the data, where things come from."""

from __future__ import annotations

import streamlit as st

from workbench.domain.errors import NotFound
from workbench.services import browsing, rounds
from workbench.services.lineage import lineage, near_leaks
from workbench.services.project import Project
from workbench.ui import background
from workbench.ui.i18n import t, tn
from workbench.ui.views.reader import local_time
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


def _shares(project: Project) -> None:
    shares = rounds.model_shares(project)
    section(t("Written by the model"), t("answers brought back, by class"))
    table(
        [t("class"), t("by the model"), t("conversations"), t("share")],
        [
            [r.class_name or t("untagged"), f"{r.model_made:,}", f"{r.total:,}", f"{100 * r.share:.1f} %"]
            for r in shares
        ],
        numeric=range(1, 4),
    )
    over = [r for r in shares if r.over and r.class_name]
    if over:
        names = ", ".join(r.class_name for r in over)
        text = t(
            "The model wrote too much of {names}: a loop that eats mostly itself loses variety. Bring in other "
            "data, or drop some of its answers.",
            names=names,
        )
        st.warning(plain(text), icon=":material/warning:")


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
