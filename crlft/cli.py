"""The `crlft` command: train, generate, score, probe, suggest, ablate, desk, embed, base build, preview, validate.

Exit codes: 0 done, 1 failed, 2 wrong use. `--json` prints one JSON object on standard output and nothing
else. Models are imported inside the commands, so that `crlft --help` is quick.
"""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from crlft.commands.ablate import ablate
from crlft.commands.desk import desk
from crlft.commands.probe import probe
from crlft.commands.score import score
from crlft.commands.suggest import suggest
from crlft.config import RunConfig, field_help
from crlft.errors import ConfigError, CrlftError
from crlft.methods import METHODS
from crlft.ranks import is_first, ranks
from crlft.runfolder import RunFolder
from crlft.runtime import settle
from crlft.terminal import CLASSES_HELP, DATA_HELP, Progress, catching_interrupt, complain, finish, say

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
base_app = typer.Typer(no_args_is_help=True, help="The offline base model.")
app.add_typer(base_app, name="base")
app.command()(ablate)
app.command()(desk)
app.command()(probe)
app.command()(score)
app.command()(suggest)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]
RunDir = Annotated[Path | None, typer.Option("--run", help="The job's folder.")]


def main() -> None:
    """Run the command line; every foreseen error becomes a message with its remedy and exit code 1."""
    settle()
    try:
        app()
    except CrlftError as error:
        raise SystemExit(complain(error)) from None


@app.command()
def train(
    snapshot: Annotated[str | None, typer.Argument(help=DATA_HELP)] = None,
    base: Annotated[str | None, typer.Option(help="The model to start from: a folder or hub name.")] = None,
    method: Annotated[str | None, typer.Option(help=f"One of {', '.join(METHODS)}.")] = None,
    classes: Annotated[str | None, typer.Option(help=CLASSES_HELP)] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="key=value; see `crlft settings`.")] = None,
    run: RunDir = None,
    as_json: Json = False,
) -> None:
    """Train a model, or go on with a run that was stopped or killed."""
    named = {"snapshot": snapshot, "base": base, "method": method, "classes": classes}
    overrides: dict[str, Any] = {k: v for k, v in named.items() if v is not None}
    for setting in settings or []:
        key, equals, value = setting.partition("=")
        if not equals:
            raise typer.BadParameter(f"{setting!r} is no key=value", param_hint="--set")
        overrides[key.strip()] = value.strip()
    folder = run or _new_folder(overrides)
    config = _config_of(folder, overrides)
    from crlft.training import run_training

    # Of several processes, torchrun ends all.
    interrupt = catching_interrupt(RunFolder(folder).request_stop) if ranks() == 1 else nullcontext()
    with Progress(quiet=as_json) as progress, interrupt:
        outcome = run_training(config, folder, progress)
    if outcome.status == "failed":
        raise SystemExit(complain(CrlftError(outcome.error, outcome.remedy), as_json))
    body = {"run": str(folder), "status": outcome.status, "step": outcome.step, "metrics": outcome.metrics}
    where = folder / "model" if outcome.status == "done" else f"crlft train --run {folder} goes on"
    if is_first():
        finish(body, as_json, f"{outcome.status} at step {outcome.step}: {where}")


@app.command()
def settings(as_json: Json = False) -> None:
    """List what `--set` can change."""
    defaults = RunConfig().to_dict()
    helps = field_help()
    lines = [f"{k} = {'auto' if v is None else v}\n    {helps[k]}" for k, v in defaults.items()]
    finish({k: {"default": v, "help": helps[k]} for k, v in defaults.items()}, as_json, "\n".join(lines))


@app.command()
def generate(
    models: Annotated[list[str] | None, typer.Argument(help="Model folders or hub names.")] = None,
    prompts: Annotated[Path | None, typer.Option(help="Plain lines, or JSONL with prompt and id.")] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(help="Class name or condition text; repeatable; '' is none; default the best class."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write JSONL here; otherwise to standard output.")] = None,
    max_new_tokens: Annotated[int, typer.Option(help="Longest answer.")] = 128,
    temperature: Annotated[float, typer.Option(help="0 takes the likeliest token.")] = 0.0,
    top_p: Annotated[float, typer.Option(help="Draw from the likeliest tokens up to this probability.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Seeds the draws.")] = 0,
    run: RunDir = None,
    as_json: Json = False,
) -> None:
    """Answer prompts with models under conditions."""
    if run is not None:
        from crlft.generation import run_generation
        from crlft.worker import run_job

        finish(run_job(run, run_generation), as_json, "done")
        return
    if not models or prompts is None:
        raise typer.BadParameter("give models and --prompts, or --run with a folder that holds request.json")
    from crlft.generation import generate
    from crlft.modelfolder import default_condition
    from crlft.request import Column, Request, Sampling, read_prompts

    request = Request(
        columns=tuple(Column(m, c) for m in models for c in (condition or [default_condition(m)])),
        prompts=tuple(read_prompts(prompts)),
        sampling=Sampling(max_new_tokens, temperature, top_p, seed),
    )
    rows = []
    sink = out.open("w", encoding="utf-8") if out else None
    for result in generate(request):
        column = request.columns[result.column]
        row = {**result.to_dict(), "model": column.model, "condition": column.condition}
        rows.append(row)
        if sink:
            sink.write(json.dumps(row, ensure_ascii=False) + "\n")
        elif not as_json:
            say(json.dumps(row, ensure_ascii=False))
    if sink:
        sink.close()
    finish({"results": rows}, as_json, "")


@app.command()
def embed(
    run: Annotated[Path | None, typer.Option("--run", help="The job's folder.")] = None,
    serve: Annotated[str, typer.Option("--serve", help="Answer lines of text by this embedder.")] = "",
    as_json: Json = False,
) -> None:
    """Embed the texts of a job's folder and lay out a map of them, or serve single texts."""
    if serve:
        from crlft.embed_serve import serve_embedding

        serve_embedding(serve, sys.stdin.buffer, sys.stdout.buffer)
        return
    if run is None:
        raise typer.BadParameter("name the job's folder", param_hint="--run")
    from crlft.embed import run_embedding
    from crlft.worker import run_job

    finish(run_job(run, run_embedding), as_json, "done")


@app.command()
def preview(
    snapshot: Annotated[str, typer.Argument(help=DATA_HELP)],
    base: Annotated[str, typer.Option(help="The model to start from.")],
    method: Annotated[str, typer.Option(help=f"One of {', '.join(METHODS)}.")] = "c-rlft",
    classes: Annotated[str, typer.Option(help=CLASSES_HELP)] = "",
    settings: Annotated[list[str] | None, typer.Option("--set", help="key=value.")] = None,
    rehearse: Annotated[bool, typer.Option("--rehearse", help="Measure one real step too.")] = False,
    as_json: Json = False,
) -> None:
    """Show what a run would be trained on: budget, reward mass per class, an example of each as rendered."""
    from crlft.preview import preview_run, preview_text, rehearse_run

    overrides = dict(s.partition("=")[::2] for s in settings or [])
    config = RunConfig(snapshot=snapshot, base=base, method=method, classes=classes).with_overrides(overrides)
    body = preview_run(config)
    if rehearse:
        body["rehearsal"] = rehearse_run(config)
    finish(body, as_json, preview_text(body))


@app.command()
def validate(
    snapshot: Annotated[str, typer.Argument(help=DATA_HELP)],
    classes: Annotated[str, typer.Option(help=CLASSES_HELP)] = "",
    as_json: Json = False,
) -> None:
    """Check every conversation and count the faults."""
    from crlft.preview import validate_data

    body = validate_data(snapshot, classes)
    lines = [f"{body['conversations']} conversations"]
    lines += [f"{count:6d}  {code}" for code, count in body["faults"].items()]
    finish(body, as_json, "\n".join(lines))
    if body["fatal"]:
        raise SystemExit(1)


@base_app.command("build")
def base_build(
    text: Annotated[Path, typer.Option(help="JSONL, optionally gzipped, with `text` a line.")],
    out: Annotated[Path, typer.Option(help="Folder for the model and its tokenizer.")],
    steps: Annotated[int | None, typer.Option(help="Optimiser steps.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seeds weights and order.")] = None,
    as_json: Json = False,
) -> None:
    """Build the offline base from plain text alone."""
    from crlft.base import build_base

    with Progress(quiet=as_json) as progress:
        try:
            report = build_base(
                text,
                out,
                steps=steps,
                seed=seed,
                on_progress=lambda p: progress("step", {"step": p.step, "total": p.steps, "loss": p.loss}),
            )
        except ValueError as error:
            raise CrlftError(str(error)) from error
    body = {k: str(v) if isinstance(v, Path) else v for k, v in vars(report).items()}
    finish(body, as_json, f"{report.parameters} parameters, loss {report.loss:.3f}: {out}")


def _new_folder(overrides: dict[str, Any]) -> Path:
    if not overrides.get("snapshot") or not overrides.get("base"):
        raise typer.BadParameter("give SNAPSHOT and --base, or --run with a folder that holds config.json")
    if ranks() > 1:
        raise typer.BadParameter("several processes share one folder: name it with --run")
    import time

    return Path("runs") / f"{time.strftime('%Y%m%d-%H%M%S')}-{overrides.get('method', 'c-rlft')}"


def _config_of(folder: Path, overrides: dict[str, Any]) -> RunConfig:
    """Return the configuration in the folder, changed by what the command line says."""
    saved = RunConfig()
    path = folder / "config.json"
    if path.exists():
        try:
            saved = RunConfig.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (json.JSONDecodeError, AttributeError) as error:
            raise ConfigError([f"{path}: not a JSON object ({error})"]) from error
    config = saved.with_overrides(overrides)
    if not config.snapshot or not config.base:
        raise ConfigError(["no snapshot or no base is named"], "give SNAPSHOT and --base, or a config.json")
    return config
