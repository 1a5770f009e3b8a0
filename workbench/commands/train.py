"""`train`, `runs`, `stop`, `resume`."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from crlft.methods import METHODS
from workbench.commands.shell import Shell, shell_of
from workbench.domain.errors import JobError
from workbench.domain.run import Job
from workbench.services import training
from workbench.services.project import Project
from workbench.services.runs import run_rows

DetachOption = Annotated[bool, typer.Option("--detach", help="Return at once; the run goes on by itself.")]


def _overrides(pairs: list[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise typer.BadParameter(f"{pair!r} is not KEY=VALUE", param_hint="--set")
        found[key] = value
    return found


def _report(shell: Shell, job: Job) -> None:
    data = {"run": job.id, "status": job.status, "metrics": dict(job.metrics)}
    shell.finish(data, f"Run {job.id}: {job.status}.", *_metric_lines(job.metrics))


def _metric_lines(metrics: Mapping[str, Any]) -> list[str]:
    return [
        f"  {name.replace('_', ' ')}: {value:.4g}"
        for name, value in metrics.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]


def _wait(shell: Shell, project: Project, job: Job) -> None:
    """Follow a run to its end, then report.

    Raises:
        JobError: The run failed or was killed.
    """
    console = Console(stderr=True)
    text, eta_text = TextColumn("{task.description}"), TextColumn("{task.fields[eta]}")
    columns = (text, BarColumn(), MofNCompleteColumn(), eta_text)
    draw = console.is_terminal and not shell.as_json
    with Progress(*columns, console=console, transient=True) if draw else contextlib.nullcontext() as bar:
        task = bar.add_task("waiting for the device", total=None, eta="") if bar else None

        def on_event(event: Mapping[str, Any]) -> None:
            if bar is None or task is None:
                return
            if event["event"] == "step":
                eta = event.get("eta_seconds")
                shown = f"{int(eta) // 60}:{int(eta) % 60:02d} left" if eta is not None else ""
                title = f"training, loss {event['loss']:.3f}"
                bar.update(task, completed=event["step"], total=event["total"], description=title, eta=shown)
            elif event["event"] == "phase":
                bar.update(task, description=event["name"])

        job = training.wait_for(project, job.id, on_event)
    if job.status in ("failed", "killed"):
        raise JobError(f"run {job.id} {job.status}: {job.error}", job.remedy)
    _report(shell, job)


def train(
    context: typer.Context,
    snapshot: Annotated[
        str | None, typer.Argument(help="The snapshot; without it one is made of what is kept now.")
    ] = None,
    method: Annotated[
        str, typer.Option(help=f"One of {', '.join(METHODS)}.")
    ] = "c-rlft",
    base: Annotated[
        str, typer.Option(help="offline, a model folder, a hub name, or an earlier run's id.")
    ] = "offline",
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any setting of the run.")
    ] = None,
    num_processes: Annotated[
        int, typer.Option(min=1, help="Processes of this machine that share the work: one for each GPU.")
    ] = 1,
    detach: DetachOption = False,
) -> None:
    """Fine-tune a base on a snapshot."""
    shell = shell_of(context)
    project = shell.project()
    request = training.TrainRequest(
        snapshot, base, method, _overrides(settings or []), processes=num_processes
    )
    job = training.start_training(project, request, actor=shell.actor)
    shell.say(f"Run {job.id} started; its folder is {project.root / 'runs' / job.id}.")
    if detach:
        _report(shell, job)
    else:
        _wait(shell, project, job)


def runs(context: typer.Context) -> None:
    """List the training runs, newest first; a star stands before those marked."""
    shell = shell_of(context)
    found = run_rows(shell.project())
    lines = []
    for row in found:
        job = row.job
        steps = f"{job.step}/{job.total}" if job.total else "-"
        star = "*" if row.starred else " "
        lines.append(f"{star} {job.id:<40} {job.status:<8} {steps:>11}  {job.title}")
    rows = [
        {
            "run": (job := row.job).id,
            "status": job.status,
            "step": job.step,
            "total": job.total,
            "eta_seconds": job.eta_seconds,
            "title": job.title,
            "params": dict(job.params),
            "metrics": dict(job.metrics),
            "error": job.error,
            "remedy": job.remedy,
            "starred": row.starred,
            "notes": row.notes,
        }
        for row in found
    ]
    shell.finish({"runs": rows}, *(lines or ["No runs yet. Next: workbench train"]))


def stop(context: typer.Context, run: Annotated[str, typer.Argument(help="The run's id.")]) -> None:
    """Ask a run to save a checkpoint and stop."""
    shell = shell_of(context)
    _report(shell, training.stop_run(shell.project(), run))


def resume(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="The run's id.")],
    detach: DetachOption = False,
) -> None:
    """Go on with a stopped or killed run from its last checkpoint."""
    shell = shell_of(context)
    project = shell.project()
    job = training.resume_run(project, run)
    if detach:
        _report(shell, job)
    else:
        _wait(shell, project, job)


COMMANDS = (("train", train), ("runs", runs), ("stop", stop), ("resume", resume))
