"""The shell's way in and out: looking, importing, the quarantine, exporting with parts and a preview."""

from __future__ import annotations

import json

import pytest

from workbench.cli import run

TALK = {"messages": [{"role": "user", "content": "Two and two?"}, {"role": "assistant", "content": "Four."}]}


@pytest.fixture
def shell(tmp_path, capsysbinary):
    """Run a command on a project; return its JSON."""
    assert run(["--project", str(tmp_path / "p"), "init"]) == 0

    def call(*words, code=0):
        capsysbinary.readouterr()
        assert run(["--project", str(tmp_path / "p"), "--json", *map(str, words)]) == code
        return json.loads(capsysbinary.readouterr().out)

    return call


def put(path, *rows):
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows))
    return path


def test_look_then_import_with_columns_of_ones_own(shell, tmp_path):
    path = put(tmp_path / "odd.jsonl", {"ask": "Why?", "reply": "So."}, {"ask": "And?", "reply": "Thus."})
    told = shell("import", "--look", path, code=1)
    assert "--column" in told["remedy"]
    columns = ["--column", "prompt=ask", "--column", "answer=reply"]
    (report,) = shell("import", "--look", path, *columns)["files"]
    assert (report["format"], report["rows_seen"], report["roles"]) == ("mapped", 2, {"user": 2, "assistant": 2})
    assert shell("stats")["conversations"] == 0
    assert shell("import", path, *columns)["imported"] == 2


def test_quarantine_out_mended_and_in_again(shell, tmp_path):
    told = shell("import", put(tmp_path / "rows.jsonl", TALK, '{"messages": ['))
    assert (told["rows"], told["imported"], told["quarantined"]) == (2, 1, 1)
    page = shell("quarantine")
    assert (page["total"], page["rows"][0]["line"]) == (1, 2)
    assert shell("quarantine", "--show", page["rows"][0]["id"])["rows"] == page["rows"]
    out = tmp_path / "broken.jsonl"
    assert shell("quarantine", "--export", out)["rows"] == 1
    row = json.loads(out.read_text())
    put(out, {**row, "raw": json.dumps({"messages": [*TALK["messages"], *TALK["messages"]]})})
    sent = shell("quarantine", "--send", out)
    assert (sent["rows"], sent["imported"], sent["quarantined"]) == (1, 1, {})
    assert shell("quarantine")["total"] == 0


def test_export_in_parts_and_its_preview(shell, tmp_path):
    rows = [{**TALK, "id": str(i), "messages": [{"role": "user", "content": f"{i}?"}, TALK["messages"][1]]}
            for i in range(20)]  # fmt: skip
    shell("import", put(tmp_path / "rows.jsonl", *rows), "--class", "expert")
    shell("snapshot", "one")
    out = tmp_path / "out.jsonl"
    shown = shell("export", "one", out, "--preview", 3)
    assert len(shown["text"].splitlines()) == 3
    told = shell("export", "one", out, "--split", "train=0.5", "--split", "test=0.5")
    assert told["rows"] == 20
    assert sorted(p.name for p in tmp_path.glob("out*")) == ["out.test.jsonl", "out.train.jsonl"]
    assert "add up to 0.5" in shell("export", "one", out, "--split", "train=0.5", code=1)["error"]
