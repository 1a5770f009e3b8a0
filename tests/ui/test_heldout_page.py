"""What asks held-out prompts: on the Snapshots page, under Rounds → Checks, and from a shell."""

from __future__ import annotations

import json

import pytest

from tests.ui.conftest import QUESTIONS
from workbench.cli import run
from workbench.services import browsing, curation, heldout, snapshots
from workbench.services.prompts import held_out_prompts, parse_prompts, set_held_out
from workbench.ui.views import heldout as view


def html(app):
    return " ".join(str(h.value) for h in app.get("html"))


def button(app, start):
    return next(b for b in app.button if b.label.startswith(start))


def test_a_project_without_held_out_prompts_is_offered_some(project, open_page):
    app = open_page("rounds", panel="Checks")
    assert any("Nothing is held out yet" in c.value for c in app.caption)
    app.number_input(key="hold-n").set_value(2).run()
    button(app, "Hold them out").click().run()
    assert len(held_out_prompts(project)) == 2
    assert "left out" in html(app)
    assert snapshots.plan_snapshot(project).held_out.ways["copy"] == 8  # two questions, four tagged answers each


def test_typed_prompts_are_held_out_and_what_stays_out_is_a_decision(project, open_page):
    app = open_page("rounds", panel="Checks")
    app.segmented_control(key="hold-how").set_value("typed").run()
    app.text_area(key="hold-typed").set_value(f"{QUESTIONS[2]}\n{QUESTIONS[0]} Please").run()
    button(app, "Hold them out").click().run()
    assert snapshots.plan_snapshot(project).held_out.ways == {"copy": 4, "near": 4, "reworded": 0}
    app.segmented_control(key="held-out-choice-near").set_value("copy").run()
    app.text_input(key="held-out-why").set_value("templates").run()
    button(app, "Decide").click().run()
    assert heldout.held_out_counts(project).left_out == ("copy",)
    assert curation.log(project)[0].reason == "templates"
    assert app.segmented_control(key="held-out-choice-copy").value == "copy"


def test_the_snapshots_page_says_what_stays_out_and_leads_there(project, open_page):
    assert not any("stay out" in i.value for i in open_page("snapshots").info)
    set_held_out(project, parse_prompts(QUESTIONS[0]), actor="t")
    app = open_page("snapshots")
    assert any("4 conversations stay out" in i.value and "4 copies" in i.value for i in app.info)
    assert "4 more held out" in html(app)
    button(app, "Make snapshot").click().run()
    assert snapshots.get_snapshot(project, "round-1").conversations == 12
    assert "1 held out; left out: 4 copies, 0 near-copies" in html(app)


def test_the_mass_leaves_out_what_is_held_out_and_says_so(project, open_page):
    set_held_out(project, parse_prompts(QUESTIONS[0]), actor="t")
    plan = snapshots.plan_snapshot(project)
    app = open_page("tag", tab="rewards")
    assert any("4 conversations stay out" in i.value for i in app.info)
    assert any("12 conversations that are trained on" in c.value for c in app.caption)
    assert all(f">{c.mass_share:.1%}<" in html(app) for c in plan.classes)
    app.slider(key="reward-sub-0.1").set_value(1.0).run()
    assert any("4 conversations stay out" in i.value for i in app.info)
    app = open_page("browse", view="health")
    assert any("4 conversations are not among them" in c.value for c in app.caption)


def test_many_new_prompts_are_compared_in_the_background(project, open_page, monkeypatch):
    set_held_out(project, parse_prompts(QUESTIONS[0]), actor="t")
    monkeypatch.setattr(view, "AT_ONCE", 2)
    app = open_page("snapshots")
    for thread in view.background.threads():
        thread.join()
    app.run()
    assert any("4 conversations stay out" in i.value for i in app.info)


@pytest.fixture
def shell(project, capsysbinary):
    def call(*words):
        code = run(["--project", str(project.root), "--json", *words])
        return code, json.loads(capsysbinary.readouterr().out)

    return call


def test_the_shell_holds_out_and_says_what_asks_it(shell, tmp_path):
    file = tmp_path / "mine.txt"
    file.write_text(QUESTIONS[0] + "\n", encoding="utf-8")
    code, found = shell("held-out", str(file))
    assert (code, found["prompts"], found["left_out"]) == (0, 1, ["copy", "near"])
    assert found["ways"] == {"copy": 4, "near": 0, "reworded": 0}
    assert len(found["conversations"]) == 4
    code, found = shell("held-out", "--draw", "3", "--leave-out", "copy", "--reason", "why not")
    assert (code, found["prompts"], found["left_out"]) == (0, 3, ["copy"])
    code, made = shell("snapshot", "first")
    assert (code, made["conversations"], made["held_out"]["left_out"]) == (0, 4, {"copy": 12})
    assert shell("held-out", "--leave-out", "nothing")[0] == 1


def test_a_conversations_details_say_where_it_comes_from_and_that_it_is_held_out(project, open_page):
    set_held_out(project, parse_prompts(QUESTIONS[0]), actor="t")
    app = open_page("browse", q="heldout:copy class:expert")
    app.session_state["browse_tab"] = "details"  # the tabs are a component of the browser
    app.run()
    assert "came from row" in html(app)
    assert any("asks the held-out prompt line-1 (copies, alike 1.00) and stays out" in i.value for i in app.info)
    uid = browsing.search(project, "heldout:copy").items[0].uid
    app = open_page("rounds", panel="Checks")
    app.text_input(key="lineage-id").set_value(uid).run()
    assert "came from row" in html(app)
    assert button(app, "Look at it in Browse")


def test_the_train_page_says_what_is_not_trained_on(project, open_page):
    set_held_out(project, parse_prompts(QUESTIONS[0]), actor="t")
    app = open_page("train")
    assert any("4 conversations are not among them" in c.value for c in app.caption)
