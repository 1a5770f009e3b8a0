"""Suggestions: computed here, trusted as far as the figures say, accepted above a threshold after a look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from html import escape

import streamlit as st

from workbench.services import browsing, curation, suggesting
from workbench.services.curation import ClassRow
from workbench.services.project import Project
from workbench.services.suggesting import SuggestionReport
from workbench.store.suggestions import Suggestion
from workbench.ui import background, state
from workbench.ui.i18n import t, tn
from workbench.ui.nav import goto
from workbench.ui.views import acting
from workbench.ui.views.deciding import decide
from workbench.ui.views.reader import local_time
from workbench.ui.views.working import busy, own_key, take
from workbench.ui.widgets.chips import chip, safe_colour, table
from workbench.ui.widgets.errors import guarded, plain
from workbench.ui.widgets.layout import metric_row, section

_TASK, _TRIED = "suggest-classes", "suggest-tried"


def draw(project: Project, classes: Sequence[ClassRow]) -> None:
    """Draw the suggestions' page."""
    section(
        t("Suggestions"),
        t("the likeliest class of what is untagged, from similar tagged ones; it decides nothing"),
    )
    take(own_key(_TASK), label=t("conversations read"))
    report = suggesting.last_report(project)
    if st.button(
        t("Compute them") if report is None else t("Compute them again"),
        type="primary" if report is None else "secondary",
        icon=":material/model_training:",
        disabled=busy(own_key(_TASK)),
        key="suggest-compute",
    ):
        _compute(project)
        st.rerun()
    if _learn_anew(project):
        st.rerun()
    if report is None:
        st.caption(
            t("It learns from your tags how the classes read, and says how sure it is. Ten of each class will do.")
        )
        return
    _figures(project, report)
    _accept(project, {row.name: row.colour for row in classes})


def keep_fresh(project: Project) -> None:
    """Learn anew while somebody tags, where that takes seconds: what comes next has the newer suggestions."""
    if suggesting.is_quick(project):
        _learn_anew(project)


def _learn_anew(project: Project) -> bool:
    """Compute them again if enough tags have come since; return whether that was begun."""
    report = suggesting.last_report(project)
    if report is None or busy(own_key(_TASK)) or not suggesting.stale(project):
        return False
    new = suggesting.new_tags(project, report)
    if st.session_state.get(_TRIED) == new:  # what failed is not tried for ever
        return False
    st.session_state[_TRIED] = new
    _compute(project)
    return True


def _compute(project: Project) -> None:
    background.start(own_key(_TASK), lambda r: suggesting.compute_suggestions(project, on_progress=r))


def _figures(project: Project, report: SuggestionReport) -> None:
    metric_row(
        [
            (t("To be decided"), suggesting.count_open(project), t("of {n} suggested", n=report.suggested)),
            (t("Right when tested"), f"{report.accuracy:.1%}", t("on tags that it had not seen")),
            (
                t("Confidence off by"),
                f"{report.calibration_error:.1%}",
                t("on average: 90 % means about 90 in 100"),
            ),
            (
                t("Learnt from"),
                report.tagged,
                t("words and map") if report.vectors else t("words; no map is made"),
            ),
        ]
    )
    new = suggesting.new_tags(project, report)
    note = t("Made {when}.", when=local_time(report.made_at))
    if new > 0:
        note += " " + t("{n} tags have come since; compute again to learn from them.", n=new)
    if report.left_out:
        note += " " + t("Too few to learn: {names}.", names=", ".join(report.left_out))
    st.caption(note.replace("$", "\\$"))


@st.fragment
@guarded
def _accept(project: Project, colours: Mapping[str, str]) -> None:
    report = suggesting.last_report(project)
    if not suggesting.count_open(project) or report is None:
        st.info(t("Nothing is left to accept."), icon=":material/check:")
        return
    left, right = st.columns([2, 3], gap="large")
    with left:
        section(t("Accept the sure ones"))
        least = st.slider(t("At least this sure"), 0.5, 0.99, 0.95, 0.01, key="suggest-least")
        n = suggesting.count_open(project, least)
        tested = [row for row in report.above if row[0] <= least]
        if tested:
            st.caption(
                t(
                    "Of the tags it was tested on, {right} of those at least {x} sure were right.",
                    right=f"{tested[-1][2]:.1%}",
                    x=f"{tested[-1][0]:.0%}",
                )
            )
        looked = st.checkbox(t("I have looked at the sample beside"), key=f"suggest-looked-{least:.2f}")
        label = tn(n, "Accept {n} suggestion", "Accept {n} suggestions")
        if st.button(label, type="primary", disabled=not (n and looked), key="suggest-accept"):
            acting.review(suggesting.plan_accept(project, least=least, actor=state.curator()))
        st.caption(t("They are marked as accepted in bulk, and one undo takes them back."))
        if st.button(t("Decide the doubtful ones by key"), key="suggest-queue", icon=":material/keyboard:"):
            goto("tag", order="uncertain")
        table(
            [t("At least this sure"), t("Part of all"), t("Right when tested")],
            [(f"{x:.0%}", f"{part:.0%}", f"{right_part:.1%}") for x, part, right_part in report.above],
            numeric=[1, 2],
        )
    with right:
        section(t("A sample of them"), t("the least sure ones first"))
        chosen = suggesting.sample(project, least)
        if not chosen:
            st.caption(t("None is so sure; lower the threshold."))
        for s in chosen:
            row = st.container(horizontal=True, vertical_alignment="center", key=f"wb-suggested-{s.seq}")
            row.html(_card(project, s, colours), width="stretch")
            row.button(
                t("Accept"),
                key=f"suggest-one-{s.seq}",
                help=t("Tag this one as {name}", name=plain(s.class_name)),
                on_click=decide,
                args=(project, partial(curation.plan_tag, project, s.class_name, seqs=[s.seq])),
            )


def _card(project: Project, s: Suggestion, colours: Mapping[str, str]) -> str:
    record = browsing.get_record(project, s.seq)
    colour = safe_colour(colours.get(s.class_name, ""))
    head = f'<div class="wb-chips">{chip(s.class_name, colour)}{chip(f"{s.confidence:.0%}")}</div>'
    asked, said = record.conversation.prompt[:240], record.conversation.answer[:360]
    return (
        f'<div class="wb-turn" style="margin-bottom:.5rem">{head}'
        f'<div class="wb-text" dir="auto" style="opacity:.7;font-size:.86rem">{escape(asked)}</div>'
        f'<div class="wb-text" dir="auto">{escape(said)}</div></div>'
    )
