"""The library's front door: torch-free to import, the whole way in memory, errors raised."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import crlft
from crlft import ClassScheme, ConditionClass, Conversation, CrlftError, Turn, generate, score, train
from crlft.config import RunConfig
from crlft.errors import ConfigError, DataError, SchemeError
from crlft.runfolder import RunFolder
from tests.tiny import save_tiny_base, talk, tiny_conversations, write_jsonl

SETTINGS = {"steps": 3, "step_tokens": 300, "threads": 1, "sample_count": 0, "held_out_share": 0.2}
SCHEME = ClassScheme((ConditionClass("expert", "Very Good", 1.0), ConditionClass("sub", "So So", 0.0)), beta=0.5)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_tiny_base(tmp_path_factory.mktemp("api") / "base")


@pytest.fixture(scope="module")
def trained(base, tmp_path_factory):
    heard: list[str] = []
    folder = tmp_path_factory.mktemp("trained")
    data = tiny_conversations(36)
    made = train(data, SCHEME, base, folder=folder, on_event=lambda name, _: heard.append(name), **SETTINGS)
    return made, heard


def test_importing_it_loads_no_torch():
    code = "import crlft, sys; print([m for m in ('torch', 'transformers', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert all(hasattr(crlft, name) for name in crlft.__all__)


def test_training_from_memory(trained):
    made, heard = trained
    assert (made.status, made.step, made.metrics["steps"]) == ("done", 3, 3)
    assert made.model == made.folder / "model"
    assert heard.count("step") == 3
    card = json.loads((made.model / "crlft.json").read_text())
    assert [c["condition"] for c in card["scheme"]["classes"]] == ["Very Good", "So So"]
    assert card["scheme"]["beta"] == 0.5
    saved = RunConfig.from_dict(RunFolder(made.folder).read_json("config.json"))
    assert (saved.steps, saved.method, saved.snapshot) == (3, "c-rlft", str(made.folder / "data.jsonl"))


def test_the_same_call_again_finds_it_done_and_other_data_is_refused(trained, base):
    made, _ = trained
    again = train(tiny_conversations(36), SCHEME, base, folder=made.folder, **SETTINGS)
    assert (again.status, again.step) == ("done", 3)
    with pytest.raises(CrlftError, match="data"):
        train(tiny_conversations(30), SCHEME, base, folder=made.folder, **SETTINGS)


def test_training_from_a_file_with_a_method(base, tmp_path):
    path = write_jsonl(tmp_path / "data.jsonl", tiny_conversations(24))
    made = train(path, None, base, method="sft", folder=tmp_path / "run", **SETTINGS)
    assert json.loads((made.model / "crlft.json").read_text())["method"] == "sft"
    (answer,) = generate(made.model, ["hi"], max_new_tokens=2, threads=1)
    assert answer.condition == ""  # what an unconditioned model is asked under where nobody says


def test_answers_under_conditions_and_by_several_models(trained, base):
    model = trained[0].model
    prompts = [
        "What is 3 and one?",
        talk("hello", "hi").turns[:1],
        Conversation((Turn("user", "one two three?"),)),
    ]
    answers = list(generate([model, base], prompts, ["", "sub"], max_new_tokens=3, threads=1))
    assert len(answers) == 12
    assert {(a.model, a.condition, a.prompt) for a in answers} == {
        (str(m), c, p) for m in (model, base) for c in ("", "sub") for p in range(3)
    }
    (default,) = generate(model, prompts[:1], max_new_tokens=3, threads=1)
    (best,) = generate(model, prompts[:1], ["Very Good"], max_new_tokens=3, threads=1)
    assert (default.condition, default.text) == ("Very Good", best.text)


def test_scores_come_in_the_order_of_the_data(trained):
    data = [talk("one " * n, "two three " * (3 - n % 3)) for n in range(1, 8)]
    found = score(trained[0].model, data, threads=1)
    assert [s.index for s in found] == list(range(7))
    assert all(set(s.logp) == {"expert", "sub"} and s.logp["sub"] < 0 for s in found)
    (alone,) = score(trained[0].model, data[3:4], ["sub"], threads=1)
    assert alone.logp["sub"] == pytest.approx(found[3].logp["sub"], abs=1e-4)


def test_every_fault_is_an_error_not_a_status(base, trained, tmp_path):
    with pytest.raises(ConfigError) as raised:
        train([talk("a", "b")], SCHEME, base, method="dpo", folder=tmp_path / "a")
    assert "method is 'dpo'" in raised.value.faults[0]
    with pytest.raises(ConfigError, match="unknown setting 'stepz'"):
        train([talk("a", "b")], SCHEME, base, folder=tmp_path / "a", stepz=3)
    with pytest.raises(DataError, match="no conversation"):
        train([], SCHEME, base, folder=tmp_path / "b")
    with pytest.raises(CrlftError, match="class 'gold' stands on conversations"):
        train([talk("a", "b", "gold")], SCHEME, base, folder=tmp_path / "c", **SETTINGS)
    with pytest.raises(CrlftError, match="no such folder"):
        train([talk("a", "b")], SCHEME, tmp_path / "nowhere", folder=tmp_path / "d", **SETTINGS)
    with pytest.raises(ConfigError, match="prompt 0 does not end with a user turn"):
        generate(trained[0].model, [talk("a", "b")])
    with pytest.raises(SchemeError, match="unknown condition 'best'"):
        score(trained[0].model, [talk("a", "b")], ["best"])


def test_a_failed_first_try_does_not_stand_in_the_way(base, tmp_path):
    with pytest.raises(CrlftError):
        train([talk("a", "b", "gold")], SCHEME, base, folder=tmp_path, **SETTINGS)
    made = train(tiny_conversations(24), SCHEME, base, folder=tmp_path, **{**SETTINGS, "steps": 2})
    assert made.step == 2
    assert RunFolder(tmp_path).read_json("config.json")["steps"] == 2


def test_faults_of_type_and_of_range_are_told_together():
    with pytest.raises(ConfigError) as raised:
        RunConfig().with_overrides({"steps": "many", "held_out_share": 0.9, "colour": "red", "method": "dpo"})
    assert len(raised.value.faults) == 4
