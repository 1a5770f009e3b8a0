"""A run under way or ended: how far, how well, what it says, and what can be done with it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from workbench.domain.run import Job
from workbench.services import jobs, training
from workbench.services.project import Project
from workbench.ui import state
from workbench.ui.i18n import t, tn
from workbench.ui.nav import goto, set_params
from workbench.ui.views.working import address_tabs
from workbench.ui.widgets.chips import chip, table
from workbench.ui.widgets.errors import guarded, plain
from workbench.ui.widgets.layout import duration, metric_row, progress_line
from workbench.ui.widgets.loop_charts import CHART_CONFIG, class_loss_figure, loss_figure, small_figure
from workbench.ui.widgets.run_curves import RunCurves

REFRESH_SECONDS = 1.5
JOB_COLOURS = {
    "queued": "#8a8f98",
    "running": "#4a6fb5",
    "stopping": "#d08a2e",
    "stopped": "#d08a2e",
    "done": "#2f7d6d",
    "failed": "#b5544a",
    "killed": "#b5544a",
}
_TABS = ("Curves", "Samples", "Data", "Log", "Settings")


def job_chip(status: str) -> str:
    """Return the chip of a job's status."""
    return chip(t(status), JOB_COLOURS.get(status), solid=True)


def draw_run(project: Project, run_id: str, colours: Mapping[str, str]) -> None:
    """Draw one run; while it lives the figures refresh by themselves.

    Args:
        project: The open project.
        run_id: Which run.
        colours: Class name to colour.
    """
    job = training.get_run(project, run_id)
    _head(project, job)
    live = st.fragment(_watch, run_every=REFRESH_SECONDS if job.live else None)
    live(project, run_id, colours, job.status)


def _head(project: Project, job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="wl-run-head"):
        if st.button(t("All runs"), icon=":material/arrow_back:", type="tertiary"):
            set_params(run=None)
            st.rerun()
        st.html(
            f'<div class="wb-chips"><b>{escape(job.title or job.id)}</b>{job_chip(job.status)}'
            f'<span class="wl-quiet">{escape(job.id)}</span></div>'
        )
    _trouble(job)
    with st.container(horizontal=True, key="wl-run-acts"):
        _acts(project, job)


def _trouble(job: Job) -> None:
    """Say in words what happened to a run that did not end well."""
    if job.status not in ("failed", "killed"):
        return
    text = plain(job.error or t("the run ended without saying why"))
    if job.remedy:
        text += f"\n\n**{t('What to do:')}** {plain(job.remedy)}"
    st.error(text, icon=":material/error:")


def _acts(project: Project, job: Job) -> None:
    if job.live:
        label = t("Stopping…") if job.status == "stopping" else t("Stop and save")
        if st.button(label, icon=":material/stop_circle:", disabled=job.status == "stopping"):
            training.stop_run(project, job.id)
            state.say(t("It saves at the end of its step and stops"), icon=":material/stop_circle:")
            st.rerun()
        return
    if job.status == "done":
        if st.button(t("Compare its answers"), type="primary", icon=":material/compare:"):
            goto("compare", run=job.id)
        if st.button(t("Train on from this model"), icon=":material/model_training:"):
            goto("train", base=job.id)
        return
    action = training.next_action(project, job)
    retry = action is not None and action.code == "retry"
    if action is not None and retry:
        if st.button(t(action.label), type="primary", icon=":material/restart_alt:", key="run-retry"):
            again = training.retry_run(project, job.id, action.overrides, actor=state.curator())
            set_params(run=again.id)
            st.rerun()
    icon = ":material/play_arrow:"
    if st.button(t("Resume"), type="secondary" if retry else "primary", icon=icon, key="run-resume"):
        training.resume_run(project, job.id)
        state.say(t("It goes on from its last checkpoint"), icon=icon)
        st.rerun()


@guarded
def _watch(project: Project, run_id: str, colours: Mapping[str, str], status: str) -> None:
    job = training.get_run(project, run_id)
    if job.status != status:
        st.rerun()
    curves = read_curves(project, run_id)
    _progress(project, job, curves)
    for warning in curves.warnings:
        st.warning(plain(warning), icon=":material/warning:")
    tabs = address_tabs("section", _TABS)
    for tab, draw in zip(tabs, (_curves, _samples, _data, _log, _settings), strict=True):
        if tab.open:
            with tab:
                draw(project, job, curves, colours)


def read_curves(project: Project, run_id: str) -> RunCurves:
    """Return a run's series, reading only what was written since this browser session looked last."""
    kept: dict[str, tuple[int, RunCurves]] = st.session_state.setdefault("run-curves", {})
    offset, curves = kept.pop(run_id, (0, RunCurves()))
    events, offset = training.run_curves(project, run_id, offset)
    curves.add(events)
    kept[run_id] = (offset, curves)
    while len(kept) > 4:
        kept.pop(next(iter(kept)))
    return curves


def _progress(project: Project, job: Job, curves: RunCurves) -> None:
    if job.status == "queued":
        ahead = jobs.waits_for(project, job.id)
        text = tn(len(ahead), "One job goes first: ", "{n} jobs go first: ") + ", ".join(ahead) if ahead else ""
        st.info(
            t("Waiting for the device; one job runs at a time.") + (" " + plain(text) if text else ""),
            icon=":material/hourglass:",
        )
        return
    if job.status == "running" and not curves.steps:
        phase = curves.phases[-1] if curves.phases else t("starting")
        st.info(t("Preparing: {phase}", phase=phase), icon=":material/hourglass:")
    if job.live and job.total:
        progress_line(job.step, job.total, label=t("step"), eta_seconds=job.eta_seconds)
    metric_row(_figures(job, curves))


def _figures(job: Job, curves: RunCurves) -> list[tuple[str, object, str]]:
    last: Mapping[str, Any] = curves.steps[-1] if curves.steps else {}
    held_out = curves.evals[-1] if curves.evals else {}
    total = job.total or last.get("total")
    rows: list[tuple[str, object, str]] = [
        (t("Step"), int(last.get("step") or job.step), t("of {n}", n=int(total)) if total else ""),
        (t("Loss"), _number(last.get("loss")), t("weighted, per token")),
        (t("Held-out loss"), _number(held_out.get("loss")), _at(held_out)),
        (t("Tokens per second"), _number(last.get("tokens_per_second"), 0), ""),
        (t("Learning rate"), f"{last['learning_rate']:.2g}" if last.get("learning_rate") else "–", ""),
    ]
    swaps = curves.swap_series()[1]
    if swaps:
        hint = t("above 0: the class in the prompt matters")
        rows.append((t("Swap test"), f"{swaps[-1]:+.3f}", hint))
    if job.eta_seconds is not None and job.live:
        rows.insert(1, (t("Time left"), duration(job.eta_seconds), t("measured from this start")))
    return rows


def _number(value: object, digits: int = 3) -> str:
    return f"{value:,.{digits}f}" if isinstance(value, int | float) else "–"


def _at(event: Mapping[str, Any]) -> str:
    return t("at step {n}", n=int(event.get("step", 0))) if event else ""


def _curves(project: Project, job: Job, curves: RunCurves, colours: Mapping[str, str]) -> None:
    if not curves.steps:
        st.caption(t("The curves begin with the first step."))
        return
    left, right = st.columns(2)
    with left:
        st.plotly_chart(loss_figure(curves), key="run-loss", config=CHART_CONFIG)
    with right:
        st.plotly_chart(class_loss_figure(curves, colours), key="run-classes", config=CHART_CONFIG)
    small = (
        (t("tokens per second"), curves.series("tokens_per_second")),
        (t("learning rate"), curves.series("learning_rate")),
        (t("gradient norm"), curves.series("grad_norm")),
        (t("swap test"), curves.swap_series()),
    )
    for i, (place, (label, (xs, ys))) in enumerate(zip(st.columns(len(small)), small, strict=True)):
        if ys:
            with place:
                st.plotly_chart(small_figure(xs, ys, label), key=f"run-small-{i}", config=CHART_CONFIG)


def _samples(project: Project, job: Job, curves: RunCurves, colours: Mapping[str, str]) -> None:
    steps = sorted({int(s.get("step", 0)) for s in curves.samples})
    if not steps:
        st.caption(t("Answers under each condition appear here at the first evaluation."))
        return
    at = steps[-1]
    if len(steps) > 1:
        at = st.select_slider(t("At step"), steps, value=steps[-1], key=f"sample-step-{len(steps)}")
    samples = [s for s in curves.samples if int(s.get("step", 0)) == at]
    st.html(samples_html(samples))


def samples_html(samples: list[Mapping[str, Any]]) -> str:
    """Return the generations of one evaluation: a row for each prompt, a column for each condition."""
    conditions = list(dict.fromkeys(str(s.get("condition", "")) for s in samples))
    by_prompt: dict[str, dict[str, str]] = {}
    for s in samples:
        by_prompt.setdefault(str(s.get("prompt", "")), {})[str(s.get("condition", ""))] = str(s.get("text", ""))
    style = f"grid-template-columns: minmax(9rem, 0.8fr) repeat({len(conditions)}, minmax(11rem, 1fr))"
    parts = [f'<div class="wl-grid" style="{style}"><div class="wl-head">{escape(t("Prompt"))}</div>']
    parts += [f'<div class="wl-head">{escape(c or t("no condition"))}</div>' for c in conditions]
    for prompt, answers in by_prompt.items():
        parts.append(f'<div class="wl-prompt" dir="auto">{escape(prompt)}</div>')
        parts += [f'<div class="wl-text" dir="auto">{escape(answers.get(c, "–"))}</div>' for c in conditions]
    return "".join(parts) + "</div>"


def _data(project: Project, job: Job, curves: RunCurves, colours: Mapping[str, str]) -> None:
    rows = curves.data.get("classes") or []
    if not rows:
        st.caption(t("The counts appear when the data has been read."))
        return
    class_counts(rows)


def class_counts(rows: list[Mapping[str, Any]]) -> None:
    """Draw what each class gives to training: conversations, tokens, weight, share, and what is left out."""
    table(
        [
            t("Class"),
            t("Conversations"),
            t("Trained tokens"),
            t("Loss weight"),
            t("Share of what is learnt"),
            t("Cut"),
            t("Left out"),
            t("Nothing to learn"),
        ],
        [
            (
                r.get("name", ""),
                int(r.get("conversations") or 0),
                int(r.get("supervised_tokens") or 0),
                f"{float(r.get('weight') or 0):.3g}",
                f"{100 * float(r.get('mass_share') or 0):.1f} %",
                int(r.get("truncated") or 0),
                int(r.get("dropped") or 0),
                int(r.get("unsupervised") or 0),
            )
            for r in rows
        ],
        numeric=range(1, 8),
    )


def _log(project: Project, job: Job, curves: RunCurves, colours: Mapping[str, str]) -> None:
    tail = jobs.job_log(project, job.id, lines=200)
    if tail:
        st.code(tail, language=None, height=420)
    else:
        st.caption(t("The log is empty so far."))


def _settings(project: Project, job: Job, curves: RunCurves, colours: Mapping[str, str]) -> None:
    table([t("Setting"), t("Value")], [(k, v) for k, v in job.params.items() if v not in (None, "", {})])
    st.caption(t("The command that runs"))
    st.code(shlex.join(job.command), language="bash", wrap_lines=True)
    if curves.attempts > 1:
        st.caption(tn(curves.attempts - 1, "Resumed once.", "Resumed {n} times."))
