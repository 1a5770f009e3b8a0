"""`make bench`: each benchmark prints one line of JSON; the tables stand in docs/benchmarks.md.

    make bench                                     all, on made-up conversations
    make bench ARGS="import --data answers.jsonl.gz --rounds 5"
    make bench ARGS="latency --data answers.jsonl.gz --n 1000000 --browser /usr/bin/chromium"

Ours and the peer run in turns in one process; the figures are medians, and the ratio is what to quote.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from tests.benchmarks import (
    bench_clean,
    bench_compare,
    bench_desk,
    bench_duplicates,
    bench_duplicates_again,
    bench_generation,
    bench_import,
    bench_responsive,
    bench_scoring,
    bench_training,
    bench_watching,
    latency,
)
from tests.benchmarks.common import machine, made_up

BENCHES = {
    "import": bench_import.run,
    "clean": bench_clean.run,
    "duplicates": bench_duplicates.run,
    "duplicates-again": bench_duplicates_again.run,
    "generation": bench_generation.run,
    "scoring": bench_scoring.run,
    "desk": bench_desk.run,
    "compare": bench_compare.run,
    "training": bench_training.run,
    "watching": bench_watching.run,
    "responsive": bench_responsive.run,
}
MADE_UP = 8000
"""Conversations to work on where no file is named."""


def main() -> None:
    """Run the benchmarks that were named, or all."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join([*BENCHES, "latency"]))
    parser.add_argument("--data", type=Path, help=f"conversations to work on; default: {MADE_UP:,} made-up ones")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--times", type=int, default=1, help="duplicates: the file so many times over")
    parser.add_argument("--tools", default="", help="duplicates: only these, with commas")
    parser.add_argument("--n", type=int, default=50_000, help="conversations of the project that latency grows")
    parser.add_argument("--browser", default="", help="path of Chromium, for latency in a browser too")
    asked = parser.parse_args()
    benches = {**BENCHES, "latency": partial(latency.run, n=asked.n, browser=asked.browser)}
    unknown = [name for name in asked.names if name not in benches]
    if unknown:
        parser.error(f"no benchmark {unknown[0]!r}; there are {', '.join(benches)}")
    with tempfile.TemporaryDirectory() as folder:
        data = asked.data or made_up(Path(folder) / "made-up.jsonl", MADE_UP)
        for name in asked.names or benches:
            more = {"times": asked.times, "tools": asked.tools} if name == "duplicates" else {}
            result = benches[name](data, asked.rounds, **more)
            line = {"benchmark": name, "data": data.name, "rounds": asked.rounds, **result, **machine()}
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
