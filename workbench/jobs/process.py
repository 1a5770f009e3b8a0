"""Which process is whose: identities that survive PID reuse, group signals, detached starts.

A process id alone says nothing: after a reboot, or enough forks, the number belongs to somebody else. So a job
records its pid *and* when that process started, in a form that a change of the clock cannot shift.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

import crlft

JOB_VARIABLE = "WORKBENCH_JOB"
"""Environment variable that holds the job's folder in every process of a job."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def identity(pid: int) -> str | None:
    """Return what tells this process from any other that ever bore the number; None where none lives.

    On Linux it is the boot's id with the start time in clock ticks since boot: setting the clock does not move
    it, as it does move `psutil.Process.create_time`, the fallback elsewhere. A zombie does not live.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        if _BOOT_ID.exists():
            # The command's name stands in brackets and may hold spaces; field 22 counts from behind them.
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
            return f"{_BOOT_ID.read_text(encoding='ascii').strip()}:{fields.split()[19]}"
        return f"{process.create_time():.2f}"
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return None
    except psutil.AccessDenied:
        return "another user's"


def is_alive(pid: int | None, started: str | None) -> bool:
    """Whether the process that was given this number and identity still lives."""
    return pid is not None and started is not None and identity(pid) == started


def signal_group(pid: int, started: str, number: signal.Signals) -> bool:
    """Send a signal to a job's whole process group; False where its leader is gone."""
    if not is_alive(pid, started):
        return False
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return False
    return True


def sweep_group(folder: Path, pid: int) -> int:
    """Kill what a dead leader left behind, in its group or in sessions of their own; return how many.

    The processes are recognised by `JOB_VARIABLE`: torchrun gives each of its workers a session of its own.
    """
    swept = 0
    for process in psutil.process_iter():
        try:
            if process.pid != pid and process.environ().get(JOB_VARIABLE) == str(folder):
                process.kill()
                swept += 1
        except (psutil.Error, ProcessLookupError):
            continue
    return swept


APP_MEMORY = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(4 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(32 << 20),
}
"""How the app's C library keeps what was freed; workers have its usual way.

Each click runs in a thread, and a thread has an arena of its own that keeps what a run left free: at a million
conversations with the map open the app held 640 to 690 MB, and 595 so, at the same pace.
"""


def worker_environment(folder: Path, *, offline: bool, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a job's worker.

    Args:
        folder: The job's folder.
        offline: True where every model is a local folder, so that no hub is asked and none is waited for.
        extra: More variables, which win.
    """
    environment = {name: value for name, value in os.environ.items() if name not in APP_MEMORY}
    # Output appears in the log as it is written; a module in the current folder cannot shadow an installed one.
    environment |= {"PYTHONUNBUFFERED": "1", "PYTHONSAFEPATH": "1", JOB_VARIABLE: str(folder)}
    environment |= {"HF_HUB_DISABLE_TELEMETRY": "1", "TOKENIZERS_PARALLELISM": "false"}
    if offline:
        environment |= {"HF_HUB_OFFLINE": "1"}
    packages = str(Path(crlft.__file__).parents[1])
    known = environment.get("PYTHONPATH", "")
    environment["PYTHONPATH"] = f"{packages}{os.pathsep}{known}" if known else packages
    return environment | dict(extra or {})


def run_detaching(module: str, arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run a module that detaches itself (see `detach`) and wait until it has; return its complaint or ''."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    return "" if done.returncode == 0 else (done.stderr.strip() or f"exit code {done.returncode}")


def detach(log: Path) -> int:
    """Fork; the child leads its own session and writes to `log`.

    Returns:
        In the child: the end of a pipe for `report_ready`. The parent does not return: it waits for that and
        exits, so that nobody is left who would have to collect the child.
    """
    ready, announce = os.pipe()
    if os.fork() > 0:
        os.close(announce)
        os._exit(0 if os.read(ready, 1) else 1)
    os.close(ready)
    os.setsid()
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.close(out)
    return announce


def report_ready(announce: int) -> None:
    """Let the parent that waits in `detach` go."""
    os.write(announce, b"1")
    os.close(announce)


@contextmanager
def start_lock(folder: Path) -> Iterator[None]:
    """Hold a job's start lock: of two who start, resume or mark it, the second sees what the first did."""
    file = os.open(folder / ".start.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)
