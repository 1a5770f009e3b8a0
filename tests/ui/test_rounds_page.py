"""Rounds: one row each, quality with its interval, and the way into every part of it."""

from __future__ import annotations

from tests.ui.loop_data import ANSWERS, make_comparison, make_run
from workbench.services import comparing, rounds, snapshots
from workbench.ui.views.rounds import rounds_table
from workbench.ui.widgets.loop_charts import rounds_figure


def button(app, label):
    return next(b for b in app.button if b.label == label)


def html(app):
    return " ".join(str(h.value) for h in app.get("html"))


def test_an_empty_project_leads_to_import(empty_project, open_page):
    assert button(open_page("rounds"), "Go to Import")


def test_the_first_round_without_a_comparison_says_what_is_missing(project, open_page):
    app = open_page("rounds")
    assert any("first comparison" in c.value for c in app.caption)
    assert not app.get("plotly_chart")


def test_a_round_shows_what_it_reached_and_leads_there(project, open_page):
    snapshots.make_snapshot(project, "round-1", actor="t")
    make_run(project, "run-1", mark="done", model=True)
    make_comparison(project, answers=ANSWERS)
    comparing.bring_back(project, 1, None, actor="t")
    table = rounds_table(rounds.rounds(project))
    assert table["round"] == [2, 1]
    assert table["snapshot"] == ["–", "round-1"]
    assert table["correct"][1].startswith("100.0 %")
    assert table["brought back"] == [0, 3]
    assert table["made by the model"] == [1.0, 0.0]
    app = open_page("rounds")
    assert app.get("plotly_chart")
    assert button(app, "Conversations")


def test_starting_the_next_round_moves_the_current_one(project, open_page):
    app = open_page("rounds")
    button(app, "Start round 2").click().run()
    assert rounds.current_round(project) == 2
    assert button(app, "Start round 3")


def test_a_round_without_a_figure_is_a_gap_not_a_zero():
    points = {"correct": [(0.5, (0.4, 0.6)), (None, None), (0.75, None)]}
    figure = rounds_figure([1, 2, 3], points)
    assert list(figure.data[0].x) == [1, 3]
    assert list(figure.data[0].y) == [50.0, 75.0]
    assert [round(v, 6) for v in figure.data[0].error_y.array] == [10.0, 0.0]
