"""What a reader of the app feels while somebody imports: a page drawn again and again, the import beside it.

    make bench ARGS="responsive --data FILE"

Three ways in turns, each on a project of its own: nothing beside it; the import in a thread of the app's process,
as it once was; the import as a job. The page is Browse on the sample, drawn whole in this process, no browser.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from workbench.services import importing, jobs, work
from workbench.services.demo import make_demo
from workbench.services.project import Project, open_project
from workbench.ui import state
from workbench.ui.launch import APP_FILE

MOST_SECONDS, DRAWN_ALONE = 20.0, 20


def run(path: Path, rounds: int) -> dict[str, Any]:
    """Measure the page's milliseconds beside nothing, a thread and a job."""
    ways: dict[str, Callable[[Project, Path], Callable[[], bool]]] = {
        "alone": _nothing,
        "thread": _thread,
        "job": _job,
    }
    drawn: dict[str, list[float]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["WORKBENCH_LOCK_DIR"] = f"{folder}/devices"
        for number in range(rounds):
            for name, begin in ways.items():
                root = Path(folder) / f"{name}-{number}"
                make_demo(root, actor="bench")
                drawn[name] += _draw(root, path, begin)
    middle = {name: statistics.median(values) for name, values in drawn.items()}
    late = {name: statistics.quantiles(values, n=20)[-1] for name, values in drawn.items()}
    return {
        "unit": "ms to draw Browse",
        "p50": {name: round(1000 * v) for name, v in middle.items()},
        "p95": {name: round(1000 * v) for name, v in late.items()},
        "drawn": {name: len(v) for name, v in drawn.items()},
        "ratio": round(middle["job"] / middle["thread"], 2),
    }


def _draw(root: Path, path: Path, begin: Callable[[Project, Path], Callable[[], bool]]) -> list[float]:
    os.environ[state.PROJECT_VARIABLE] = str(root)
    app = AppTest.from_file(str(APP_FILE), default_timeout=60)
    app.run()
    app.switch_page("../pages/browse.py").run()
    project, seconds = open_project(root), []
    ended = begin(project, path)
    until = time.monotonic() + MOST_SECONDS
    while time.monotonic() < until and not ended():
        before = time.perf_counter()
        app.run()
        seconds.append(time.perf_counter() - before)
    while not ended():
        time.sleep(0.2)
    project.close()
    return seconds


def _nothing(project: Project, path: Path) -> Callable[[], bool]:
    drawn = iter(range(DRAWN_ALONE))
    return lambda: next(drawn, None) is None


def _thread(project: Project, path: Path) -> Callable[[], bool]:
    thread = threading.Thread(target=importing.import_files, args=(project, [path]), kwargs={"actor": "bench"})
    thread.start()
    return lambda: not thread.is_alive()


def _job(project: Project, path: Path) -> Callable[[], bool]:
    job = work.start(project, "import", {"paths": [str(path)]}, actor="bench", title="import")
    return lambda: not jobs.get_job(project, job.id).live
