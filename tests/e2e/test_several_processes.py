"""A run in two processes is a run like any other: killed without leftovers, resumed, stopped, ended."""

from __future__ import annotations

import os
import signal

import psutil
import pytest

from crlft.runfolder import RunFolder
from tests.unit.loop_project import loop_project, until
from workbench.services import training
from workbench.services.training import TrainRequest

STEPS = 16
SETTINGS = {
    "steps": STEPS,
    "step_tokens": 128,
    "save_every": 2,
    "evaluate_every": 1000,
    "sample_count": 0,
    "threads": 1,
    "held_out_share": 0,
    "precision": "fp32",
    "device": "cpu",
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_LOCK_DIR", str(tmp_path / "devices"))
    project = loop_project(tmp_path / "project")
    yield project
    for process in own_processes(tmp_path):
        process.kill()
    project.close()


def own_processes(below) -> list[psutil.Process]:
    """The living processes of jobs whose folders lie below."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("WORKBENCH_JOB", "").startswith(str(below)):
                found.append(process)
        except psutil.Error:
            continue
    return [p for p in found if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_resumed_stopped_resumed(project, tmp_path):
    job = training.start_training(project, TrainRequest("one", overrides=SETTINGS, processes=2), actor="ann")
    folder = RunFolder(project.runs / job.id)

    def step() -> int:
        return max((e["step"] for e in folder.read_events()[0] if e["event"] == "step"), default=0)

    until(lambda: step() >= 3, 300)
    assert len(own_processes(tmp_path)) >= 3, "a leader and two workers"
    os.kill(training.get_run(project, job.id).pid, signal.SIGKILL)
    until(lambda: not own_processes(tmp_path))
    killed = training.get_run(project, job.id)
    assert killed.status == "killed"

    training.resume_run(project, job.id)
    until(lambda: [e for e in folder.read_events()[0] if e["event"] == "start"][1:], 300)
    training.stop_run(project, job.id)
    stopped = training.wait_for(project, job.id)
    assert stopped.status == "stopped", stopped
    until(lambda: not own_processes(tmp_path))

    training.resume_run(project, job.id)
    done = training.wait_for(project, job.id)
    assert (done.status, done.step) == ("done", STEPS), folder.log_tail()
    assert (folder.model / "config.json").is_file()
    starts = [e["step"] for e in folder.read_events()[0] if e["event"] == "start"]
    assert starts[0] == 0
    assert 2 <= starts[1] <= starts[2]
