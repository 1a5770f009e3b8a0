"""A project's search after one more hundredth has arrived, against its first search and one from nothing.

All three must find the same groups where they see the same conversations; the figures are processor seconds, and
seconds by the clock beside them. `exact` is the whole exact search of the project, from the stored hashes.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from tests.benchmarks.planted import read_pairs
from workbench.curate.dedupe import DuplicateResult
from workbench.services.duplicates import find_duplicates
from workbench.services.importing import import_files
from workbench.services.project import create_project

HUNDRED = 100


def run(data: Path, rounds: int) -> dict[str, Any]:
    """Return what each search took."""
    del rounds
    with tempfile.TemporaryDirectory() as folder:
        old, new = Path(folder) / "old.jsonl", Path(folder) / "new.jsonl"
        with old.open("wb") as most, new.open("wb") as rest:
            for i, (asked, answered) in enumerate(read_pairs(data)):
                row = orjson.dumps({"id": str(i), "prompt": asked, "completion": answered})
                (most if i % HUNDRED else rest).write(row + b"\n")
        project = create_project(Path(folder) / "project")
        import_files(project, [old], actor="bench")
        find_duplicates(project, query="tokens<200")
        cache = project.root / "cache"
        shutil.rmtree(cache)
        first, took_first = _timed(lambda: find_duplicates(project))
        import_files(project, [new], actor="bench")
        again, took_again = _timed(lambda: find_duplicates(project))
        same, took_same = _timed(lambda: find_duplicates(project))
        size = sum(f.stat().st_size for f in cache.rglob("*") if f.is_file())
        shutil.rmtree(cache)
        fresh, took_fresh = _timed(lambda: find_duplicates(project))
        exact, took_exact = _timed(lambda: find_duplicates(project, method="exact"))
        if not again.groups == same.groups == fresh.groups or again.pairs != fresh.pairs:
            raise AssertionError("the searches differ")
        return {
            "unit": "conversations",
            "n": fresh.considered,
            "new": fresh.considered - first.considered,
            "groups": len(fresh.groups),
            "first": took_first,
            "again_with_new": took_again,
            "again_without_new": took_same,
            "from_nothing": took_fresh,
            "ratio": round(took_fresh["processor_seconds"] / took_again["processor_seconds"], 2),
            "cache_kb_each": round(size / 1024 / fresh.considered, 2),
            "exact": took_exact,
            "exact_groups": len(exact.groups),
            "exact_per_processor_second": round(exact.considered / took_exact["processor_seconds"]),
        }


def _timed(search: Callable[[], DuplicateResult]) -> tuple[DuplicateResult, dict[str, float]]:
    began, processor = time.perf_counter(), time.process_time()
    found = search()
    took = {"seconds": time.perf_counter() - began, "processor_seconds": time.process_time() - processor}
    return found, {name: round(value, 2) for name, value in took.items()}
