"""Duplicates: found, seen whole, decided by policy or hand, dropped by plan, undone."""

from __future__ import annotations

import json

import pytest

from workbench.services import browsing, curation, importing
from workbench.ui import background
from workbench.ui.views.duplicates_search import TASK
from workbench.ui.widgets.panes import NAMED, visible_ops

LONG = "Please tell me in which aisle I find the pears, the apples and the plums today"


def row(prompt, answer, hand):
    return {
        "messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}],
        "generator": hand,
    }


ROWS = (
    row(LONG, "You find them in aisle four, right behind the bakery and next to the milk.", "senior"),
    row(LONG.upper(), "You find them in aisle four, right behind the bakery  and next to the milk.", "crowd"),
    row(LONG + " please", "You find them in aisle four, right behind the bakery and next to the milk!", "crowd"),
    row(LONG, "aisle four <script>alert(1)</script>", "crowd"),
    row("What is six times seven?", "42", "senior"),
)


@pytest.fixture
def twins(empty_project, tmp_path):
    path = tmp_path / "twins.jsonl"
    path.write_text("\n".join(json.dumps(r) for r in ROWS), encoding="utf-8")
    table = {"senior": "expert", "crowd": "sub"}
    importing.import_files(empty_project, [path], actor="t", class_field="generator", class_map=table)
    return empty_project


def html(app):
    return " ".join(str(h.value) for h in app.get("html"))


def button(app, label):
    return next(b for b in app.button if b.label == label)


def searched(open_page):
    app = open_page("duplicates")
    button(app, "Find duplicates").click().run()
    for thread in background.threads():
        thread.join()
    app.run()
    app.run()
    assert background.task(TASK) is None
    return app


def dropped(project):
    return browsing.search(project, "status:dropped").total


def test_an_empty_project_leads_to_import(empty_project, open_page):
    assert [b.label for b in open_page("duplicates").button if b.key == "empty-go-empty"] == ["Go to Import"]


def test_searching_changes_nothing_and_shows_groups_and_contrasts(twins, open_page):
    app = searched(open_page)
    assert app.query_params["result"] == "1"
    assert "3 alike" in html(app)
    assert "Stays:" in html(app)
    assert "alert(1)" not in html(app).replace("&lt;script&gt;alert(1)", "")
    assert dropped(twins) == 0


def test_the_plan_drops_the_copies_and_undo_brings_them_back(twins, open_page):
    app = searched(open_page)
    app.checkbox(key="dup-careful-1").uncheck().run()
    button(app, "Review and drop the copies").click().run()
    app.button(key="plan-apply").click().run()
    assert dropped(twins) == 2
    kept = browsing.search(twins, "class:expert -status:dropped")
    assert kept.total == 2
    app.button(key="notice-undo").click().run()
    assert dropped(twins) == 0


def test_the_one_to_keep_can_be_chosen_by_hand(twins, open_page):
    app = searched(open_page)
    chosen = 3
    app.checkbox(key="dup-careful-1").uncheck().run()
    app.button(key=f"dup-keep-{chosen}").click().run()
    button(app, "Review and drop the copies").click().run()
    app.button(key="plan-apply").click().run()
    assert browsing.get_record(twins, chosen).status != "dropped"
    assert dropped(twins) == 2


def test_a_group_left_alone_is_not_in_the_plan(twins, open_page):
    app = searched(open_page)
    app.checkbox(key="dup-careful-1").uncheck().run()
    next(x for x in app.button if (x.key or "").startswith("dup-skip-")).click().run()
    assert any("nothing in this group goes" in c.value for c in app.caption)
    button(app, "Review and drop the copies").click().run()
    assert dropped(twins) == 0
    assert "pending_plan" not in app.session_state


def test_one_group_may_follow_a_rule_of_its_own(twins, open_page):
    app = searched(open_page)
    app.checkbox(key="dup-careful-1").uncheck().run()
    group = browsing.matching_seqs(twins, "dup:1")[0]
    app.selectbox(key=f"dup-own-{group}-best").set_value("newest").run()
    assert "Stays: the newest" in html(app)
    app.button(key="dup-rule").click().run()
    assert "Stays: the first that arrived" in html(app)
    button(app, "Review and drop the copies").click().run()
    app.button(key="plan-apply").click().run()
    assert [browsing.get_record(twins, seq).status for seq in (1, 2, 3)] == ["pending", "dropped", "dropped"]


def test_options_belong_to_their_method(twins, open_page):
    app = open_page("duplicates")
    app.button_group(key="dup-method").set_value("exact").run()
    app.checkbox(key="dup-punctuation").check().run()
    button(app, "Find duplicates").click().run()
    for thread in background.threads():
        thread.join()
    app.run()
    app.run()
    assert any("punctuation ignored" in c.value for c in app.caption)
    assert "3 alike" not in html(app)
    assert "2 alike" in html(app)


def test_equal_texts_in_two_classes_are_left_to_a_person(twins, open_page):
    app = searched(open_page)
    assert app.checkbox(key="dup-careful-1").value is True
    assert "tagging conflict" in html(app)
    button(app, "Review and drop the copies").click().run()
    assert dropped(twins) == 0


def test_tagging_conflicts_go_to_the_review_queue(twins, open_page):
    app = searched(open_page)
    assert button(app, "Review 1 tagging conflict").key == "dup-conflicts"
    app.button(key="dup-conflicts").click().run()
    assert not app.exception
    assert browsing.search(twins, "dup:1 -status:dropped").total == 3
    assert not open_page("tag", tab="queue", q="dup:1 -status:dropped").exception


def test_the_threshold_regroups_without_searching(twins, open_page):
    app = searched(open_page)
    app.slider(key="similarity-1").set_value(1.0).run()
    assert "2 alike" in html(app)
    assert app.query_params["result"] == "1"


def test_a_search_that_is_gone_falls_back_to_the_newest(twins, open_page):
    searched(open_page)
    app = open_page("duplicates", result="77")
    assert "3 alike" in html(app)


def test_contrasts_show_one_prompt_in_both_classes(twins, open_page):
    app = searched(open_page)
    app.session_state["look"] = "Contrasts"
    app.run()
    assert not app.exception
    assert ">expert<" in html(app)
    assert ">sub<" in html(app)
    assert "&lt;script&gt;" in html(app)


def test_invisible_characters_are_named_or_boxed():
    assert visible_ops([("delete", "a\u200bb")]) == [("delete", "a⟨U+200B⟩b")]
    many = "".join(chr(0x80 + i) for i in range(NAMED + 1))
    assert visible_ops([("insert", many)]) == [("insert", "▯" * (NAMED + 1))]
    assert visible_ops([("equal", "a\u200bb")]) == [("equal", "a\u200bb")]


def test_what_somebody_else_drops_meanwhile_leaves_the_group(twins, open_page):
    app = searched(open_page)
    seqs = browsing.matching_seqs(twins, "source:crowd")
    curation.apply_plan(twins, curation.plan_status(twins, "dropped", "gone", seqs=seqs), actor="other")
    app.run()
    assert "3 alike" not in html(app)
    assert "2 alike" not in html(app)


def test_the_address_holds_tab_threshold_and_policy(twins, open_page):
    searched(open_page)
    app = open_page("duplicates", look="Contrasts", similarity="0.95", keep="newest")
    assert app.slider(key="similarity-1").value == 0.95
    assert app.selectbox(key="dup-policy").value == "newest"
    assert any("Prompt 1 of 1" in c.value for c in app.caption)
    app.selectbox(key="dup-policy").set_value("best").run()
    assert "keep" not in app.query_params
    assert app.query_params["look"] == "Contrasts"
