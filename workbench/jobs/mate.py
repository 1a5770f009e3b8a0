"""One of the processes of a run in several: `crlft`, but it ends with the process that started it.

    torchrun --nproc-per-node 2 -m workbench.jobs.mate train --run DIR

torchrun gives each of its processes a session of its own, so a signal to the job's group does not reach them, and
a torchrun that is killed would leave them training for nobody. On Linux the kernel ends them with it.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Ask the kernel to kill this process when its parent ends; elsewhere than on Linux `sweep_group` does."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended between the two calls
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    end_with_parent()
    sys.argv[0] = "crlft"
    runpy.run_module("crlft", run_name="__main__")
