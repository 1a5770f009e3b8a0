"""Sees that a stop request is obeyed, whoever asked for it and whether or not they stay.

    python -m workbench.jobs.stopper FOLDER GRACE_SECONDS

The worker has the grace to save and end; then it gets SIGTERM, which it takes as the same request; as long
again (at most `KILL_SECONDS`), and the whole group gets SIGKILL.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

from crlft.runfolder import RunFolder
from workbench.jobs.process import detach, is_alive, report_ready, signal_group, start_lock, sweep_group

KILL_SECONDS = 20.0
POLL_SECONDS = 0.1


def main() -> None:
    """See one job to its end."""
    folder, grace_seconds = RunFolder(Path(sys.argv[1])), float(sys.argv[2])
    report_ready(detach(folder.path / "stop.log"))
    see_to_its_end(folder, grace_seconds)


def see_to_its_end(folder: RunFolder, grace_seconds: float) -> None:
    """Wait, then signal, then kill; what was stopped by force is marked as such."""
    job = folder.read_json("job.json") or {}
    pid, started = job.get("pid"), job.get("started")
    if not isinstance(pid, int) or not isinstance(started, str):
        return
    if _gone_within(folder, pid, started, grace_seconds):
        return
    signal_group(pid, started, signal.SIGTERM)
    if _gone_within(folder, pid, started, min(max(grace_seconds, 2.0), KILL_SECONDS)):
        forced = "asked to end by SIGTERM"
    else:
        signal_group(pid, started, signal.SIGKILL)
        _gone_within(folder, pid, started, KILL_SECONDS)
        forced = "ended by SIGKILL"
    with start_lock(folder.path):
        if (folder.read_json("job.json") or {}).get("started") != started:
            return  # somebody has resumed it already: this end is history
        sweep_group(folder.path, pid)
        if folder.marker() is not None:
            return
        folder.mark("stopped", reason=f"{forced}; what was done since the last checkpoint is lost", forced=True)


def _gone_within(folder: RunFolder, pid: int, started: str, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while is_alive(pid, started):
        if (folder.read_json("job.json") or {}).get("pid") != pid:
            return True  # a worker that stays has left this job for others
        if not folder.stop_requested() and folder.marker() is None:
            folder.request_stop()  # a worker that was just starting cleared it away as an old one
        if time.monotonic() >= until:
            return False
        time.sleep(POLL_SECONDS)
    return True


if __name__ == "__main__":
    main()
