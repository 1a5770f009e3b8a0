"""Rounds: one row each, quality with its interval, and the way into every part of it."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.ui.loop_data import ANSWERS, make_comparison, make_run
from workbench.services import comparing, rounds, snapshots
from workbench.services.probequestions import ProbeQuestion, write_questions
from workbench.store import comparisons
from workbench.ui.views.rounds import rounds_table
from workbench.ui.widgets.loop_charts import round_line, rounds_figure


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


def test_more_figures_follow_from_the_second_round_on(project, open_page):
    snapshots.make_snapshot(project, "round-1", actor="t")
    held_out = {"loss_by_class": {"expert": 0.5}, "swap": {"expert": {"right": 0.5, "wrong": 0.7}}}
    make_run(project, "run-1", mark="done", marker={"metrics": {"held_out": held_out}}, model=True)
    make_comparison(project, answers=ANSWERS)
    row = comparing.comparison_grid(project, 1).rows[0]
    comparing.vote(project, row.cells[0].id, row.cells[1].id, "left", actor="ann", blind=True)
    comparing.vote(project, row.cells[0].id, row.cells[2].id, "tie", actor="ann", blind=True)
    (first,) = rounds.rounds(project)
    assert (first.held_out_loss, first.swap, first.votes, first.votes_won) == (0.5, 0.7 - 0.5, 2, 0.75)
    assert not any("Swap test, nats" in c.value for c in open_page("rounds").caption)
    comparing.bring_back(project, 1, None, actor="t")
    table = rounds_table(rounds.rounds(project))
    assert table["held-out loss"] == ["–", "0.500"]
    assert table["votes"] == ["0", "2 (75 % won)"]
    app = open_page("rounds")
    assert any("Swap test, nats" in c.value for c in app.caption)
    assert "Written by the model" in html(app)


def test_a_line_over_rounds_has_gaps():
    figure = round_line([1, 2, 3], [0.1, None, 0.3], zero=True)
    assert list(figure.data[0].y) == [0.1, None, 0.3]
    assert figure.data[0].connectgaps is False


def test_a_smaller_comparison_later_does_not_take_the_place_of_the_larger(project, open_page):
    make_run(project, "run-1", mark="done", model=True)
    number = make_comparison(project, answers=ANSWERS)
    first = comparing.comparison_grid(project, number).comparison
    with project.database.write() as connection:
        comparisons.insert_comparison(connection, replace(first, id=0, prompts=first.prompts[1:]), "t")
    assert rounds.rounds(project)[0].comparison == number
    with project.database.write() as connection:
        newer = comparisons.insert_comparison(connection, replace(first, id=0, name="again"), "t")
    assert rounds.rounds(project)[0].comparison == newer


def test_what_a_run_has_forgotten_is_offered_until_it_is_measured(project, open_page):
    make_run(project, "run-1", mark="done", model=True)
    make_comparison(project, answers=ANSWERS)
    assert button(open_page("rounds"), "Measure what it has forgotten")
    folder = make_run(project, "probe-1", mark="done", kind="probe")
    job = json.loads((folder / "job.json").read_text())
    (folder / "job.json").write_text(json.dumps(job | {"params": {"run": "run-1"}}))
    row = {"model": "m", "tokens": 90, "documents": 3}
    found = {"plain_text": [{**row, "nats_per_token": 2.25}, {**row, "nats_per_token": 2.0}]}
    (folder / "probe.json").write_text(json.dumps(found))
    assert rounds_table(rounds.rounds(project))["forgotten"] == ["+0.250"]
    app = open_page("rounds")
    assert not any(b.label == "Measure what it has forgotten" for b in app.button)


def test_probe_questions_are_shown_and_an_answer_is_tried(project, open_page):
    asked = ProbeQuestion("When does it open?", "hours", pattern="nine", lacks="sorry")
    write_questions(project, [asked], actor="t")
    app = open_page("rounds", panel="Checks")
    assert app.button(key="probe-save").disabled
    app.text_input(key="probe-try-answer").set_value("Sorry, nine.").run()
    assert any("it holds sorry" in w.value for w in app.warning)
    app.text_input(key="probe-try-answer").set_value("At nine.").run()
    assert any(s.value == "Right." for s in app.success)
