"""The `crlft` command: results as text or one JSON object, errors with a remedy and exit code 1."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

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


def test_ctrl_c_saves_and_stops_and_the_same_goes_on(world, tmp_path):
    """As a shell does it: the signal goes to the process, which ends by itself at the end of its step."""
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "crlft", "train", "--run", str(folder)]
    settings = {"steps": 20_000, "threads": 1, "sample_count": 0, "step_tokens": 100, "save_every": 20_000}
    asked = [*(f"--set={k}={v}" for k, v in settings.items()), "--base", str(world / "base")]
    process = subprocess.Popen([*command, str(world / "data.jsonl"), *asked], stdout=-1, stderr=-1, text=True)
    events = folder / "events.jsonl"
    for _ in range(1200):
        if process.poll() is not None or (events.exists() and '"event": "step"' in events.read_text()):
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "stopping at the next safe point" in err
    assert "Traceback" not in err
    assert out.startswith("stopped at step ")
    assert f"crlft train --run {folder} goes on" in out
    assert list((folder / "checkpoints").glob("step-*"))


def test_scores_are_summed_by_the_classes_a_file_gives(world, run, tmp_path):
    data = write_jsonl(tmp_path / "d.jsonl", [talk("q", "a", None, source="x"), talk("q", "b", None, source="y")])
    scheme = {
        "classes": [
            {"name": "good", "condition": "A", "reward": 1},
            {"name": "bad", "condition": "B", "reward": 0},
        ]
    }
    classes = tmp_path / "c.json"
    classes.write_text(json.dumps({**scheme, "field": "source", "values": {"x": "good", "*": "bad"}}))
    code, out, _ = run("score", world / "base", data, "--condition", "A", "--classes", classes, "--json")
    assert (code, sorted(json.loads(out)["classes"])) == (0, ["bad", "good"])


def test_who_names_no_condition_asks_under_the_best(world, run, tmp_path):
    folder = tmp_path / "run"
    run(
        "train",
        world / "data.jsonl",
        "--base",
        world / "base",
        "--run",
        folder,
        "--set",
        "steps=1",
        "--set",
        "sample_count=0",
    )
    code, out, _ = run(
        "generate",
        folder / "model",
        world / "base",
        "--prompts",
        world / "prompts.txt",
        "--max-new-tokens",
        1,
        "--json",
    )
    asked = {(r["model"], r["condition"]) for r in json.loads(out)["results"]}
    assert (code, asked) == (0, {(str(folder / "model"), "GPT4 Correct"), (str(world / "base"), "")})
