"""Browse: what the address says is shown, one decision at a time or all at once, all undoable."""

from __future__ import annotations

import pytest
import streamlit as st

from workbench.services import browsing, curation
from workbench.ui.views import browse_workspace


@pytest.fixture(autouse=True)
def by_hand(monkeypatch):
    """Put buttons in the place of the components that only a browser draws; they call what the components call."""

    def bar(*_, on_tab, on_tool, **__):
        for name in ("edit", "raw", "like"):
            used = lambda name=name: on_tool(name, st.session_state["browse_seq"])  # noqa: E731
            st.button(name, key=f"browse-{name}", on_click=used)

    def rows(*_, on_turn, on_page, **__):
        for by in (-1, 1):
            st.button(f"turn {by}", key=f"turn-{by}", on_click=on_turn, args=(by,))
            st.button(f"page {by}", key=f"page-{by}", on_click=on_page, args=(by,))

    def outbox(*, on_decisions, **__):
        st.button("send", key="send", on_click=lambda: on_decisions(st.session_state["message"]))

    monkeypatch.setattr(browse_workspace, "reader_bar", bar)
    monkeypatch.setattr(browse_workspace, "record_list", rows)
    monkeypatch.setattr(browse_workspace, "outbox", outbox)


def decide(project, app, kind, value=None, *, id="d1", revision=None, **place):
    """Send what the browser sends at a key: the decision on the open conversation, and where the list has gone."""
    seq = app.session_state["browse_seq"]
    seen = browsing.get_record(project, seq).revision if revision is None else revision
    decision = {"id": id, "kind": kind, "seq": seq, "revision": seen, "value": value}
    app.session_state["message"] = {"decisions": [decision], "open": place or None}
    return app.button(key="send").click().run()


def chat(app):
    return next(h.value for h in app.get("html") if "wb-chat" in str(h.value))


def bulk(app, act, **values):
    """Ask for a bulk act's plan."""
    app.session_state["bulk-menu-browse"] = True
    app.run()
    app.radio(key="bulk-act-browse").set_value(act).run()
    for key, value in values.items():
        widget = app.selectbox if key == "tag" else app.text_input
        widget(key=f"bulk-{key}-browse").set_value(value).run()
    return app.button(key="bulk-go-browse").click().run()


def counts(project):
    return {r.name: r.conversations for r in curation.class_table(project)}


def test_an_empty_project_leads_to_import(empty_project, open_page):
    app = open_page("browse")
    assert app.button(key="empty-go-empty").label == "Import a file"


def test_the_address_holds_the_view(project, open_page):
    app = open_page("browse", q="七加四 class:expert", order="oldest")
    assert app.text_input(key="browse-q-0").value == "七加四 class:expert"
    assert "<mark>七加四</mark>" in chat(app)
    assert any("2 conversations" in str(h.value) for h in app.get("html"))
    record = browsing.search(project, "七加四 class:expert", order="oldest").items[0]
    assert app.session_state["browse_seq"] == record.seq


def test_an_id_in_the_address_opens_that_conversation(project, open_page):
    third = browsing.search(project, "").items[2]
    app = open_page("browse", id=third.uid)
    assert app.session_state["browse_seq"] == third.seq


def test_markup_in_data_is_text(project, open_page):
    assert "&lt;b&gt;9&lt;/b&gt;?" in chat(open_page("browse", q="costs"))


def test_a_mistake_in_the_query_shows_its_place_and_the_remedy(project, open_page):
    app = open_page("browse", q="class:expert turns>x")
    assert app.error
    caret = app.code[0].value.splitlines()[1].index("^")
    assert 13 <= caret <= 19
    assert any("What to do" in m.value for m in app.markdown)


def test_a_decision_moves_on_and_is_undone(project, open_page):
    app = open_page("browse", q="class:none")
    first, second = [r.seq for r in browsing.search(project, "class:none").items][:2]
    decide(project, app, "tag", "expert", seq=second, number=1)
    assert counts(project)["expert"] == 9
    assert app.session_state["browse_seq"] == second
    app.button(key="frame-undo").click().run()
    assert counts(project)["expert"] == 8
    assert browsing.get_record(project, first).conversation.class_name is None


def test_dropping_keeps_the_conversation_and_the_reason(project, open_page):
    app = open_page("browse")
    first = app.session_state["browse_seq"]
    decide(project, app, "drop", "dropped by hand")
    record = browsing.get_record(project, first)
    assert (record.status, bool(record.drop_reason)) == ("dropped", True)
    decide(project, app, "undo", id="u1")
    assert browsing.get_record(project, first).status == "pending"
    assert [message.value for message in app.toast] == ["Undone: drop 1 conversation"]
    decide(project, app, "undo", id="u2")
    assert "has done nothing that can be undone" in app.toast[0].value


def test_undoing_a_large_act_by_key_is_left_to_the_frame_and_done_once(project, open_page, monkeypatch):
    monkeypatch.setattr(curation, "UNDONE_AT_ONCE", 2)
    app = open_page("browse", q="class:none")
    bulk(app, "tag", tag="expert")
    app.button(key="plan-apply").click().run()
    assert counts(project)["expert"] == 16
    app.session_state["browse_seq"] = browsing.matching_seqs(project, "")[0]
    decide(project, app, "undo", id="u1")
    assert counts(project)["expert"] == 8
    last = curation.log(project, limit=1)[0].id
    decide(project, app, "undo", id="u1")
    assert curation.log(project, limit=1)[0].id == last
    assert not [b for b in app.button if b.key == "notice-undo"]


def test_a_decision_that_comes_twice_counts_once(project, open_page, monkeypatch):
    monkeypatch.setattr(browse_workspace, "PAGE_SIZE", 2)
    seqs = [r.seq for r in browsing.search(project, "").items]
    app = open_page("browse")
    last = curation.log(project, limit=1)[0].id
    decide(project, app, "tag", "sub", turn=1, number=1, **{"from": seqs[0]})
    assert app.session_state["browse_seq"] == seqs[2]
    app.button(key="send").click().run()
    assert curation.log(project, limit=1)[0].id == last + 1
    assert app.session_state["browse_seq"] == seqs[2]


def test_a_decision_on_what_somebody_changed_meanwhile_is_refused_and_said(project, open_page):
    app = open_page("browse", q="class:sub")
    seq = app.session_state["browse_seq"]
    curation.apply_plan(project, curation.plan_edit(project, seq, 1, "her words"), actor="Eve")
    decide(project, app, "tag", "expert", revision=0)
    assert browsing.get_record(project, seq).conversation.class_name == "sub"
    assert any("Eve was faster" in toast.value for toast in app.toast)


def test_the_keys_go_over_the_pages_end_and_back(project, open_page, monkeypatch):
    monkeypatch.setattr(browse_workspace, "PAGE_SIZE", 2)
    seqs = [r.seq for r in browsing.search(project, "").items]
    app = open_page("browse")
    walked = [app.session_state["browse_seq"]]
    for key in ("turn-1", "turn-1", "turn--1", "page--1"):
        app.button(key=key).click().run()
        walked.append(app.session_state["browse_seq"])
    assert walked == [seqs[0], seqs[2], seqs[4], seqs[3], seqs[0]]


class TestBulk:
    def test_the_plan_is_shown_first_and_changes_nothing(self, project, open_page):
        app = bulk(open_page("browse", q="class:none"), "tag", tag="sub")
        assert app.button(key="plan-apply").label == "Apply to 8 conversations"
        assert counts(project) == {"expert": 8, "sub": 8}
        app.button(key="plan-cancel").click().run()
        assert counts(project) == {"expert": 8, "sub": 8}
        assert "pending_plan" not in app.session_state

    def test_applied_to_all_matches_and_undone_with_one_click(self, project, open_page, monkeypatch):
        monkeypatch.setattr(browse_workspace, "PAGE_SIZE", 3)
        app = bulk(open_page("browse", q="class:none"), "tag", tag="sub")
        app.button(key="plan-apply").click().run()
        assert counts(project) == {"expert": 8, "sub": 16}
        app.button(key="notice-undo").click().run()
        assert counts(project) == {"expert": 8, "sub": 8}

    def test_data_that_moved_on_is_refused_and_nothing_half_done(self, project, open_page):
        app = bulk(open_page("browse", q="class:none"), "tag", tag="sub")
        one = browsing.matching_seqs(project, "class:none")[0]
        curation.apply_plan(project, curation.plan_tag(project, "expert", seqs=[one]), actor="other")
        app.button(key="plan-apply").click().run()
        assert app.error
        assert counts(project) == {"expert": 9, "sub": 8}

    def test_a_drop_needs_a_reason(self, project, open_page):
        app = bulk(open_page("browse", q="class:sub"), "drop")
        assert any("reason" in e.value for e in app.error)
        app = bulk(app, "drop", drop="weak")
        app.button(key="plan-apply").click().run()
        assert len(browsing.matching_seqs(project, "status:dropped reason:weak")) == 8

    @pytest.mark.parametrize(("text", "query"), [("0.5", "reward:0.5"), ("", "reward:none")])
    def test_rewards_are_set_and_lifted(self, project, open_page, text, query):
        seqs = browsing.matching_seqs(project, "class:sub")
        if not text:
            curation.apply_plan(project, curation.plan_reward(project, 0.7, "x", seqs=seqs), actor="a")
        app = bulk(open_page("browse", q="class:sub"), "reward", reward=text)
        app.button(key="plan-apply").click().run()
        wanted = float(text) if text else None
        assert {browsing.get_record(project, s).conversation.coarse_reward for s in seqs} == {wanted}


class TestEditing:
    def edit(self, open_page):
        app = open_page("browse", q="class:expert")
        app.button(key="browse-edit").click().run()
        return app, app.session_state["browse_seq"]

    def test_a_saved_text_is_a_new_revision_with_its_history(self, project, open_page):
        app, seq = self.edit(open_page)
        app.text_area[0].set_value("a better answer").run()
        next(b for b in app.button if b.label == "Save this text").click().run()
        assert browsing.get_record(project, seq).conversation.answer == "a better answer"
        app.session_state["browse_tab"] = "history"
        app.run()
        assert "<ins>" in " ".join(str(h.value) for h in app.get("html"))

    def test_what_is_typed_outlives_a_change_by_somebody_else(self, project, open_page):
        app, seq = self.edit(open_page)
        app.text_area[0].set_value("my words").run()
        curation.apply_plan(project, curation.plan_edit(project, seq, 1, "her words"), actor="Eve")
        app.run()
        assert app.text_area[0].value == "my words"
        assert any("Eve changed this conversation" in w.value for w in app.warning)
        next(b for b in app.button if b.label == "Save this text").click().run()
        assert browsing.get_record(project, seq).conversation.answer == "my words"
        assert not app.warning
        curation.apply_plan(project, curation.plan_edit(project, seq, 1, "hers again"), actor="Eve")
        app.run()
        assert app.text_area[0].value == "hers again"

    def test_the_text_before_an_edit_is_brought_back(self, project, open_page):
        app, seq = self.edit(open_page)
        before = browsing.get_record(project, seq).conversation.answer
        app.text_area[0].set_value("a worse answer").run()
        next(b for b in app.button if b.label == "Save this text").click().run()
        app.session_state["browse_tab"] = "history"
        app.run()
        next(b for b in app.button if b.label == "Bring back the text before this edit").click().run()
        record = browsing.get_record(project, seq)
        assert (record.conversation.answer, record.revision) == (before, 2)
        curation.undo(project, curation.log(project, limit=1)[0].id, actor="ann")
        assert browsing.get_record(project, seq).conversation.answer == "a worse answer"

    def test_an_answer_is_left_out_of_training_and_taken_back(self, project, open_page):
        app, seq = self.edit(open_page)
        next(b for b in app.button if b.label == "Do not learn from this answer").click().run()
        record = browsing.get_record(project, seq)
        assert (record.conversation.turns[1].excluded, record.supervised_tokens) == (True, 0)
        next(b for b in app.button if b.label == "Learn from this answer again").click().run()
        assert browsing.get_record(project, seq).supervised_tokens > 0

    def test_comment_and_own_reward_are_kept(self, project, open_page):
        app, seq = self.edit(open_page)
        fields = {field.label: field for field in app.text_input}
        fields["Comment"].set_value("good")
        fields["Reward of this conversation"].set_value("0.8")
        next(b for b in app.button if b.label == "Save comment and reward").click().run()
        record = browsing.get_record(project, seq)
        assert (record.comment, record.conversation.coarse_reward) == ("good", 0.8)


@pytest.mark.parametrize(("tab", "shown"), [("prompt", "Show all"), ("details", "talk.jsonl")])
def test_neighbours_and_provenance_are_a_click_away(project, open_page, tab, shown):
    app = open_page("browse")
    app.session_state["browse_tab"] = tab
    app.run()
    everything = [*(b.label for b in app.button), *(str(h.value) for h in app.get("html"))]
    assert any(shown in text for text in everything)


def test_the_map_without_one_says_what_it_is_for(project, open_page):
    app = open_page("browse", view="map")
    assert app.button(key="map-start").label == "Make the map"


def test_the_search_box_follows_the_address_also_after_another_page(project, open_page):
    app = open_page("browse", q="class:none", order="oldest")
    app.switch_page("../pages/tag.py").run()
    app.query_params.clear()
    app.query_params["q"] = "class:none"
    app.switch_page("../pages/browse.py").run()
    assert next(b for b in app.text_input if b.label == "Search").value == "class:none"
    assert next(b for b in app.selectbox if b.label == "Order").value == "newest"


class TestSiblings:
    def open(self, open_page):
        app = open_page("browse", q="class:none")
        app.session_state["browse_tab"] = "prompt"
        app.run()
        return app, app.session_state["browse_seq"]

    def test_the_open_one_is_the_best_in_one_action_undone_at_once(self, project, open_page):
        app, seq = self.open(open_page)
        prompt = browsing.get_record(project, seq).prompt_hash
        before = {s.seq: s.class_name for s in browsing.siblings(project, prompt)}
        newest = curation.log(project, limit=1)[0].id
        app.button(key="siblings-best").click().run()
        after = {s.seq: s.class_name for s in browsing.siblings(project, prompt)}
        assert after == {s: "expert" if s == seq else "sub" for s in before}
        assert curation.log(project, limit=1)[0].id == newest + 1
        curation.undo(project, curation.log(project, limit=1)[0].id, actor="ann")
        assert {s.seq: s.class_name for s in browsing.siblings(project, prompt)} == before

    def test_differences_are_marked_and_each_is_tagged_with_a_click(self, project, open_page):
        app, seq = self.open(open_page)
        marked = " ".join(str(h.value) for h in app.get("html"))
        assert "<del>" in marked
        assert "<ins>" in marked
        other = next(s.seq for s in browsing.siblings(project, browsing.get_record(project, seq).prompt_hash))
        app.button(key=f"sibling-{other}-1").click().run()
        assert browsing.get_record(project, other).conversation.class_name == "sub"
