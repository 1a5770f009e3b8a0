"""The focus queue in Chromium on a project of any size: key to paint, decision to acknowledgement, a burst.

    python -m tests.benchmarks.queue_keys PROJECT [--keys 120] [--gap-ms 100]

Works on the project that is named, and undoes nothing: give it a copy. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import sync_playwright

from tests.benchmarks.common import machine
from workbench.services import browsing
from workbench.services.project import open_project
from workbench.ui.launch import free_port, streamlit_arguments
from workbench.ui.state import PROJECT_VARIABLE

_WATCH = """() => {
  window.figures = { paint: [], ack: [] };
  const sent = new Map();
  window.addEventListener("keydown", () => {
    const start = performance.now();
    requestAnimationFrame(() => setTimeout(() => window.figures.paint.push(performance.now() - start), 0));
  }, true);
  document.addEventListener("wb-decide", (e) => sent.set(e.detail.id, performance.now()), true);
  document.addEventListener("wb-outcomes", (e) => { for (const o of e.detail.outcomes)
    if (sent.has(o.id)) { window.figures.ack.push(performance.now() - sent.get(o.id)); sent.delete(o.id); } });
}"""


def _percentile(values: list[float], part: float) -> float:
    return round(sorted(values)[min(len(values) - 1, int(part * len(values)))], 1)


def _processor_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def measure(root: Path, keys: int, gap_ms: int) -> dict[str, Any]:
    """Press number keys and return what the browser saw."""
    port = free_port(8780)
    project = open_project(root)
    before = browsing.search(project, "class:none", limit=1).total
    process = subprocess.Popen(
        [sys.executable, "-m", *streamlit_arguments(port)],
        stdout=subprocess.DEVNULL,
        env={**os.environ, PROJECT_VARIABLE: str(root)},
    )
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        with sync_playwright() as playwright:
            chromium = os.environ.get("WORKBENCH_CHROMIUM") or shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1440, "height": 950})
            page.add_init_script(f"({_WATCH})()")  # before the queue's own listener, which ends an event's way
            page.goto(f"http://127.0.0.1:{port}/tag", timeout=120_000)
            page.locator(".focus .turn").first.wait_for(timeout=120_000)
            page.wait_for_timeout(3000)
            spent = _processor_seconds(process.pid)
            for _ in range(keys):
                page.keyboard.press("1")
                page.wait_for_timeout(gap_ms)
            page.get_by_text("All saved").wait_for(timeout=60_000)
            figures = page.evaluate("window.figures")
            spent = _processor_seconds(process.pid) - spent
            browser.close()
    finally:
        process.terminate()
        process.wait(timeout=30)
    after = browsing.search(project, "class:none", limit=1).total
    total = browsing.search(project, "", limit=1).total
    project.close()
    out: dict[str, Any] = {"conversations": total, "keys": keys, "gap_ms": gap_ms, "committed": before - after}
    out["server_processor_ms_each"] = round(1000 * spent / keys, 1)
    for name, values in figures.items():
        out[name] = {"n": len(values), "p50": _percentile(values, 0.5), "p95": _percentile(values, 0.95)}
    return out


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("--keys", type=int, default=120)
    parser.add_argument("--gap-ms", type=int, default=100)
    asked = parser.parse_args()
    found = measure(asked.project.resolve(), asked.keys, asked.gap_ms)
    sys.stdout.write(json.dumps({**found, **machine()}) + "\n")
