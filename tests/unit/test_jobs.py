import json
import os
import signal
import sys
import time
from threading import Thread

import psutil
import pytest

from crlft.runfolder import RunFolder
from tests.unit.job_world import WORKER, ended, own_devices, until, worker
from workbench.domain.errors import JobError, NotFound
from workbench.jobs import device as devices
from workbench.jobs import (
    job_status,
    list_jobs,
    put_first,
    queue_ahead,
    restore_job,
    resume_job,
    start_job,
    stop_job,
    trash_job,
)
from workbench.jobs.process import identity, is_alive
from workbench.jobs.stopper import see_to_its_end

__all__ = ["own_devices"]  # a fixture of every test here

def test_a_job_runs_to_its_end_and_its_folder_says_so(tmp_path):
    job_id = start_job(tmp_path / "runs", "train", worker(3), title="three steps", params={"snapshot": "s"})
    folder = tmp_path / "runs" / job_id
    job = ended(folder)
    assert (job.status, job.step, job.total, job.kind) == ("done", 3, 3, "train")
    assert job.metrics["loss"] == 0.5
    assert job.title == "three steps"
    assert job.params == {"snapshot": "s"}
    assert str(folder) in job.command
    assert job.eta_seconds is None
    assert "working" in RunFolder(folder).log_tail()
    assert [j.id for j in list_jobs(tmp_path / "runs")] == [job_id]
    assert list_jobs(tmp_path / "runs", kind="embed") == []
    assert list_jobs(tmp_path / "nowhere") == []
    with pytest.raises(JobError, match="done: nothing to resume"):
        resume_job(folder)
    with pytest.raises(JobError, match="does not run"):
        stop_job(folder)


def test_a_job_leads_its_own_group_and_outlives_nobody_as_a_zombie(tmp_path):
    folder = tmp_path / "runs" / start_job(tmp_path / "runs", "train", worker(1000, 0.05))
    job = until(lambda: (job := job_status(folder)).status == "running" and job)
    assert os.getpgid(job.pid) == os.getsid(job.pid) == job.pid
    assert job.pid not in [child.pid for child in psutil.Process().children(recursive=True)]
    assert not [c for c in psutil.Process().children() if c.status() == psutil.STATUS_ZOMBIE]


def test_stop_saves_and_resume_goes_on_from_there(tmp_path):
    folder = tmp_path / "runs" / start_job(tmp_path / "runs", "train", worker(40, 0.05))
    until(lambda: job_status(folder).step >= 2)
    assert stop_job(folder, grace_seconds=30).status in ("stopping", "stopped")
    stopped = ended(folder)
    assert stopped.status == "stopped"
    assert 2 <= stopped.step < 40
    assert resume_job(folder).live
    done = ended(folder)
    assert (done.status, done.step) == ("done", 40)
    steps = [e["step"] for e in RunFolder(folder).read_events()[0] if e["event"] == "step"]
    assert steps == list(range(1, 41)), "no step was lost or done twice"


def test_a_deaf_worker_gets_sigterm_then_sigkill_and_its_children_go_too(tmp_path):
    script = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1], *sys.argv[2:]]).wait()"
    command = [sys.executable, "-c", script, WORKER, "{run}", "100000", "0.05", "deaf"]
    folder = tmp_path / "runs" / start_job(tmp_path / "runs", "train", command)
    job = until(lambda: (job := job_status(folder)).step >= 1 and job)
    inner = psutil.Process(job.pid).children()
    assert inner
    RunFolder(folder).request_stop()
    see_to_its_end(RunFolder(folder), grace_seconds=0.0)
    stopped = ended(folder)
    assert stopped.status == "stopped"
    assert RunFolder(folder).marker()[1]["forced"]
    psutil.wait_procs(inner, timeout=30)
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in inner)


def test_a_killed_job_says_so_in_words_and_resumes(tmp_path):
    folder = tmp_path / "runs" / start_job(tmp_path / "runs", "train", worker(30, 0.05))
    job = until(lambda: (job := job_status(folder)).step >= 1 and job)
    os.kill(job.pid, signal.SIGKILL)
    killed = ended(folder)
    assert killed.status == "killed"
    assert 'its log ends with "working"' in killed.error
    assert killed.remedy.startswith("resume")
    resume_job(folder)
    assert ended(folder).status == "done"


def test_a_pid_that_now_belongs_to_somebody_else_is_not_life(tmp_path):
    folder = tmp_path / "runs" / "20260101-000000-x-0000"
    folder.mkdir(parents=True)
    body = {"kind": "train", "pid": os.getpid(), "started": identity(os.getpid()), "phase": "running"}
    RunFolder(folder).write_json("job.json", body)
    assert job_status(folder).status == "running"
    RunFolder(folder).write_json("job.json", body | {"started": "another boot:12"})
    assert job_status(folder).status == "killed"
    assert not is_alive(None, None)


def test_one_device_one_job_and_the_queue_is_first_come_first_served(tmp_path):
    runs = tmp_path / "runs"
    first = runs / start_job(runs, "train", worker(100000, 0.02))
    until(lambda: job_status(first).status == "running")
    assert devices.is_busy("cpu")
    second = runs / start_job(runs, "train", worker(1))
    third = runs / start_job(runs, "generate", worker(1))
    other = runs / start_job(runs, "train", worker(1), device="cuda:0")
    until(lambda: len(devices.queue("cpu")) == 2)
    assert [job_status(f).status for f in (first, second, third)] == ["running", "queued", "queued"]
    assert queue_ahead(third) == [second.name]
    assert queue_ahead(first) == []
    assert ended(other).status == "done", "another device does not wait"
    os.kill(job_status(first).pid, signal.SIGKILL)  # however it dies, the kernel frees the device
    assert ended(third).status == ended(second).status == "done"
    begun = [RunFolder(f).read_events()[0][0]["time"] for f in (second, third)]
    assert begun == sorted(begun)
    assert until(lambda: not devices.is_busy("cpu"))


def test_a_waiting_job_can_be_put_first(tmp_path):
    runs = tmp_path / "runs"
    first = runs / start_job(runs, "train", worker(100000, 0.02))
    until(lambda: job_status(first).status == "running")
    second = runs / start_job(runs, "train", worker(1))
    until(lambda: len(devices.queue("cpu")) == 1)
    third, fourth = (runs / start_job(runs, "generate", worker(1)) for _ in range(2))
    until(lambda: len(devices.queue("cpu")) == 3)
    put_first(third)
    put_first(fourth)
    assert queue_ahead(fourth) == []
    assert queue_ahead(second) == [fourth.name, third.name]
    with pytest.raises(JobError, match="does not wait: it is running"):
        put_first(first)
    os.kill(job_status(first).pid, signal.SIGKILL)
    assert {ended(f).status for f in (second, third, fourth)} == {"done"}
    begun = [RunFolder(f).read_events()[0][0]["time"] for f in (fourth, third, second)]
    assert begun == sorted(begun)
    assert not list((tmp_path / "devices").glob("*.queue/*")), "no ticket and no rank is left behind"


def test_two_starts_at_once_run_one_after_the_other(tmp_path):
    runs, ids = tmp_path / "runs", []
    threads = [Thread(target=lambda: ids.append(start_job(runs, "train", worker(8, 0.05)))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    live = until(lambda: (all_ := [job_status(runs / i).status for i in ids]) and "running" in all_ and all_)
    assert live.count("running") == 1
    spans = []
    for job_id in ids:
        assert ended(runs / job_id).status == "done"
        times = [e["time"] for e in RunFolder(runs / job_id).read_events()[0]]
        spans.append((times[0], times[-1]))
    spans.sort()
    assert spans[0][1] <= spans[1][0], "one worked while the other waited"


def test_a_queued_job_stops_without_having_run_and_a_dead_one_leaves_the_queue(tmp_path):
    runs = tmp_path / "runs"
    first = runs / start_job(runs, "train", worker(100000, 0.02))
    until(lambda: job_status(first).status == "running")
    second, third = (runs / start_job(runs, "train", worker(1)) for _ in range(2))
    until(lambda: len(devices.queue("cpu")) == 2)
    stop_job(second)
    assert ended(second).status == "stopped"
    os.kill(job_status(third).pid, signal.SIGKILL)
    assert ended(third).status == "killed"
    assert devices.queue("cpu") == []
    assert RunFolder(second).read_events()[0] == []


def test_two_resumes_at_once_start_one_worker(tmp_path):
    folder = tmp_path / "runs" / start_job(tmp_path / "runs", "train", worker(100000, 0.05))
    os.kill(until(lambda: (job := job_status(folder)).step >= 1 and job).pid, signal.SIGKILL)
    ended(folder)
    outcomes = []

    def resume():
        try:
            outcomes.append(resume_job(folder).status)
        except JobError as error:
            outcomes.append(error.message)

    threads = [Thread(target=resume) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum("nothing to resume" in outcome for outcome in outcomes) == 1, outcomes


def test_a_program_that_does_not_exist_fails_in_words(tmp_path):
    folder = tmp_path / "runs" / start_job(tmp_path / "runs", "train", ["/no/such/program", "{run}"])
    failed = ended(folder)
    assert failed.status == "failed"
    assert "/no/such/program" in failed.error or "No such file" in failed.error
    assert failed.remedy


def test_a_worker_that_breaks_off_is_told_apart_from_a_killed_one(tmp_path):
    command = [sys.executable, "-c", "import no_such_module_here"]
    folder = tmp_path / "runs" / start_job(tmp_path / "runs", "train", command)
    broken = ended(folder)
    assert broken.status == "killed"
    assert broken.error.startswith("the process broke off with an error")
    assert "ModuleNotFoundError" in broken.error
    assert "look at the log" in broken.remedy


def test_the_same_id_twice_and_no_job_at_all_are_refused(tmp_path):
    runs = tmp_path / "runs"
    start_job(runs, "train", worker(1), job_id="one")
    ended(runs / "one")
    with pytest.raises(JobError, match="exists already"):
        start_job(runs, "train", worker(1), job_id="one")
    with pytest.raises(NotFound, match="no job 'two'"):
        job_status(runs / "two")
    (tmp_path / "file").write_text("")
    with pytest.raises(JobError, match="cannot make"):
        start_job(tmp_path / "file", "train", worker(1))


def test_deleting_moves_to_the_trash_and_back(tmp_path):
    runs = tmp_path / "runs"
    job_id = start_job(runs, "train", worker(100000, 0.02))
    until(lambda: job_status(runs / job_id).status == "running")
    with pytest.raises(JobError, match="stop it before"):
        trash_job(runs / job_id)
    os.kill(job_status(runs / job_id).pid, signal.SIGKILL)
    ended(runs / job_id)
    trash_job(runs / job_id)
    assert list_jobs(runs) == []
    assert restore_job(runs, job_id).status == "killed"
    with pytest.raises(JobError, match="in the trash"):
        restore_job(runs, job_id)


def test_the_remaining_time_counts_from_this_start_only(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    run = RunFolder(folder)
    body = {"kind": "train", "pid": os.getpid(), "started": identity(os.getpid()), "phase": "running"}
    run.write_json("job.json", body)
    now = time.time()
    lines = [
        {"time": now - 90_000, "event": "start", "step": 0, "total": 1000},
        {"time": now - 89_999, "event": "step", "step": 1, "total": 1000, "loss": 3.0},
        # stopped, and resumed a day later
        {"time": now - 20, "event": "start", "step": 1, "total": 1000},
    ]
    run.events_path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    fresh = job_status(folder)
    assert (fresh.step, fresh.total, fresh.eta_seconds) == (1, 1000, None)
    with run.events_path.open("a") as file:
        for i in range(10):
            event = {"time": now - 10 + i, "event": "step", "step": 2 + i, "total": 1000, "loss": 2.0}
            file.write(json.dumps(event) + "\n")
    job = job_status(folder)
    assert job.step == 11
    assert job.eta_seconds == pytest.approx(989, abs=5)  # one second a step, not a day
    assert job.metrics["loss"] == 2.0


def test_a_torn_log_and_a_torn_marker_do_not_take_the_page_down(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    run = RunFolder(folder)
    run.write_json("job.json", {"kind": "train", "pid": 1, "started": "x"})
    run.events_path.write_bytes(b'{"time": 1, "event": "step", "step": 1, "tot\x00\n[1]\n{"time": 2, "ev')
    assert job_status(folder).status == "killed"
    (folder / "failed.json").write_text("")
    assert job_status(folder).status == "failed"
    (folder / "job.json").write_text("{")
    assert "cannot be read" in job_status(folder).error
