"""`crlft probe`: what a model still knows of plain text."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from crlft.terminal import finish


def probe(
    models: Annotated[list[str] | None, typer.Argument(help="Model folders or hub names.")] = None,
    text: Annotated[Path | None, typer.Option(help='JSONL of general text, {"text": …} a line.')] = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads; default every core.")] = None,
    run: Annotated[Path | None, typer.Option("--run", help="The job's folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Measure nats per token of plain text: a rise against the base is forgetting."""
    if run is not None:
        from crlft.probes import run_probe
        from crlft.worker import run_job

        finish(run_job(run, run_probe), as_json, "done")
        return
    if not models or text is None:
        raise typer.BadParameter("give models and --text, or --run with a folder that holds request.json")
    from crlft.probes import plain_text

    found = [plain_text(model, text, threads=threads) for model in models]
    lines = [f"{p.model}: {p.nats_per_token:.4f} nats a token ({p.documents:,} documents)" for p in found]
    finish({"plain_text": [asdict(p) for p in found]}, as_json, "\n".join(lines))
