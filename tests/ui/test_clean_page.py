"""Clean: scanned, seen, un-ticked, applied by plan, undone byte for byte."""

from __future__ import annotations

import json

import pytest

from workbench.services import browsing, importing, recipes
from workbench.services.cleaning import CleanScan
from workbench.ui import background
from workbench.ui.views.clean_hits import EXCERPT, _cut

BROKEN = "The cafÃ© opens at nine, donâ€™t be late."
DIRTY = (
    ("Where is the cafe?", BROKEN),
    ("When does it open?", "It opens at nine.<br><b>Bring</b> a coat.&nbsp;"),
    ("Who runs it?", "As an AI language model, I cannot answer that."),
    ("Is it far?", "It is five minutes from here, past the bridge."),
)


@pytest.fixture
def dirty(empty_project, tmp_path):
    path = tmp_path / "dirty.jsonl"
    rows = [{"messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}]} for q, a in DIRTY]
    path.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows), encoding="utf-8")
    importing.import_files(empty_project, [path], actor="t")
    return empty_project


def html(app):
    return " ".join(str(h.value) for h in app.get("html"))


def answers(project):
    return {r.conversation.answer for r in browsing.iterate_records(project, "")}


def button(app, start):
    return next(b for b in app.button if b.label.startswith(start))


def scanned(open_page):
    app = open_page("clean")
    button(app, "Scan for troubles").click().run()
    return ended(app)


def ended(app):
    for thread in background.threads():
        thread.join()
    app.run()
    app.run()
    assert not app.exception
    return app


def flags(project):
    return [r.flags for r in browsing.iterate_records(project, "") if r.flags]


def test_an_empty_project_leads_to_import(empty_project, open_page):
    assert [b.label for b in open_page("clean").button if b.key == "empty-go-empty"] == ["Go to Import"]


def test_scanning_changes_nothing_and_shows_each_change_in_place(dirty, open_page):
    before = answers(dirty)
    app = scanned(open_page)
    assert "<del>" in html(app)
    assert "café" in html(app)
    assert answers(dirty) == before


def test_what_was_shown_is_applied_and_undone_byte_for_byte(dirty, open_page):
    before = answers(dirty)
    app = scanned(open_page)
    button(app, "Review and clean 3 conversations").click().run()
    app.button(key="plan-apply").click().run()
    assert not any("<br>" in a or "Ã" in a for a in answers(dirty))
    assert flags(dirty) == [("refusal",)]
    app.button(key="notice-undo").click().run()
    assert answers(dirty) == before
    assert flags(dirty) == []


def test_an_unticked_hit_stays_as_it_is(dirty, open_page):
    app = scanned(open_page)
    app.checkbox(key="clean-hit-1-mojibake").uncheck().run()
    button(app, "Review and clean 2 conversations").click().run()
    app.button(key="plan-apply").click().run()
    assert BROKEN in answers(dirty)


def test_hits_are_filtered_and_left_alone_together(dirty, open_page):
    app = scanned(open_page)
    app.text_input(key="clean-filter").set_value("nothing:so").run()
    assert "nothing" in app.error[0].value
    uid = browsing.get_record(dirty, 1).uid
    app.text_input(key="clean-filter").set_value(f"id:{uid}").run()
    app.button(key="clean-none").click().run()
    assert not app.checkbox(key="clean-hit-1-mojibake").value
    assert button(app, "Review and clean 2 conversations")
    app.button(key="clean-every").click().run()
    assert app.checkbox(key="clean-hit-1-mojibake").value
    app.text_input(key="clean-filter").set_value("-id:" + uid).run()
    assert "0 hits match" in " ".join(c.value for c in app.caption)


def test_a_rule_switched_off_does_nothing(dirty, open_page):
    app = scanned(open_page)
    app.checkbox(key="clean-on-html").uncheck().run()
    button(app, "Review and clean 2 conversations").click().run()
    app.button(key="plan-apply").click().run()
    assert any("<br>" in a for a in answers(dirty))
    assert BROKEN not in answers(dirty)


def test_another_verdict_scans_again(dirty, open_page):
    app = scanned(open_page)
    app.button(key="clean-show-refusal").click().run()
    assert "As an AI" in html(app)
    control = next(x for x in app.get("button_group") if x.key == "clean-verdict-refusal-flag")
    control.set_value("drop").run()
    app = ended(app)
    found = app.session_state["clean-scan"].found
    assert isinstance(found, CleanScan)
    assert {h.verdict for h in found.by_rule("refusal")} == {"drop"}


def test_a_long_text_keeps_both_ends():
    text = "a" * EXCERPT + "middle" + "z" * EXCERPT
    assert _cut(text).startswith("aaa")
    assert _cut(text).endswith("zzz")
    assert "middle" not in _cut(text)
    assert _cut("short") == "short"


def test_a_rule_of_ones_own_may_be_named_in_words(project, open_page):
    app = open_page("clean")
    app.text_input(key="own-find").set_value("answer").run()
    app.text_input(key="own-name").set_value("短 Sign off").run()
    app.button(key="own-add").click().run()
    assert [rule.name for rule in recipes.own_rules(project)] == ["短-sign-off"]
    assert "短-sign-off" in " ".join(str(h.value) for h in app.get("html")), "it is among the rules that will look"
