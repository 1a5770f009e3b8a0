"""The `crlft` command: results as text or one JSON object, errors with a remedy and exit code 1."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from crlft.cli import main
from tests.tiny import save_tiny_base, talk, tiny_conversations, write_jsonl


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("cli")
    save_tiny_base(root / "base")
    write_jsonl(root / "data.jsonl", tiny_conversations(24))
    (root / "prompts.txt").write_text("hi\nwhat is 3 and one?\n")
    return root


def crlft(monkeypatch, capsys, *args: object) -> tuple[int, str, str]:
    """Run a command; return exit code, standard output, standard error."""
    monkeypatch.setattr(sys, "argv", ["crlft", *map(str, args)])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    code = ended.value.code
    return (0 if code is None else int(code)), out, err


@pytest.fixture
def run(monkeypatch, capsys):
    return lambda *args: crlft(monkeypatch, capsys, *args)


def test_train_then_generate(world, run, tmp_path):
    folder = tmp_path / "run"
    args = ("--set", "steps=3", "--set", "threads=1", "--set", "sample_count=0")
    code, out, _ = run("train", world / "data.jsonl", "--base", world / "base", "--run", folder, *args, "--json")
    body = json.loads(out)
    assert (code, body["status"], body["step"]) == (0, "done", 3)
    assert body["metrics"]["steps"] == 3

    again = json.loads(run("train", "--run", folder, "--json")[1])
    assert (again["status"], again["step"]) == ("done", 3)

    answers = tmp_path / "answers.jsonl"
    models = (folder / "model", world / "base")
    code, out, _ = run(
        "generate", *models, "--prompts", world / "prompts.txt", "--condition", "", "--max-new-tokens", 4,
        "--out", answers,
    )  # fmt: skip
    rows = [json.loads(line) for line in answers.read_text().splitlines()]
    assert (code, out, len(rows)) == (0, "", 4)
    assert {r["model"] for r in rows} == {str(m) for m in models}


def test_preview_is_what_is_trained(world, run):
    args = (world / "data.jsonl", "--base", world / "base", "--set", "steps=7")
    body = json.loads(run("preview", *args, "--json")[1])
    assert body["steps"] == 7
    assert body["examples"]["expert"][1]["text"].startswith("GPT4 Correct User: What is")
    text = run("preview", *args)[1]
    assert "GPT4 Correct Assistant:⟦ Of course! " in text
    assert "7 steps of about" in text


def test_validate_counts_faults(world, run, tmp_path):
    data = write_jsonl(tmp_path / "d.jsonl", [talk("q", ""), talk("q", "a", "gold")])
    code, out, _ = run("validate", data, "--json")
    body = json.loads(out)
    assert (code, body["faults"], body["unknown_classes"]) == (1, {"empty-turn": 1}, ["gold"])
    assert run("validate", world / "data.jsonl")[0] == 0


def test_settings_are_explained(run):
    body = json.loads(run("settings", "--json")[1])
    assert body["learning_rate"]["default"] is None
    assert body["learning_rate"]["help"].startswith("Peak learning rate")


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("train", "data.jsonl", "--base", "/nowhere"), 1, "no such folder"),
        (("train", "data.jsonl", "--base", "base", "--set", "steps=-1"), 1, "steps is -1, it must lie between"),
        (("train", "data.jsonl", "--base", "base", "--set", "steps"), 2, "is no key=value"),
        (("train",), 2, "give SNAPSHOT and --base"),
        (("train", "--run", "empty"), 1, "no snapshot or no base is named"),
        (("generate", "base"), 2, "give models and --prompts"),
        (("generate", "--run", "empty"), 1, "no such folder"),
        (("train", "data.jsonl", "--base", "half/model"), 1, "half/model: no such folder"),
        (("embed", "--run", "empty"), 1, "no such folder"),
        (("base", "build", "--text", "none.jsonl", "--out", "o"), 1, "no such file"),
        (("nonsense",), 2, "No such command"),
    ],
)
def test_errors_are_sentences(world, run, tmp_path, monkeypatch, args, code, words):
    monkeypatch.chdir(tmp_path)
    for name in ("base", "data.jsonl"):
        (tmp_path / name).symlink_to(world / name)
    (tmp_path / "half").mkdir()
    monkeypatch.setenv("COLUMNS", "300")
    got, out, err = run(*args)
    assert (got, out) == (code, "")
    assert words in " ".join(err.split())
    if code == 1:
        assert err.startswith("error: ")
        got, out, _ = run(*args, "--json")
        assert got == 1
        assert words in json.loads(out)["error"]


def test_several_processes_must_be_told_their_folder(world, run, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    code, _, err = run("train", world / "data.jsonl", "--base", world / "base")
    assert code == 2
    assert "name it with --run" in " ".join(err.split())


def test_help_and_import_need_no_torch():
    code = (
        "import sys, crlft, crlft.cli, crlft.config, crlft.template, crlft.chat_template, crlft.dataset, "
        "crlft.snapshot, crlft.modelfolder, crlft.resolve, crlft.batching; "
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
