"""`crlft desk`: a job that keeps models loaded and answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crlft.terminal import finish


def desk(
    run: Annotated[Path, typer.Option("--run", help="The job's folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Keep models loaded and answer chats until nobody asks; see `crlft.desk`."""
    from crlft.desk import run_desk
    from crlft.worker import run_job

    finish(run_job(run, run_desk), as_json, "done")
