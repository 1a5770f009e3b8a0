"""Near-duplicates, file to groups, against other tools, on a file whose near-duplicates are known (`planted`).

Each tool runs in a process of its own, in turns with the others; what another environment holds (`--peers`, by
default `.venv-peers`, see peers.txt) is run there. A peer that cannot run says why. `exact` is the exact search
of texts in memory, on one thread.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.planted import Truth, judged, read_pairs, write_planted
from workbench.curate.dedupe import Document, find_exact, in_blocks

SCRIPT = Path(__file__).with_name("duplicates_peers.py")
ROOT = SCRIPT.parents[2]
PEERS = ROOT / ".venv-peers" / "bin" / "python"
OURS = ("ours", "ours-one-thread")
OTHERS = ("rensa", "datasketch", "text-dedup", "semhash")
GOOD = 0.95
"""Recall and precision from which a peer counts."""


def run(data: Path, rounds: int, *, times: int = 1, peers: Path = PEERS, tools: str = "") -> dict[str, Any]:
    """Return what each tool took and found.

    Args:
        data: The conversations.
        rounds: Turns of each tool.
        times: How often the conversations stand in the file, in other words each time.
        peers: The interpreter that has the peers; without it only those in this environment run.
        tools: Names to run, with commas; empty is all.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "planted.jsonl"
        truth = write_planted(data, file, times)
        return measure(file, truth, rounds, peers=peers, tools=tools)


def measure(file: Path, truth: Truth, rounds: int, *, peers: Path = PEERS, tools: str = "") -> dict[str, Any]:
    """Return what each tool took on a planted file."""
    with file.open("rb") as lines:
        n = sum(1 for _ in lines)
    wanted = [t for t in (*OURS, *OTHERS) if not tools or t in tools.split(",")]
    turns: dict[str, list[dict[str, Any]]] = {tool: [] for tool in wanted}
    failed: dict[str, str] = {}
    for _ in range(rounds):
        for tool in wanted:
            if tool not in failed:
                _turn(tool, file, peers, turns, failed)
    table = {tool: _figures(found, truth, n) for tool, found in turns.items() if found}
    line = {"unit": "conversations", "n": n, "planted": len(truth), "tools": table, "could_not_run": failed}
    return line | _ratios(table) | {"exact_per_second": _exact(file)}


def _turn(
    tool: str, file: Path, peers: Path, turns: dict[str, list[dict[str, Any]]], failed: dict[str, str]
) -> None:
    out = file.with_name("out.json")
    python = str(peers) if tool in OTHERS and peers.exists() else sys.executable
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [python, str(SCRIPT), tool, str(file), str(out)], env=environment, capture_output=True, text=True
    )
    if done.returncode:
        failed[tool] = (done.stderr.strip().splitlines() or ["ended without a word"])[-1][:200]
        return
    found = json.loads(out.read_text())
    turns[tool].append(found)
    sys.stderr.write(f"{tool}: {found['seconds']:.2f} s, {found['processor_seconds']:.2f} processor s\n")


def _figures(found: list[dict[str, Any]], truth: Truth, n: int) -> dict[str, Any]:
    seconds = statistics.median(f["seconds"] for f in found)
    processor = statistics.median(f["processor_seconds"] for f in found)
    return {
        "version": found[0]["version"],
        "seconds": round(seconds, 2),
        "per_second": round(n / seconds),
        "processor_seconds": round(processor, 2),
        "per_processor_second": round(n / processor),
        "grown_kb_each": round(found[0]["grown_kb"] / n, 2),
        **judged(found[0]["groups"], truth),
    }


def _ratios(table: dict[str, Any]) -> dict[str, Any]:
    """Return ours against the fastest peer that finds enough and little else."""
    good = [t for t, f in table.items() if t in OTHERS and min(f["recall"], f["precision"]) >= GOOD]
    if not good or any(tool not in table for tool in OURS):
        return {}
    best = min(good, key=lambda tool: table[tool]["processor_seconds"])
    peer, own, alone = table[best], table["ours"], table["ours-one-thread"]
    return {
        "fastest_good_peer": best,
        "ratio": round(peer["seconds"] / own["seconds"], 2),
        "ratio_one_thread": round(peer["seconds"] / alone["seconds"], 2),
        "ratio_processor": round(peer["processor_seconds"] / alone["processor_seconds"], 2),
    }


def _exact(file: Path) -> int:
    blocks = list(in_blocks(Document(i, pair) for i, pair in enumerate(read_pairs(file))))
    find_exact(blocks[:1])
    began = time.process_time()
    found = find_exact(blocks)
    return round(found.considered / (time.process_time() - began))
