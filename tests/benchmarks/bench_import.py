"""Import into the store, indexed and searchable, against `datasets` reading the file and writing Parquet.

The peer is a floor: it parses and writes, without ids, token counts, languages, text index or counts. Each runs
in a process of its own. Then the same rows ten times over, with other ids, into one project: does the pace hold as
the store grows, and the memory?

    python -m tests.benchmarks.bench_import long DATA OUT.json[l] MEGABYTES   # long talks, for the memory
"""

from __future__ import annotations

import gzip
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import orjson

from crlft.formats.containers import open_rows

TIMES = 10
TALK_ROWS = 16
"""Rows that become one long talk."""


def run(data: Path, rounds: int) -> dict[str, Any]:
    """Return conversations a processor second, ours and the peer's, growth and peak memory."""
    pairs = [(once("ours", data), once("peer", data)) for _ in range(rounds)]
    ours, peer = (sorted((pair[which] for pair in pairs), key=_processor)[rounds // 2] for which in (0, 1))
    ratio = statistics.median(_processor(theirs) / _processor(own) for own, theirs in pairs)
    figures = {
        "unit": "conversations a processor second",
        "n": ours["rows"],
        "ours": _pace(ours),
        "peer_name": "datasets.load_dataset + to_parquet",
        "peer": _pace(peer),
        "ratio": round(ratio, 2),
        "ours_by_the_clock": round(ours["rows"] / ours["seconds"], 1),
        "peak_mb": ours["peak_mb"],
    }
    with tempfile.TemporaryDirectory() as folder:
        many = Path(folder) / "many.jsonl.gz"
        _ten_times_over(data, many)
        return {**figures, **_growth(once("ours", many))}


def once(kind: str, data: Path) -> dict[str, Any]:
    """Import once, or let the peer do it, in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.import_once", kind, str(data)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _processor(result: dict[str, Any]) -> float:
    return float(result["processor_seconds"])


def _pace(result: dict[str, Any]) -> float:
    return round(result["rows"] / _processor(result), 1)


def _growth(result: dict[str, Any]) -> dict[str, Any]:
    """Return the pace over ten times as many rows, that of each fifth of them, and the memory after each fifth."""
    paces, memory, before = [], [], (0, 0.0)
    for fifth in range(1, 6):
        rows, seconds, resident = next(m for m in result["marks"] if m[0] >= fifth / 5 * result["rows"])
        if rows == before[0]:  # few rows: one transaction spans several fifths
            continue
        paces.append(round((rows - before[0]) / (seconds - before[1]), 1))
        memory.append(resident)
        before = rows, seconds
    return {
        "tenfold": _pace(result),
        "tenfold_by_fifths": paces,
        "tenfold_mb_by_fifths": memory,
        "tenfold_peak_mb": result["peak_mb"],
    }


def _ten_times_over(data: Path, out: Path) -> None:
    with gzip.open(out, "wb", 1) as file:
        for time_over in range(TIMES):
            with open_rows(data) as source:
                for number, row in enumerate(source):
                    file.write(orjson.dumps({**row.value, "id": f"{time_over}-{number}"}) + b"\n")


def long_talks(data: Path, out: Path, size_bytes: int) -> None:
    """Write a file of long talks, made of an instruction list's rows; a JSON array unless its name ends in `l`."""
    lines = out.suffix == ".jsonl"
    written = 0
    with out.open("wb") as file:
        file.write(b"" if lines else b"[\n")
        for number in itertools.count():
            with open_rows(data) as source:
                rows = iter(source)
                while written < size_bytes and (part := list(itertools.islice(rows, TALK_ROWS))):
                    talk = [
                        {"from": speaker, "value": row.value[field]}
                        for row in part
                        for speaker, field in (("human", "instruction"), ("gpt", "output"))
                    ]
                    element = orjson.dumps({"id": f"{number}-{part[0].line}", "conversations": talk})
                    file.write((b"" if lines or not written else b",\n") + element + (b"\n" if lines else b""))
                    written += len(element)
            if written >= size_bytes:
                break
        file.write(b"" if lines else b"\n]\n")


if __name__ == "__main__":
    _, what, given, made, megabytes = sys.argv
    assert what == "long", what
    long_talks(Path(given), Path(made), int(megabytes) << 20)
