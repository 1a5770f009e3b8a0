"""Killed at any instant: training, the process that started it, and whoever writes to the store."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from crlft.runfolder import RunFolder
from tests.unit.loop_project import loop_project, until
from workbench.jobs import device as devices
from workbench.services import training
from workbench.services.curation import log
from workbench.services.project import Project
from workbench.services.training import TrainRequest
from workbench.store.cube import count_cells, read_cube

KILLS = 10
STEPS = 40
SETTINGS = {
    "steps": STEPS,
    "step_tokens": 128,
    "micro_batch_tokens": 128,
    "save_every": 2,
    "evaluate_every": 1000,
    "sample_count": 0,
    "threads": 1,
    "held_out_share": 0,
    "precision": "fp32",
}

# Keeps, drops and undoes without end, as a curator with a very fast hand would.
CURATOR = """
import sys
from workbench.services import curation
from workbench.services.project import open_project
project = open_project(sys.argv[1])
print("begun", flush=True)
while True:
    for status in ("kept", "dropped"):
        plan = curation.plan_status(project, status, "for a moment", query="")
        if plan.affected:
            last = curation.apply_plan(project, plan, actor="ann")
            curation.undo(project, last.id, actor="ann")
"""

STARTER = """
import sys, time
from workbench.services import training
from workbench.services.curation import log
from workbench.services.project import open_project
request = training.TrainRequest("one", overrides={"steps": 4, "step_tokens": 128, "threads": 1, "sample_count": 0})
print(training.start_training(open_project(sys.argv[1]), request, actor="ann").id, flush=True)
time.sleep(600)
"""


# Starts one run after the other, with a worker in miniature; says when it begins.
BUSY_STARTER = """
import sys
from tests.unit.loop_project import fake_trainer
from workbench.services import train_request, training
from workbench.services.project import open_project
train_request.crlft_command = fake_trainer()
project = open_project(sys.argv[1])
print("begun", flush=True)
while True:
    training.start_training(project, training.TrainRequest("one"), actor="ann")
"""


@pytest.fixture
def project(tmp_path, sample_data):
    assert (sample_data / "base" / "model.safetensors").is_file(), "the offline base ships with the sample data"
    project = loop_project(tmp_path / "project")
    yield project
    for job in training.list_runs(project):
        if job.live and job.pid:
            os.killpg(job.pid, signal.SIGKILL)
    project.close()


def check_store(project: Project) -> None:
    """The file is whole, and what it counts is what it holds."""
    with sqlite3.connect(project.database.path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
    with project.database.read() as connection:
        assert {c.key: c for c in read_cube(connection)} == {c.key: c for c in count_cells(connection)}


def losses(folder: Path) -> dict[int, float]:
    """The loss of every step; a step done again after a kill counts once, with its last value."""
    events, _ = RunFolder(folder).read_events()
    return {e["step"]: e["loss"] for e in events if e["event"] == "step"}


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_training_killed_ten_times_ends_with_the_unbroken_runs_weights(project):
    unbroken = training.start_training(project, TrainRequest("one", overrides=SETTINGS), actor="ann")
    assert training.wait_for(project, unbroken.id).status == "done"
    broken = training.start_training(project, TrainRequest("one", overrides=SETTINGS), actor="ann")
    folder = project.runs / broken.id
    rng = random.Random(20261122)
    seen, killed_while_training = 0, 0
    for _ in range(KILLS):
        # Now and then before its first word, mostly within a few steps of where it went on.
        wanted = seen + rng.choice([0, 1, 4, 6, 8, 8, 9, 10, 11, 12])
        until(lambda wanted=wanted: len(RunFolder(folder).read_events()[0]) >= wanted)
        job = training.get_run(project, broken.id)
        assert job.live, "the run ended before it could be killed often enough"
        os.kill(job.pid, signal.SIGKILL)
        job = until(lambda: (job := training.get_run(project, broken.id)) and not job.live and job)
        assert job.status == "killed", job
        assert job.error
        assert job.remedy.startswith("resume")
        check_store(project)
        events = RunFolder(folder).read_events()[0]
        killed_while_training += any(e["event"] == "step" for e in events[seen:])
        seen = len(events)
        assert training.resume_run(project, broken.id).live
    done = training.wait_for(project, broken.id)
    assert (done.status, done.step) == ("done", STEPS), done
    assert killed_while_training >= KILLS // 2
    assert losses(folder) == losses(project.runs / unbroken.id)
    ours, theirs = (load_file(f / "model" / "model.safetensors") for f in (folder, project.runs / unbroken.id))
    assert ours.keys() == theirs.keys()
    for name, weights in ours.items():
        np.testing.assert_array_equal(weights, theirs[name], err_msg=name)


def test_a_curator_killed_ten_times_leaves_the_store_whole(project):
    rng = random.Random(7)
    before = log(project, 1)[0].id
    for _ in range(KILLS):
        command = [sys.executable, "-c", CURATOR, str(project.root)]
        seen = log(project, 1)[0].id
        with subprocess.Popen(command, stdout=subprocess.PIPE) as curator:
            assert curator.stdout.readline() == b"begun\n"
            until(lambda seen=seen: log(project, 1)[0].id > seen)
            with pytest.raises(subprocess.TimeoutExpired):
                curator.wait(timeout=rng.uniform(0.0, 0.5))
            curator.kill()
        check_store(project)
    assert log(project, 1)[0].id > before + KILLS, "something was written after the first word, too"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_starter_killed_at_random_moments_leaves_no_run_in_a_wrong_state(project, tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_LOCK_DIR", str(tmp_path / "devices"))
    rng = random.Random(20261123)

    def folders():
        return len(list(project.runs.glob("2*")))

    for _ in range(20):
        wanted = folders() + rng.choice([0, 1, 1, 2])  # by what it did, not by the clock: machines differ
        command = [sys.executable, "-c", BUSY_STARTER, str(project.root)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as starter:
            assert starter.stdout.readline() == b"begun\n"
            until(lambda wanted=wanted: folders() >= wanted)
            with pytest.raises(subprocess.TimeoutExpired):
                starter.wait(timeout=rng.uniform(0.0, 0.4))
            starter.kill()
    check_store(project)
    until(lambda: not any(j.live for j in training.list_runs(project)))
    runs = training.list_runs(project)
    assert len(runs) >= 10, "most of the runs that were begun are known"
    for job in runs:
        # Whoever was killed had promised nothing yet: the run is there and ended, or says how to go on.
        assert job.status == "done" or (job.status == "killed" and job.remedy.startswith("resume")), job
        if job.status == "killed":
            training.resume_run(project, job.id)
            assert training.wait_for(project, job.id).status == "done"
    assert devices.queue("cpu") == []
    assert not devices.is_busy("cpu")


@pytest.mark.timeout(600)
def test_training_outlives_the_process_that_started_it(project):
    with subprocess.Popen([sys.executable, "-c", STARTER, str(project.root)], stdout=subprocess.PIPE) as starter:
        run_id = starter.stdout.readline().decode().strip()
        starter.kill()
    job = training.wait_for(project, run_id)
    assert (job.status, job.step) == ("done", 4), job
    assert [j.id for j in training.list_runs(project)] == [run_id]
