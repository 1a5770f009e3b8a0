"""Killed at any moment: no process is left behind, no state is wrong, wherever a run's processes stand."""

import os
import random
import signal
import sys

import psutil
import pytest

from crlft.runfolder import RunFolder
from tests.unit.job_world import WORKER, ended, own_devices, until, worker
from workbench.jobs import device as devices
from workbench.jobs import job_status, resume_job, start_job, stop_job

__all__ = ["own_devices"]  # a fixture of every test here

# A leader with a worker in a session of its own, as torchrun has them; `mate` or not says whether it ends with it.
LEADER = """
import subprocess, sys
how, script = sys.argv[2], sys.argv[1]
bind = "from workbench.jobs.mate import end_with_parent; end_with_parent();" if how == "mate" else ""
subprocess.Popen([sys.executable, "-c", bind + "exec(__import__('sys').argv.pop(1))", script, *sys.argv[3:]],
                 start_new_session=True).wait()
"""


def _leader(tmp_path, how):
    command = [sys.executable, "-c", LEADER, WORKER, how, "{run}", "100000", "0.02", "obeys"]
    folder = tmp_path / "runs" / start_job(tmp_path / "runs", "train", command)
    job = until(lambda: (job := job_status(folder)).step >= 1 and job)
    (inner,) = psutil.Process(job.pid).children()
    assert os.getsid(inner.pid) != job.pid
    return folder, job, inner


def gone(process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_processes_of_a_run_in_several_end_with_their_leader(tmp_path):
    folder, job, inner = _leader(tmp_path, "mate")
    os.kill(job.pid, signal.SIGKILL)
    assert ended(folder).status == "killed"
    until(lambda: gone(inner))


def test_what_outlived_its_leader_in_another_session_is_swept_before_a_resume(tmp_path):
    folder, job, inner = _leader(tmp_path, "alone")
    os.kill(job.pid, signal.SIGKILL)
    assert ended(folder).status == "killed"
    assert not gone(inner)
    resume_job(folder)
    until(lambda: gone(inner))
    stop_job(folder, grace_seconds=0)
    ended(folder)


@pytest.mark.slow
def test_killed_at_random_moments_no_process_is_left_and_no_state_is_wrong(tmp_path):
    rng = random.Random(20261123)
    runs = tmp_path / "runs"
    folder = runs / start_job(runs, "train", worker(100000, 0.005))
    for _ in range(20):
        wanted = rng.randrange(0, 30)
        before = len(RunFolder(folder).read_events()[0])
        job = until(lambda: (j := job_status(folder)).pid and j)
        until(lambda b=before, w=wanted: len(RunFolder(folder).read_events()[0]) >= b + w)
        os.kill(job.pid, signal.SIGKILL)
        killed = ended(folder)
        assert killed.status == "killed"
        assert killed.remedy
        own = [p for p in psutil.process_iter() if _env(p) == str(folder)]
        assert all(gone(p) for p in own), own
        assert not devices.is_busy("cpu") or until(lambda: not devices.is_busy("cpu"))
        saved = int((folder / "saved").read_text()) if (folder / "saved").exists() else 0
        assert resume_job(folder).live
        start = until(lambda: [e for e in RunFolder(folder).read_events()[0] if e["event"] == "start"][-1:])
        assert start[0]["step"] <= saved + 1
    stop_job(folder, grace_seconds=0)
    assert ended(folder).status == "stopped"


def _env(process) -> str:
    try:
        return process.environ().get("WORKBENCH_JOB", "")
    except psutil.Error:
        return ""
