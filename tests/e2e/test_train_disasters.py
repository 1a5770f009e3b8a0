"""A disk that fills up, a poisoned snapshot, server and job killed at random: the right words, whole runs.

    WORKBENCH_KILL_ROUNDS=20 python -m pytest -m slow tests/e2e/test_train_disasters.py
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file, save_file

from crlft.checkpoints import latest
from crlft.runfolder import RunFolder
from tests.chromium import free_port
from tests.unit.loop_project import loop_project, until
from workbench.jobs import device as devices
from workbench.services import failures, training
from workbench.services.project import Project
from workbench.services.training import TrainRequest

ROUNDS = int(os.environ.get("WORKBENCH_KILL_ROUNDS", "4"))
STEPS = 2000
SETTINGS = {
    "steps": STEPS,
    "step_tokens": 128,
    "save_every": 5,
    "evaluate_every": 100_000,
    "sample_count": 0,
    "threads": 1,
    "held_out_share": 0,
    "precision": "fp32",
    "device": "cpu",
}


@pytest.fixture(autouse=True)
def own_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_LOCK_DIR", str(tmp_path / "devices"))


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = loop_project(tmp_path / "project")
    yield made
    for process in processes_of(made.root):
        process.kill()
    made.close()


def processes_of(root: Path) -> list[psutil.Process]:
    """The living processes of jobs below a project."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("WORKBENCH_JOB", "").startswith(str(root)):
                found.append(process)
        except psutil.Error:
            continue
    return [p for p in found if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def server(project: Project) -> subprocess.Popen[bytes]:
    """The app's server alone, at once."""
    command = [sys.executable, "-m", "workbench.cli", "--project", str(project.root), "app", "--no-open"]
    return subprocess.Popen(
        [*command, "--port", str(free_port())], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip


def kill_all_of(group: subprocess.Popen[bytes]) -> None:
    os.killpg(group.pid, signal.SIGKILL)
    group.wait()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_job_and_server_killed_at_random_moments(project: Project) -> None:
    rng = random.Random(8)
    pause = Event()
    job = training.start_training(project, TrainRequest("one", overrides=SETTINGS), actor="ann")
    folder = RunFolder(project.runs / job.id)
    reached = 0
    for number in range(ROUNDS):
        app = server(project)
        before = len(folder.read_events()[0])
        if number % 4:  # most rounds have trained a little; the others are hit while they start
            until(lambda b=before: any(e["event"] == "step" for e in folder.read_events()[0][b:]), 300)
        pause.wait(rng.uniform(0, 2.0))
        if number % 2:
            kill_all_of(app)  # the server first: the job does not notice
            assert training.get_run(project, job.id).live
        pid = until(lambda: training.get_run(project, job.id).pid)
        os.kill(pid, signal.SIGKILL)
        if app.poll() is None:
            kill_all_of(app)
        killed = until(lambda: (j := training.get_run(project, job.id)) and not j.live and j)
        assert killed.status == "killed", killed
        assert killed.remedy.startswith("resume")
        until(lambda: not processes_of(project.root))
        until(lambda: not devices.is_busy("cpu"))  # its last threads close the lock a moment later
        saved = latest(folder.checkpoints)
        assert (saved[1] if saved else 0) >= reached, "no checkpoint is lost"
        reached = saved[1] if saved else 0
        assert training.resume_run(project, job.id).live
    start = until(lambda: [e for e in folder.read_events()[0] if e["event"] == "start"][-1:], 300)
    assert start[0]["step"] >= 0
    training.stop_run(project, job.id)
    stopped = training.wait_for(project, job.id)
    assert stopped.status == "stopped"
    assert stopped.step >= reached
    until(lambda: not processes_of(project.root))
    assert [j.id for j in training.list_runs(project)] == [job.id]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = shutil.which("mount")
    if mount is None:
        pytest.skip("no mount on this machine")
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_disk_that_fills_up_is_said_and_the_run_goes_on_once_there_is_room(small_disk: Path) -> None:
    project = loop_project(small_disk / "project")
    try:
        settings = {**SETTINGS, "steps": 60, "keep_checkpoints": 1}
        job = training.start_training(project, TrainRequest("one", overrides=settings), actor="ann")
        folder = RunFolder(project.runs / job.id)
        until(lambda: any(e["event"] == "step" for e in folder.read_events()[0]), 200)
        filler = small_disk / "filler"
        with filler.open("wb") as file:
            while True:
                try:
                    file.write(b"\0" * 65536)
                    file.flush()
                except OSError:
                    break
        failed = training.wait_for(project, job.id)
        assert failed.status == "failed", failed
        assert failures.failure_kind(failed) == "disk-full"
        assert "disk is full" in failed.error
        action = training.next_action(project, failed)
        assert action is not None
        assert action.code == "free-disk"
        filler.unlink()
        training.resume_run(project, job.id)
        done = training.wait_for(project, job.id)
        assert (done.status, done.step) == ("done", 60), done
    finally:
        for process in processes_of(project.root):
            process.kill()
        project.close()


def poisoned(project: Project, change: dict[str, object]) -> None:
    """Change the third row of the snapshot's data, behind its back."""
    file = project.snapshots / "one" / "data.parquet"
    table = pq.read_table(file)
    rows = table.column("conversation").to_pylist()
    rows[2] = json.dumps(json.loads(rows[2]) | change) if change else "{not json"
    at = table.schema.get_field_index("conversation")
    table = table.set_column(at, table.schema.field(at), pa.array(rows, table.schema.field(at).type))
    file.chmod(0o644)
    pq.write_table(table, file)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "change", [{}, {"reward": float("nan")}, {"reward": 1e300}, {"messages": 7}, {"reward": "much"}],
    ids=["torn", "nan", "huge", "messages", "text"],
)  # fmt: skip
def test_a_poisoned_snapshot_fails_with_its_row(project: Project, change: dict[str, object]) -> None:
    poisoned(project, change)
    settings = {**SETTINGS, "steps": 5}
    job = training.start_training(project, TrainRequest("one", overrides=settings), actor="ann")
    failed = training.wait_for(project, job.id)
    assert failed.status == "failed", failed
    assert failures.failure_kind(failed) == "bad-data", failed
    assert "row 3" in failed.error, failed
    action = training.next_action(project, failed)
    assert action is not None
    assert action.code == "data"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_base_of_no_numbers_says_so_and_is_tried_again_once_it_is_whole(project: Project) -> None:
    base = Path(shutil.copytree(training.offline_base_path(), project.root / "broken-base"))
    weights = load_file(base / "model.safetensors")
    next(iter(weights.values())).flat[0] = np.nan
    save_file(weights, base / "model.safetensors", metadata={"format": "pt"})
    settings = {**SETTINGS, "steps": 4}
    job = training.start_training(project, TrainRequest("one", str(base), overrides=settings), actor="ann")
    failed = training.wait_for(project, job.id)
    assert failures.failure_kind(failed) == "bad-model", failed
    assert "weights of the base are no finite numbers" in failed.error
    action = training.next_action(project, failed)
    assert action is not None
    assert action.code == "settings"
    shutil.copytree(training.offline_base_path(), base, dirs_exist_ok=True)
    again = training.retry_run(project, job.id, {}, actor="ann")
    assert training.wait_for(project, again.id).status == "done"
