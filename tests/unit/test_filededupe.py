"""Duplicates of a file without a project: nothing is lost, and a second search finds nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.cli import run
from workbench.domain.errors import PlanError
from workbench.services.filededupe import FileSearch, dedupe_file

LONG = "which of the two warehouses by the harbour keeps the old blue lamps in stock"
ANSWER = "the northern warehouse keeps a few dozen of the old blue lamps on its upper floor"


def row(asked: str, answered: str) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "talks.jsonl"
    rows = [row(LONG, ANSWER), row(LONG, f"{ANSWER} indeed"), row(LONG, "nobody knows"), row(LONG, ANSWER + "!")]
    path.write_text("\n".join(json.dumps(r) for r in rows) + "\n{broken\n", encoding="utf-8")
    return path


def read(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_row_is_kept_dropped_or_unread(source: Path, tmp_path: Path) -> None:
    report = dedupe_file(source, tmp_path / "out")
    assert (report.rows, report.kept, report.dropped, report.unread, report.groups) == (5, 2, 2, 1, 1)
    dropped = read(tmp_path / "out" / "dropped.jsonl")
    assert {r["duplicate_of"] for r in dropped} == {2}
    assert all(0.8 <= float(str(r["similarity"])) < 1 for r in dropped)
    assert read(tmp_path / "out" / "unread.jsonl")[0]["row"] == 5
    again = dedupe_file(tmp_path / "out" / "kept.jsonl", tmp_path / "again")
    assert (again.dropped, [Path(f).name for f in again.files]) == (0, ["kept.jsonl"])


def test_punctuation_is_optional_and_an_earlier_outcome_is_not_overwritten(source: Path, tmp_path: Path) -> None:
    assert dedupe_file(source, tmp_path / "strict", FileSearch(method="exact")).dropped == 0
    assert dedupe_file(source, tmp_path / "loose", FileSearch(method="exact", punctuation=False)).dropped == 1
    with pytest.raises(PlanError, match="already there"):
        dedupe_file(source, tmp_path / "loose")


def test_characters_find_what_words_do_not_and_names_are_checked(tmp_path: Path) -> None:
    words = "alphabet borderland concrete dictionary evergreen federation grapevine harvester"
    other = " ".join(word + "s" * (n % 2) for n, word in enumerate(words.split()))
    told = [row(LONG, words), row(LONG, other)]
    source = tmp_path / "told.jsonl"
    source.write_text("\n".join(json.dumps(r) for r in told), encoding="utf-8")
    for shingles, dropped in (("words", 0), ("characters", 1)):
        search = FileSearch(part="answer", threshold=0.5, shingles=shingles)
        assert dedupe_file(source, tmp_path / shingles, search).dropped == dropped
    with pytest.raises(PlanError, match="no kind of shingles 'letters'"):
        FileSearch(shingles="letters")
    with pytest.raises(PlanError, match="threshold 2 is outside"):
        FileSearch(threshold=2)


def test_from_a_shell(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--json", "dedupe", "--input", str(source), "--output", str(tmp_path / "out")]) == 0
    assert json.loads(capsys.readouterr().out)["dropped"] == 2
    assert run(["--json", "dedupe", "--input", str(source)]) == 1
    assert "go together" in json.loads(capsys.readouterr().out)["error"]


def test_what_is_for_a_project_is_refused_for_a_file(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["dedupe", "--input", str(source), "--output", str(tmp_path / "x"), "--where", "lang:zh"]) == 1
    assert "--where and --apply are for a project" in capsys.readouterr().err
