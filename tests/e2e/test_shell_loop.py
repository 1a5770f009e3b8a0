"""The whole loop by shell, on the sample data, twice round."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import run_workbench

pytestmark = pytest.mark.slow


def must(project: Path, *arguments: str) -> dict[str, Any]:
    code, data = run_workbench(project, *arguments)
    assert code == 0, data
    return data


@pytest.mark.timeout(900)
def test_the_loop_by_shell(tmp_path: Path, sample_data: Path) -> None:
    project = tmp_path / "loop"
    must(project, "init")
    table = json.loads((sample_data / "classes.json").read_text(encoding="utf-8"))
    maps = [word for value, name in table["values"].items() for word in ("--map", f"{value}={name}")]
    files = [str(sample_data / name) for name in ("sharegpt.json", "messages.jsonl", "alpaca.json")]

    imported = must(project, "import", *files, "--class-field", table["field"], *maps)
    assert imported["rows"] == imported["imported"] + imported["already_there"] + imported["quarantined"]
    assert imported["imported"] > 3500
    assert imported["quarantined"] > 0
    again = must(project, "import", *files, "--class-field", table["field"], *maps)
    assert again["imported"] == 0
    assert again["already_there"] == imported["imported"] + imported["already_there"]

    deduped = must(project, "dedupe", "--method", "near", "--apply")
    assert deduped["affected"] > 20
    assert must(project, "dedupe", "--method", "near", "--apply")["affected"] == 0
    assert must(project, "undo")["affected"] == deduped["affected"]
    assert must(project, "dedupe", "--method", "near", "--apply")["affected"] == deduped["affected"]
    assert must(project, "clean", "--apply")["affected"] > 50

    untagged = must(project, "search", "class:none -status:dropped")["total"]
    assert untagged > 0
    assert must(project, "tag", "sub", "--where", "class:none -status:dropped")["affected"] == untagged
    assert must(project, "search", "class:none -status:dropped")["total"] == 0
    assert must(project, "search", "首都")["total"] > 0

    shown = must(project, "reward", "sub", "0.2")
    assert {row["class"] for row in shown["classes"]} == {"expert", "sub"}
    must(project, "reward", "sub", "0.1")

    first = must(project, "snapshot", "round-1")
    assert first["conversations"] > 3000
    trained = must(project, "train", "round-1", "--set", "steps=40")
    assert trained["status"] == "done"

    prompts = tmp_path / "prompts.jsonl"
    lines = (sample_data / "held_out.jsonl").read_text(encoding="utf-8").splitlines()[:24]
    prompts.write_text("\n".join(lines) + "\n", encoding="utf-8")
    compared = must(project, "compare", trained["run"], "--prompts", str(prompts), "--base", "--bring-back")
    assert {cell["condition"] for cell in compared["cells"]} == {"GPT4 Correct", "GPT3 Correct", ""}
    assert len(compared["cells"]) == 24 * 3
    assert 0 < compared["brought_back"] <= 24

    back = must(project, "search", "round:2")
    assert back["total"] == compared["brought_back"]
    assert {item["status"] for item in back["items"]} == {"pending"}
    must(project, "tag", "expert", "--where", "round:2")
    second = must(project, "snapshot", "round-2")
    assert second["conversations"] == first["conversations"] + compared["brought_back"]
    assert second["hash"] != first["hash"]
    assert must(project, "train", "round-2", "--set", "steps=10")["status"] == "done"
    assert [row["round"] for row in must(project, "rounds")["rounds"]] == [1, 2]


def test_wrong_use_is_exit_2_and_failure_is_exit_1(tmp_path: Path) -> None:
    code, data = run_workbench(tmp_path / "nowhere", "stats")
    assert code == 1
    assert "nowhere" in data["error"]
    assert data["remedy"]
    code, data = run_workbench(tmp_path, "frobnicate")
    assert code == 2
    assert "frobnicate" in data["error"]
