"""Runs: kept, noted, deleted, laid beside each other; baselines; failures with one next action."""

from __future__ import annotations

import json

from tests.ui.loop_data import make_run, step
from workbench.services import jobs, runs, training
from workbench.ui.views.train_beside import short_names


def html(app):
    return " ".join(str(h.value) for h in app.get("html"))


def labels(app):
    return [b.label for b in app.button]


def evaluation(n, loss):
    swap = {"expert": {"right": loss, "wrong": loss + 0.25}}
    return {"event": "eval", "step": n, "loss": loss, "loss_by_class": {"expert": loss}, "swap": swap}


def two_runs(project):
    for name, method, rate in (("run-1", "c-rlft", 0.001), ("run-2", "sft", 0.002)):
        folder = make_run(project, name, events=[step(1), step(4), evaluation(4, 1.5)], mark="done", model=True)
        (folder / "config.json").write_text(json.dumps({"method": method, "learning_rate": rate, "steps": 4}))
    training.list_runs(project)


def test_a_run_is_starred_noted_and_put_into_the_trash_and_taken_back(project, open_page):
    two_runs(project)
    app = open_page("train", run="run-1")
    app.button(key="run-star").click().run()
    app.text_area(key="note-run-1").set_value("keeps [its] promise").run()
    app.button(key="note-keep").click().run()
    row = runs.run_row(project, "run-1")
    assert (row.starred, row.notes) == (True, "keeps [its] promise")
    assert "Starred" in labels(app)
    app.button(key="run-delete").click().run()
    assert [r.job.id for r in runs.run_rows(project)] == ["run-2"]
    app.button(key="restore-run-1").click().run()
    assert len(runs.run_rows(project)) == 2


def test_two_runs_beside_each_other_show_curves_and_what_differs(project, open_page):
    two_runs(project)
    app = open_page("train", beside="run-1,run-2")
    assert len(app.get("plotly_chart")) == 4  # loss, held out, swap test, held out of the one class
    text = html(app)
    for shown in ("Learning rate", "0.001", "0.002", "c-rlft", "sft"):
        assert shown in text
    assert ">Steps<" not in text
    assert any("no longer in this project" in c.value for c in app.caption)


def test_runs_of_the_same_title_are_told_apart_by_their_time(project):
    for name in ("20261122-201500-sft-1a2b", "20261122-211500-sft-3c4d"):
        folder = make_run(project, name, mark="done")
        job = json.loads((folder / "job.json").read_text()) | {"title": "sft on one"}
        (folder / "job.json").write_text(json.dumps(job))
    names = short_names(training.list_runs(project))
    assert len(set(names)) == 2
    assert all(name.startswith("sft on one · ") for name in names)


def test_missing_baselines_are_offered_and_started(project, open_page, monkeypatch):
    two_runs(project)
    asked = []

    def start(project, run_id, methods, *, actor):
        asked.append((run_id, tuple(methods)))
        return [training.get_run(project, "run-2")] * len(methods)

    monkeypatch.setattr(runs, "start_baselines", start)
    app = open_page("train", run="run-1")
    app.button(key="train-baselines").click().run()
    make_run(project, "run-3", mark="failed", marker={"error": "e", "kind": "nan"})
    assert not any("baseline" in label for label in labels(open_page("train", run="run-3")))
    assert asked == [("run-1", ("no-reward", "no-condition", "sft", "sft-best", "inverse-frequency"))]


def test_what_is_still_missing_is_chosen_again_when_some_were_started(project, open_page, monkeypatch):
    two_runs(project)
    missing = ["no-reward", "sft"]
    monkeypatch.setattr(runs, "missing_baselines", lambda project, run_id: list(missing))
    monkeypatch.setattr(
        runs, "start_baselines", lambda project, run_id, methods, *, actor: missing.remove("sft") or []
    )
    app = open_page("train", run="run-1")
    app.button_group(key="baselines-no-reward-sft").set_value(["sft"]).run()
    assert app.button(key="train-baselines").label == "Train the baseline too"
    app.button(key="train-baselines").click().run()
    assert app.button_group(key="baselines-no-reward").value == ["no-reward"]
    assert not app.button(key="train-baselines").disabled


def test_the_method_table_stands_under_a_run_with_baselines(project, open_page):
    two_runs(project)
    job = json.loads((project.runs / "run-2" / "job.json").read_text())
    job["params"] |= {"group": "run-1", "method": "sft"}
    (project.runs / "run-2" / "job.json").write_text(json.dumps(job))
    app = open_page("train", run="run-2")
    assert "Methods from the same base" in html(app)
    assert "+0.250" in html(app)
    assert "Lay them over each other" in labels(app)


def test_a_model_is_copied_where_it_is_asked_for(project, open_page, tmp_path):
    two_runs(project)
    app = open_page("train", run="run-1")
    app.text_input(key="export-model-to").set_value(str(tmp_path / "out" / "model")).run()
    app.button(key="export-model").click().run()
    assert (tmp_path / "out" / "model" / "crlft.json").is_file()


def test_each_kind_of_failure_has_its_words_the_log_and_one_main_action(project, open_page):
    words = {
        "out-of-memory": ("Out of memory", "Start again with half the micro-batch"),
        "disk-full": ("The disk is full", None),
        "bad-data": ("The data cannot be used", "Open the snapshot"),
        "error": ("It broke off with an error", "Resume"),
    }
    for kind, (title, action) in words.items():
        marker = {"error": "it <says> why", "remedy": "do this", "kind": kind}
        make_run(project, f"run-{kind}", events=[step(1)], mark="failed", marker=marker)
        app = open_page("train", run=f"run-{kind}")
        assert title in app.error[0].value
        assert "Do this" in app.error[0].value
        assert any("the last words" in c.value for c in app.code)
        if action:
            assert action in labels(app)


def test_a_retry_goes_on_to_the_new_run(project, open_page, monkeypatch):
    make_run(project, "run-1", mark="failed", marker={"error": "e", "kind": "nan"})
    make_run(project, "run-2", mark="done")
    seen = []

    def retry(project, run_id, overrides, *, actor):
        seen.append((run_id, dict(overrides)))
        return jobs.get_job(project, "run-2")

    monkeypatch.setattr(training, "retry_run", retry)
    app = open_page("train", run="run-1")
    app.button(key="run-retry").click().run()
    assert seen == [("run-1", {"learning_rate": 1e-3 / 3})]
    assert app.query_params["run"] == "run-2"


def test_again_with_changes_opens_the_form_as_it_was(project, open_page):
    folder = make_run(project, "run-1", events=[step(1)], mark="done")
    job = json.loads((folder / "job.json").read_text())
    job["params"] |= {"overrides": {"learning_rate": "0.002", "schedule": "linear"}, "method": "sft"}
    (folder / "job.json").write_text(json.dumps(job))
    app = open_page("train", run="run-1")
    app.button(key="run-again").click().run()
    assert not app.exception
    assert app.text_input(key="train-learning_rate").value == "0.002"
    assert app.selectbox(key="train-schedule").value == "linear"
    assert app.radio(key="train-method").value == "sft"


def test_a_full_disk_leads_to_what_can_go_for_good(project, open_page):
    make_run(project, "run-1", events=[step(1)], mark="done", model=True)
    checkpoint = project.runs / "run-1" / "checkpoints" / "step-1"
    checkpoint.mkdir(parents=True)
    (checkpoint / "state.bin").write_bytes(b"x" * 5000)
    app = open_page("jobs", show="room")
    app.button(key="room-checkpoints").click().run()
    assert not app.exception
    assert not checkpoint.exists()
    assert "room-checkpoints" not in [b.key for b in app.button]
