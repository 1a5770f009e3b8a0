"""`suggest`: the model judges the tags."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from workbench.commands.shell import plural, shell_of
from workbench.services import browsing, curation, judging

SHOWN = 20


def suggest(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="A finished run: its base starts the folds.")],
    folds: Annotated[int, typer.Option(help="Folds; each costs a short fine-tuning.")] = 3,
    steps: Annotated[int | None, typer.Option(help="Steps of each; default: the trainer's own choice.")] = None,
    in_sample: Annotated[
        bool, typer.Option("--in-sample", help="Score with the run's own model: quick, but it vouches for itself.")
    ] = False,
    order: Annotated[str, typer.Option(help="suspicion, uncertainty or mass.")] = "suspicion",
    untagged: Annotated[
        bool, typer.Option("--untagged", help="Show proposals for untagged conversations.")
    ] = False,
    top: Annotated[int, typer.Option(help="How many to show.")] = SHOWN,
    apply: Annotated[
        int, typer.Option("--apply", help="Tag this many of them as the model proposes; one undo takes all back.")
    ] = 0,
) -> None:
    """Judge the tags by a model that did not train on them; suspected mistags first."""
    shell = shell_of(context)
    project = shell.project()
    job = judging.start_suggest(project, run, folds=folds, steps=steps, in_sample=in_sample, actor=shell.actor)
    with shell.progress("Judging") as progress:

        def on_event(event: Mapping[str, Any]) -> None:
            if event["event"] == "progress":
                progress(int(event["done"]), event.get("total"))

        report = judging.wait_for_suggest(project, job.id, on_event)
    queue = judging.review_queue(project, order=order, tagged=not untagged, limit=max(top, apply))
    action = None
    if apply:
        plan = judging.plan_proposals(project, [j.seq for j in queue[:apply]])
        action = curation.apply_plan(project, plan, actor=shell.actor) if plan.changes else None
    heads = {s.seq: s for s in browsing.summaries(project, [j.seq for j in queue[:top]])}
    lines = [_trust(report)]
    lines += [
        f"{j.suspicion:.3f}  {j.tag or '-':<10} → {j.proposal:<10} "
        f"{heads[j.seq].prompt[:44]!r} {heads[j.seq].answer[:44]!r}"
        for j in queue[:top]
        if j.seq in heads
    ]
    if action is not None:
        lines.append(
            f"{plural(action.affected, 'conversation')} tagged; workbench undo {action.id} takes it back."
        )
    shell.finish(
        {
            **dataclasses.asdict(report),
            "job": report.job_id,
            "queue": [{**dataclasses.asdict(j), "id": heads[j.seq].uid} for j in queue[:top] if j.seq in heads],
            "action": action.id if action else None,
            "affected": action.affected if action else 0,
        },
        *lines,
    )


def _trust(report: judging.SuggestReport) -> str:
    """Say whose word this is and how far it carries."""
    if report.in_sample:
        return (
            "In sample: the model had trained on what it judges; it suspects too little, and nothing was measured."
        )
    if not report.detections:
        return f"Judged by {report.detector}; no tag was swapped, so nothing was measured."
    rows = ", ".join(f"{d.detector} {d.auc:.3f} ({d.low:.2f}-{d.high:.2f})" for d in report.detections)
    return f"Judged by {report.detector}. AUC on {report.canaries} swapped tags: {rows}"


COMMANDS = (("suggest", suggest),)
