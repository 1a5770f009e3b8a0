"""A comparison of 64 prompts: seconds to the first words in the grid, by a new worker and by one that stayed."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from workbench.services import comparing, jobs
from workbench.services.project import Project, create_project

PROMPTS = 64


def run(data: Path, rounds: int) -> dict[str, Any]:
    """Return seconds from the click to the first words in the grid; `data` is not needed."""
    del data
    os.environ["WORKBENCH_STAY_SECONDS"] = "60"
    with tempfile.TemporaryDirectory() as folder:
        project = create_project(Path(folder) / "compare")
        cold, _ = _first_word(project, 0)
        warm = [_first_word(project, n) for n in range(1, rounds + 3)]
        for path in (jobs.runs_dir(project) / ".warm").glob("*.json"):
            path.unlink()  # the worker goes when its offer is taken away
        project.close()
    median = statistics.median(seconds for seconds, _ in warm)
    return {
        "unit": f"seconds to the first words, {PROMPTS} prompts, offline base",
        "cold": round(cold, 3),
        "warm": round(median, 3),
        "warm_slowest": round(max(seconds for seconds, _ in warm), 3),
        "warm_whole": round(statistics.median(whole for _, whole in warm), 3),
        "ratio": round(cold / median, 1),
    }


def _first_word(project: Project, turn: int) -> tuple[float, float]:
    """Return the seconds to the first words and to the last."""
    lines = "\n".join(f"What is {i} plus {turn}?" for i in range(PROMPTS))
    prompts = comparing.parse_prompts(lines)
    began = time.perf_counter()
    made = comparing.start_comparison(
        project, runs=[], include_base=True, conditions=None, prompts=prompts, sampling={}, actor="benchmark"
    )
    while True:
        grid = comparing.comparison_grid(project, made.id)
        if comparing.writing(project, grid) or grid.answered:
            break
        time.sleep(0.01)
    first = time.perf_counter() - began
    comparing.wait_for_comparison(project, made.id)
    whole = time.perf_counter() - began
    while not list((jobs.runs_dir(project) / ".warm").glob("*.json")):
        time.sleep(0.02)  # until the worker offers itself again
    return first, whole
