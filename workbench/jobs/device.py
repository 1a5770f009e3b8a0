"""One device, one job: a lock that the kernel gives back, and a queue that is a folder of tickets.

The lock is an `flock` held on an open file that the worker inherits through `exec`: however the worker dies, the
kernel closes the file and the device is free. Whoever waits has a ticket; the oldest ticket of a living process
goes next. Both lie in a folder of the user's, so jobs of different projects queue for the same device.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from crlft.runfolder import write_atomically
from workbench.jobs.process import identity, is_alive

LOCK_DIR_VARIABLE = "WORKBENCH_LOCK_DIR"
HELD_VARIABLE = "WORKBENCH_DEVICE_FILE"
"""Environment variable that tells a worker which of its open files holds its device."""
POLL_SECONDS = 0.2
_FIRST_GPU = Path("/dev/nvidia0")


def lock_dir() -> Path:
    """Return the folder of device locks: `$WORKBENCH_LOCK_DIR`, else one in the user's cache."""
    chosen = os.environ.get(LOCK_DIR_VARIABLE)
    if chosen:
        return Path(chosen)
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "crlft-workbench" / "devices"


def default_device() -> str:
    """Return the device that a worker left to itself takes: the first GPU where there is one."""
    return "cuda:0" if _FIRST_GPU.exists() else "cpu"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in the queue.

    Attributes:
        path: The ticket's file; its name sorts by time of arrival.
        pid: The waiting process.
        started: Its identity.
        folder: The job's folder.
        rank: Lower goes first; equal ones as they came.
    """

    path: Path
    pid: int
    started: str
    folder: str
    rank: float = 0.0


def queue(device: str) -> list[Ticket]:
    """Return the tickets of living processes, next first; tickets of dead ones are thrown away."""
    waiting = []
    for path in sorted(_queue_dir(device).glob("*.json")):
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
            rank = float(_rank_file(path).read_text(encoding="ascii")) if _rank_file(path).exists() else 0.0
            ticket = Ticket(path, int(body["pid"]), str(body["started"]), str(body["folder"]), rank)
        except FileNotFoundError:
            continue  # taken out between listing and reading
        except (ValueError, KeyError, TypeError):
            _throw_away(path)
            continue
        if is_alive(ticket.pid, ticket.started):
            waiting.append(ticket)
        else:
            _throw_away(path)
    return sorted(waiting, key=lambda t: (t.rank, t.path.name))


def go_first(device: str, folder: Path) -> bool:
    """Let a waiting job go before all that wait for the device; False where it does not wait."""
    line = queue(device)
    own = next((t for t in line if t.folder == str(folder)), None)
    if own is None:
        return False
    write_atomically(_rank_file(own.path), f"{line[0].rank - 1:g}\n")
    return True


def acquire(device: str, folder: Path, should_stop: Callable[[], bool]) -> int | None:
    """Wait in line for a device.

    Args:
        device: Such as `cpu` or `cuda:0`.
        folder: The job's folder, for those who look at the queue.
        should_stop: Asked while waiting; True gives up.

    Returns:
        The open file that holds the device, inherited by programs this process turns into; None if it gave up.
    """
    pid = os.getpid()
    places = _queue_dir(device)
    places.mkdir(parents=True, exist_ok=True, mode=0o700)
    ticket = places / f"{time.time_ns():020d}-{pid}.json"
    body = {"pid": pid, "started": identity(pid), "folder": str(folder)}
    write_atomically(ticket, json.dumps(body) + "\n")
    file = os.open(places.parent / f"{_slug(device)}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not should_stop():
            line = queue(device)
            if line and line[0].path == ticket and _try_lock(file):
                os.set_inheritable(file, True)
                return file
            time.sleep(POLL_SECONDS)
    finally:
        _throw_away(ticket)
    os.close(file)
    return None


def is_busy(device: str) -> bool:
    """Whether a living process holds the device."""
    path = lock_dir() / f"{_slug(device)}.lock"
    if not path.exists():
        return False
    file = os.open(path, os.O_RDWR)
    try:
        return not _try_lock(file)
    finally:
        os.close(file)


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _rank_file(ticket: Path) -> Path:
    return ticket.with_suffix(".rank")


def _throw_away(ticket: Path) -> None:
    ticket.unlink(missing_ok=True)
    _rank_file(ticket).unlink(missing_ok=True)


def _queue_dir(device: str) -> Path:
    return lock_dir() / f"{_slug(device)}.queue"


def _slug(device: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", device).strip("-") or "device"
