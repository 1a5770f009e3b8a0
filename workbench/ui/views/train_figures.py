"""What a run's figures say, in words and numbers, whoever shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.domain.run import Job
from workbench.services import jobs
from workbench.services.project import Project
from workbench.ui.i18n import t, tn
from workbench.ui.widgets.layout import duration
from workbench.ui.widgets.run_curves import RunCurves
from workbench.ui.widgets.sizes import gigabytes

Rows = list[tuple[str, object, str]]
"""(label, value, hint) of key figures."""

PHASES = {
    "reading": "reading the data",
    "tokenising": "turning text into tokens",
    "loading": "loading the model",
    "probing": "trying learning rates",
    "rehearsing": "rehearsing one step on the longest batch",
    "training": "training",
    "saving": "writing the model",
}
"""Words for what a worker says it does."""


def note(project: Project, job: Job, curves: RunCurves) -> str:
    """Return what a run waits for or prepares; empty while it trains or has ended."""
    if job.status == "queued":
        ahead = jobs.waits_for(project, job.id)
        text = tn(len(ahead), "One job goes first: ", "{n} jobs go first: ") + ", ".join(ahead) if ahead else ""
        return t("Waiting for the device; one job runs at a time.") + (" " + text if text else "")
    if job.status == "running" and not curves.steps:
        return t("Preparing: {phase}", phase=phase_words(curves))
    if job.status == "running" and curves.phases and curves.phases[-1] == "saving":
        return t("Trained; now {phase}", phase=phase_words(curves))
    return ""


def phase_words(curves: RunCurves) -> str:
    """Return what the worker is doing, in words."""
    if not curves.phases:
        return t("starting")
    return t(PHASES.get(curves.phases[-1], curves.phases[-1]))


def figures(job: Job, curves: RunCurves) -> Rows:
    """Return the figures of a run: step, losses, pace, rate, and the time left where it lives."""
    last: Mapping[str, Any] = curves.steps[-1] if curves.steps else {}
    held_out = curves.evals[-1] if curves.evals else {}
    total = job.total or last.get("total")
    rows: Rows = [
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


def cost_figures(curves: RunCurves) -> Rows:
    """Return time and memory: what was planned, what the rehearsal measured, and what is used now."""
    rows: Rows = []
    data, rehearsal = curves.data, curves.rehearsal
    if rehearsal.get("expected_seconds"):
        hint = t("by one real step on the longest batch")
        rows.append((t("Expected time"), f"≈ {duration(rehearsal['expected_seconds'])}", hint))
    peak = (curves.steps[-1] if curves.steps else rehearsal).get("peak_memory_bytes")
    free = data.get("free_memory_bytes")
    if peak:
        hint = t("{free} were free at the start", free=gigabytes(free)) if free else ""
        rows.append((t("Memory at its peak"), gigabytes(peak), hint))
    if data.get("memory_bytes"):
        hint = t("weights, optimiser, activations; the program itself comes on top")
        rows.append((t("Memory planned"), f"≈ {gigabytes(data['memory_bytes'])}", hint))
    trained, parameters = data.get("trained_parameters"), data.get("parameters")
    if trained and parameters:
        hint = t("of {n} M", n=f"{parameters / 1e6:,.1f}")
        rows.append((t("Trained parameters"), f"{trained / 1e6:,.2f} M", hint))
    if rehearsal.get("micro_batch_tokens"):
        rows.append((t("Computed at once"), t("{n} tokens", n=int(rehearsal["micro_batch_tokens"])), ""))
    return rows


def _number(value: object, digits: int = 3) -> str:
    return f"{value:,.{digits}f}" if isinstance(value, int | float) else "–"


def _at(event: Mapping[str, Any]) -> str:
    return t("at step {n}", n=int(event.get("step", 0))) if event else ""
