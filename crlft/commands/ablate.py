"""`crlft ablate`: every method, one base, one budget, several seeds, one table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from crlft.ablation import DEFAULT_METHODS, AblationRequest, Plan, finished_results, make_plan
from crlft.commands.progress import ItemProgress
from crlft.config import RunConfig
from crlft.crew import run_ablation
from crlft.errors import ConfigError
from crlft.events import Events
from crlft.failure import explain
from crlft.runfolder import RunFolder, write_atomically
from crlft.terminal import CLASSES_HELP, DATA_HELP, catching_interrupt, finish

FIXED = ("method", "seed", "snapshot", "base", "classes", "learning_rate_probe")
"""Settings that an ablation decides itself."""


def ablate(
    data: Annotated[str | None, typer.Argument(help=DATA_HELP)] = None,
    base: Annotated[str | None, typer.Option(help="The model that every run starts from.")] = None,
    prompts: Annotated[Path | None, typer.Option(help="JSONL with prompt and check; see crlft/checks.py.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the cells and the table; goes on with it.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds: 1 to this.")] = 5,
    methods: Annotated[
        list[str] | None, typer.Option(help=f"Repeated or with commas; default {','.join(DEFAULT_METHODS)}.")
    ] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="key=value for every run.")] = None,
    classes: Annotated[str, typer.Option(help=CLASSES_HELP)] = "",
    by: Annotated[str, typer.Option(help="Field of the prompts to break the table down by, such as skill.")] = "",
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Longest answer.")] = 128,
    parallel: Annotated[int, typer.Option(min=1, help="Cells at work at once; they share the cores.")] = 1,
    keep_models: Annotated[bool, typer.Option(help="Keep the model of every cell.")] = False,
    cell: Annotated[Path | None, typer.Option(hidden=True)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Train every method from one base with one budget over several seeds, and compare them."""
    if cell is not None:
        from crlft.ablation_cell import run_cell

        run_cell(cell)
        return
    if not data or not base or prompts is None or out is None:
        raise typer.BadParameter("give DATA, --base, --prompts and --out")
    request = AblationRequest(
        config=_config(data, base, classes, settings or []),
        prompts=prompts,
        methods=tuple(m.strip() for part in methods or DEFAULT_METHODS for m in part.split(",") if m.strip()),
        seeds=tuple(range(1, seeds + 1)),
        max_new_tokens=max_new_tokens,
        group_by=by,
        keep_models=keep_models,
    )
    plan = make_plan(request, out)
    out.mkdir(parents=True, exist_ok=True)
    with ItemProgress("ablation", quiet=as_json) as progress:
        report = carry_out(plan, Events(RunFolder(out), progress), parallel)
    from crlft.ablation_report import markdown

    text = markdown(report)
    status = "" if report["cells_done"] == report["cells"] else "stopped: start again to go on\n\n"
    finish(report, as_json, f"{status}{text}\n{out / 'ablation.md'}")


def carry_out(plan: Plan, events: Events, parallel: int) -> dict[str, Any]:
    """Run the cells and keep the table up to date; return the last one.

    Raises:
        CrlftError: Cells failed; the ablation's folder says so too.
    """
    run = events.run
    run.clear_markers()
    results = finished_results(plan, run.path)
    report = _write(plan, results, run.path)

    def stop() -> None:
        events.terminated = True

    with events.catching_sigterm(), catching_interrupt(stop):
        try:
            for result in run_ablation(plan, events, parallel=parallel):
                results.append(result)
                report = _write(plan, results, run.path)
        except Exception as error:
            failure = explain(error, run.path)
            run.mark("failed", error=failure.error, remedy=failure.remedy, kind=failure.kind)
            raise
    complete = report["cells_done"] == report["cells"]
    run.mark("done" if complete else "stopped", cells=report["cells_done"])
    return report


def _write(plan: Plan, results: list[dict[str, Any]], out: Path) -> dict[str, Any]:
    """Write OUT/ablation.json and OUT/ablation.md from the cells done so far."""
    from crlft.ablation_report import build_report, markdown  # scipy: not for `--help`

    order = {(c.method, c.seed): n for n, c in enumerate(plan.cells)}
    results = sorted(results, key=lambda r: order[r["method"], r["seed"]])
    config = plan.config
    about = {
        "status": "done" if len(results) == len(plan.cells) else "partial",
        "cells_done": len(results),
        "cells": len(plan.cells),
        "base": Path(config.base).name,
        "data": Path(config.snapshot).name,
        "data_hash": plan.data_hash,
        "steps": config.steps,
        "step_tokens": config.step_tokens,
        "learning_rate": config.learning_rate,
        "settings": _changed(config),
        "prompts": len(results[0]["prompts"]) if results else 0,
        "prompts_unchecked": plan.unchecked,
        "prompts_in_data": plan.leaked,
    }
    report = build_report(results, about)
    write_atomically(out / "ablation.json", json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    write_atomically(out / "ablation.md", markdown(report))
    return report


def _changed(config: RunConfig) -> dict[str, Any]:
    """Return the shared settings that are not at their defaults; paths are told elsewhere."""
    defaults = RunConfig().to_dict()
    skipped = (*FIXED, "sample_count", "keep_checkpoints", "evaluate_every")
    return {k: v for k, v in config.to_dict().items() if v != defaults[k] and k not in skipped}


def _config(data: str, base: str, classes: str, settings: list[str]) -> RunConfig:
    values: dict[str, Any] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise typer.BadParameter(f"{setting!r} is no key=value", param_hint="--set")
        values[key.strip()] = value.strip()
    if fixed := [key for key in values if key in FIXED]:
        raise ConfigError([f"{key} cannot be set: an ablation decides it itself" for key in fixed])
    return RunConfig(snapshot=data, base=base, classes=classes).with_overrides(values)
