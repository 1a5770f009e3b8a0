"""`crlft score`: how likely a model finds conversations under every condition."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from crlft.commands.progress import ItemProgress
from crlft.events import Pace
from crlft.scores import Score, ScoreRequest, summary
from crlft.terminal import CLASSES_HELP, finish, say


def score(
    model: Annotated[str | None, typer.Argument(help="A model folder or hub name.")] = None,
    data: Annotated[str | None, typer.Argument(help="A snapshot's folder or a file of conversations.")] = None,
    condition: Annotated[
        list[str] | None, typer.Option(help="Class name or condition text; repeatable; default every class.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write JSONL here; otherwise to standard output.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Context; default the model's own.")] = None,
    template: Annotated[str, typer.Option(help="For models not trained here; default: their own.")] = "",
    classes: Annotated[str, typer.Option(help=CLASSES_HELP)] = "",
    threads: Annotated[int | None, typer.Option(help="CPU threads; default every core.")] = None,
    run: Annotated[Path | None, typer.Option("--run", help="The job's folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Score conversations: log p(answers | prompt, condition) in nats, for every class of the model."""
    if run is not None:
        from crlft.scoring import run_scoring
        from crlft.worker import run_job

        finish(run_job(run, run_scoring), as_json, "done")
        return
    if not model or not data:
        raise typer.BadParameter("give MODEL and DATA, or --run with a folder that holds request.json")
    request = ScoreRequest(model, data, tuple(condition or ()), template, max_tokens, threads=threads)
    with ItemProgress("scoring", quiet=as_json) as progress:
        scores = _carry_out(request, classes, out, quiet=as_json or out is not None, progress=progress)
    body: dict[str, Any] = summary(scores)
    if out is None:
        body["results"] = [s.to_dict() for s in scores]
    finish(body, as_json, _text(body) if out else "")


def _carry_out(
    request: ScoreRequest, classes: str, out: Path | None, *, quiet: bool, progress: ItemProgress
) -> list[Score]:
    """Return all scores; every one is written as soon as its batch ends."""
    from crlft.scoring import read_conversations, score_conversations

    conversations = read_conversations(request.data, classes)
    pace = Pace(len(conversations))
    scores = []
    sink = out.open("w", encoding="utf-8") if out else None
    try:
        for count, found in enumerate(score_conversations(request, conversations), start=1):
            scores.append(found)
            line = json.dumps(found.to_dict(), ensure_ascii=False)
            if sink:
                sink.write(line + "\n")
            elif not quiet:
                say(line)
            if count % 64 == 0 or count == len(conversations):
                eta = pace.eta_seconds(count)
                progress("progress", {"done": count, "total": len(conversations), "eta_seconds": eta})
    finally:
        if sink:
            sink.close()
    return scores


def _text(body: dict[str, Any]) -> str:
    lines = [f"{body['scored']} scored, {body['truncated']} of them cut short, {body['unscored']} without a score"]
    for name, row in body["classes"].items():
        means = ", ".join(f"{c or 'no condition'} {v:.3f}" for c, v in row["mean_logp"].items())
        lines.append(f"{name or 'no class'}: {row['conversations']} conversations; nats a token under {means}")
    return "\n".join(lines)
