"""What being watched costs: one training run, looked at by five open tabs in every other stretch of time.

    WORKBENCH_CHROMIUM=/usr/bin/chromium make bench ARGS=watching

The tabs show the live page of the run, in a real browser on the same machine, so the browser is counted
too. All five are in view, as five windows side by side are: of five tabs in one window four are hidden, and a
hidden one asks and draws nothing. Stretches alternate within one run; tokens are counted from the run's events,
by the clock.
"""

from __future__ import annotations

import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import BrowserContext, sync_playwright

from crlft.runfolder import RunFolder
from workbench.services import training
from workbench.services.demo import make_demo
from workbench.services.project import open_project
from workbench.services.snapshots import make_snapshot

TABS = 5
STRETCH_SECONDS = 12.0
SETTLE_SECONDS = 6.0
"""Opening and closing tabs is no watching: these seconds of each stretch are not counted."""


def run(path: Path, rounds: int) -> dict[str, Any]:
    """Measure; `path` is not needed, the sample is trained on."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["WORKBENCH_LOCK_DIR"] = f"{folder}/devices"
        make_demo(Path(folder) / "project", actor="bench")
        project = open_project(Path(folder) / "project")
        make_snapshot(project, "bench", actor="bench")
        settings = {"steps": 100_000, "threads": 1, "sample_count": 0, "evaluate_every": 100_000, "device": "cpu"}
        request = training.TrainRequest("bench", overrides=settings)
        job = training.start_training(project, request, actor="bench")
        port = _free_port()
        command = [sys.executable, "-m", "workbench.cli", "--project", str(project.root), "app", "--no-open"]
        server = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL)
        try:
            events = RunFolder(project.runs / job.id)
            while not any(e["event"] == "step" for e in events.read_events()[0]):
                time.sleep(0.5)
            return _alternate(events, server, f"http://127.0.0.1:{port}/train?run={job.id}", rounds)
        finally:
            training.stop_run(project, job.id)
            training.wait_for(project, job.id)
            server.terminate()
            server.wait()
            project.close()


def _alternate(events: RunFolder, server: subprocess.Popen[bytes], address: str, rounds: int) -> dict[str, Any]:
    watched, alone, app_share, browser_share, in_view = [], [], [], [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("WORKBENCH_CHROMIUM"), args=["--no-sandbox", "--disable-gpu"]
        )
        for _ in range(rounds):
            alone.append(_pace(events))
            context = browser.new_context()
            in_view.append(_open(context, address))
            before, drawn = _cpu_seconds(server.pid), _browser_seconds()
            watched.append(_pace(events))
            app_share.append((_cpu_seconds(server.pid) - before) / (SETTLE_SECONDS + STRETCH_SECONDS))
            browser_share.append((_browser_seconds() - drawn) / (SETTLE_SECONDS + STRETCH_SECONDS))
            context.close()
        browser.close()
    ratios = [w / a for w, a in zip(watched, alone, strict=True)]
    return {
        "unit": "training tokens/s, by the clock",
        "n": rounds,
        "watched_by_five_tabs": round(statistics.median(watched)),
        "tabs_in_view": min(in_view),
        "alone": round(statistics.median(alone)),
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(r, 3) for r in ratios],
        "app_cores": round(statistics.median(app_share), 3),
        "browser_cores": round(statistics.median(browser_share), 3),
    }


def _open(context: BrowserContext, address: str) -> int:
    """Open the tabs; return how many of them are in view."""
    for _ in range(TABS):
        tab = context.new_page()
        tab.goto(address)
        tab.get_by_text("Tokens per second").first.wait_for(timeout=120_000)
    return sum(tab.evaluate("document.visibilityState") == "visible" for tab in context.pages)


def _pace(events: RunFolder) -> float:
    """Return the tokens a second of one stretch, its first seconds left out."""
    time.sleep(SETTLE_SECONDS)
    _, offset = events.read_events()
    began = time.perf_counter()
    time.sleep(STRETCH_SECONDS)
    seen, _ = events.read_events(offset)
    return float(sum(e["tokens"] for e in seen if e["event"] == "step") / (time.perf_counter() - began))


def _cpu_seconds(pid: int) -> float:
    total = 0.0
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):  # a helper of the browser's has just ended
            total += process.cpu_times().user + process.cpu_times().system
    return total


def _browser_seconds() -> float:
    """Return the processor seconds of the browsers that this process has started."""
    drivers = [p for p in psutil.Process().children() if "playwright" in " ".join(p.cmdline())]
    return sum(_cpu_seconds(p.pid) for p in drivers)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
