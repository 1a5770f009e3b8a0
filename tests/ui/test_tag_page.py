"""Tag: the queue goes on by itself, rewards are seen before they are saved, classes can be made."""

from __future__ import annotations

import math

import pytest

from workbench.services import browsing, curation
from workbench.ui.views.tag_queue import Sitting


def html(app):
    return " ".join(str(h.value) for h in app.get("html"))


def table(project):
    return {r.name: r for r in curation.class_table(project)}


def untagged(project):
    return browsing.search(project, "class:none -status:dropped", order="oldest")


class TestQueue:
    def test_an_empty_project_leads_to_import(self, empty_project, open_page):
        assert open_page("tag").button(key="empty-go-empty").label == "Import a file"

    def test_it_walks_the_untagged_and_ends_with_what_comes_next(self, project, open_page):
        app = open_page("tag")
        for n in range(8):
            app.button(key=f"queue-class-{n % 2}").click().run()
        assert untagged(project).total == 0
        assert [b.label for b in app.button if b.key == "queue-snapshot"] == ["Make a snapshot"]
        assert (table(project)["expert"].conversations, table(project)["sub"].conversations) == (12, 12)

    def test_skipped_ones_stay_undecided_and_come_again_on_demand(self, project, open_page):
        app = open_page("tag")
        for _ in range(8):
            app.button(key="queue-skip").click().run()
        assert untagged(project).total == 8
        app.button(key="queue-again").click().run()
        assert app.button(key="queue-skip")

    def test_undo_brings_the_conversation_back_into_view(self, project, open_page):
        first = untagged(project).items[0]
        app = open_page("tag")
        app.button(key="queue-drop").click().run()
        assert browsing.get_record(project, first.seq).status == "dropped"
        app.button(key="frame-undo").click().run()
        assert browsing.get_record(project, first.seq).status == "pending"
        assert app.session_state["sitting"].back_to == first.seq
        assert "0 decided" in app.get("progress")[0].proto.text

    def test_back_shows_the_last_one_again(self, project, open_page):
        app = open_page("tag", order="newest")
        app.button(key="queue-skip").click().run()
        app.button(key="queue-back").click().run()
        assert app.session_state["sitting"].back_to == browsing.search(project, "class:none").items[0].seq

    def test_a_query_of_ones_own_is_a_queue_that_does_not_turn_in_circles(self, project, open_page):
        app = open_page("tag", q="class:expert")
        for _ in range(8):
            app.button(key="queue-keep").click().run()
        assert browsing.search(project, "class:expert status:kept").total == 8
        assert app.button(key="queue-again")


class TestSitting:
    def test_the_pace_counts_decisions_not_skips(self, monkeypatch):
        clock = iter([100.0, 110.0, 120.0, 136.0])
        monkeypatch.setattr("workbench.ui.views.tag_queue.time.monotonic", lambda: next(clock))
        now = Sitting("", "oldest")
        now.leave(1, None, decided=True)
        now.leave(2, None, decided=False)
        now.leave(3, None, decided=True)
        now.leave(4, None, decided=True)
        assert now.decided == 3
        assert now.per_hour() == 720

    def test_going_back_ends_at_the_beginning(self):
        now = Sitting("", "oldest")
        now.leave(1, None, decided=False)
        now.back()
        now.back()
        assert now.back_to == 1


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
