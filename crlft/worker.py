"""The boundary of generation and embedding jobs: markers, SIGTERM, failures in words."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crlft.errors import CrlftError
from crlft.events import Events
from crlft.failure import explain
from crlft.runfolder import RunFolder


def run_job(folder: Path, work: Callable[[Events], int]) -> dict[str, Any]:
    """Carry out a job in its folder and mark how it ended.

    Args:
        folder: The job's folder.
        work: Does the work, returns how many items are done.

    Returns:
        `run`, `status` (`done` or `stopped`) and `items`.

    Raises:
        CrlftError: The job failed; its folder says so too.
    """
    if not folder.is_dir():
        raise CrlftError(f"{folder}: no such folder", "name a job's folder that holds request.json")
    run = RunFolder(folder)
    run.clear_markers()
    events = Events(run)
    with events.catching_sigterm():
        try:
            run.keep_room()
            items = work(events)
        except Exception as error:
            failure = explain(error, folder)
            if failure.kind == "error":
                sys.excepthook(type(error), error, error.__traceback__)
            run.mark("failed", error=failure.error, remedy=failure.remedy, kind=failure.kind)
            raise CrlftError(failure.error, failure.remedy) from error
    if events.stop_wanted():
        run.mark("stopped", step=items)
        return {"run": str(folder), "status": "stopped", "items": items}
    run.mark("done", metrics={"items": items})
    return {"run": str(folder), "status": "done", "items": items}
