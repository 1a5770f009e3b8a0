"""Four columns at the desk: seconds to the first token, where the models must be loaded and where they are."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from workbench.domain.comparison import Column
from workbench.services import desk, jobs
from workbench.services.project import create_project

CONDITIONS = ("GPT4 Correct", "GPT3 Correct", "Plain", "")


def run(data: Path, rounds: int) -> dict[str, Any]:
    """Return seconds from asking to the first token that a reader sees; `data` is not needed."""
    del data
    columns = [Column("offline", c, c or "none") for c in CONDITIONS]
    with tempfile.TemporaryDirectory() as folder:
        project = create_project(Path(folder) / "desk")
        cold = _first_token(project, columns, "What is 7 plus 4?")
        warm = [_first_token(project, columns, f"What is {n} plus 4?") for n in range(1, rounds + 3)]
        for job in jobs.all_jobs(project, desk.KIND):
            jobs.stop(project, job.id)
            jobs.wait_for(project, job.id)
        project.close()
    return {
        "unit": "seconds to the first token, 4 columns",
        "cold": round(cold, 3),
        "warm": round(statistics.median(warm), 3),
        "warm_slowest": round(max(warm), 3),
        "ratio": round(cold / statistics.median(warm), 1),
    }


def _first_token(project: Any, columns: list[Column], words: str) -> float:
    began = time.perf_counter()
    chats = [[{"role": "user", "content": words}]] * len(columns)
    ticket = desk.ask_chat(project, columns, chats, max_new_tokens=32)
    while not desk.read_reply(project, ticket).panes:
        time.sleep(0.005)
    seconds = time.perf_counter() - began
    desk.wait_for_reply(project, ticket)
    return seconds
