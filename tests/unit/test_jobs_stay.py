"""A worker that stays: who gets it, and that jobs in its hands are jobs like all others."""

import json
import os
import threading

import pytest

from crlft.runfolder import RunFolder
from tests.tiny import save_tiny_base
from tests.unit.loop_project import until
from workbench.jobs import handover, job_status, resume_job, start_job, stay, staying_command, stop_job, trash_job
from workbench.jobs.process import is_alive

JOB = {"kind": "generate", "device": "cpu", "offline": True, "environment": {}}


def job_folder(root, name="one", **changes):
    run = RunFolder(root / name)
    run.path.mkdir(parents=True)
    return run, {**JOB, "id": name, "attempt": 1, **changes}


def test_an_offer_is_taken_once_and_by_its_like_only(tmp_path):
    offer = handover.put_offer(tmp_path / handover.WARM, handover.offer_for(JOB))
    for odd in ({"kind": "train"}, {"device": "cuda:0"}, {"offline": False}, {"environment": {"A": "1"}}):
        run, job = job_folder(tmp_path, next(iter(odd)), **odd)
        assert not handover.hand_over(run, job)
        assert run.read_json("job.json") is None
    run, job = job_folder(tmp_path)
    assert handover.hand_over(run, job)
    assert run.read_json("job.json")["pid"] == os.getpid()
    assert handover.claim_path(offer).read_text() == str(run.path)
    second, other = job_folder(tmp_path, "two")
    assert not handover.hand_over(second, other)


def test_a_hundred_claims_and_the_leaving_worker_have_one_winner(tmp_path):
    offer = handover.put_offer(tmp_path, handover.offer_for(JOB))
    won = []
    threads = [
        threading.Thread(target=lambda i=i: handover.claim(offer, str(i)) and won.append(i)) for i in range(100)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert handover.claim_path(offer).read_text() == str(won[0])
    offer.unlink()
    handover.claim_path(offer).unlink()
    assert not handover.claim(offer, "late")
    assert not list(tmp_path.iterdir())


def test_the_offer_of_a_dead_worker_is_thrown_away(tmp_path):
    offer = handover.put_offer(tmp_path / handover.WARM, handover.offer_for(JOB))
    body = json.loads(offer.read_text())
    offer.write_text(json.dumps(body | {"started": "long ago"}))
    assert not handover.hand_over(*job_folder(tmp_path))
    assert not offer.exists()


def test_nobody_comes_and_it_goes(tmp_path):
    assert stay.wait_for_work(tmp_path, JOB, 0.05) is None
    assert not list(tmp_path.iterdir())


@pytest.fixture
def request_of(tmp_path):
    base = str(save_tiny_base(tmp_path / "base"))

    def write(name, prompts=1, tokens=4):
        (tmp_path / "runs" / name).mkdir(parents=True)
        body = {
            "columns": [{"model": base, "condition": c} for c in ("GPT4 Correct", "")],
            "prompts": [{"id": str(i), "prompt": f"What is {i}?"} for i in range(prompts)],
            "max_new_tokens": tokens,
        }
        RunFolder(tmp_path / "runs" / name).write_json("request.json", body)
        return name

    return tmp_path / "runs", write


def test_the_second_job_is_done_by_the_first_ones_worker(request_of, monkeypatch):
    runs, write = request_of
    monkeypatch.setenv(stay.STAY_VARIABLE, "60")

    def start(name, **size):
        start_job(runs, "generate", staying_command(), job_id=write(name, **size), offline=True, stays=True)

    start("one")
    offer = until(lambda: next((runs / handover.WARM).glob("*.json"), None))
    worker = json.loads(offer.read_text())
    try:
        assert job_status(runs / "one").status == "done"
        assert job_status(runs / "one").pid is None
        start("two")
        assert until(lambda: job_status(runs / "two").status == "done")
        assert "by a worker that had stayed" in RunFolder(runs / "two").log_tail()
        events = RunFolder(runs / "two").read_events()[0]
        assert any(e["event"] == "first-token" for e in events)
        assert any(e["event"] == "self-check" and e["same"] == e["asked"] == 2 for e in events)
        assert not (runs / "two" / "partial.json").exists()

        # A stop ends the job, not the worker; what is left is taken up again, by the same worker.
        until(lambda: next((runs / handover.WARM).glob("*.json"), None))
        start("three", prompts=600, tokens=100)
        assert until(lambda: job_status(runs / "three").status == "running")
        stop_job(runs / "three", grace_seconds=60)
        assert until(lambda: job_status(runs / "three").status == "stopped")
        until(lambda: next((runs / handover.WARM).glob("*.json"), None))
        assert is_alive(worker["pid"], worker["started"])
        resume_job(runs / "three")
        assert until(lambda: job_status(runs / "three").pid == worker["pid"])
        trash_job(runs / "one")
    finally:
        # First the worker, which takes its own papers away, too.
        if is_alive(worker["pid"], worker["started"]):
            os.killpg(worker["pid"], 9)
            assert until(lambda: not is_alive(worker["pid"], worker["started"]))
