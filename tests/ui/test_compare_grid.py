"""The grid shows text as text, and its intervals are Wilson's."""

import pytest

from workbench.domain.comparison import Cell, Column, Prompt
from workbench.services.comparing import ColumnFigures, GridRow, Vote
from workbench.ui.widgets.compare_grid import grid_html, percent, prompt_text, summary_rows, winners

COLUMNS = (Column("run", "GPT4 Correct", "run · expert"), Column("run", "", "run"))


def row(text, **more):
    prompt = Prompt("p<1>", ({"role": "user", "content": "<script>alert(1)</script>"},))
    return GridRow(prompt, (Cell(1, "p", 0, text, **more), None), ())


def test_text_from_models_is_escaped():
    html = grid_html(COLUMNS, [row('<img src=x onerror="x()">')], [0, 1])
    assert "<img" not in html
    assert "<script" not in html
    assert "&lt;img src=x" in html


def test_a_cell_without_answer_and_an_empty_answer_differ():
    html = grid_html(COLUMNS, [row("")], [0, 1])
    assert "(empty answer)" in html
    assert "not generated yet" in html


def test_marks_follow_the_verdict():
    assert "wl-good" in grid_html(COLUMNS, [row("x", correct=True)], [0])
    assert "wl-bad" in grid_html(COLUMNS, [row("x", correct=False)], [0])
    plain = grid_html(COLUMNS, [row("x")], [0])
    assert "wl-good" not in plain
    assert "wl-bad" not in plain


def voted(*choices):
    """A row of three answers with votes (left column, right column, choice)."""
    cells = tuple(Cell(10 + i, "p", i, "x") for i in range(3))
    votes = tuple(
        Vote(n, "p", 10 + left, 10 + right, choice, True, "ann", "")
        for n, (left, right, choice) in enumerate(choices)
    )
    return GridRow(Prompt("p", ()), cells, votes)


@pytest.mark.parametrize(
    ("choices", "won"),
    [
        ((), set()),
        (((0, 1, "left"),), {0}),
        (((1, 0, "left"),), {1}),
        (((0, 1, "tie"), (0, 2, "both-bad")), set()),
        (((0, 1, "left"), (2, 0, "left")), {2}),
        (((0, 1, "left"), (0, 1, "right")), set()),
    ],
)
def test_a_winner_won_and_never_lost(choices, won):
    assert winners(voted(*choices)) == won


def test_figures_carry_their_interval_and_unknown_ones_are_a_dash():
    known = ColumnFigures(COLUMNS[0], 100, 0.5, None, 7.25, correct_interval=(0.404, 0.596))
    shown = list(summary_rows([known])[0].values())
    assert "50.0 % (40–60)" in shown
    assert "–" in shown
    assert "7.2" in shown
    assert percent(None) == "–"


def test_a_long_prompt_shows_who_said_what():
    turns = (
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    )
    assert prompt_text(Prompt("x", turns)) == "user: a\nassistant: b\nuser: c"
    assert prompt_text(Prompt("x", turns[:1])) == "a"


def test_an_answer_that_is_being_written_stands_in_its_place_as_text():
    html = grid_html(COLUMNS, [row("whole")], [0, 1], growing={("p<1>", 1): "half <b>"})
    assert "half &lt;b&gt;" in html
    assert "not generated yet" not in html
    assert "half" not in grid_html(COLUMNS, [row("whole")], [0], growing={("p<1>", 0): "half"})
