"""The process of a job on the project's own data.

    python -m workbench.services.worker FOLDER

The folder lies in the project's `runs/`, so a project that was moved finds itself. Stop leaves whole what was
committed; starting the same folder again does the rest, or all of it again where nothing was kept.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from crlft.events import Events
from crlft.failure import explain
from crlft.runfolder import RunFolder
from workbench.domain.errors import ProjectError
from workbench.services.project import Project, open_project
from workbench.services.work import REQUEST, known_kind
from workbench.services.workkinds import StopAsked, Watch

EVENT_SECONDS = 0.3
"""Progress is written down no more often than that."""


class _Progress:
    """Writes progress into the event log, seldom enough to cost nothing."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._last = 0.0

    def __call__(self, done: int, total: int | None) -> None:
        now = time.monotonic()
        if now - self._last >= EVENT_SECONDS or (total is not None and done >= total):
            self._last = now
            self._events.emit("progress", done=done, total=total)


def run(folder: RunFolder) -> int:
    """Do what the folder asks for and mark how it ended; return the exit code."""
    folder.clear_markers()
    events = Events(folder)
    began = time.monotonic()
    with events.catching_sigterm():
        try:
            folder.keep_room()
            items = _work(folder, events)
        except StopAsked as asked:
            folder.mark("stopped", step=asked.done)
            return 0
        except Exception as error:  # noqa: BLE001 - the job's boundary: its folder says what happened
            failure = explain(error, folder.path)
            if failure.kind == "error":
                sys.excepthook(type(error), error, error.__traceback__)
            folder.mark("failed", error=failure.error, remedy=failure.remedy, kind=failure.kind)
            return 1
    folder.mark("done", metrics={"items": items, "seconds": round(time.monotonic() - began, 2)})
    return 0


def _work(folder: RunFolder, events: Events) -> int:
    job, request = folder.read_json("job.json") or {}, folder.read_json(REQUEST)
    if request is None:
        raise ProjectError(f"{folder.path} holds no {REQUEST}", "start the work anew from its page")
    kind = known_kind(str(job.get("kind")))
    project = _project_of(folder)
    progress = _Progress(events)
    watch = Watch(progress, events.stop_wanted, job_id=folder.path.name, folder=folder.path)
    events.emit("start")
    made: Any = kind.perform(project, request, watch)
    kind.save(made, folder)
    project.close()
    if getattr(made, "stopped", False):  # what was stored stays, and the result says so
        raise StopAsked(watch.done)
    return watch.done


def _project_of(folder: RunFolder) -> Project:
    return open_project(folder.path.resolve().parents[1])


if __name__ == "__main__":
    raise SystemExit(run(RunFolder(Path(sys.argv[1]))))
