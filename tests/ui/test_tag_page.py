"""Tag: the queue goes on by itself, rewards are seen before they are saved, classes can be made."""

from __future__ import annotations

import math
import time

import pytest

from tests.contract.store_world import make_record
from workbench.services import browsing, curation, panels, suggesting, tagrules
from workbench.store.conversations import insert_records
from workbench.ui import background
from workbench.ui.views import tag_suggestions


def html(app):
    return " ".join(str(h.value) for h in app.get("html"))


def table(project):
    return {r.name: r for r in curation.class_table(project)}


def untagged(project):
    return browsing.search(project, "class:none -status:dropped", order="oldest")


def walk(app):
    return app.session_state["queue-walk"]


class TestQueue:
    def test_an_empty_project_leads_to_import(self, empty_project, open_page):
        assert open_page("tag").button(key="empty-go-empty").label == "Import a file"

    def test_it_hands_out_what_matches_in_order(self, project, open_page):
        now = walk(open_page("tag"))
        assert [i.record.seq for i in now.page.items] == [r.seq for r in untagged(project).items]
        assert (now.total, now.page.after) == (8, None)

    def test_answers_to_one_prompt_come_together(self, project, open_page):
        items = walk(open_page("tag", beside="1")).page.items
        prompts = [i.record.prompt_hash for i in items]
        assert len(items) == 24
        assert prompts == sorted(prompts, key=prompts.index)
        assert len(set(prompts)) == 4

    def test_a_queue_without_a_match_says_what_comes_next(self, project, open_page):
        curation.apply_plan(project, curation.plan_tag(project, "sub", query="class:none"), actor="ann")
        app = open_page("tag")
        assert [b.label for b in app.button if b.key == "queue-snapshot"] == ["Make a snapshot"]

    @pytest.mark.parametrize(("order", "key"), [("uncertain", "queue-suggest"), ("suspected", "queue-judge")])
    def test_a_ranking_that_does_not_exist_yet_leads_to_where_it_is_made(self, project, open_page, order, key):
        assert open_page("tag", order=order).button(key=key)


class TestRewards:
    def test_moving_a_slider_previews_and_saves_nothing(self, project, open_page):
        app = open_page("tag", tab="rewards")
        before = table(project)["sub"]
        app.slider(key="reward-sub-0.1").set_value(1.0).run()
        assert "All classes weigh the same" in " ".join(w.value for w in app.warning)
        assert table(project)["sub"] == before

    def test_saving_is_an_action_that_undo_reverses(self, project, open_page):
        app = open_page("tag", tab="rewards")
        app.slider(key="reward-sub-0.1").set_value(0.55).run()
        app.button(key="reward-save").click().run()
        assert math.isclose(table(project)["sub"].loss_weight, 10**-0.5)
        app.button(key="notice-undo").click().run()
        assert math.isclose(table(project)["sub"].loss_weight, 0.1)
        assert app.slider(key="reward-sub-0.1").value == 0.1

    def test_beta_is_saved(self, project, open_page):
        app = open_page("tag", tab="rewards")
        next(s for s in app.slider if "β" in s.label).set_value(0.9).run()
        app.button(key="reward-save").click().run()
        assert curation.class_scheme(project).beta == 0.9

    def test_a_class_with_hardly_any_mass_is_warned_of(self, project, open_page):
        app = open_page("tag", tab="rewards")
        app.slider(key="reward-sub-0.1").set_value(-1.0).run()
        assert "“sub” has under 2 %" in " ".join(w.value for w in app.warning)


class TestClasses:
    def fill(self, app, name):
        next(f for f in app.text_input if f.label == "Name").set_value(name)
        return next(b for b in app.button if b.label == "Add class").click().run()

    def test_a_class_is_made_and_removed_again(self, project, open_page):
        app = self.fill(open_page("tag", tab="classes"), "crowd")
        assert table(project)["crowd"].key == "3"
        app.button(key="class-remove-crowd").click().run()
        assert "crowd" not in table(project)

    @pytest.mark.parametrize("name", ["", "sub", "two words"])
    def test_a_name_that_cannot_be_is_refused_in_words(self, project, open_page, name):
        app = self.fill(open_page("tag", tab="classes"), name)
        assert app.error
        assert set(table(project)) == {"expert", "sub"}

    def test_a_condition_of_another_class_is_refused(self, project, open_page):
        app = open_page("tag", tab="classes")
        condition = [f for f in app.text_input if f.label == "Condition"][1]
        condition.set_value("GPT4 Correct")
        [b for b in app.button if b.label == "Save"][1].click().run()
        assert "stands for two classes" in app.error[0].value.replace("\\", "")
        assert table(project)["sub"].condition == "GPT3 Correct"


def test_bulk_by_query(project, open_page):
    app = open_page("tag", tab="bulk", q="class:none")
    app.selectbox(key="bulk-tag-tag-bulk").set_value("sub").run()
    app.button(key="bulk-go-tag-bulk").click().run()
    app.button(key="plan-apply").click().run()
    assert table(project)["sub"].conversations == 16


class TestTogether:
    def test_a_panel_is_made_judged_and_settled(self, project, open_page):
        app = open_page("tag", tab="together")
        app.text_input(key="panel-name").set_value("first")
        app.number_input(key="panel-sample").set_value(4)
        next(b for b in app.button if b.label == "Make the panel").click().run()
        assert not app.error
        assert app.button(key="panel-judge").label == "Judge your 4"
        seqs = panels.to_judge(project, 1, "ann")
        for who, names in (("ann", ["expert", "expert", "sub"]), ("ben", ["expert", "sub", "sub"])):
            for seq, name in zip(seqs, names, strict=False):
                panels.give_opinion(project, 1, seq, name, actor=who)
        app = open_page("tag", tab="together", panel="1")
        assert "Krippendorff" in html(app)
        assert app.button(key="panel-dispute").label == "Decide 1 disagreement"
        app.button(key="panel-agreed").click().run()
        app.button(key="plan-apply").click().run()
        assert browsing.get_record(project, seqs[0]).tagged_by == "ann + ben (agreed)"
        assert app.button(key="panel-agreed").disabled

    def test_the_queue_of_a_panel_is_blind_and_that_of_disputes_is_not(self, project, open_page):
        panels.make_panel(project, "first", "", sample=3, actor="ann")
        seqs = panels.to_judge(project, 1, "ann")
        for who, name in (("ann", "expert"), ("ben", "sub")):
            panels.give_opinion(project, 1, seqs[0], name, actor=who)
        items = walk(open_page("tag", panel="1")).page.items
        assert [(i.record.seq, i.blind) for i in items] == [(seq, True) for seq in seqs[1:]]
        items = walk(open_page("tag", panel="1", part="disputed")).page.items
        assert [(i.record.seq, dict(i.opinions)) for i in items] == [(seqs[0], {"ann": "expert", "ben": "sub"})]

    def test_what_cannot_be_a_panel_is_refused_in_words(self, project, open_page):
        app = open_page("tag", tab="together")
        next(b for b in app.button if b.label == "Make the panel").click().run()
        assert "needs a name" in app.error[0].value


class TestInBulk:
    def test_a_recipe_of_what_was_done_is_kept_and_made_again(self, project, open_page):
        curation.apply_plan(project, curation.plan_tag(project, "sub", query="class:none"), actor="ann")
        app = open_page("tag", tab="bulk")
        app.text_input(key="bulk-recipe-name").set_value("house").run()
        app.button(key="bulk-recipe-keep").click().run()
        curation.undo(project, _tagging(project), actor="ann")
        app = open_page("tag", tab="bulk")
        app.selectbox(key="bulk-recipe-chosen").set_value("house").run()
        app.button(key="recipe-replay").click().run()
        assert table(project)["sub"].conversations == 16
        app.button(key="recipe-undo").click().run()
        assert table(project)["sub"].conversations == 8

    def test_a_reward_has_its_reason(self, project, open_page):
        app = open_page("tag", tab="bulk", q="class:sub")
        app.radio(key="bulk-act-tag-bulk").set_value("reward").run()
        app.text_input(key="bulk-reward-tag-bulk").set_value("0.4")
        app.text_input(key="bulk-why-tag-bulk").set_value("too long")
        app.button(key="bulk-go-tag-bulk").click().run()
        app.button(key="plan-apply").click().run()
        assert curation.log(project, 1)[0].reason == "too long"


def _tagging(project):
    return next(a.id for a in curation.log(project) if a.kind == "tag")


class TestSuggestions:
    @pytest.fixture
    def suggested(self, project):
        with project.database.write() as connection:
            words = ("its", "Gladly, it is")
            records = [make_record(f"ask {i}", f"{words[i % 2]} {i}") for i in range(40)]
            insert_records(connection, records)
        for i, name in enumerate(("sub", "expert")):
            seqs = [r.seq for r in browsing.iterate_records(project, "ask") if r.seq % 2 == i][:12]
            curation.apply_plan(project, curation.plan_tag(project, name, seqs=seqs), actor="ann")
        suggesting.compute_suggestions(project)
        return project

    def test_without_any_it_says_what_it_learns_from(self, project, open_page):
        app = open_page("tag", tab="suggestions")
        assert app.button(key="suggest-compute").label == "Compute them"

    def test_one_is_accepted_from_the_sample(self, suggested, open_page):
        app = open_page("tag", tab="suggestions")
        app.slider(key="suggest-least").set_value(0.5).run()
        one = next(b for b in app.button if b.key and b.key.startswith("suggest-one-"))
        seq = int(one.key.rsplit("-", 1)[1])
        one.click().run()
        assert browsing.get_record(suggested, seq).conversation.class_name is not None

    def test_all_above_a_threshold_are_accepted_after_a_look_and_marked(self, suggested, open_page):
        app = open_page("tag", tab="suggestions")
        app.slider(key="suggest-least").set_value(0.5).run()
        assert app.button(key="suggest-accept").disabled
        app.checkbox(key="suggest-looked-0.50").check().run()
        app.button(key="suggest-accept").click().run()
        app.button(key="plan-apply").click().run()
        action = curation.log(suggested, 1)[0]
        assert (action.kind, action.params["bulk_accepted"]) == ("accept", True)
        assert not suggesting.open_suggestions(suggested, least=0.5)
        app.button(key="notice-undo").click().run()
        assert suggesting.open_suggestions(suggested, least=0.5)


class TestTagRules:
    def test_a_rule_is_kept_applied_and_forgotten(self, project, open_page):
        app = open_page("tag", tab="bulk")
        app.text_input(key="tag-rule-query").set_value("class:none lang:en").run()
        app.selectbox(key="tag-rule-class").set_value("sub").run()
        app.button(key="tag-rule-add").click().run()
        rule = tagrules.tag_rules(project)[0]
        assert (rule.query, rule.class_name) == ("class:none lang:en", "sub")
        planned = tagrules.plan_rules(project).affected
        app.button(key="tag-rule-apply").click().run()
        app.button(key="plan-apply").click().run()
        assert planned
        assert tagrules.plan_rules(project).affected == 0
        app.button(key="tag-rule-remove-0").click().run()
        assert tagrules.tag_rules(project) == []

    def test_a_mistake_in_it_is_said(self, project, open_page):
        app = open_page("tag", tab="bulk")
        app.text_input(key="tag-rule-query").set_value("sorce:x").run()
        app.button(key="tag-rule-add").click().run()
        assert "sorce" in app.error[0].value


def test_five_grades_are_made_by_one_button(project, open_page):
    app = open_page("tag", tab="classes")
    app.button(key="class-grades").click().run()
    assert {"excellent", "bad"} <= set(table(project))
    assert not [b for b in app.button if b.key == "class-grades"]


def test_where_the_mass_lies_and_one_of_each_is_shown(project, open_page):
    app = open_page("tag", tab="rewards")
    shown = html(app)
    for name in ("expert", "sub"):
        assert name in shown
    assert "wl-" in shown
    assert "Where it comes from" in shown
    assert "One of each" in shown


def test_suggestions_are_learnt_anew_while_somebody_tags(project, monkeypatch):
    monkeypatch.setattr(suggesting, "STALE_TAGS", 2)
    monkeypatch.setattr(suggesting, "STALE_PART", 0)
    known = suggesting.compute_suggestions(project).known
    first, second, third, *_ = [r.seq for r in untagged(project).items]

    def tag_and_go_on(*seqs):
        curation.apply_plan(project, curation.plan_tag(project, "sub", seqs=seqs), actor="ann")
        tag_suggestions.keep_fresh(project)
        while background.tasks():
            time.sleep(0.05)
        return suggesting.last_report(project).known

    assert tag_and_go_on(first) == known  # one more is no news
    assert tag_and_go_on(second) == known + 2
    monkeypatch.setattr(suggesting, "QUICK", 10)
    monkeypatch.setattr(suggesting, "STALE_TAGS", 1)
    assert tag_and_go_on(third) == known + 2  # so many are not read behind one's back
