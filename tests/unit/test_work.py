"""Work on the project's data as jobs: the same result as in place, stopped, killed, done again, put away."""

from __future__ import annotations

import json
import os
import signal
import sys
import time

import pytest

from crlft.runfolder import RunFolder
from workbench.domain.errors import JobError, NotFound, PlanError
from workbench.jobs import job_status
from workbench.services import (
    browsing,
    cleaning,
    curation,
    duplicates,
    importing,
    jobs,
    planfile,
    scanfile,
    work,
    worker,
)
from workbench.services.project import create_project
from workbench.services.recipes import OwnRule, save_own_rule
from workbench.services.workkinds import StopAsked, Watch


def rows(n):
    answers = (
        "It opens at nine.<br>Bring a coat.",
        "As an AI language model, I cannot say that.",
        "At nine o'clock.",
    )
    for i in range(n):
        gap = "  " if i >= n - 4 else " "  # four equal up to white space
        yield {
            "messages": [
                {"role": "user", "content": f"When does the shop number {i % (n - 4)} open today, please?"},
                {"role": "assistant", "content": f"{answers[i % 3]} That is{gap}all of {i % (n - 4)}."},
            ]
        }


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "talk.jsonl"
    path.write_text("\n".join(json.dumps(r) for r in rows(40)) + "\n{broken\n", encoding="utf-8")
    return path


@pytest.fixture
def project(tmp_path):
    made = create_project(tmp_path / "project")
    yield made
    made.close()


@pytest.fixture
def filled(project, source):
    importing.import_files(project, [source], actor="ann")
    return project


def put(project, kind, request, name="job-1", files=None):
    """Write a job's folder as `work.start` does, without a process."""
    folder = RunFolder(project.runs / name)
    folder.path.mkdir(parents=True)
    job = {"kind": kind, "title": kind, "params": {**request, "actor": "ann"}, "command": ["x"], "asked_at": 0.0}
    folder.write_json("job.json", job)
    folder.write_json("request.json", {**request, "actor": "ann"})
    if files is not None:
        files(folder.path)
    return folder


def test_a_job_in_a_process_of_its_own_finds_what_the_service_finds(filled):
    job = work.start(filled, "dedupe", {"method": "exact"}, actor="ann", title="search")
    done = jobs.wait_for(filled, job.id)
    assert done.status == "done", (done.error, jobs.job_log(filled, job.id))
    found = work.result(filled, job.id)
    here = duplicates.find_duplicates(filled, method="exact")
    assert [g.seqs for g in found.groups] == [g.seqs for g in here.groups]
    assert found.groups
    assert done.command == (sys.executable, "-m", "workbench.services.worker", str(filled.runs / job.id))
    assert done.total == 40
    assert work.latest(filled, "dedupe").id == job.id
    work.put_away(filled, job.id)
    assert work.latest(filled, "dedupe") is None


def test_a_kept_scan_is_the_scan(filled):
    save_own_rule(filled, OwnRule("own", "coat", "hat"), actor="ann")
    params = {"length": {"least": 3, "most": 40}}
    asked = {"rules": ["html", "refusal", "length", "own"], "verdicts": {"refusal": "drop"}, "params": params}
    folder = put(filled, "clean", {**asked, "query": "", "newest": 1})
    assert worker.run(folder) == 0
    here = cleaning.scan(filled, asked["rules"], verdicts=asked["verdicts"], params=params)
    found = work.result(filled, "job-1")
    assert (found.hits, found.query, found.considered) == (here.hits, "", here.considered)
    assert {h.rule for h in found.hits} == {"html", "refusal", "length", "own"}
    plan, same = cleaning.plan_clean(filled, here), cleaning.plan_clean(filled, found)
    assert (plan.changes, plan.params) == (same.changes, same.params)


def test_a_plan_made_by_a_job_is_the_plan_without_what_was_left_alone(filled):
    asked = {"rules": ["html", "refusal"], "query": "", "verdicts": {}, "params": {}, "newest": 1}
    assert worker.run(put(filled, "clean", asked)) == 0
    found = work.result(filled, "job-1")
    left = found.by_rule("html")[0].seq
    request = {"scan": "job-1", "rules_off": ["refusal"], "unticked": [[left, "html"]]}
    assert worker.run(put(filled, "plan", request, "job-2")) == 0
    plan = work.result(filled, "job-2")
    here = cleaning.plan_clean(filled, found.without(["refusal"]), exclude={(left, "html")})
    assert (plan.changes, plan.title, plan.params) == (here.changes, here.title, here.params)
    assert left not in {c.seq for c in plan.changes}


def test_a_killed_import_goes_on_where_it_was(project, tmp_path):
    path = tmp_path / "much.jsonl"
    path.write_text("\n".join(json.dumps(r) for r in rows(6_000)), encoding="utf-8")
    job = work.start(project, "import", {"paths": [str(path)]}, actor="ann", title="import")
    folder = RunFolder(project.runs / job.id)
    until = time.monotonic() + 60
    while not any(e["event"] == "progress" for e in folder.read_events()[0]):
        assert time.monotonic() < until
        time.sleep(0.02)
    os.killpg(jobs.get_job(project, job.id).pid, signal.SIGKILL)
    killed = jobs.wait_for(project, job.id)
    assert killed.status == "killed"
    kept = browsing.search(project, "").total
    assert 0 < kept < 6_000
    jobs.resume(project, job.id)
    assert jobs.wait_for(project, job.id).status == "done"
    report = work.result(project, job.id)
    assert report.rows == 6_000
    assert report.already_there >= kept
    assert browsing.search(project, "").total == kept + report.imported


def test_an_import_says_where_every_row_went_and_again_adds_nothing(project, source):
    asked = {"paths": [str(source)], "class_name": "expert"}
    assert worker.run(put(project, "import", asked)) == 0
    report = work.result(project, "job-1")
    assert (report.rows, report.imported + report.already_there, report.quarantined) == (41, 40, 1)
    assert report.classes == {"expert": 40}
    assert curation.get_action(project, report.action.id).kind == "import"
    assert worker.run(put(project, "import", asked, "job-2")) == 0
    assert work.result(project, "job-2").imported == 0


def test_a_stopped_import_keeps_its_rows_and_the_rest_follows(project, source, monkeypatch):
    monkeypatch.setattr("workbench.services.import_run.FIRST_ROWS", 10)
    folder = put(project, "import", {"paths": [str(source)]})
    asked = iter([False])
    monkeypatch.setattr("crlft.events.Events.stop_wanted", lambda self: next(asked, True))
    assert worker.run(folder) == 0
    assert job_status(folder.path).status == "stopped"
    report = work.result(project, "job-1")
    assert report.stopped
    assert 0 < report.rows < 41
    monkeypatch.undo()
    assert worker.run(folder) == 0
    assert job_status(folder.path).status == "done"
    assert browsing.search(project, "").total == work.result(project, "job-1").imported + report.imported


def big_plan(project):
    seqs = browsing.matching_seqs(project, "")
    return curation.plan_status(project, "dropped", "gone", seqs=seqs)


def test_a_plan_on_disk_is_the_plan(filled, tmp_path):
    plan = cleaning.plan_clean(filled, cleaning.scan(filled))
    tmp_path = tmp_path / "plan"
    tmp_path.mkdir()
    planfile.write_plan(plan, tmp_path)
    read = planfile.read_plan(tmp_path)
    assert [c for c in read.changes] == list(plan.changes)
    assert (read.kind, read.title, read.reason, read.unchanged) == (
        plan.kind,
        plan.title,
        plan.reason,
        plan.unchanged,
    )
    planfile.write_plan(big_plan(filled), tmp_path)
    assert len({id(c.after) for c in planfile.read_plan(tmp_path).changes}) == 1
    lines = (tmp_path / "changes.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "changes.jsonl").write_bytes(b"".join(lines[:-1]))
    with pytest.raises(PlanError, match="not whole"):
        planfile.read_plan(tmp_path)


def test_a_plan_is_applied_once_however_often_its_job_starts(filled):
    plan = big_plan(filled)
    folder = put(filled, "apply", {}, files=lambda path: planfile.write_plan(plan, path))
    assert worker.run(folder) == 0
    action = work.result(filled, "job-1")
    assert (action.affected, action.actor, action.params["job"]) == (plan.affected, "ann", "job-1")
    (folder.path / "result.json").unlink()  # as if it had been killed after its transaction
    assert worker.run(folder) == 0
    assert work.result(filled, "job-1").id == action.id
    curation.undo(filled, action.id, actor="ann")
    assert browsing.search(filled, "status:dropped").total == 0


def test_a_stop_takes_back_what_was_not_committed(filled, monkeypatch):
    plan = big_plan(filled)
    folder = put(filled, "apply", {}, files=lambda path: planfile.write_plan(plan, path))
    monkeypatch.setattr("workbench.store.changes.CHUNK", 10)
    monkeypatch.setattr("crlft.events.Events.stop_wanted", lambda self: True)
    assert worker.run(folder) == 0
    assert job_status(folder.path).status == "stopped"
    assert browsing.search(filled, "status:dropped").total == 0
    with pytest.raises(NotFound, match="left no result"):
        work.result(filled, "job-1")


def test_what_somebody_changed_meanwhile_is_said_with_its_remedy(filled):
    plan = big_plan(filled)
    folder = put(filled, "apply", {}, files=lambda path: planfile.write_plan(plan, path))
    curation.apply_plan(filled, curation.plan_status(filled, "kept", "", seqs=[1]), actor="ben")
    assert worker.run(folder) == 1
    job = job_status(folder.path)
    assert (job.status, job.remedy) == ("failed", "look at the new state and plan again")
    assert "changed by somebody else" in job.error
    with pytest.raises(JobError, match="no result"):
        work.result(filled, "job-1")


def test_a_mistaken_request_fails_in_words(filled):
    assert worker.run(put(filled, "dedupe", {"method": "nearly"})) == 1
    assert "no method 'nearly'" in job_status(filled.runs / "job-1").error
    with pytest.raises(NotFound, match="no work of kind"):
        work.start(filled, "tidy", {}, actor="ann", title="x")


def test_only_the_asker_is_shown_what_is_his_own(filled):
    put(filled, "clean", {"rules": []})
    assert work.latest(filled, "clean", actor="ann").id == "job-1"
    assert work.latest(filled, "clean", actor="ben") is None


def test_what_was_put_away_keeps_no_large_files_and_the_oldest_go(filled, monkeypatch):
    asked = {"rules": ["html"], "query": "", "verdicts": {}, "params": {}, "newest": 1}
    for number in range(4):
        worker.run(put(filled, "clean", asked, f"job-{number}"))
    for number in range(3):
        work.put_away(filled, f"job-{number}")
    assert not (filled.runs / "job-2" / "hits.jsonl").exists()
    assert work.latest(filled, "clean").id == "job-3"
    assert work.result(filled, "job-3").hits
    monkeypatch.setattr(work, "KEPT_EACH", 1)
    monkeypatch.setattr(work, "start_job", lambda *a, job_id, **k: put_job(filled, job_id))
    work.start(filled, "clean", asked, actor="ann", title="scan")
    left = {p.name for p in filled.runs.iterdir() if p.name.startswith("job-")}
    assert left == {"job-2", "job-3"}


def put_job(project, job_id):
    RunFolder(project.runs / job_id).write_json("job.json", {"kind": "clean", "asked_at": 0.0})


def test_large_is_what_takes_long(filled):
    plan = big_plan(filled)
    assert not work.is_large(plan)
    many = type(plan)("drop", "x", list(plan.changes) * 600)
    assert work.is_large(many)


def test_progress_may_stop_the_work():
    said = []
    watch = Watch(lambda done, total: said.append((done, total)), lambda: True)
    watch.report(1, 2)
    with pytest.raises(StopAsked) as stopped:
        watch.report_or_stop(2, 2)
    assert (said, stopped.value.done) == ([(1, 2), (2, 2)], 2)


def test_a_scan_that_is_gone_is_said(tmp_path):
    with pytest.raises(NotFound, match="cannot be read"):
        scanfile.read_scan(tmp_path)
