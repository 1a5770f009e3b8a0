"""Slices of a comparison's figures, questions that never change, and colours of likelihoods."""

import json

import pytest

from tests.ui.loop_data import ANSWERS, make_comparison, make_run
from tests.unit.loop_project import loop_project
from workbench.domain.comparison import Prompt
from workbench.services import comparing
from workbench.ui.widgets.likelihood import likelihood_html, shade_of


def test_a_files_fields_become_slices_and_survive_as_held_out(tmp_path):
    project = loop_project(tmp_path / "project")
    rows = [{"id": str(i), "prompt": "x", "language": ("en", "zh")[i % 2], "skill": "sum"} for i in range(3)]
    found = comparing.parse_prompts("\n".join(json.dumps(r) for r in rows))
    assert [p.tags["language"] for p in found] == ["en", "zh", "en"]
    comparing.set_held_out(project, found, actor="t")
    assert comparing.held_out_prompts(project) == found
    project.close()


def test_figures_are_counted_within_each_slice(tmp_path):
    project = loop_project(tmp_path / "project")
    make_run(project, "run-1", mark="done", model=True)
    make_comparison(project, answers=ANSWERS)
    grid = comparing.comparison_grid(project, 1)
    assert comparing.slice_names(grid) == []
    for row, value in zip(grid.rows, ("a", "b", "b"), strict=True):
        asked = row.prompt
        tagged = Prompt(asked.id, asked.messages, asked.check, {"topic": value})
        object.__setattr__(row, "prompt", tagged)
    assert comparing.slice_names(grid) == ["topic"]
    found = comparing.slice_figures(grid, "topic")
    assert list(found) == ["b", "a"]
    for place, whole in enumerate(grid.summary):
        assert sum(figures[place].answered for figures in found.values()) == whole.answered
        assert sum(figures[place].checked for figures in found.values()) == whole.checked
    project.close()


def test_fixed_questions_stay_what_they_are():
    found = comparing.fixed_questions()
    assert len({p.id for p in found}) == len(found) == 16
    assert {p.tags["language"] for p in found} == {"en", "zh"}


@pytest.mark.parametrize(("logp", "shade"), [(0.0, 0), (-0.05, 0), (-20.0, 75)])
def test_the_less_likely_the_deeper(logp, shade):
    assert shade_of(logp) == shade


def test_coloured_answers_are_escaped_and_end_with_the_turn():
    html = likelihood_html([("<b>", -3.0), ("", -0.1), ("x", -1.0), ("", -5.0)])
    assert "<b>" not in html
    assert html.count("⏎") == 1
    assert 0 < shade_of(-1.0) < shade_of(-3.0) < 75
