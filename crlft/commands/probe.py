"""`crlft probe`: what a model still knows of plain text, and of questions with known answers."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from crlft.terminal import finish


def probe(
    models: Annotated[list[str] | None, typer.Argument(help="Model folders or hub names.")] = None,
    text: Annotated[Path | None, typer.Option(help='JSONL of general text, {"text": …} a line.')] = None,
    questions: Annotated[
        Path | None, typer.Option(help="JSONL of questions: prompt or messages, check, and maybe id and topic.")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads; default every core.")] = None,
    run: Annotated[Path | None, typer.Option("--run", help="The job's folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Measure nats per token of plain text, and right answers: worse than the base is forgetting."""
    if run is not None:
        from crlft.probes import run_probe
        from crlft.worker import run_job

        finish(run_job(run, run_probe), as_json, "done")
        return
    if not models or (text is None and questions is None):
        raise typer.BadParameter(
            "give models with --text or --questions, or --run with a folder that holds request.json"
        )
    from crlft import probes

    data: dict[str, Any] = {}
    lines: list[str] = []
    if text is not None:
        plain = [probes.plain_text(model, text, threads=threads) for model in models]
        data["plain_text"] = [asdict(p) for p in plain]
        lines += [f"{p.model}: {p.nats_per_token:.4f} nats a token ({p.documents:,} documents)" for p in plain]
    if questions is not None:
        asked = [probes.questions(model, questions, threads=threads) for model in models]
        data["questions"] = [asdict(q) for q in asked]
        for q in asked:
            lines.append(f"{q.model}: {q.right:,} of {q.asked:,} questions right")
            lines += [f"  {name}: {right:,} of {n:,}" for name, (right, n) in sorted(q.topics.items()) if name]
    finish(data, as_json, "\n".join(lines))
