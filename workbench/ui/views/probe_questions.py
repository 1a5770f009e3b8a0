"""Probe questions: a table of what runs and their bases are asked, and what their answers are checked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from crlft.checks import check_answer
from crlft.errors import CrlftError
from workbench.services.probequestions import ProbeQuestion, read_questions, write_questions
from workbench.services.probes import QUESTIONS
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import t, tn
from workbench.ui.widgets.errors import error_box, fault_words
from workbench.ui.widgets.layout import section

_FIELDS = ("prompt", "topic", "states", "pattern", "lacks")


def draw_questions(project: Project) -> None:
    """Draw the table, what its checks say of an answer, and the button that keeps it."""
    section(t("Probe questions"), t("asked of every run and of its base, to see what it has forgotten"))
    known, others = read_questions(project)
    rows = [[getattr(q, name) for name in _FIELDS] for q in known] or [[""] * len(_FIELDS)]
    frame = pd.DataFrame(rows, columns=list(_FIELDS), dtype=str)
    version = st.session_state.setdefault("probe-version", 0)
    text = partial(st.column_config.TextColumn, default="")
    edited = st.data_editor(
        frame,
        key=f"probe-questions-{version}",
        num_rows="dynamic",
        hide_index=True,
        height=min(320, 74 + 35 * max(2, len(known))),
        column_config={
            "prompt": text(t("question"), width="medium"),
            "topic": text(
                t("topic"), width="small", help=t("Such as memory or sums; right answers are counted by it.")
            ),
            "states": text(t("must state"), help=t("One of these, with | between them: 11 | eleven")),
            "pattern": text(t("must match"), help=t(r"A regular expression, such as ^\d{1,2}:\d\d$")),
            "lacks": text(t("must not contain"), help=t("None of these, with | between them: as an AI | sorry")),
        },
    )
    st.caption(t("An answer is right if all that stands beside its question holds. Empty cells ask nothing."))
    places = zip(edited.index.tolist(), edited.to_dict("records"), strict=True)
    written = (_question(known, place, cells) for place, cells in places)
    questions = [q for q in written if any(getattr(q, name).strip() for name in _FIELDS)]
    if others:
        st.caption(
            tn(
                len(others),
                "{n} more line of {file} asks or checks more than this table shows; it stays as it is.",
                "{n} more lines of {file} ask or check more than this table shows; they stay as they are.",
                file=QUESTIONS,
            )
        )
    _try(questions)
    if st.button(t("Save questions"), type="primary", key="probe-save", disabled=questions == known):
        try:
            n = write_questions(project, questions, actor=state.curator())
        except CrlftError as error:
            error_box(error)
            return
        st.session_state["probe-version"] = version + 1  # the table shows what was written, with its ids
        state.say(tn(n, "{n} probe question is kept", "{n} probe questions are kept"))
        st.rerun()


def _question(known: list[ProbeQuestion], place: object, cells: Mapping[Any, Any]) -> ProbeQuestion:
    texts = {name: cells[name] if isinstance(cells[name], str) else "" for name in _FIELDS}
    own = known[place].id if isinstance(place, int) and place < len(known) else ""
    return ProbeQuestion(**texts, id=own)


def _try(questions: list[ProbeQuestion]) -> None:
    """Check an answer that somebody types: a pattern is seen to work before a run is measured by it."""
    asked = [q for q in questions if q.prompt.strip() and q.check]
    if not asked:
        return
    with st.expander(t("Try a check"), icon=":material/rule:"):
        left, right = st.columns(2)
        place = left.selectbox(
            t("Question"), range(len(asked)), format_func=lambda i: asked[i].prompt, key="probe-try-question"
        )
        answer = right.text_input(t("An answer"), key="probe-try-answer")
        if answer and place is not None:
            try:
                found = check_answer(asked[place].check, answer)
            except CrlftError as error:
                error_box(error)
                return
            if found.correct:
                st.success(t("Right."), icon=":material/check:")
            else:
                st.warning(fault_words(f"not right: it {found.reason}"), icon=":material/close:")
