"""Becomes a job's worker: detach, write down who we are, wait for the device, then `exec` the command.

    python -m workbench.jobs.launcher FOLDER

`job.json` in the folder says what to run. This process is its only writer from here on; the pid it notes stays
the worker's pid, because `exec` replaces the program and not the process.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from crlft.runfolder import RunFolder
from workbench.jobs import device as devices
from workbench.jobs.process import detach, identity, report_ready

NICENESS = 2
"""Workers yield to the app: a curator never waits for a training step."""


def main() -> None:
    """Start the job whose folder is the first argument; returns only in case of failure."""
    folder = RunFolder(Path(sys.argv[1]))
    announce = detach(folder.log_path)
    try:
        _become_worker(folder, announce)
    except Exception as error:
        folder.mark(
            "failed",
            kind="error",
            error=f"the job could not be started: {error}",
            remedy="look at the log's end, correct it and resume",
        )
        raise


def _become_worker(folder: RunFolder, announce: int) -> None:
    job = dict(folder.read_json("job.json") or {})
    pid = os.getpid()
    job |= {"pid": pid, "started": identity(pid), "phase": "queued"}
    folder.write_json("job.json", job)
    report_ready(announce)

    held = devices.acquire(str(job["device"]), folder.path, folder.stop_requested)
    if held is None:
        folder.mark("stopped", step=0, reason="stopped while it waited for the device")
        return
    now = datetime.now(UTC).isoformat(timespec="seconds")
    folder.write_json("job.json", job | {"phase": "running", "running_since": now})
    sys.stderr.write(f"== start {job['attempt']} at {now}\n")
    sys.stderr.flush()
    command = [str(part) for part in job["command"]]
    os.nice(NICENESS)
    os.environ[devices.HELD_VARIABLE] = str(held)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
