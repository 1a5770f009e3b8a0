"""`crlft suggest`: a job that scores every conversation with a model that did not train on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crlft.terminal import finish


def suggest(
    run: Annotated[Path, typer.Option("--run", help="The job's folder; it holds request.json.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Score conversations from held-out folds, to judge their tags by; see `crlft.suggest`."""
    from crlft.suggest import run_suggest
    from crlft.worker import run_job

    finish(run_job(run, run_suggest), as_json, "done")
