"""Import into the store, indexed and searchable, against `datasets` reading the file and writing Parquet.

The peer is a floor: it parses and writes, without ids, token counts, languages, text index or counts. Then the
same rows ten times over, with other ids, into one project: whether the pace holds as the store grows.
"""

from __future__ import annotations

import gzip
import itertools
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import datasets
import orjson

from crlft.formats.containers import open_rows
from tests.benchmarks.common import in_turns, versus
from workbench.services.browsing import search
from workbench.services.importing import import_files
from workbench.services.project import create_project

TIMES = 10


def run(data: Path, rounds: int) -> dict[str, Any]:
    """Return conversations a second, of wall and of processor time, growth and peak memory."""
    turn = itertools.count()
    rows = 0
    processor: list[float] = []
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:

        def ours() -> None:
            nonlocal rows
            project = create_project(Path(folder) / f"project-{next(turn)}")
            start = time.process_time()
            rows = import_files(project, [data], actor="bench").rows
            processor.append(time.process_time() - start)
            assert search(project, "the OR word1", limit=1).items or rows
            project.close()

        def peer() -> None:
            place = Path(folder) / f"cache-{next(turn)}"
            loaded = datasets.load_dataset("json", data_files=str(data), split="train", cache_dir=str(place))
            loaded.to_parquet(str(place / "out.parquet"))

        seconds = in_turns(ours, peer, rounds)
        grown = _grown(data, Path(folder))
    figures = versus("conversations", rows, *seconds, "datasets.load_dataset + to_parquet")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    own = {"ours_per_processor_second": round(rows / min(processor[1:] or processor), 1)}
    return {**figures, **own, **grown, "peak_mb": round(peak)}


def _grown(data: Path, folder: Path) -> dict[str, Any]:
    """Return the pace over ten times as many rows, and that of the last tenth."""
    many = folder / "many.jsonl.gz"
    with gzip.open(many, "wb", 1) as file:
        for time_over in range(TIMES):
            with open_rows(data) as source:
                for number, row in enumerate(source):
                    file.write(orjson.dumps({**row.value, "id": f"{time_over}-{number}"}) + b"\n")
    project = create_project(folder / "grown")
    marks = [(0, time.perf_counter())]
    import_files(project, [many], actor="bench", on_progress=lambda n, _: marks.append((n, time.perf_counter())))
    project.close()
    (last, end), (_, start) = marks[-1], marks[0]
    behind = next(mark for mark in marks if mark[0] >= 0.9 * last)
    tail = (last - behind[0]) / (end - behind[1]) if last > behind[0] else last / (end - start)
    return {"tenfold_per_second": round(last / (end - start), 1), "last_tenth_per_second": round(tail, 1)}
