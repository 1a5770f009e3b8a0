"""What a run will be trained on and cost: counts, weights, lengths, time and memory, one example of each class."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

from crlft.errors import CrlftError
from crlft.methods import METHODS
from workbench.domain.run import Job
from workbench.services import exact
from workbench.services.preflight import Example, Preflight
from workbench.services.project import Project
from workbench.services.train_request import TrainRequest
from workbench.ui.i18n import t
from workbench.ui.views.train_panels import class_counts
from workbench.ui.widgets.chips import class_chip, table
from workbench.ui.widgets.errors import error_box, fault_words, guarded
from workbench.ui.widgets.layout import duration, metric_row, section
from workbench.ui.widgets.loop_charts import CHART_CONFIG, mass_figure
from workbench.ui.widgets.rendered import heaviest_token, rendered_html, rendered_legend, tokens_html
from workbench.ui.widgets.run_charts import length_figure
from workbench.ui.widgets.sizes import gigabytes

POLL_SECONDS = 1.5
_ASKED, _COUNTING = "count-exactly", "counting-now"


def draw_preflight(project: Project, request: TrainRequest, flight: Preflight, colours: Mapping[str, str]) -> None:
    """Draw what will be trained on.

    Args:
        project: The open project.
        request: What was asked for.
        flight: The checked request.
        colours: Class name to colour.
    """
    section(t("What it will learn from"), t("answer tokens × weight"))
    shares = [(c.name, c.mass_share) for c in flight.classes]
    st.plotly_chart(mass_figure(shares, colours), key="preflight-mass", config=CHART_CONFIG)
    counted = _counted(project, request)
    _follow(project, counted.job)
    counts = counted.counts
    if counts is not None:
        class_counts(counts["classes"])
        st.caption(t("Counted exactly, with the base's own tokenizer."))
    else:
        _estimated(flight)
        _why_estimated(project, request, counted.job)
    _budget(flight, counted)
    if counted.measurable and counts is not None:
        _offer_measuring(project, request)
    _lengths(flight, colours)
    if counts is not None and counts.get("tokens"):
        _tokens(counts["tokens"], colours)
    else:
        _examples(flight.examples, colours)
    with st.expander(t("The worker's command, with every setting")):
        st.code(shlex.join(flight.command), language="bash", wrap_lines=True)
        st.json(flight.config.to_dict(), expanded=False)


def _counted(project: Project, request: TrainRequest) -> exact.Exact:
    """Return the exact counts; starts counting where that is quick or was asked for."""
    try:
        asked = bool(st.session_state.get(_ASKED))
        if st.session_state.get(_measured_key(request)):
            measured = exact.start_exact(project, request, measure=True, asked=asked)
            if measured.counts is not None or measured.job is None or measured.job.status != "done":
                return measured
        return exact.start_exact(project, request, asked=asked)
    except CrlftError as error:  # the estimate stays; the reason is worth knowing
        error_box(error)
        return exact.Exact(None, None)


def _follow(project: Project, job: Job | None) -> None:
    """Give up what was being counted for settings that have changed since: it would compute for nobody."""
    now = job.id if job is not None and job.live else ""
    before = str(st.session_state.get(_COUNTING, ""))
    if before and before != now:
        exact.give_up(project, before)
    st.session_state[_COUNTING] = now


def stop_counting(project: Project) -> None:
    """Give up what is being counted: the run itself begins, and counts the same."""
    _follow(project, None)


def _measured_key(request: TrainRequest) -> str:
    return f"measure-{request.snapshot}-{request.base}"


def _offer_measuring(project: Project, request: TrainRequest) -> None:
    if st.button(t("Measure time and memory by one real step"), icon=":material/timer:", key="preflight-measure"):
        exact.start_exact(project, request, measure=True, asked=True)
        st.session_state[_measured_key(request)] = True
        st.rerun()


def _estimated(flight: Preflight) -> None:
    method = METHODS[flight.config.method]
    table(
        [
            t("Class"),
            t("Stands in the prompt"),
            t("Conversations"),
            t("Answer tokens"),
            t("Weight"),
            t("Share"),
            t("Cut"),
        ],
        [
            (
                c.name,
                c.condition if method.conditioned else "–",
                c.conversations,
                c.supervised_tokens,
                f"{c.loss_weight:.3g}",
                f"{c.mass_share:.1%}",
                f"≈ {flight.lengths.longer.get(c.name, 0):,}",
            )
            for c in flight.classes
        ],
        numeric=range(2, 7),
    )


def _why_estimated(project: Project, request: TrainRequest, job: Job | None) -> None:
    """Say why the counts are estimates, and look for the exact ones while they are made."""
    if job is None and request.snapshot is None:
        st.caption(t("Estimates by the project's tokenizer."))
        if st.button(t("Count exactly"), icon=":material/calculate:", key="preflight-count"):
            st.session_state[_ASKED] = True
            st.rerun()
    elif job is not None and job.live:
        st.caption(t("Estimates by the project's tokenizer; the exact counts are being made…"))
        _wait_for_counts(project, job)
    elif job is not None and job.status != "done":
        st.warning(fault_words(job.error, job.remedy), icon=":material/warning:")


def _wait_for_counts(project: Project, job: Job) -> None:
    @st.fragment(run_every=POLL_SECONDS)
    @guarded
    def look() -> None:
        if not exact.still_counting(project, job):
            st.rerun()

    look()


def _budget(flight: Preflight, counted: exact.Exact) -> None:
    counts = counted.counts
    measuring = counted.job is not None and counted.job.live
    parameters = f"{flight.parameters / 1e6:,.1f} M" if flight.parameters else t("not known yet")
    size = t("{n} tokens each", n=flight.step_tokens)
    resolved = (counts or {}).get("resolved") or {}
    steps, epochs = (f"{counts['steps']:,}", counts["epochs"]) if counts else ("", flight.epochs)
    rate = resolved.get("learning_rate") or flight.learning_rate
    packed = resolved.get("packing", flight.packing)
    laid = t("packed end to end") if packed else t("padded, like lengths together")
    metric_row(
        [
            (t("Steps"), steps or (f"≈ {flight.steps:,}" if flight.steps else "–"), size),
            (t("Passes over the data"), f"≈ {epochs:.1f}" if epochs else "–", laid),
            (t("Peak learning rate"), f"{rate:.2g}", _adapter_hint(flight)),
            (t("Parameters of the base"), parameters, _trained_hint(counts)),
        ]
    )
    metric_row([_time(flight, counts, measuring=measuring), _memory(flight, counts), _disk(flight)])


def _adapter_hint(flight: Preflight) -> str:
    if flight.config.adapter == "none" or flight.config.learning_rate:
        return ""
    return t("ten times full fine-tuning's: adapters want it")


def _trained_hint(counts: Mapping[str, Any] | None) -> str:
    trained = (counts or {}).get("trained_parameters")
    return t("{n} M are trained", n=f"{trained / 1e6:,.2f}") if trained else ""


def _time(flight: Preflight, counts: Mapping[str, Any] | None, *, measuring: bool) -> tuple[str, object, str]:
    cost = flight.costs
    step = (counts or {}).get("rehearsal")
    if step:
        hint = t("by one real step on the longest batch, {n} tokens", n=step["tokens"])
        return t("Time"), f"≈ {duration(step['expected_seconds'])}", hint
    if measuring and cost.seconds is None:
        return t("Time"), "…", t("one real step is being computed")
    if cost.seconds is None:
        return t("Time"), "–", t("measured by one real step when it starts")
    return t("Time"), f"≈ {duration(cost.seconds)}", t("at the pace of run {run}", run=cost.paced_by)


def _memory(flight: Preflight, counts: Mapping[str, Any] | None) -> tuple[str, object, str]:
    cost = flight.costs
    step = (counts or {}).get("rehearsal")
    if step:
        free = gigabytes(cost.free_memory_bytes)
        hint = t("measured in that step; {free} are free", free=free)
        return t("Memory"), gigabytes(step["peak_memory_bytes"]), hint
    needed = (counts or {}).get("memory_bytes") or cost.memory_bytes
    sign = "≈" if counts else "≥"
    shown = f"{sign} {gigabytes(needed)}" if needed else "–"
    return t("Memory"), shown, t("{free} are free", free=gigabytes(cost.free_memory_bytes))


def _disk(flight: Preflight) -> tuple[str, object, str]:
    cost = flight.costs
    shown = f"≈ {gigabytes(cost.disk_bytes)}" if cost.disk_bytes else "–"
    return t("Disk"), shown, t("{free} are free", free=gigabytes(cost.free_disk_bytes))


def _lengths(flight: Preflight, colours: Mapping[str, str]) -> None:
    found = flight.lengths
    if not any(found.bars.values()):
        return
    longer = sum(found.longer.values())
    note = t("none is longer than the context of {n} tokens", n=found.cut_off)
    if longer:
        note = t("about {n} lose their end behind the line at {at} tokens", n=longer, at=found.cut_off)
    section(t("How long they are"), note)
    st.plotly_chart(length_figure(found, colours), key="preflight-lengths", config=CHART_CONFIG)


def _examples(examples: Sequence[Example], colours: Mapping[str, str]) -> None:
    if not examples:
        return
    section(t("As the model will read it"), t("one example of each class; shaded text is what it learns to write"))
    for example in examples:
        st.html(
            f'<div class="wl-example"><div class="wb-chips">{class_chip(example.class_name, colours)}'
            f'<span class="wl-quiet">{rendered_legend(example.turn_weights)}</span></div>'
            f"{rendered_html(example.segments, example.turn_weights, example.condition)}</div>"
        )


def _tokens(views: Mapping[str, Any], colours: Mapping[str, str]) -> None:
    """Draw one example of each class token by token, as it is trained on."""
    note = t("token by token; the stronger the shade, the more it weighs")
    section(t("As the model will read it"), note)
    heaviest = heaviest_token(views.values())
    for name, view in views.items():
        learnt = sum(1 for row in view["tokens"] if row["weight"] > 0)
        shown = len(view["tokens"])
        words = t("{n} of the {all} tokens are learnt; the condition is underlined", n=learnt, all=shown)
        st.html(
            f'<div class="wl-example"><div class="wb-chips">{class_chip(name, colours)}'
            f'<span class="wl-quiet">{escape(words)}</span></div>{tokens_html(view, heaviest)}</div>'
        )
