import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import crlft.failure
from crlft.errors import ConfigError, ModelError
from crlft.runfolder import RunFolder
from tests.unit.loop_project import fake_base, fake_command, fake_trainer, loop_project, project_of, rows
from workbench.domain.errors import JobError, NotFound, ProjectError
from workbench.services import bases, failures, jobs, train_request, training
from workbench.services.curation import log, set_class
from workbench.services.snapshots import list_snapshots, make_snapshot
from workbench.services.training import TrainRequest
from workbench.store.runs import run_entries


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setattr(train_request, "crlft_command", fake_trainer())
    monkeypatch.setenv("CRLFT_OFFLINE_BASE", str(fake_base(tmp_path / "base")))
    project = loop_project(tmp_path / "project")
    yield project
    project.close()


def test_a_request_becomes_a_folder_a_job_and_a_log_entry(project):
    request = TrainRequest("one", overrides={"steps": "40", "learning_rate": "auto"})
    job = training.start_training(project, request, actor="ann")
    assert job.live or job.status == "done"
    events = []
    job = training.wait_for(project, job.id, events.append)
    assert (job.status, job.step, job.total, job.metrics["loss"]) == ("done", 2, 2, 0.25)
    assert [e["event"] for e in events] == ["start", "step", "step"]
    config = RunFolder(project.runs / job.id).read_json("config.json")
    assert config["steps"] == 40
    assert config["learning_rate"] is None
    assert config["snapshot"] == str(project.snapshots / "one")
    assert config["base"].endswith("/base")
    assert job.params["snapshot_hash"] == list_snapshots(project)[0].hash
    assert job.params["round"] == 1
    with project.database.read() as connection:
        entry = run_entries(connection)[job.id]
    assert (entry.status, entry.method, entry.snapshot, entry.actor) == ("done", "c-rlft", "one", "ann")
    newest = log(project, 1)[0]
    assert (newest.kind, newest.actor) == ("run", "ann")
    assert job.id in newest.title
    events, offset = training.run_curves(project, job.id)
    assert training.run_curves(project, job.id, offset) == ([], offset)
    assert len(events) == 3


def test_without_a_snapshot_one_is_made_of_what_is_kept_now(project):
    first = training.start_training(project, TrainRequest(), actor="ann")
    second = training.start_training(project, TrainRequest(), actor="ann")
    assert [first.params["snapshot"], second.params["snapshot"]] == ["kept-1", "kept-2"]
    assert {s.name for s in list_snapshots(project)} == {"one", "kept-1", "kept-2"}
    for job in (first, second):
        assert training.wait_for(project, job.id).status == "done"
    assert [j.id for j in training.list_runs(project)] == sorted([first.id, second.id], reverse=True)


@pytest.mark.parametrize(
    ("request_", "error", "said"),
    [
        (TrainRequest("two"), NotFound, "no snapshot 'two'"),
        (TrainRequest("one", method="magic"), JobError, "unknown method 'magic'"),
        (TrainRequest("one", base="./nowhere"), JobError, "'./nowhere' does not exist: no such folder"),
        (TrainRequest("one", base="no-such/model"), JobError, "'no-such/model' does not exist"),
        (TrainRequest("one", processes=0), JobError, "cannot have 0 processes"),
        (TrainRequest("one", processes=65), JobError, "cannot have 65 processes"),
        (TrainRequest("one", base=""), JobError, "'' does not exist"),
        (TrainRequest("one", overrides={"steps": "many", "sneeds": 1}), ConfigError, "steps is 'many'"),
        (TrainRequest("one", overrides={"base": "x"}), ConfigError, "base is no setting"),
    ],
)
def test_bad_requests_are_refused_before_anything_is_made(project, request_, error, said):
    with pytest.raises(error) as caught:
        training.start_training(project, request_, actor="ann")
    assert said in caught.value.message
    assert caught.value.remedy
    assert training.list_runs(project) == []
    assert [s.name for s in list_snapshots(project)] == ["one"]


def test_a_folder_that_is_no_model_says_what_it_lacks(project, tmp_path):
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="no weights"):
        training.prepare(project, TrainRequest("one", base=str(tmp_path / "half")))


def test_one_class_only_and_an_empty_class_are_said_and_an_empty_best_class_is_refused(tmp_path, project):
    sub_only = project_of(tmp_path / "sub-only", rows(expert=0))
    make_snapshot(sub_only, "s", actor="ann")
    (warning,) = training.prepare(sub_only, TrainRequest("s")).warnings
    assert "one class only (sub)" in warning
    assert "tag some" in warning
    with pytest.raises(JobError, match="'expert' has no conversation"):
        training.prepare(sub_only, TrainRequest("s", method="sft-best"))
    assert training.prepare(sub_only, TrainRequest("s", method="sft")).warnings == ()
    assert training.prepare(project, TrainRequest("one")).warnings == ()
    set_class(project, "crowd", condition="Crowd", reward=0.5, actor="ann")
    make_snapshot(project, "two", actor="ann")
    (warning,) = training.prepare(project, TrainRequest("two")).warnings
    assert "class 'crowd' has no conversation in snapshot two" in warning
    sub_only.close()


def test_warnings_stand_in_the_runs_events(tmp_path, project):
    sub_only = project_of(tmp_path / "sub-only", rows(expert=0))
    job = training.start_training(sub_only, TrainRequest(), actor="ann")
    events, _ = training.run_curves(sub_only, job.id)
    assert events[0]["event"] == "warning"
    training.wait_for(sub_only, job.id)
    sub_only.close()


def test_a_finished_run_is_a_base_and_an_unfinished_one_is_not(project):
    job = training.start_training(project, TrainRequest("one"), actor="ann")
    training.wait_for(project, job.id)
    assert [c.value for c in training.bases(project)] == ["offline", job.id]
    again = training.start_training(project, TrainRequest("one", base=job.id), actor="ann")
    assert training.wait_for(project, again.id).status == "done"
    config = RunFolder(project.runs / again.id).read_json("config.json")
    assert config["base"] == str(project.runs / job.id / "model")
    (project.runs / job.id / "model" / "config.json").unlink()
    with pytest.raises(JobError, match="no finished model"):
        bases.resolve_base(project, job.id)


def test_the_offline_base_is_named_where_it_lacks(project, monkeypatch, tmp_path):
    monkeypatch.setenv("CRLFT_OFFLINE_BASE", str(tmp_path / "gone"))
    with pytest.raises(JobError, match="offline base is not in") as caught:
        training.start_training(project, TrainRequest("one"), actor="ann")
    assert "crlft base build" in caught.value.remedy


def test_a_failed_run_offers_one_action_and_retrying_changes_only_that(project):
    job = training.start_training(project, TrainRequest("one", overrides={"seed": 13}), actor="ann")
    failed = training.wait_for(project, job.id)
    assert (failed.status, failed.error) == ("failed", "the loss is not finite at step 2")
    action = training.next_action(project, failed)
    assert action.code == "retry"
    assert action.overrides == {"learning_rate": pytest.approx(1e-3 / 3)}
    retried = training.retry_run(project, job.id, {**action.overrides, "seed": 1}, actor="ann")
    config = RunFolder(project.runs / retried.id).read_json("config.json")
    assert (config["seed"], config["learning_rate"]) == (1, pytest.approx(1e-3 / 3))
    done = training.wait_for(project, retried.id)
    assert done.status == "done"
    assert training.next_action(project, done) is None


class TestNextAction:
    def failed(self, project, kind, resolved=None, **settings):
        folder = project.runs / f"run-{kind}"
        folder.mkdir()
        run = RunFolder(folder)
        run.write_json("job.json", {"kind": "train", "params": {"snapshot": "one"}})
        run.write_json("config.json", settings)
        if resolved:
            run.write_json("resolved.json", resolved)
        run.mark("failed", error="e", remedy="r", kind=kind)
        return training.next_action(project, training.get_run(project, folder.name))

    def test_out_of_memory_halves_what_was_really_computed_at_once(self, project):
        action = self.failed(project, "out-of-memory", {"micro_batch_tokens": 16384}, micro_batch_tokens=None)
        assert (action.code, action.overrides) == ("retry", {"micro_batch_tokens": 8192})

    def test_out_of_memory_with_the_smallest_batch_takes_an_adapter(self, project):
        action = self.failed(project, "out-of-memory", micro_batch_tokens=64)
        assert action.overrides == {"adapter": "lora"}

    def test_nan_lowers_the_rate_the_trainer_worked_out(self, project):
        action = self.failed(project, "nan", {"learning_rate": 3e-3}, learning_rate=None)
        assert action.overrides == {"learning_rate": pytest.approx(1e-3)}

    @pytest.mark.parametrize(("free", "code"), [(1 << 20, "free-disk"), (1 << 40, "resume")])
    def test_a_full_disk_asks_for_room_until_there_is_some(self, project, monkeypatch, free, code):
        monkeypatch.setattr(failures.shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
        assert self.failed(project, "disk-full").code == code

    @pytest.mark.parametrize(
        ("kind", "code"), [("bad-data", "data"), ("bad-config", "settings"), ("error", "resume"), ("?", "resume")]
    )
    def test_every_kind_has_one(self, project, kind, code):
        assert self.failed(project, kind).code == code

    def test_every_kind_the_trainer_knows_has_words(self):
        source = Path(crlft.failure.__file__).read_text("utf-8")
        told = set(re.findall(r'(?:Failure\(|return )"([a-z-]+)"', source))
        assert told
        assert told <= set(failures.KINDS)


def test_a_run_in_two_processes_is_a_job_of_its_own_command_and_is_retried_as_one(project, monkeypatch):
    crew = fake_trainer()
    monkeypatch.setattr(train_request, "crlft_crew_command", lambda n, *words: [*crew(), f"of {n}"])
    job = training.start_training(project, TrainRequest("one", processes=2, group="first"), actor="ann")
    assert training.wait_for(project, job.id).status == "done"
    assert job.command[-1] == "of 2"
    again = training.retry_run(project, job.id, {"seed": 3}, actor="ann")
    assert (again.command[-1], again.params["processes"], again.params["group"]) == ("of 2", 2, "first")
    assert training.wait_for(project, again.id).status == "done"


def test_stop_resume_and_delete_by_id(project, monkeypatch):
    monkeypatch.setattr(train_request, "crlft_command", fake_command("import time; time.sleep(600)"))
    job = training.start_training(project, TrainRequest("one"), actor="ann")
    assert jobs.stop(project, job.id, grace_seconds=0).status in ("stopping", "stopped")
    stopped = training.wait_for(project, job.id)
    assert stopped.status == "stopped"
    assert training.next_action(project, stopped).code == "resume"
    assert training.resume_run(project, job.id).live
    jobs.stop(project, job.id, grace_seconds=0)
    training.wait_for(project, job.id)
    jobs.delete(project, job.id, actor="ann")
    assert training.list_runs(project) == []
    with pytest.raises(NotFound, match="there is no run"):
        training.get_run(project, job.id)
    with pytest.raises(NotFound):
        training.get_run(project, "../project")
    # Deleted at once after a forced stop, a job may be in the trash before its end is written down.
    assert jobs.restore(project, job.id, actor="ann").status in ("stopped", "killed")


def test_a_run_copied_in_from_elsewhere_is_adopted(project):
    folder = project.runs / "20260101-000000-sft-0001"
    folder.mkdir()
    params = {"snapshot": "old", "method": "sft", "round": 1}
    RunFolder(folder).write_json("job.json", {"kind": "train", "params": params, "created_at": "2026-01-01"})
    RunFolder(folder).mark("done", metrics={"loss": 1.5})
    (job,) = training.list_runs(project)
    assert job.status == "done"
    with project.database.read() as connection:
        assert run_entries(connection)[job.id].metrics == {"loss": 1.5}


def test_preflight_says_what_the_run_amounts_to(project):
    plan = training.preflight(project, TrainRequest("one", overrides={"step_tokens": 100, "epochs": 2}))
    by_name = {c.name: c for c in plan.classes}
    assert (by_name["expert"].conversations, by_name["sub"].conversations) == (6, 10)
    assert by_name["sub"].loss_weight == pytest.approx(0.1)
    assert sum(c.mass_share for c in plan.classes) == pytest.approx(1)
    expert = by_name["expert"].supervised_tokens
    sub = by_name["sub"].supervised_tokens
    assert by_name["expert"].mass_share == pytest.approx(expert / (expert + 0.1 * sub))
    assert plan.steps >= 2
    assert plan.step_tokens == 100
    texts = {e.class_name: "".join(s.text for s in e.segments) for e in plan.examples}
    assert texts["expert"].startswith("GPT4 Correct User: What is")
    assert "GPT3 Correct Assistant:" in texts["sub"]
    learnt = [s.text for e in plan.examples if e.class_name == "expert" for s in e.segments if s.supervised]
    assert learnt[0].strip().startswith("Sure!")
    assert plan.command[0] == sys.executable
    assert "DIR" in plan.command
    assert training.list_runs(project) == []


def test_preflight_follows_the_method(project):
    plain = training.preflight(project, TrainRequest("one", method="sft"))
    assert {c.loss_weight for c in plain.classes} == {1.0}
    assert all("GPT" not in s.text for e in plain.examples for s in e.segments)
    best = training.preflight(project, TrainRequest("one", method="sft-best"))
    assert [c.name for c in best.classes] == ["expert"]
    frozen, now = (training.preflight(project, TrainRequest(name)) for name in ("one", None))
    assert now.steps == frozen.steps
    assert [(c.name, c.conversations, c.supervised_tokens) for c in now.classes] == [
        (c.name, c.conversations, c.supervised_tokens) for c in frozen.classes
    ]
    assert [c.mass_share for c in now.classes] == pytest.approx([c.mass_share for c in frozen.classes])
    assert [e.class_name for e in now.examples] == [e.class_name for e in frozen.examples]
    assert training.preflight(project, TrainRequest(None, overrides={"steps": 7})).steps == 7


def test_an_old_snapshot_with_held_out_prompts_is_warned_of_and_a_new_one_leaves_them_out(project):
    from workbench.services.comparing import parse_prompts, set_held_out

    set_held_out(project, parse_prompts("what IS  3 plus 3?\nWhat is the sky?"), actor="ann")
    (warning,) = training.prepare(project, TrainRequest("one")).warnings
    assert warning.startswith("1 conversations of snapshot one ask what is held out now")
    assert training.prepare(project, TrainRequest(None)).warnings == ()
    made = make_snapshot(project, "two", actor="ann")
    assert made.conversations == 15
    assert training.prepare(project, TrainRequest("two")).warnings == ()


def test_a_store_that_cannot_be_written_does_not_hide_how_a_run_ended(project, monkeypatch, caplog):
    job = training.start_training(project, TrainRequest("one"), actor="ann")

    def full():
        raise ProjectError("the disk is full", "make room")

    monkeypatch.setattr(project.database, "write", full)
    assert training.wait_for(project, job.id).status == "done"
    assert [j.status for j in training.list_runs(project)] == ["done"]
    assert "out of date" in caplog.text
