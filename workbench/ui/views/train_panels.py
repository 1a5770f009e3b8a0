"""What the tabs of a run show: curves, samples, counts, the log's end, settings and command."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from workbench.domain.run import Job
from workbench.services import jobs
from workbench.services.project import Project
from workbench.ui.i18n import t, tn
from workbench.ui.widgets.chips import table
from workbench.ui.widgets.config_form import setting_label
from workbench.ui.widgets.live_run import light_charts
from workbench.ui.widgets.loop_charts import CHART_CONFIG, chart_figure
from workbench.ui.widgets.run_curves import RunCurves
from workbench.ui.widgets.run_lines import class_loss_chart, loss_chart, small_charts


def draw_curves(project: Project, job: Job, curves: RunCurves, colours: Mapping[str, str]) -> None:
    """Draw loss over steps, by class too, and the quieter figures below: lightly while the run lives."""
    if not curves.steps:
        live, ended = t("The curves begin with the first step."), t("It ended before its first step.")
        st.caption(live if job.live else ended)
        return
    large = [loss_chart(curves), class_loss_chart(curves, colours)]
    small = small_charts(curves)
    if job.live:
        light_charts(large, small, key="run-light")
        return
    for i, (place, chart) in enumerate(zip(st.columns(2), large, strict=True)):
        with place:
            st.plotly_chart(chart_figure(chart), key=f"run-large-{i}", config=CHART_CONFIG)
    for i, (place, chart) in enumerate(zip(st.columns(max(1, len(small))), small, strict=False)):
        with place:
            st.plotly_chart(chart_figure(chart, height=180), key=f"run-small-{i}", config=CHART_CONFIG)


def draw_samples(project: Project, job: Job, curves: RunCurves, colours: Mapping[str, str]) -> None:
    """Draw the generations of one evaluation, the newest first in view."""
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


def draw_data(project: Project, job: Job, curves: RunCurves, colours: Mapping[str, str]) -> None:
    """Draw what each class gives to the run."""
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


def _asked(params: Mapping[str, Any]) -> list[tuple[str, object]]:
    """Return what a run was started with, settings apart."""
    digest = str(params.get("snapshot_hash") or "")[:12]
    rows: list[tuple[str, object]] = [
        (t("Data"), f"{params.get('snapshot', '')} ({digest})" if digest else params.get("snapshot")),
        (t("Start from"), params.get("base")),
        (t("Method"), params.get("method")),
        (t("Processes"), params.get("processes")),
        (t("Round"), params.get("round")),
        (t("Started by"), params.get("actor")),
    ]
    return [(label, value) for label, value in rows if value not in (None, "")]


def _value(value: object) -> str:
    if isinstance(value, bool):
        return t("yes") if value else t("no")
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def draw_log(project: Project, job: Job, curves: RunCurves, colours: Mapping[str, str]) -> None:
    """Draw the end of the worker's log."""
    tail = jobs.job_log(project, job.id, lines=200)
    if tail:
        st.code(tail, language=None, height=420)
    else:
        st.caption(t("The log is empty so far."))


def draw_settings(project: Project, job: Job, curves: RunCurves, colours: Mapping[str, str]) -> None:
    """Draw what was asked for, what auto came to, and the command that runs."""
    given = dict(job.params.get("overrides") or {})
    asked = [*_asked(job.params), *((setting_label(k), str(v)) for k, v in given.items())]
    table([t("Setting"), t("Value")], asked)
    resolved = {**(curves.data.get("resolved") or {}), "steps": curves.data.get("steps")}
    rows = [(setting_label(k), _value(v)) for k, v in resolved.items() if v is not None and k not in given]
    if rows:
        st.caption(t("What auto came to"))
        table([t("Setting"), t("Value")], rows)
    st.caption(t("The command that runs"))
    st.code(shlex.join(job.command), language="bash", wrap_lines=True)
    if curves.attempts > 1:
        st.caption(tn(curves.attempts - 1, "Resumed once.", "Resumed {n} times."))
