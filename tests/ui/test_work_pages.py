"""Pages whose work is a job: begun, followed, taken up by whoever opens the page next, and left in peace."""

from __future__ import annotations

import json

import pytest

from crlft.runfolder import RunFolder
from tests.ui.test_import_page import look
from workbench.services import browsing, importing, jobs, work, worker
from workbench.services.prompts import parse_prompts, set_held_out
from workbench.ui import state
from workbench.ui.views import clean, duplicates_search, import_, leaks

TEXT = "You find them in aisle four, right behind the bakery and next to the milk"


@pytest.fixture
def copies(empty_project, tmp_path):
    path = tmp_path / "copies.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for n in range(6):
            answer = f"{TEXT}{' ' * (n % 3)}.<br>As an AI language model, I cannot say more than {n // 3}."
            turns = [{"role": "user", "content": "Where are the pears?"}, {"role": "assistant", "content": answer}]
            file.write(json.dumps({"messages": turns}) + "\n")
    importing.import_files(empty_project, [path], actor="t")
    return empty_project


@pytest.fixture
def as_jobs(monkeypatch):
    """Everything is large, and a job is over when it has been started, as its worker leaves it."""
    monkeypatch.setattr(state, "curator", lambda: "ann")
    monkeypatch.setattr(duplicates_search, "AT_ONCE", 0)
    monkeypatch.setattr(leaks, "AT_ONCE", 0)
    monkeypatch.setattr(clean, "AT_ONCE", 0)
    monkeypatch.setattr(clean, "PLAN_AT_ONCE", 0)
    monkeypatch.setattr(import_, "AT_ONCE_BYTES", 0)
    monkeypatch.setattr(work, "LARGE_PLAN", 0)
    monkeypatch.setattr(work, "LARGE_EDITS", 0)

    def start_job(runs, kind, command, *, job_id, title, params, device, offline):
        folder = RunFolder(runs / job_id)
        body = {"kind": kind, "title": title, "params": params, "command": command, "device": device}
        folder.write_json("job.json", {**body, "asked_at": 0.0})
        worker.run(folder)

    monkeypatch.setattr(work, "start_job", start_job)


def html(app):
    return " ".join(str(h.value) for h in app.get("html"))


def button(app, start):
    return next(b for b in app.button if b.label.startswith(start))


def test_a_search_is_a_job_whose_result_the_page_takes_up(copies, open_page, as_jobs):
    app = open_page("duplicates")
    button(app, "Find duplicates").click().run()
    assert "alike" in html(app)
    assert [(j.kind, j.status) for j in jobs.all_jobs(copies)] == [("dedupe", "done")]
    assert "result" in app.query_params


def test_a_scan_is_taken_up_by_another_tab_until_it_was_applied(copies, open_page, as_jobs):
    button(open_page("clean"), "Scan for troubles").click().run()
    app = open_page("clean")
    button(app, "Review and clean 6 conversations").click().run()
    app.button(key="plan-apply").click().run()
    assert {j.kind for j in jobs.all_jobs(copies)} == {"clean", "plan", "apply"}
    assert not any("<br>" in r.conversation.answer for r in browsing.iterate_records(copies, ""))
    assert app.button(key="notice-undo")
    assert not [b for b in open_page("clean").button if b.label.startswith("Review and clean")]
    app.button(key="notice-undo").click().run()
    assert all("<br>" in r.conversation.answer for r in browsing.iterate_records(copies, ""))


def test_leaks_are_found_by_a_job_and_taken_up_by_another_tab_until_the_next_search(copies, open_page, as_jobs):
    set_held_out(copies, parse_prompts("Where are the pears?"), actor="ann")
    app = open_page("duplicates", view="Leaked evaluation prompts")
    app.checkbox(key="leak-meaning").uncheck().run()
    button(app, "Look for leaks").click().run()
    assert "Conversations that leak" in html(app)
    again = open_page("duplicates", view="Leaked evaluation prompts")
    assert any("Leak 1 of 6" in c.value for c in again.caption)
    again.text_input(key="leak-query").set_value("pears tokens>10000").run()
    again.checkbox(key="leak-meaning").uncheck().run()
    button(again, "Look for leaks").click().run()
    assert any("None of 0 conversations" in s.value for s in again.success)
    assert [job.kind for job in jobs.all_jobs(copies)] == ["leaks", "leaks"]
    assert sorted(work.has_result(copies, job.id) for job in jobs.all_jobs(copies)) == [False, True]


def test_an_import_is_a_job_and_its_result_waits_for_whoever_comes(empty_project, open_page, source_file, as_jobs):
    look(open_page, source_file).button(key="import-go").click().run()
    app = open_page("import_")
    assert "In quarantine" in html(app)
    app.button(key="import-more").click().run()
    assert "24" in html(app) or browsing.search(empty_project, "").total == 24
    assert not [b for b in open_page("import_").button if b.key == "import-more"]


def test_what_failed_is_said_with_its_remedy_and_can_be_left(copies, open_page, as_jobs):
    app = open_page("duplicates")
    app.text_input(key="dup-query").set_value("tokens>many").run()
    button(app, "Find duplicates").click().run()
    (box,) = app.error
    assert "What to do" in box.value
    app.button(key="work-leave-dedupe").click().run()
    assert not app.error
    assert not open_page("duplicates").error


def test_a_plan_that_moved_on_says_so_and_changes_nothing(copies, open_page, as_jobs, monkeypatch):
    button(open_page("clean"), "Scan for troubles").click().run()
    app = open_page("clean")
    button(app, "Review and clean 6 conversations").click().run()
    monkeypatch.setattr("workbench.store.changes.moved_on", lambda connection, planned: [1])
    app.button(key="plan-apply").click().run()
    assert any("changed by somebody else" in e.value for e in app.error)
    app.button(key="work-leave-apply").click().run()
    assert not app.error
    assert not any(r.flags for r in browsing.iterate_records(copies, ""))


def test_the_jobs_page_leads_to_the_page_of_what_was_done(copies, open_page, as_jobs):
    button(open_page("duplicates"), "Find duplicates").click().run()
    (job,) = jobs.all_jobs(copies)
    app = open_page("jobs", job=job.id)
    assert "Stop and save" not in [b.label for b in app.button]
    app.button(key="job-page").click().run()
    assert "alike" in html(app)
