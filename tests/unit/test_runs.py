"""Runs as people keep them: marks, trash, baselines, differences, export."""

import json

import pytest

from tests.unit.loop_project import fake_base, fake_trainer, loop_project
from workbench.domain.errors import JobError, NotFound
from workbench.services import jobs, room, rundiff, runs, train_request, training
from workbench.services.curation import apply_plan, log, plan_status
from workbench.services.snapshots import make_snapshot
from workbench.services.training import TrainRequest


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_LOCK_DIR", str(tmp_path / "devices"))
    monkeypatch.setattr(train_request, "crlft_command", fake_trainer())
    monkeypatch.setenv("CRLFT_OFFLINE_BASE", str(fake_base(tmp_path / "base")))
    project = loop_project(tmp_path / "project")
    yield project
    project.close()


def run_of(project, **asked):
    job = training.start_training(project, TrainRequest("one", **asked), actor="ann")
    return training.wait_for(project, job.id)


def test_stars_and_notes_are_kept_and_the_log_knows_who_wrote(project):
    job = run_of(project)
    runs.star_run(project, job.id, starred=True)
    runs.note_run(project, job.id, "  too eager  ", actor="bob")
    (row,) = runs.run_rows(project)
    assert (row.job.id, row.starred, row.notes) == (job.id, True, "too eager")
    assert (log(project, 1)[0].actor, log(project, 1)[0].title) == ("bob", f"note on run {job.id}")
    training.list_runs(project)  # the index is brought up to date without losing them
    runs.star_run(project, job.id, starred=False)
    assert not runs.run_row(project, job.id).starred
    assert runs.run_row(project, job.id).notes == "too eager"
    with pytest.raises(NotFound):
        runs.star_run(project, "nobody", starred=True)
    with pytest.raises(JobError, match="characters"):
        runs.note_run(project, job.id, "x" * 5000, actor="bob")


def test_a_deleted_run_lies_in_the_trash_until_it_is_taken_back(project):
    job = run_of(project)
    runs.note_run(project, job.id, "keep me", actor="ann")
    assert runs.trashed_runs(project) == []
    jobs.delete(project, job.id, actor="ann")
    assert runs.trashed_runs(project) == [(job.id, "c-rlft on one")]
    assert runs.run_rows(project) == []
    jobs.restore(project, job.id, actor="ann")
    assert runs.trashed_runs(project) == []
    assert runs.run_row(project, job.id).notes == "keep me"


def test_baselines_share_data_base_settings_and_the_number_of_steps(project):
    first = run_of(project, overrides={"seed": 5, "epochs": 3})
    made = runs.start_baselines(project, first.id, ["sft", "sft-best", "c-rlft"], actor="ann")
    assert [j.params["method"] for j in made] == ["sft", "sft-best"], "its own method is there already"
    for job in made:
        assert training.wait_for(project, job.id).status == "done"
        config = json.loads((project.runs / job.id / "config.json").read_text())
        assert (config["steps"], config["epochs"], config["seed"]) == (first.total, None, 5)
        assert config["snapshot"].endswith("/one")
    for run_id in (first.id, made[1].id):  # any of them shows the same table
        assert [r.method for r in runs.method_table(project, run_id)] == ["c-rlft", "sft", "sft-best"]
        assert runs.missing_baselines(project, run_id) == ["no-reward", "no-condition", "inverse-frequency"]
    other = run_of(project)
    assert [r.job.id for r in runs.method_table(project, other.id)] == [other.id]


def test_the_method_table_shows_the_last_evaluation(project):
    job = run_of(project)
    folder = project.runs / job.id
    swap = {"expert": {"right": 1.0, "wrong": 1.4}, "sub": {"right": 2.0, "wrong": 2.2}}
    events = [
        {"time": 1, "event": "eval", "loss_by_class": {"expert": 9.0}},
        {"time": 2, "event": "eval", "loss_by_class": {"expert": 1.5}, "swap": swap},
    ]
    with (folder / "events.jsonl").open("a") as file:
        file.writelines(json.dumps(e) + "\n" for e in events)
    (row,) = runs.method_table(project, job.id)
    assert row.held_out == {"expert": 1.5}
    assert row.swap == pytest.approx(0.3)
    assert row.steps == 2


def test_settings_that_differ_are_shown_as_the_numbers_they_became(project):
    left, right = run_of(project), run_of(project, method="sft", overrides={"learning_rate": 0.001})
    (project.runs / left.id / "resolved.json").write_text(json.dumps({"learning_rate": 0.0015, "steps": 9}))
    differing = {name: (a, b) for name, a, b in rundiff.config_diff(project, left.id, right.id)}
    assert differing == {"method": ("c-rlft", "sft"), "learning_rate": (0.0015, 0.001), "steps": (9, None)}
    assert rundiff.config_diff(project, left.id, left.id) == []


def test_data_that_differs_is_counted(project):
    left = run_of(project)
    assert rundiff.snapshot_diff(project, left.id, left.id).same
    apply_plan(project, plan_status(project, "dropped", "none", query='"2 plus 2"'), actor="ann")
    make_snapshot(project, "two", actor="ann")
    right = training.start_training(project, TrainRequest("two"), actor="ann")
    training.wait_for(project, right.id)
    found = rundiff.snapshot_diff(project, left.id, right.id)
    assert (found.same, found.only_left, found.only_right, found.retagged) == (False, 1, 0, 0)
    assert found.classes == {"expert": (6, 5), "sub": (10, 10)}
    # Paths are said as they stand in the project: that part is what differs.
    assert ("snapshot", "snapshots/one", "snapshots/two") in rundiff.config_diff(project, left.id, right.id)
    (project.snapshots / "two").rename(project.snapshots / ".gone")
    assert rundiff.snapshot_diff(project, left.id, right.id) is None


def test_a_model_is_exported_whole_or_not_at_all(project, tmp_path):
    job = run_of(project)
    made = runs.export_model(project, job.id)
    assert made == project.root / "exports" / f"{job.id}-model"
    assert {p.name for p in made.iterdir()} >= {"config.json", "model.safetensors", "crlft.json"}
    with pytest.raises(JobError, match="exists already"):
        runs.export_model(project, job.id, made)
    (tmp_path / "file").write_text("")
    with pytest.raises(JobError, match="cannot write"):
        runs.export_model(project, job.id, tmp_path / "file" / "model")
    (project.runs / job.id / "model" / "config.json").unlink()
    with pytest.raises(JobError, match="no finished model"):
        runs.export_model(project, job.id, tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()


def test_room_is_made_for_good_by_emptying_the_trash_and_dropping_checkpoints(project):
    done, broken = run_of(project), run_of(project)
    for job in (done, broken):
        folder = project.runs / job.id / "checkpoints" / "step-2"
        folder.mkdir(parents=True)
        (folder / "state.bin").write_bytes(b"x" * 1000)
    jobs.delete(project, broken.id, actor="ann")
    found = room.room(project)
    assert (found.trashed, found.finished, found.checkpoint_bytes) == (1, 1, 1000)
    assert found.trash_bytes > 1000
    assert room.empty_trash(project, actor="ann") == found.trash_bytes
    assert room.drop_checkpoints(project, actor="ann") == 1000
    left = room.room(project)
    assert (left.trashed, left.trash_bytes, left.finished, left.checkpoint_bytes) == (0, 0, 0, 0)
    assert (project.runs / done.id / "model" / "config.json").is_file(), "the model stays"
    assert runs.trashed_runs(project) == []
    assert [a.title.split(":")[0] for a in log(project, 2)] == [
        "drop the checkpoints of finished runs",
        "empty the trash of runs",
    ]
