"""A comparison taken along: every file holds every answer, pairs follow the votes, markup stays text."""

import csv
import io
import json
import re

import pyarrow.parquet as pq
import pytest

from tests.ui.loop_data import ANSWERS, make_comparison, make_run
from tests.unit.loop_project import loop_project
from workbench.cli import run
from workbench.domain.errors import WorkbenchError
from workbench.services import compare_export, comparing


@pytest.fixture
def project(tmp_path):
    made = loop_project(tmp_path / "project")
    make_run(made, "run-1", mark="done", model=True)
    make_comparison(made, answers={**ANSWERS, ("p3", 0): "=SUM(A1)"})
    yield made
    made.close()


def cast(project, prompt, left, right, choice, actor="ann"):
    grid = comparing.comparison_grid(project, 1)
    row = next(r for r in grid.rows if r.prompt.id == prompt)
    comparing.vote(project, row.cells[left].id, row.cells[right].id, choice, actor=actor)
    return comparing.comparison_grid(project, 1)


def test_csv_and_parquet_hold_every_answer_with_its_votes(project):
    grid = cast(project, "p1", 1, 0, "right")
    table = list(csv.DictReader(io.StringIO(compare_export.to_csv(grid).decode("utf-8-sig"))))
    assert len(table) == len(ANSWERS)
    won = next(r for r in table if r["prompt_id"] == "p1" and r["column"] == "c-rlft/expert")
    assert (won["answer"], won["wins"], won["losses"], won["correct"].lower()) == (
        "Sure! It is 4.",
        "1",
        "0",
        "true",
    )
    assert next(r for r in table if "SUM" in r["answer"])["answer"].startswith("'=")
    stored = pq.read_table(io.BytesIO(compare_export.to_parquet(grid))).to_pylist()
    assert [r["answer"] for r in stored] == [r["answer"] for r in compare_export.result_rows(grid)]
    assert {r["correct"] for r in stored if r["prompt_id"] == "p3"} == {None}


def test_pairs_follow_the_majority_and_leave_out_even_splits(project):
    cast(project, "p1", 1, 0, "right", "ann")
    cast(project, "p1", 0, 1, "left", "bob")
    cast(project, "p1", 0, 1, "right", "cid")
    cast(project, "p2", 0, 1, "left", "ann")
    grid = cast(project, "p2", 0, 1, "right", "bob")
    grid = cast(project, "p3", 0, 1, "tie", "ann")
    (pair,) = [json.loads(line) for line in compare_export.to_pairs(grid).splitlines()]
    assert pair == {
        "prompt": [{"role": "user", "content": "What is 2 plus 2?"}],
        "chosen": [{"role": "assistant", "content": "Sure! It is 4."}],
        "rejected": [{"role": "assistant", "content": "5"}],
    }


def test_the_page_holds_figures_votes_and_no_markup_of_the_answers(project):
    page = compare_export.to_html(comparing.comparison_grid(project, 1)).decode()
    assert "No votes." in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>" not in page
    assert "<b>3</b>" not in page
    page = compare_export.to_html(cast(project, "p1", 0, 1, "left")).decode()
    assert "Orders that the votes bear out: none" in page
    assert "<td>c-rlft/expert against c-rlft/sub</td><td>1 / 0 / 0</td>" in page


def test_the_page_speaks_another_language(project):
    grid = cast(project, "p1", 0, 1, "left")
    words = {text: f"»{text}«" for text in compare_export.WORDS}
    page = compare_export.to_html(grid, words, "xx").decode()
    assert '<html lang="xx">' in page
    assert "<td>»c-rlft/expert against c-rlft/sub«</td>" in page
    assert page.count("»") == page.count("«") > len(compare_export.WORDS)
    without = re.sub("<style>.*?</style>|<title>.*?</title>|<h1>.*?</h1>|»[^«]*«", "", page)
    assert not re.search(r"<(?:th|h2|small)[^>]*>\s*[a-z]", re.sub("<th>(?:base|c-rlft/[a-z]+)</th>", "", without))


def test_the_command_writes_by_the_files_ending(project, tmp_path, capsysbinary):
    out = tmp_path / "page.html"
    assert run(["--project", str(project.root), "report", "1", str(out), "--json"]) == 0
    assert json.loads(capsysbinary.readouterr().out)["bytes"] == out.stat().st_size
    grid = comparing.comparison_grid(project, 1)
    with pytest.raises(WorkbenchError, match=r"no report has the ending '\.doc'"):
        compare_export.write_report(grid, tmp_path / "x.doc")
    with pytest.raises(WorkbenchError, match="no preference pair"):
        compare_export.write_report(grid, tmp_path / "x.jsonl")


def test_a_condition_that_changes_nothing_is_named(project):
    grid = comparing.comparison_grid(project, 1)
    assert comparing.unchanged_by_condition(grid) == []
    project2_rows = {(p, c): "the same" for p in ("p1", "p2") for c in (0, 1)}
    make_run(project, "run-2", mark="done", model=True)
    number = make_comparison(project, "run-2", answers={**project2_rows, ("p3", 0): "a", ("p3", 1): "b"})
    assert comparing.unchanged_by_condition(comparing.comparison_grid(project, number)) == [("run-2", 2, 3)]
