"""Snapshots: seen before they are made, made once, compared, taken elsewhere."""

from __future__ import annotations

import json

import pytest

from workbench.services import curation, snapshots
from workbench.ui.views.snapshots import next_name


def html(app):
    return " ".join(str(h.value) for h in app.get("html"))


def button(app, start):
    return next(b for b in app.button if b.label.startswith(start))


def test_an_empty_project_leads_to_import(empty_project, open_page):
    assert button(open_page("snapshots"), "Go to Import")


def test_what_it_would_hold_is_shown_and_then_made(project, open_page):
    app = open_page("snapshots")
    assert "16" in html(app)
    assert button(app, "Tag the 8 that have no class")
    button(app, "Make snapshot").click().run()
    made = snapshots.list_snapshots(project)
    assert [(s.name, s.conversations, s.classes) for s in made] == [("round-1", 16, {"expert": 8, "sub": 8})]
    assert app.query_params["snapshot"] == "round-1"
    assert made[0].hash in html(app)


def test_a_query_narrows_it_and_what_matches_nothing_cannot_be_made(project, open_page):
    app = open_page("snapshots")
    app.text_input(key="snapshot-query").set_value("class:expert").run()
    assert any("One class" in w.value or "no conversation" in w.value for w in app.warning)
    app.text_input(key="snapshot-query").set_value("source:nobody-at-all").run()
    assert app.error
    assert button(app, "Make snapshot").disabled


def test_a_mistake_in_the_query_is_answered_in_place(project, open_page):
    app = open_page("snapshots")
    app.text_input(key="snapshot-query").set_value("turns>many").run()
    assert app.error
    assert snapshots.list_snapshots(project) == []


def test_two_snapshots_are_compared_by_class(project, open_page):
    snapshots.make_snapshot(project, "one", actor="t")
    seqs = [1, 2]
    curation.apply_plan(project, curation.plan_status(project, "dropped", "no", seqs=seqs), actor="t")
    snapshots.make_snapshot(project, "two", actor="t")
    app = open_page("snapshots", snapshot="two")
    assert "-2" in html(app)
    assert app.selectbox(key="snapshot-against-two").value == "one"


def test_equal_snapshots_are_said_to_be_equal(project, open_page):
    snapshots.make_snapshot(project, "one", actor="t")
    snapshots.make_snapshot(project, "two", actor="t")
    app = open_page("snapshots", snapshot="two")
    assert any("hashes are equal" in c.value for c in app.caption)


def test_export_writes_a_file_and_refuses_to_overwrite_it(project, open_page):
    snapshots.make_snapshot(project, "one", actor="t")
    app = open_page("snapshots", snapshot="one")
    app.selectbox(key="snapshot-format").set_value("messages").run()
    button(app, "Export").click().run()
    out = project.root / "exports" / "one-messages.jsonl"
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 16
    assert app.success
    again = next(i for i in app.text_input if i.label == "Write to")
    assert again.value.endswith("one-messages-2.jsonl"), "the next one gets a name of its own"
    again.set_value(str(out)).run()
    button(app, "Export").click().run()
    assert "already there" in app.error[0].value


def test_the_card_is_shown_as_it_is_written(project, open_page):
    snapshots.make_snapshot(project, "one", actor="t")
    app = open_page("snapshots", snapshot="one")
    app.selectbox(key="snapshot-format").set_value("datasets").run()
    app.selectbox(key="snapshot-parts").set_value("train 80 %, validation 10 %, test 10 %").run()
    button(app, "Show what would be written").click().run()
    shown = app.code[-1].value
    button(app, "Export").click().run()
    assert (project.root / "exports" / "one" / "README.md").read_text(encoding="utf-8").strip() == shown.strip()
    assert "16 conversations" in shown


def test_training_on_it_leads_to_the_form_with_it(project, open_page):
    snapshots.make_snapshot(project, "one", actor="t")
    app = open_page("snapshots", snapshot="one")
    button(app, "Train on it").click().run()
    assert app.selectbox(key="train-snapshot").value == "one"


@pytest.mark.parametrize(
    ("taken", "name"),
    [(set(), "round-2"), ({"round-2"}, "round-2b"), ({"round-2", "round-2b", "round-1"}, "round-2c")],
)
def test_names_follow_the_round(taken, name):
    assert next_name(taken, 2) == name
