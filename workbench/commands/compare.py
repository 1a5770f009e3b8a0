"""`compare`, `report`, `judge`, `probe`, `rounds`."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.commands.shell import plural, shell_of
from workbench.domain.comparison import ColumnSummary
from workbench.domain.errors import JobError, WorkbenchError
from workbench.services import compare_export, comparing, jobs, probes, rounds
from workbench.services.endpoint import Endpoint, judge_by_endpoint


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _summary(column: ColumnSummary) -> dict[str, Any]:
    return {
        "label": column.column.label,
        "model": column.column.model,
        "condition": column.column.condition,
        **{k: v for k, v in dataclasses.asdict(column).items() if k != "column"},
    }


def compare(
    context: typer.Context,
    runs: Annotated[list[str], typer.Argument(metavar="RUN…", help="Runs whose models answer.")],
    prompts: Annotated[
        Path | None,
        typer.Option(help="Plain lines, or JSONL with prompt, id, check; default: the held-out prompts."),
    ] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(help="A class's name or condition; repeat for several; default: every class."),
    ] = None,
    base: Annotated[bool, typer.Option("--base/--no-base", help="The base answers too.")] = False,
    bring_back: Annotated[
        bool, typer.Option("--bring-back", help="Send the best condition's answers into the next round.")
    ] = False,
    max_new_tokens: Annotated[int, typer.Option(help="Longest answer, in tokens.")] = 96,
    temperature: Annotated[float, typer.Option(help="0 is greedy.")] = 0.0,
    seed: Annotated[int, typer.Option(help="For sampling.")] = 0,
) -> None:
    """Answer prompts with one or more runs under each condition, side by side."""
    shell = shell_of(context)
    project = shell.project()
    rows = comparing.read_prompts(prompts) if prompts else comparing.held_out_prompts(project)
    if not rows:
        raise WorkbenchError("the project has no held-out prompts", "name a file: --prompts FILE")
    comparison = comparing.start_comparison(
        project,
        runs=runs,
        include_base=base,
        conditions=condition or None,
        prompts=rows,
        sampling={"max_new_tokens": max_new_tokens, "temperature": temperature, "seed": seed},
        name="",
        actor=shell.actor,
    )
    with shell.progress(f"Answering {plural(len(rows), 'prompt')}") as progress:
        grid = comparing.wait_for_comparison(project, comparison.id, on_progress=progress)
    brought = comparing.bring_back(project, comparison.id, None, actor=shell.actor) if bring_back else None
    texts = {p.id: p.messages[-1]["content"] for p in grid.comparison.prompts}
    cells = [
        {
            "prompt": texts[cell.prompt_id],
            "id": cell.prompt_id,
            "model": grid.comparison.columns[cell.column].model,
            "condition": grid.comparison.columns[cell.column].condition,
            "text": cell.text,
            "correct": cell.correct,
            "full": cell.full,
        }
        for row in grid.rows
        for cell in row.cells
        if cell is not None
    ]
    lines = [f"{'':<44} {'right':>7} {'full':>7} {'tokens':>7}"]
    lines += [
        f"{s.column.label:<44} {_share(s.correct_rate):>7} {_share(s.full_rate):>7} {s.mean_tokens:>7.1f}"
        for s in grid.summary
    ]
    if brought is not None:
        lines.append(f"{plural(brought.imported, 'answer')} brought back as pending for round {brought.round}.")
    shell.finish(
        {
            "comparison": comparison.id,
            "cells": cells,
            "summary": [_summary(s) for s in grid.summary],
            "brought_back": brought.imported if brought else 0,
        },
        *lines,
    )


def report(
    context: typer.Context,
    comparison: Annotated[int, typer.Argument(help="The comparison's number.")],
    out: Annotated[Path, typer.Argument(help="A file: .csv, .parquet, .html, or .jsonl for preference pairs.")],
) -> None:
    """Write a comparison's answers and votes to a file."""
    shell = shell_of(context)
    grid = comparing.comparison_grid(shell.project(), comparison)
    size = compare_export.write_report(grid, out)
    shell.finish({"file": str(out), "bytes": size}, f"{out}: {size:,} bytes.")


def judge(
    context: typer.Context,
    comparison: Annotated[int, typer.Argument(help="The comparison's number.")],
    endpoint: Annotated[str, typer.Option(help="OpenAI-compatible address, such as http://127.0.0.1:8000/v1.")],
    model: Annotated[str, typer.Option(help="The judging model's name there.")],
    columns: Annotated[tuple[int, int], typer.Option(help="Two columns, counted from 0.")] = (0, 1),
) -> None:
    """Let a model behind an endpoint vote, both orders; its key, if any, is taken from WORKBENCH_JUDGE_KEY."""
    shell = shell_of(context)
    judge_ = Endpoint(endpoint, model, os.environ.get("WORKBENCH_JUDGE_KEY", ""))
    with shell.progress("Judging") as progress:
        found = judge_by_endpoint(shell.project(), comparison, columns, judge_, on_progress=progress)
    shell.finish(
        dataclasses.asdict(found),
        f"{plural(found.voted, 'vote')} by {judge_.name}, {found.disagreed} of them ties because the two orders "
        f"contradicted each other; {plural(found.skipped, 'prompt')} skipped.",
    )


def probe(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="A finished run.")],
    text: Annotated[
        Path | None, typer.Option(help="JSONL of general text; default: the project's probe_text.jsonl.")
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option(help="JSONL of questions with a check; default: the project's probe_questions.jsonl."),
    ] = None,
) -> None:
    """Measure how much worse than its base a run knows plain text, and answers questions."""
    shell = shell_of(context)
    project = shell.project()
    job = jobs.wait_for(project, probes.start_probe(project, run, text, questions).id)
    found = probes.probes(project).get(run)
    if not isinstance(found, probes.Probe):
        raise JobError(f"job {job.id} {job.status}: {job.error}", job.remedy or "look at its log")
    shell.finish(
        {**dataclasses.asdict(found), "forgotten": found.forgotten},
        f"{run}: {found.run:.4f} nats per token, its base {found.base:.4f}: forgotten {found.forgotten:+.4f}",
        *(
            f"  {name or 'questions'}: {right:,} of {n:,} right, its base {base:,}"
            for name, (right, base, n) in found.topics.items()
        ),
    )


def rounds_command(context: typer.Context) -> None:
    """Show every round: data, run, quality, what came back."""
    shell = shell_of(context)
    rows = rounds.rounds(shell.project())
    lines = [
        f"round {r.round}: snapshot {r.snapshot or '-'}, run {r.run or '-'}, right {_share(r.correct_rate)}, "
        f"full {_share(r.full_rate)}, brought back {r.brought_back}"
        + (f", swap test {r.swap:+.3f}" if r.swap is not None else "")
        + (f", forgotten {r.forgotten:+.3f}" if r.forgotten is not None else "")
        for r in rows
    ]
    shell.finish({"rounds": [dataclasses.asdict(r) for r in rows]}, *lines)


COMMANDS = (
    ("compare", compare),
    ("report", report),
    ("judge", judge),
    ("probe", probe),
    ("rounds", rounds_command),
)
