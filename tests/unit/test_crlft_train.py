"""Runs from beginning to end on a tiny base: done, stopped, killed, resumed, refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from crlft.config import RunConfig
from crlft.modelfolder import read_card
from crlft.runfolder import RunFolder
from crlft.training import run_training
from tests.tiny import save_tiny_base, talk, tiny_conversations, write_jsonl

STEPS = 12


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A base, data, and the settings of a short run."""
    root = tmp_path_factory.mktemp("world")
    base = save_tiny_base(root / "base")
    data = write_jsonl(root / "data.jsonl", tiny_conversations())
    return RunConfig(
        snapshot=str(data),
        base=str(base),
        steps=STEPS,
        step_tokens=400,
        threads=1,
        save_every=4,
        evaluate_every=6,
        sample_tokens=4,
        sample_count=1,
        held_out_share=0.2,
    )


@pytest.fixture(scope="module")
def unbroken(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unbroken")
    outcome = run_training(world, folder)
    assert outcome.status == "done", outcome.error
    return folder


def losses(folder: Path) -> dict[int, float]:
    """The loss of each step; where a step was told twice, the later telling."""
    return {e["step"]: e["loss"] for e in RunFolder(folder).read_events()[0] if e["event"] == "step"}


def weights(folder: Path):
    return load_file(folder / "model" / "model.safetensors")


def assert_same_run(folder: Path, unbroken: Path) -> None:
    assert losses(folder) == losses(unbroken)
    ours, theirs = weights(folder), weights(unbroken)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_run_says_what_it_does(unbroken):
    events, _ = RunFolder(unbroken).read_events()
    kinds = [e["event"] for e in events]
    assert [e["name"] for e in events if e["event"] == "phase"] == [
        "reading",
        "tokenising",
        "loading",
        "rehearsing",
        "training",
        "saving",
    ]
    assert kinds.count("step") == STEPS
    rehearsal = next(e for e in events if e["event"] == "rehearsal")
    assert rehearsal["tokens"] > 0
    assert rehearsal["expected_seconds"] > 0
    assert [e["step"] for e in events if e["event"] == "checkpoint"] == [4, 8, 12]
    data = next(e for e in events if e["event"] == "data")
    assert [c["name"] for c in data["classes"]] == ["expert", "sub"]
    assert sum(c["mass_share"] for c in data["classes"]) == pytest.approx(1)
    assert sum(c["conversations"] + c["held_out"] for c in data["classes"]) == 60
    last = [e for e in events if e["event"] == "eval"][-1]
    assert last["swap"]["sub"].keys() == {"right", "wrong"}
    assert {e["condition"] for e in events if e["event"] == "sample"} == {"GPT4 Correct", "GPT3 Correct"}
    marker, body = RunFolder(unbroken).marker()
    assert marker == "done"
    assert body["metrics"]["steps"] == STEPS
    assert losses(unbroken)[STEPS] < losses(unbroken)[1]


def test_the_model_folder_is_plain_transformers(unbroken, world):
    model = AutoModelForCausalLM.from_pretrained(unbroken / "model")
    tokenizer = AutoTokenizer.from_pretrained(unbroken / "model")
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id == 2
    messages = [{"role": "user", "content": "hi"}]
    asked = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert asked == "<s>GPT4 Correct User: hi<|end_of_turn|>GPT4 Correct Assistant:"
    plain = tokenizer.apply_chat_template(messages, tokenize=False, condition="")
    assert plain == "<s>User: hi<|end_of_turn|>"
    assert (unbroken / "model" / "curves.png").read_bytes()[1:4] == b"PNG"
    assert "Swap test" in (unbroken / "model" / "curves.html").read_text(encoding="utf-8")
    settings = json.loads((unbroken / "model" / "training.json").read_text(encoding="utf-8"))
    assert settings["config"]["steps"] == settings["resolved"]["steps"] == STEPS
    card = read_card(unbroken / "model")
    assert (card.method, card.default_condition, card.base) == ("c-rlft", "GPT4 Correct", world.base)


def test_stopped_and_resumed_is_unbroken(world, unbroken, tmp_path):
    run = RunFolder(tmp_path)

    def stop_at(event, fields):
        if event == "step" and fields["step"] == 6:
            run.request_stop()

    assert run_training(world, tmp_path, stop_at).status == "stopped"
    assert run.marker() == ("stopped", {"time": run.marker()[1]["time"], "step": 6})
    assert not run.model.exists()
    assert run_training(world, tmp_path).status == "done"
    starts = [(e["attempt"], e["step"]) for e in run.read_events()[0] if e["event"] == "start"]
    assert starts == [(1, 0), (2, 6)]
    assert_same_run(tmp_path, unbroken)


KILLED = """
import os, signal, sys
from pathlib import Path
from crlft.config import RunConfig
from crlft.training import run_training
import json
def kill_at(event, fields):
    if event == sys.argv[3] and fields.get("step", 0) >= int(sys.argv[4]):
        os.kill(os.getpid(), getattr(signal, sys.argv[5]))
config = RunConfig.from_dict(json.loads(Path(sys.argv[1]).read_text()))
print(run_training(config, Path(sys.argv[2]), kill_at).status)
"""


def killed(world, folder: Path, event: str, step: int, how: str) -> subprocess.CompletedProcess[str]:
    config = folder.parent / "config.json"
    config.write_text(json.dumps(world.to_dict()))
    command = [sys.executable, "-c", KILLED, str(config), str(folder), event, str(step), how]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})


def test_sigkill_and_resumed_is_unbroken(world, unbroken, tmp_path):
    folder = tmp_path / "run"
    assert killed(world, folder, "step", 7, "SIGKILL").returncode == -signal.SIGKILL
    assert RunFolder(folder).marker() is None
    assert run_training(world, folder).status == "done"
    starts = [e["step"] for e in RunFolder(folder).read_events()[0] if e["event"] == "start"]
    assert starts == [0, 4]
    assert_same_run(folder, unbroken)


def test_killed_after_the_last_step_only_saves(world, unbroken, tmp_path):
    folder = tmp_path / "run"
    assert killed(world, folder, "checkpoint", STEPS, "SIGKILL").returncode == -signal.SIGKILL
    assert run_training(world, folder).status == "done"
    assert_same_run(folder, unbroken)
    assert RunFolder(folder).marker()[1]["metrics"]["held_out"]


def test_sigterm_saves_and_stops(world, tmp_path):
    folder = tmp_path / "run"
    done = killed(world, folder, "step", 5, "SIGTERM")
    assert (done.returncode, done.stdout.strip()) == (0, "stopped")
    assert (folder / "checkpoints" / "step-00000005").is_dir()


def test_resume_is_refused_when_the_data_changed(world, tmp_path):
    data = tmp_path / "data.jsonl"
    data.write_bytes(Path(world.snapshot).read_bytes())
    config = world.with_overrides({"snapshot": str(data), "steps": 4})
    assert run_training(config, tmp_path / "run").status == "done"
    write_jsonl(data, tiny_conversations(30))
    outcome = run_training(config, tmp_path / "run")
    assert outcome.status == "failed"
    assert "the data changed since this checkpoint" in outcome.error
    changed = run_training(config.with_overrides({"seed": 5}), tmp_path / "run")
    assert "the configuration and the data changed" in changed.error


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"base": "/nowhere/at/all"}, "bad-model", "no such folder"),
        ({"snapshot": "/nowhere.jsonl"}, "bad-data", "no such snapshot or file"),
        ({"max_tokens": 5}, "bad-data", "context of 5 tokens is shorter than the shortest conversation"),
        ({"device": "cuda"}, "bad-model", "no CUDA device"),
    ],
)
def test_bad_input_fails_before_anything_is_spent(world, tmp_path, changes, kind, words):
    if changes.get("device") == "cuda" and torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    outcome = run_training(world.with_overrides(changes), tmp_path)
    marker, body = RunFolder(tmp_path).marker()
    assert (outcome.status, marker, body["kind"]) == ("failed", "failed", kind)
    assert words in body["error"]
    assert body["remedy"]
    assert not (tmp_path / "checkpoints").exists()


def test_one_class_only_goes_on_and_says_so(world, tmp_path):
    data = write_jsonl(tmp_path / "d.jsonl", [talk(f"q {i}", f"a {i}") for i in range(20)])
    config = world.with_overrides({"snapshot": str(data), "steps": 2, "empty_classes": "warn"})
    seen = {}
    outcome = run_training(config, tmp_path / "run", lambda event, fields: seen.setdefault(event, fields))
    assert outcome.status == "done"
    assert "only the class 'expert' has conversations" in seen["data"]["warnings"][0]


def test_a_full_disk_is_said_in_words(world, tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("crlft.trainer.publish", refuse)
    outcome = run_training(world, tmp_path)
    assert outcome.status == "failed"
    assert RunFolder(tmp_path).marker()[1]["kind"] == "disk-full"
    assert list((tmp_path / "checkpoints").iterdir()) == []


@pytest.mark.parametrize("method", ["no-reward", "no-condition", "sft", "sft-best"])
def test_the_ablations_run(world, tmp_path, method):
    seen = {}
    config = world.with_overrides({"method": method, "steps": 2})
    assert run_training(config, tmp_path, lambda e, f: seen.setdefault(e, f)).status == "done"
    classes = {c["name"]: c for c in seen["data"]["classes"]}
    assert classes["sub"]["weight"] == pytest.approx(0.1 if method == "no-condition" else 1.0)
    assert (classes["sub"]["conversations"] == 0) == (method == "sft-best")
    assert read_card(tmp_path / "model").default_condition == ("GPT4 Correct" if method == "no-reward" else "")


def test_chatml_on_a_base_without_its_tokens(world, tmp_path):
    config = world.with_overrides({"template": "chatml", "steps": 2})
    assert run_training(config, tmp_path).status == "done"
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    assert tokenizer.eos_token == "<|im_end|>"
    assert model.get_input_embeddings().weight.shape[0] == len(tokenizer) == 293


def test_a_probe_chooses_among_rates_and_leaves_the_run_otherwise_alone(world, unbroken, tmp_path):
    seen = {}
    config = world.with_overrides({"learning_rate_probe": "on"})
    assert run_training(config, tmp_path / "probed", lambda e, f: seen.setdefault(e, f)).status == "done"
    trials = {t["learning_rate"]: t["loss"] for t in seen["learning_rate"]["trials"]}
    auto = seen["data"]["resolved"]["learning_rate"]
    assert set(trials) == {auto / 2, auto, auto * 2}
    best = seen["learning_rate"]["learning_rate"]
    assert trials[best] == min(trials.values())
    given = world.with_overrides({"learning_rate": best})
    assert run_training(given, tmp_path / "given").status == "done"
    assert losses(tmp_path / "probed") == losses(tmp_path / "given")


def test_the_card_says_what_the_model_was_made_of_and_how_to_ask_it(unbroken):
    card = read_card(unbroken / "model")
    text = (unbroken / "model" / "README.md").read_text(encoding="utf-8")
    rows = {row["name"]: row for row in card.composition}
    assert f"| {rows['expert']['conversations']} | {rows['expert']['held_out']} |" in text
    assert 'apply_chat_template(messages, condition="GPT4 Correct", add_generation_prompt=True)' in text
    assert "![Loss and swap test over the steps](curves.png)" in text
    swap = card.metrics["held_out"]["swap"]["sub"]
    assert f"{swap['wrong'] - swap['right']:+.3f}" in text


def test_room_is_kept_for_the_last_word_and_given_back_with_it(tmp_path):
    run = RunFolder(tmp_path)
    run.keep_room()
    assert (tmp_path / "last-word").stat().st_size >= 4096
    run.mark("failed", error="the disk is full", kind="disk-full")
    assert [p.name for p in tmp_path.iterdir()] == ["failed.json"]
