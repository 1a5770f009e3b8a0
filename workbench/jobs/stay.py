"""A worker that stays when its job is done and takes the next one: Python, torch and models are there already.

    python -m workbench.jobs.stay FOLDER

Every job it does is an ordinary one: it waits in line for the device, has a log and markers of its own, and is
stopped by its own request. While the worker waits for work it holds no device. It goes after `STAY_SECONDS`
without any, after a failure, when its offer is taken away, and, to free a GPU's memory, when another job wants it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crlft.errors import CrlftError
from crlft.runfolder import RunFolder
from crlft.runtime import settle
from workbench.jobs import device as devices
from workbench.jobs.handover import WARM, claim, claim_path, offer_for, put_offer
from workbench.jobs.process import start_lock

STAY_VARIABLE = "WORKBENCH_STAY_SECONDS"
"""Environment variable that says how long a worker stays without work; 0 lets it go at once."""
STAY_SECONDS = 300.0
LOOK_SECONDS = 0.03
"""Between two looks for a claim."""


def main() -> int:
    """Do the job whose folder is the first argument, and those that are handed over after it."""
    settle()
    folder, held = Path(sys.argv[1]), int(os.environ.get(devices.HELD_VARIABLE) or -1)
    stay_seconds = float(os.environ.get(STAY_VARIABLE) or STAY_SECONDS)
    work = _generating(folder)
    while True:
        try:
            work(folder)
        except CrlftError as error:
            sys.stderr.write(f"error: {error.message}\nremedy: {error.remedy}\n")
            return 1
        finally:
            if held >= 0:
                os.close(held)
        leave(folder)
        job = dict(RunFolder(folder).read_json("job.json") or {})
        taken = wait_for_work(folder.parent / WARM, job, stay_seconds) if stay_seconds > 0 else None
        if taken is None:
            return 0
        folder, held = taken


def _generating(folder: Path) -> Callable[[Path], object]:
    """Return what answers the prompts of a job's folder; models stay loaded between calls."""
    from crlft.generation import run_generation
    from crlft.models import pick_device
    from crlft.shelf import Shelf
    from crlft.worker import run_job

    request = RunFolder(folder).read_json("request.json") or {}
    shelf = Shelf(pick_device(str(request.get("device") or "auto")))
    return lambda job: run_job(job, lambda events: run_generation(events, shelf))


def leave(folder: Path) -> None:
    """Say that this process has left a job: whoever stops or resumes that job need not wait for the process."""
    with start_lock(folder):
        run = RunFolder(folder)
        job = dict(run.read_json("job.json") or {})
        if job.get("pid") == os.getpid():
            run.write_json("job.json", job | {"pid": None, "started": None, "phase": "ended"})


def wait_for_work(offers: Path, job: dict[str, Any], seconds: float) -> tuple[Path, int] | None:
    """Offer this process for work like `job`; return a job's folder and the file that holds the device, or None.

    Args:
        offers: The folder of offers.
        job: The job that it has done.
        seconds: How long to wait.
    """
    path = put_offer(offers, offer_for(job))
    try:
        until, look = time.monotonic() + seconds, 0.0
        while True:
            taken = _claimed(path)
            if taken is not None:
                path.unlink(missing_ok=True)
                claim_path(path).unlink(missing_ok=True)
                held = _take_up(taken)
                if held is not None:
                    return taken, held
                path = put_offer(offers, offer_for(job))
            now = time.monotonic()
            if now > look:
                look = now + 1.0
                if (now > until or not path.exists() or _in_the_way(str(job["device"]))) and _goes(path):
                    return None
            time.sleep(LOOK_SECONDS)
    finally:
        path.unlink(missing_ok=True)
        claim_path(path).unlink(missing_ok=True)


def _claimed(offer: Path) -> Path | None:
    try:
        return Path(claim_path(offer).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def _goes(offer: Path) -> bool:
    """Whether this process may go: nobody has claimed it, and now nobody can."""
    return not offer.exists() or claim(offer, "")


def _in_the_way(device: str) -> bool:
    """Whether another job wants the GPU whose memory this process holds; a CPU's memory is shared."""
    return device != "cpu" and (bool(devices.queue(device)) or devices.is_busy(device))


def _take_up(folder: Path) -> int | None:
    """Wait for the device in a job's name, writing to its log; None where it was stopped meanwhile."""
    run = RunFolder(folder)
    out = os.open(run.log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.close(out)
    job = dict(run.read_json("job.json") or {})
    held = devices.acquire(str(job["device"]), folder, run.stop_requested)
    if held is None:
        run.mark("stopped", step=0, reason="stopped while it waited for the device")
        leave(folder)
        return None
    now = datetime.now(UTC).isoformat(timespec="seconds")
    run.write_json("job.json", job | {"phase": "running", "running_since": now})
    sys.stderr.write(f"== start {job.get('attempt', 1)} at {now} by a worker that had stayed\n")
    sys.stderr.flush()
    return held


if __name__ == "__main__":
    raise SystemExit(main())
