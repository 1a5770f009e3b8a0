"""The grid shows text as text, and its intervals are Wilson's."""

import pytest

from workbench.domain.comparison import Cell, Column, Prompt
from workbench.ui.widgets.compare_grid import GridRow, grid_html, percent, wilson

COLUMNS = (Column("run", "GPT4 Correct", "run · expert"), Column("run", "", "run"))


def row(text, **more):
    prompt = Prompt("p<1>", ({"role": "user", "content": "<script>alert(1)</script>"},))
    return GridRow(prompt, {0: Cell(1, "p", 0, text, **more)})


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


@pytest.mark.parametrize(
    ("rate", "n", "low", "high"), [(0.5, 100, 0.404, 0.596), (0.0, 10, 0.0, 0.278), (1.0, 10, 0.722, 1.0)]
)
def test_wilson_interval(rate, n, low, high):
    assert wilson(rate, n) == pytest.approx((low, high), abs=1e-3)


def test_nothing_checkable_gives_no_figure():
    assert wilson(None, 10) is None
    assert wilson(0.5, 0) is None
    assert percent(None) == "–"
