"""One import in a process of its own: `python -m tests.benchmarks.import_once ours|peer FILE`.

Prints one line of JSON: rows, seconds by the clock and of the processor, the resident memory at its highest, and
for ours how far it was after each transaction: rows, processor seconds, resident memory in MB.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil


def main() -> None:
    """Import a file once and say how it went."""
    kind, name = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        result = {"ours": ours, "peer": peer}[kind](Path(name), Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    sys.stdout.write(json.dumps({**result, "peak_mb": round(peak)}) + "\n")


def ours(data: Path, folder: Path) -> dict[str, Any]:
    """Import into a new project."""
    from workbench.services.browsing import search
    from workbench.services.importing import import_files
    from workbench.services.project import create_project

    process = psutil.Process()
    project = create_project(folder / "project")
    marks: list[tuple[int, float, int]] = []
    wall, processor = time.perf_counter(), time.process_time()

    def mark(rows: int, _: int | None) -> None:
        marks.append((rows, round(time.process_time() - processor, 3), process.memory_info().rss >> 20))

    report = import_files(project, [data], actor="bench", on_progress=mark)
    figures = {
        "rows": report.rows,
        "conversations": report.conversations,
        "seconds": time.perf_counter() - wall,
        "processor_seconds": time.process_time() - processor,
        "marks": marks,
    }
    assert search(project, "the", limit=1).items or search(project, "word1", limit=1).items
    project.close()
    return figures


def peer(data: Path, folder: Path) -> dict[str, Any]:
    """Read the file with `datasets` and write it as Parquet."""
    import datasets

    datasets.disable_progress_bars()
    wall, processor = time.perf_counter(), time.process_time()
    loaded = datasets.load_dataset("json", data_files=str(data), split="train", cache_dir=str(folder))
    loaded.to_parquet(str(folder / "out.parquet"))
    return {
        "rows": len(loaded),
        "seconds": time.perf_counter() - wall,
        "processor_seconds": time.process_time() - processor,
    }


if __name__ == "__main__":
    main()
