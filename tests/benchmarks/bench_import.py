"""Import into the store, indexed and searchable, against `datasets` reading the file and writing Parquet.

The peer is a floor: it parses and writes, without ids, token counts, languages, text index or counts.
"""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

import datasets

from tests.benchmarks.common import in_turns, versus
from workbench.services.importing import import_files
from workbench.services.project import create_project


def run(data: Path, rounds: int) -> dict[str, Any]:
    """Return conversations a second."""
    turn = itertools.count()
    rows = 0
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:

        def ours() -> None:
            nonlocal rows
            project = create_project(Path(folder) / f"project-{next(turn)}")
            rows = import_files(project, [data], actor="bench").rows
            project.close()

        def peer() -> None:
            place = Path(folder) / f"cache-{next(turn)}"
            loaded = datasets.load_dataset("json", data_files=str(data), split="train", cache_dir=str(place))
            loaded.to_parquet(str(place / "out.parquet"))

        seconds = in_turns(ours, peer, rounds)
    return versus("conversations", rows, *seconds, "datasets.load_dataset + to_parquet")
