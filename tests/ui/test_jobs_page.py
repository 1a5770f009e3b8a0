"""Jobs: what runs, waits and ended, with what can be done about each."""

from __future__ import annotations

from threading import Event

import pytest

from tests.ui.loop_data import make_run, step
from workbench.services import jobs
from workbench.ui import background
from workbench.ui.views.jobs import ended_table


def html(app):
    return " ".join(str(h.value) for h in app.get("html"))


def labels(app):
    return [b.label for b in app.button]


def beats(app):
    """How many parts of the page look again by themselves."""
    return sum(c.proto.component_name == "workbench_heartbeat" for c in app.get("bidi_component"))


def test_lists_look_again_while_something_lives_and_not_after(project, open_page):
    make_run(project, "run-1", events=[step(1)], mark="done")
    assert [beats(open_page(page)) for page in ("jobs", "train")] == [0, 0]
    make_run(project, "run-2", events=[step(1)], alive=True)
    assert [beats(open_page(page)) for page in ("jobs", "train")] == [1, 1]
    assert beats(open_page("jobs", job="run-2")) == 1
    assert beats(open_page("jobs", job="run-1")) == 0


def test_a_project_without_jobs_leads_to_training(project, open_page):
    assert "Go to Train" in labels(open_page("jobs"))


def test_running_and_waiting_jobs_show_progress_place_and_buttons(project, open_page, monkeypatch):
    make_run(project, "run-1", events=[{"event": "start", "step": 0, "total": 4}, step(1), step(2)], alive=True)
    waiting = make_run(project, "run-2", alive=True, kind="generate")
    (waiting / "job.json").write_text((waiting / "job.json").read_text().replace('"running"', '"queued"'))
    monkeypatch.setattr(jobs, "waits_for", lambda project, job: ["run-1"] if job == "run-2" else [])
    moved, stopped = [], []
    monkeypatch.setattr(jobs, "go_first", lambda project, job, *, actor: moved.append(job))
    monkeypatch.setattr(jobs, "stop", lambda project, job: stopped.append(job))
    app = open_page("jobs")
    assert "2 / 4" in app.get("progress")[0].proto.text
    assert any("one job goes first" in m.value for m in app.markdown)
    assert "answers for a comparison" in html(app)
    assert [b.label for b in app.button if b.key and b.key.startswith("first-")] == ["Go first"]
    app.button(key="first-run-2").click().run()
    app.button(key="stop-run-1").click().run()
    assert (moved, stopped) == (["run-2"], ["run-1"])


def test_work_of_the_app_itself_stands_there_while_it_lasts(project, open_page):
    go_on = Event()

    def work(report):
        report(3, 10)
        go_on.wait(30)

    task = background.start("clean-1a2b", work)
    try:
        app = open_page("jobs")
        assert "clean scan" in app.get("progress")[0].proto.text
        assert "3 / 10" in app.get("progress")[0].proto.text
    finally:
        go_on.set()
        for thread in background.threads():
            thread.join()
    assert not task.running
    assert background.tasks() == []


@pytest.mark.parametrize(
    ("mark", "shown"), [("stopped", {"Resume", "Delete"}), ("done", {"Delete"}), ("failed", {"Resume", "Delete"})]
)
def test_an_ended_job_is_opened_with_its_log_and_what_can_be_done(project, open_page, mark, shown):
    make_run(project, "run-1", kind="embed", events=[step(2)], mark=mark, marker={"error": "no room"})
    app = open_page("jobs", job="run-1")
    assert {"Resume", "Delete"} & set(labels(app)) == shown
    assert any("the last words" in c.value for c in app.code)
    assert bool(app.error) == (mark == "failed")


def test_delete_moves_to_the_trash_and_returns_to_the_list(project, open_page):
    make_run(project, "run-1", kind="generate", mark="done")
    app = open_page("jobs", job="run-1")
    app.button(key="job-delete").click().run()
    assert jobs.all_jobs(project) == []
    assert (project.runs / ".trash" / "run-1").is_dir()
    assert "job" not in app.query_params


def test_the_table_of_ended_jobs_says_what_they_did_and_take(project):
    folder = make_run(project, "a", events=[step(2)], mark="stopped", kind="embed")
    (folder / "vectors.npy").write_bytes(b"x" * 3_000_000)
    table = ended_table(project, jobs.all_jobs(project))
    assert (table["kind"], table["status"], table["how far"]) == (["map"], ["stopped"], ["2 / 4"])
    assert table["on the disk"] == ["3.0 MB"]
