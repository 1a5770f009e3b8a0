"""Compare: figures on top, answers side by side, blind votes, and what comes back into the project."""

from __future__ import annotations

import pytest

from tests.ui.loop_data import ANSWERS, CHECKED, make_comparison, make_run
from workbench.services import browsing, comparing, curation
from workbench.services.promptsets import query_prompts
from workbench.ui.views.compare_back import choose
from workbench.ui.views.compare_results import condition_gaps
from workbench.ui.views.compare_vote import judge_html, pair_tally, sides


@pytest.fixture
def compared(project):
    make_run(project, "run-1", mark="done", model=True)
    make_comparison(project, answers=ANSWERS)
    return project


def html(app):
    return " ".join(str(h.value) for h in app.get("html"))


def button(app, start):
    return next(b for b in app.button if b.label.startswith(start))


def opened(open_page, tab=None):
    app = open_page("compare", comparison="1")
    if tab:
        app.session_state["panel"] = tab
        app.run()
        assert not app.exception
    return app


class TestGrid:
    def test_without_a_finished_run_it_leads_to_train(self, project, open_page):
        assert button(open_page("compare"), "Go to Train")

    def test_answers_are_judged_shown_as_text_and_summed_up(self, compared, open_page):
        text = html(opened(open_page))
        assert "&lt;script&gt;alert(1)" in text
        assert "<script>" not in text
        assert "+100.0" in text
        assert "not generated yet" in text
        assert "full quality" in text

    def test_rows_can_be_narrowed_to_where_verdicts_differ_or_words_stand(self, compared, open_page):
        app = opened(open_page)
        app.text_input(key="grid-words").set_value("tale").run()
        assert "Once upon" in html(app)
        assert "It is 4" not in html(app)
        app.text_input(key="grid-words").set_value("no such words").run()
        assert any("No row is like that" in c.value for c in app.caption)

    def test_the_gap_is_best_minus_worst_of_the_same_model(self, compared):
        grid = comparing.comparison_grid(compared, 1)
        gaps = condition_gaps(grid, curation.class_scheme(compared))
        assert [g.model for g in gaps] == ["run-1"]
        assert gaps[0].correct is not None
        assert (gaps[0].correct.points, gaps[0].correct.n) == (100.0, 2)

    def test_a_comparison_that_does_not_exist_is_said(self, compared, open_page):
        assert "comparison 9" in open_page("compare", comparison="9").error[0].value


class TestVotes:
    def test_blind_panes_name_neither_model_nor_class(self, compared, open_page):
        assert "mean tokens" in html(opened(open_page))
        app = opened(open_page, "Vote")
        assert "mean tokens" not in html(app)  # the longer answer's column would be told
        panes = html(app).split("wl-duo")[-1]
        assert "GPT4 Correct" not in panes
        assert "c-rlft" not in panes

    def test_a_vote_is_kept_revealed_and_the_next_prompt_stands_there(self, compared, open_page):
        app = opened(open_page, "Vote")
        app.button(key="vote-left").click().run()
        votes = comparing.comparison_grid(compared, 1).rows[0].votes
        assert [(v.choice, v.blind) for v in votes] == [("left", True)]
        left, right = sides("p1", (0, 1), judge=votes[0].actor)
        labels = [c.label for c in comparing.comparison_grid(compared, 1).comparison.columns]
        said = next(c.value for c in app.caption if c.value.startswith("Last vote"))
        assert said.index(labels[left].split("/")[1]) < said.index(labels[right].split("/")[1])
        assert "&lt;b&gt;3&lt;/b&gt;" in html(app)

    def test_the_queue_ends_and_tells_the_result(self, compared, open_page):
        app = opened(open_page, "Vote")
        for _ in range(3):
            app.button(key="vote-tie").click().run()
        assert app.success
        assert "undecided 3" in app.get("progress")[-1].proto.text

    def test_sides_are_shuffled_by_judge_and_prompt_but_stable(self):
        seen = {sides(f"p{n}", (0, 1), judge="ann") for n in range(40)}
        assert seen == {(0, 1), (1, 0)}
        assert sides("p1", (0, 1), judge="ann") == sides("p1", (1, 0), judge="ann")
        assert sides("p1", (1, 0), judge="") == (1, 0)

    def test_the_tally_counts_cells_not_sides(self, compared):
        row = comparing.comparison_grid(compared, 1).rows[0]
        comparing.vote(compared, row.cells[1].id, row.cells[0].id, "right", actor="a")
        comparing.vote(compared, row.cells[0].id, row.cells[1].id, "left", actor="b")
        comparing.vote(compared, row.cells[0].id, row.cells[1].id, "both-bad", actor="c")
        rows = comparing.comparison_grid(compared, 1).rows
        assert pair_tally(rows, (0, 1)) == {"wins": 2, "losses": 0, "ties": 1}
        assert pair_tally(rows, (0, 2)) == {"wins": 0, "losses": 0, "ties": 0}

    def test_an_open_pane_names_its_column(self, compared):
        row = comparing.comparison_grid(compared, 1).rows[0]
        text = judge_html(row, (row.cells[0], row.cells[1]), ("expert", "sub"))
        assert "expert" in text
        assert "wl-good" in text
        assert "wl-good" not in judge_html(row, (row.cells[0], row.cells[1]), ("", ""))


class TestBringBack:
    def test_full_answers_become_pending_conversations_of_the_next_round(self, compared, open_page):
        app = opened(open_page, "Bring back")
        button(app, "Do it").click().run()
        came = browsing.search(compared, "round:2")
        assert {(i.answer, i.status, i.class_name) for i in came.items} == {
            ("Sure! It is 4.", "pending", None),
            ("6", "pending", None),
        }
        app.button(key="notice-undo").click().run()
        assert browsing.search(compared, "round:2 -status:dropped").total == 0

    def test_what_came_back_once_is_not_offered_again(self, compared, open_page):
        app = opened(open_page, "Bring back")
        button(app, "Do it").click().run()
        assert not [b for b in app.button if b.label == "Do it"]
        assert any("come back already" in c.value for c in app.caption)

    def test_held_out_prompts_are_warned_about(self, compared, open_page):
        assert not opened(open_page, "Bring back").warning
        comparing.set_held_out(compared, CHECKED, actor="t")
        assert "held-out" in opened(open_page, "Bring back").warning[0].value

    @pytest.mark.parametrize(
        ("which", "columns", "texts"),
        [
            ("winners", [0, 1, 2], ["5"]),
            ("full", [0, 1], ["Sure! It is 4.", "6"]),
            ("correct", [1], []),
            ("all", [1], ["5", "7", "no"]),
        ],
    )
    def test_choices(self, compared, which, columns, texts):
        row = comparing.comparison_grid(compared, 1).rows[0]
        comparing.vote(compared, row.cells[0].id, row.cells[1].id, "right", actor="a")
        rows = comparing.comparison_grid(compared, 1).rows
        assert [cell.text for _, cell in choose(rows, which, columns)] == texts


class TestNew:
    def test_it_starts_what_was_chosen(self, compared, open_page, monkeypatch):
        asked = {}

        def start(project, **how):
            asked.update(how)
            return comparing.comparison_grid(project, 1).comparison

        monkeypatch.setattr(comparing, "start_comparison", start)
        app = open_page("compare", run="run-1")
        button_group(app, "compare-set").set_value("typed").run()
        app.text_area(key="compare-typed").set_value("one\n\n two").run()
        button(app, "Generate 6 answers").click().run()
        assert asked["runs"] == ["run-1"]
        assert asked["conditions"] == ["GPT4 Correct", "GPT3 Correct"]
        assert asked["include_base"] is True
        assert [p.messages[-1]["content"] for p in asked["prompts"]] == ["one", "two"]
        assert app.query_params["comparison"] == "1"

    def test_nothing_chosen_starts_nothing(self, compared, open_page):
        app = open_page("compare")
        app.multiselect(key="compare-runs").set_value([]).run()
        assert button(app, "Generate").disabled

    def test_prompts_of_the_project_come_once_and_end_with_the_question(self, compared):
        prompts = query_prompts(compared, "class:expert")
        assert len(prompts) == 4
        assert all(p.messages[-1]["role"] == "user" for p in prompts)


def button_group(app, key):
    return next(x for x in app.get("button_group") if x.key == key)


def test_talk_names_the_runs_by_their_titles_and_says_where_there_is_none(project, open_page):
    app = open_page("compare", view="Talk")
    assert app.multiselect(key="talk-runs").placeholder == "no run is finished yet"
    assert app.toggle(key="talk-base").value
    make_run(project, "run-1", mark="done", model=True)
    app = open_page("compare", view="Talk")
    assert not app.exception
    assert app.multiselect(key="talk-runs").options[0].endswith("run-1")
    assert "GPT4 Correct" in html(app)
