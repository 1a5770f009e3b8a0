"""What keeps a loop honest: how much the model wrote, held-out prompts in the data, where things come from."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from workbench.domain.errors import NotFound
from workbench.services.browsing import get_record
from workbench.services.project import Project
from workbench.services.shares import ModelShare, model_shares, set_model_share_cap
from workbench.ui import state
from workbench.ui.i18n import t
from workbench.ui.nav import goto
from workbench.ui.views.heldout import draw_guard
from workbench.ui.views.origin import draw_origin
from workbench.ui.views.probe_questions import draw_questions
from workbench.ui.views.shares import warn
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.errors import guarded, in_words
from workbench.ui.widgets.layout import section

SHOWN = 50


def draw_checks(project: Project) -> None:
    """Draw the checks."""
    _shares(project)
    _held_out(project)
    _questions(project)
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
def _held_out(project: Project) -> None:
    draw_guard(project)


@guarded
def _questions(project: Project) -> None:
    draw_questions(project)


@guarded
def _lineage(project: Project) -> None:
    section(t("Where does it come from?"), t("back to its file, or to the run and the data that wrote it"))
    key = st.text_input(t("Id of a conversation"), key="lineage-id", placeholder="3fa9…")
    if not key:
        return
    try:
        record = get_record(project, key.strip())
    except NotFound as error:
        st.caption(in_words(error))
        return
    draw_origin(project, record, decisions=True)
    if st.button(t("Look at it in Browse"), icon=":material/search:", type="tertiary", key="lineage-browse"):
        goto("browse", q=f"id:{record.uid}")
