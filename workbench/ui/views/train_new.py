"""Start a run: data, base, method, what it will be trained on, the command, one button."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

import streamlit as st

from crlft.errors import CrlftError
from crlft.methods import METHODS
from workbench.services import curation, training
from workbench.services.autos import auto_values
from workbench.services.preflight import Preflight, preflight
from workbench.services.project import Project, project_overview
from workbench.services.snapshots import list_snapshots
from workbench.services.train_request import MAX_PROCESSES, TrainRequest
from workbench.ui import state
from workbench.ui.i18n import said, t, tn
from workbench.ui.nav import param, set_params
from workbench.ui.views.heldout import compared, note_left_out
from workbench.ui.views.shares import draw_shares
from workbench.ui.views.train_preflight import draw_preflight, stop_counting
from workbench.ui.widgets.config_form import config_form
from workbench.ui.widgets.errors import error_box, fault_words, guarded
from workbench.ui.widgets.layout import empty_state, section

KEPT_NOW = ""
ELSEWHERE = "…"


def draw_new(project: Project, colours: Mapping[str, str]) -> None:
    """Draw the form with its preflight."""
    if not any(row.conversations for row in curation.class_table(project)) and not list_snapshots(project):
        untagged = project_overview(project).untagged
        text = tn(untagged, "{n} conversation waits for a class.", "{n} conversations wait for a class.")
        empty_state(
            t("Nothing to train on yet"),
            t("A run needs conversations with a class.") + (f" {text}" if untagged else ""),
            button=t("Go to Tag") if untagged else t("Go to Import"),
            page="tag" if untagged else "import_",
            key="train-none",
        )
        return
    section(t("New run"))
    if compared(project):
        _form(project, colours)


@st.fragment
@guarded
def _form(project: Project, colours: Mapping[str, str]) -> None:
    state.show_messages()
    left, right = st.columns([2, 3], gap="large")
    with left:
        snapshot, base, method = _data(project), _base(project), _method()
        plain_request = TrainRequest(snapshot or None, base, method)
        flight, fault = _checked(project, plain_request)
        with st.expander(t("Advanced: every setting, with the default that fits model and data")):
            overrides = config_form("train", columns=2, autos=auto_values(flight) if flight else None)
            processes = st.number_input(
                t("Processes"),
                min_value=1,
                max_value=MAX_PROCESSES,
                key="train-processes",
                help=t("One for each GPU of this machine; they share every step."),
            )
    request = TrainRequest(snapshot or None, base, method, overrides, processes=int(processes))
    if request != plain_request:
        flight, fault = _checked(project, request)
    with left:
        _start(project, request, flight, fault)
    if flight is not None:
        with right:
            draw_preflight(project, request, flight, colours)
            note_left_out(project, request.snapshot)
            draw_shares(project)


def _checked(project: Project, request: TrainRequest) -> tuple[Preflight | None, CrlftError | None]:
    """Return what a request amounts to, or why it cannot be."""
    try:
        return preflight(project, request), None
    except CrlftError as error:
        return None, error


def _data(project: Project) -> str:
    snapshots = list_snapshots(project)
    names = {KEPT_NOW: t("What is kept now (a snapshot is made)")}
    names |= {s.name: t("{name}: {n} conversations", name=s.name, n=s.conversations) for s in snapshots}
    asked = param("snapshot")
    options = list(names)
    chosen = st.selectbox(
        t("Data"),
        options,
        index=options.index(asked) if asked in names else 0,
        format_func=lambda name: names.get(name, name),
        key="train-snapshot",
    )
    return chosen or KEPT_NOW


def _base(project: Project) -> str:
    names = {b.value: said(b.label) for b in training.bases(project)}
    names[ELSEWHERE] = t("another folder or hub name…")
    asked = param("base")
    options = list(names)
    chosen = st.selectbox(
        t("Start from"),
        options,
        index=options.index(asked) if asked in names else 0,
        format_func=lambda value: names.get(value, value),
        key="train-base",
        help=t("The offline base is tiny and trains in minutes on a laptop; it knows the sample world only."),
    )
    if chosen != ELSEWHERE:
        return chosen or options[0]
    typed = st.text_input(t("Folder or hub name"), key="train-base-typed", placeholder="Qwen/Qwen3-0.6B")
    return (typed or "").strip()


def _method() -> str:
    names = list(METHODS)
    chosen = st.radio(
        t("Method"),
        names,
        captions=[t(METHODS[name].meaning) for name in names],
        key="train-method",
    )
    return chosen or names[0]


def command_line(request: TrainRequest) -> str:
    """Return the shell command that starts the same run."""
    words = ["workbench", "train"]
    if request.snapshot:
        words.append(request.snapshot)
    words += ["--method", request.method, "--base", request.base]
    if request.processes > 1:
        words += ["--num-processes", str(request.processes)]
    for name, value in request.overrides.items():
        words += ["--set", f"{name}={value}"]
    return shlex.join(words)


def _start(project: Project, request: TrainRequest, flight: Preflight | None, fault: CrlftError | None) -> None:
    if fault is not None and request.base:
        error_box(fault)
    for warning in flight.warnings if flight else ():
        st.warning(fault_words(warning), icon=":material/warning:")
    clicked = st.button(
        t("Start training"), type="primary", icon=":material/play_arrow:", disabled=flight is None, width="stretch"
    )
    st.caption(t("The same from a shell, in the project's folder:"))
    st.code(command_line(request), language="bash", wrap_lines=True)
    if clicked:
        with st.spinner(t("Writing the snapshot and starting the run…")):
            job = training.start_training(project, request, actor=state.curator())
            stop_counting(project)
        set_params(run=job.id, snapshot=None, base=None)
        st.rerun()
