"""`make bench`: each benchmark prints one line of JSON; the tables stand in docs/benchmarks.md.

    make bench                                     all, on the sample data
    make bench ARGS="import --data answers.jsonl.gz --rounds 5"

Ours and the peer run in turns in one process; the figures are medians, and the ratio is what to quote.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from tests.benchmarks import bench_duplicates, bench_generation, bench_import
from tests.benchmarks.common import machine

BENCHES = {"import": bench_import.run, "duplicates": bench_duplicates.run, "generation": bench_generation.run}
SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"


def main() -> None:
    """Run the benchmarks that were named, or all."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--data", type=Path, default=SAMPLE / "sharegpt.json", help="conversations to work on")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    unknown = [name for name in asked.names if name not in BENCHES]
    if unknown:
        parser.error(f"no benchmark {unknown[0]!r}; there are {', '.join(BENCHES)}")
    for name in asked.names or BENCHES:
        result = BENCHES[name](asked.data, asked.rounds)
        line = {"benchmark": name, "data": asked.data.name, "rounds": asked.rounds, **result, **machine()}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
