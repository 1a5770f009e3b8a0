"""A worker in miniature and what tests of jobs need around it."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path
from threading import Event

import pytest

from workbench.jobs import job_status
from workbench.jobs.process import signal_group

# A worker in miniature: counts steps to a total, saves where it is, obeys stop requests, resumes.
WORKER = """
import json, os, signal, sys, time
from pathlib import Path
from crlft.runfolder import RunFolder, write_atomically
run, total, pace, deaf = RunFolder(Path(sys.argv[1])), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4] == "deaf"
saved = run.path / "saved"
step = int(saved.read_text()) if saved.exists() else 0
terminated = []
signal.signal(signal.SIGTERM, signal.SIG_IGN if deaf else lambda *_: terminated.append(1))
run.emit("start", attempt=1, step=step, total=total)
print("working", flush=True)
while step < total:
    time.sleep(pace)
    step += 1
    run.emit("step", step=step, total=total, loss=1 / step)
    write_atomically(saved, str(step))
    if terminated or (run.stop_requested() and not deaf):
        run.mark("stopped", step=step)
        sys.exit(0)
run.mark("done", metrics={"loss": 0.5})
"""


@pytest.fixture(autouse=True)
def own_devices(tmp_path, monkeypatch):
    """A queue of its own; whatever still runs at the end is killed."""
    monkeypatch.setenv("WORKBENCH_LOCK_DIR", str(tmp_path / "devices"))
    yield
    for job in tmp_path.glob("runs/*/job.json"):
        body = json.loads(job.read_text())
        if body.get("pid"):
            signal_group(body["pid"], body["started"], signal.SIGKILL)


def worker(steps: int, pace: float = 0.0, *, deaf: bool = False) -> list[str]:
    return [sys.executable, "-c", WORKER, "{run}", str(steps), str(pace), "deaf" if deaf else "obeys"]


def until(holds, seconds: float = 60.0):
    """Poll for something another process does."""
    end, pause = time.monotonic() + seconds, Event()
    while time.monotonic() < end:
        if value := holds():
            return value
        pause.wait(0.02)
    raise AssertionError("it did not happen")


def ended(folder: Path):
    return until(lambda: (job := job_status(folder)) and not job.live and job)
