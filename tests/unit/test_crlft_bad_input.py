"""What cannot work is one line with its place and a remedy, before anything is trained."""

from __future__ import annotations

import json
import shutil
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crlft.cli import main
from crlft.config import RunConfig
from crlft.errors import DataError
from crlft.prepare import plan_run
from tests.tiny import save_tiny_base, talk, tiny_conversations, tiny_tokenizer, write_jsonl

TWO = [
    {"name": "expert", "condition": "GPT4 Correct", "reward": 1.0},
    {"name": "sub", "condition": "GPT3 Correct", "reward": 0.1},
]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("bad")
    save_tiny_base(root / "base")
    write_jsonl(root / "data.jsonl", tiny_conversations(24))
    return root


@pytest.fixture
def refused(monkeypatch, capsys):
    """Run a command that must fail; return its error and its remedy."""

    def run(*args: object) -> str:
        monkeypatch.setattr(sys, "argv", ["crlft", *map(str, args)])
        monkeypatch.setenv("COLUMNS", "2000")
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        assert (ended.value.code, out) == (1, "")
        lines = err.splitlines()
        (place,) = [n for n, line in enumerate(lines) if line.startswith("error: ")]
        assert "Traceback" not in err
        assert len(lines) == place + 2  # the error, the remedy, and nothing behind them
        return "\n".join(lines[place:])

    return run


def train(world, run_folder, *more: object) -> tuple[object, ...]:
    quick = ("--set", "steps=2", "--set", "threads=1", "--set", "sample_count=0")
    return ("train", world / "data.jsonl", "--base", world / "base", "--run", run_folder, *quick, *more)


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        ({"classes": [TWO[0], {"name": "sub", "condition": "GPT3 Correct"}]}, "class 'sub' has no reward"),
        ({"classes": [TWO[0], {**TWO[1], "reward": float("nan")}]}, "class 'sub': reward is nan"),
        ({"classes": [TWO[0], {**TWO[1], "reward": "high"}]}, "class 'sub': reward is 'high'"),
        ({"classes": TWO, "beta": 0}, "beta is 0.0, it must be a finite number above 0"),
        ({"classes": TWO, "beta": -1}, "beta is -1.0, it must be a finite number above 0"),
        ({"classes": TWO, "beta": [1]}, "beta is [1]"),
        ({"classes": []}, "there is no class"),
        ({"classes": "expert, sub"}, "`classes` is no list of objects"),
    ],
)
def test_classes_and_rewards_that_make_no_sense(world, refused, tmp_path, classes, words):
    (tmp_path / "classes.json").write_text(json.dumps(classes))
    said = refused(*train(world, tmp_path / "run", "--classes", tmp_path / "classes.json"))
    assert words in said
    assert "classes.json: " in said
    assert not (tmp_path / "run" / "checkpoints").exists()


@pytest.mark.parametrize("method", ["c-rlft", "no-reward", "inverse-frequency"])
def test_an_empty_best_class(world, refused, tmp_path, method):
    data = write_jsonl(tmp_path / "d.jsonl", [talk(f"q {i}", f"a {i}", "sub") for i in range(20)])
    said = refused("train", data, "--base", world / "base", "--run", tmp_path / "run", "--set", f"method={method}")
    assert "class 'expert', the best, has no conversation to train on" in said
    assert "use method=sft" in said
    assert not (tmp_path / "run" / "checkpoints").exists()


@pytest.mark.parametrize("more", [(), ("--classes",)])
def test_an_empty_class(world, refused, tmp_path, more):
    (tmp_path / "classes.json").write_text(json.dumps({"classes": TWO}))
    data = write_jsonl(tmp_path / "d.jsonl", [talk(f"q {i}", f"a {i}", "expert") for i in range(20)])
    named = (*more, tmp_path / "classes.json") if more else ()
    said = refused("train", data, "--base", world / "base", "--run", tmp_path / "run", *named)
    assert "class 'sub' has no conversation to train on (0 are held out, 0 have no answer within" in said
    assert "take it out of the classes, tag some conversations with it, or set empty_classes=warn" in said
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_snapshots_own_empty_class_is_a_warning(world, tmp_path):
    rows = [json.dumps(talk(f"q {i}", f"a {i}", "expert").to_dict()) for i in range(20)]
    pq.write_table(pa.table({"conversation": rows}), tmp_path / "data.parquet")
    (tmp_path / "manifest.json").write_text(json.dumps({"scheme": {"classes": TWO}}))
    config = RunConfig(snapshot=str(tmp_path), base=str(world / "base"))
    assert any("'sub'" in warning and "unlearnt" in warning for warning in plan_run(config).dataset.warnings)
    with pytest.raises(DataError, match="class 'sub' has no conversation"):
        plan_run(config.with_overrides({"empty_classes": "refuse"}))


def test_a_context_shorter_than_the_shortest_conversation(world, refused, tmp_path):
    said = refused(*train(world, tmp_path / "run", "--set", "max_tokens=5"))
    assert "the context of 5 tokens is shorter than the shortest conversation" in said
    assert "raise max_tokens" in said


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        (("config.json",), "has no config.json"),
        (("model.safetensors",), "has no weights"),
        (("tokenizer.json",), "has no tokenizer"),
    ],
)
def test_an_incomplete_model_folder(world, refused, tmp_path, lost, words):
    base = shutil.copytree(world / "base", tmp_path / "base")
    for name in lost:
        (base / name).unlink()
    said = refused("train", world / "data.jsonl", "--base", base, "--run", tmp_path / "run")
    assert words in said
    assert str(base) in said


def test_half_a_weight_file(world, refused, tmp_path):
    base = shutil.copytree(world / "base", tmp_path / "base")
    whole = (base / "model.safetensors").read_bytes()
    (base / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    said = refused(*train(world, tmp_path / "run")[:2], "--base", base, "--run", tmp_path / "run")
    assert "cannot be loaded" in said
    assert str(base) in said


def test_a_tokenizer_without_an_end_of_turn(world, refused, tmp_path):
    """A template of the model's own in which nothing ends an answer cannot be trained: it would never stop."""
    base = shutil.copytree(world / "base", tmp_path / "base")
    tokenizer = tiny_tokenizer()
    tokenizer.eos_token = None
    tokenizer.chat_template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    tokenizer.save_pretrained(base)
    said = refused(
        "train", world / "data.jsonl", "--base", base, "--run", tmp_path / "run", "--set", "template=auto"
    )
    assert str(base) in said
    assert "end" in said


def test_an_unknown_condition_at_generation(world, refused, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["crlft", *map(str, train(world, tmp_path / "run"))])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    capsys.readouterr()
    (tmp_path / "prompts.txt").write_text("hi\n")
    model = tmp_path / "run" / "model"
    said = refused("generate", model, "--prompts", tmp_path / "prompts.txt", "--condition", "gold")
    assert "unknown condition 'gold'" in said
    assert "expert (GPT4 Correct)" in said


@pytest.mark.parametrize("where", ["crlft.trainer.publish", "crlft.training.save_model"])
def test_a_disk_full_while_saving(world, refused, tmp_path, monkeypatch, where):
    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(where, refuse)
    said = refused(*train(world, tmp_path / "run"))
    assert "the disk is full" in said
    assert "free some space, then resume the run" in said


def test_a_disk_too_small_is_known_before(world, refused, tmp_path, monkeypatch):
    monkeypatch.setattr("crlft.prepare.shutil.disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 1000))
    said = refused(*train(world, tmp_path / "run"))
    assert "are free, but checkpoints and model need" in said
    assert not (tmp_path / "run" / "checkpoints").exists()
