"""Odd and real input: weights next to nothing, other classes on a resume, files as other programs write them."""

from __future__ import annotations

import json
import math
import pickle
from dataclasses import FrozenInstanceError, replace

import pytest
import torch

from crlft.cardtext import card_text
from crlft.checkedprompts import read_checked_prompts
from crlft.condition import LEAST_WEIGHT, OPENCHAT_SCHEME, ClassScheme, ConditionClass
from crlft.config import RunConfig
from crlft.conversation import Turn
from crlft.dataset import build_dataset
from crlft.errors import ConfigError, DataError, ModelError, SchemeError
from crlft.events import Events
from crlft.generation import Column, PromptRow, Request, Sampling, run_generation, stop_ids
from crlft.loss import collate, packs_truly, supervised_nll
from crlft.modelfolder import ModelCard, check_model
from crlft.models import load_base, load_encoder, load_trained
from crlft.prepare import plan_run, steps_without
from crlft.quick import quick
from crlft.request import read_prompts
from crlft.runfolder import RunFolder
from crlft.snapshot import classes_hash, read_scheme
from crlft.tokens import make_encoder
from crlft.training import run_training
from tests.tiny import save_tiny_base, talk, tiny_conversations, tiny_model, tiny_tokenizer, write_jsonl


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("odd")
    base = save_tiny_base(root / "base")
    data = write_jsonl(root / "data.jsonl", tiny_conversations(40))
    return RunConfig(
        snapshot=str(data),
        base=str(base),
        steps=4,
        step_tokens=300,
        threads=1,
        save_every=2,
        sample_count=0,
        held_out_share=0.1,
    )


@pytest.fixture(scope="module")
def encoder():
    return make_encoder(tiny_tokenizer(), "openchat")


def classes(path, reward: float) -> str:
    scheme = ClassScheme((ConditionClass("expert", "A", 1.0), ConditionClass("sub", "B", reward)))
    path.write_text(json.dumps(scheme.to_dict()))
    return str(path)


@pytest.mark.parametrize("reward", [-38.0, -400.0])
def test_weights_that_float32_cannot_hold_are_zero_and_said(world, tmp_path, reward):
    """They made the rehearsal's gradient not a number, and with it the model, before the first step."""
    config = replace(world, classes=classes(tmp_path / "c.json", reward), empty_classes="warn", steps=2)
    outcome = run_training(config, tmp_path / "run")
    assert outcome.status == "done", outcome.error
    assert math.isfinite(outcome.metrics["loss"])
    (data,) = (e for e in RunFolder(tmp_path / "run").read_events()[0] if e["event"] == "data")
    sub = data["classes"][1]
    assert (sub["conversations"], sub["dropped"]) == (0, 33 - sub["held_out"])
    assert any("of class 'sub' are left out: their loss weight is 0" in w for w in data["warnings"])

    refused = run_training(replace(config, empty_classes="refuse"), tmp_path / "refused")
    assert refused.error.startswith("class 'sub' weighs nothing: its reward lies so far below the best")


def test_the_smallest_weight_trains(world, tmp_path):
    scheme = ClassScheme((ConditionClass("expert", "A", 1.0), ConditionClass("sub", "B", -25.0)))
    assert LEAST_WEIGHT < scheme.loss_weight("sub") < 1e-28
    with pytest.raises(SchemeError, match="not a finite number"):
        scheme.loss_weight("sub", 40.0)
    only = write_jsonl(tmp_path / "sub.jsonl", [c for c in tiny_conversations(40) if c.class_name == "sub"])
    config = replace(world, snapshot=str(only), classes=classes(tmp_path / "c.json", -25.0), method="no-condition")
    outcome = run_training(replace(config, steps=2, empty_classes="warn"), tmp_path / "run")
    assert outcome.status == "done", outcome.error


def test_a_run_is_not_resumed_with_other_rewards(world, tmp_path):
    config = replace(world, classes=classes(tmp_path / "c.json", 0.1))
    folder = tmp_path / "run"

    def stop(event, fields):
        if event == "step" and fields["step"] == 2:
            RunFolder(folder).request_stop()

    assert run_training(config, folder, stop).status == "stopped"
    classes(tmp_path / "c.json", 0.9)
    refused = run_training(config, folder)
    assert "the classes changed since this checkpoint was written" in refused.error
    classes(tmp_path / "c.json", 0.1)
    assert run_training(config, folder).status == "done"


def test_what_tags_by_a_field_belongs_to_the_classes(tmp_path):
    path = tmp_path / "c.json"
    body = {**OPENCHAT_SCHEME.to_dict(), "field": "source", "values": {"gpt4": "expert"}}
    path.write_text(json.dumps(body))
    before = classes_hash(OPENCHAT_SCHEME, path)
    path.write_text(json.dumps({**body, "values": {"gpt4": "sub"}}))
    assert len({before, classes_hash(OPENCHAT_SCHEME, path), classes_hash(OPENCHAT_SCHEME)}) == 3
    with pytest.raises(SchemeError, match="cannot be read"):
        read_scheme(tmp_path)


def test_settings_of_a_start_that_never_saved_are_replaced(world, tmp_path):
    folder = tmp_path / "run"
    assert run_training(replace(world, max_tokens=4), folder).status == "failed"
    assert run_training(replace(world, steps=2), folder).status == "done"
    assert RunFolder(folder).read_json("config.json")["max_tokens"] is None


def test_a_probed_rate_stands_in_the_settings(world, tmp_path):
    config = replace(world, learning_rate_probe="on", schedule="linear", steps=6, held_out_share=0.3)
    assert run_training(config, tmp_path / "run").status == "done"
    run = RunFolder(tmp_path / "run")
    found = run.read_json("learning_rate.json")["learning_rate"]
    assert run.read_json("resolved.json")["learning_rate"] == found
    told = json.loads((run.model / "training.json").read_text())
    assert told["resolved"]["learning_rate"] == found
    rates = [e["learning_rate"] for e in run.read_events()[0] if e["event"] == "step"]
    assert 0 < min(rates) <= found


def test_what_is_measured_keeps_its_condition(encoder):
    config = RunConfig(condition_dropout=1.0, held_out_share=0.5)
    found = build_dataset(tiny_conversations(60), OPENCHAT_SCHEME, config, encoder, 200)
    texts = {name: [encoder.tokenizer.decode(e.ids) for e in part] for name, part in (
        ("train", found.train), ("held out", [e for _, e in found.held_out]))}  # fmt: skip
    assert not any("Correct" in text for text in texts["train"])
    assert all("Correct User:" in text for text in texts["held out"])


def test_steps_without_the_best_class_are_warned_of(world, tmp_path):
    rare = [talk("q" * 40, "a" * 40 + str(i), "expert" if i % 10 == 0 else "sub") for i in range(60)]
    data = write_jsonl(tmp_path / "d.jsonl", rare)
    config = replace(world, snapshot=str(data), step_tokens=200, steps=None, held_out_share=0.0)
    (warning,) = plan_run(config).dataset.warnings
    assert "steps hold no conversation of class 'expert', the best" in warning
    enough = int(warning.rsplit("step_tokens to ", 1)[1].split()[0])
    roomy = plan_run(replace(config, step_tokens=enough))
    assert roomy.dataset.warnings == steps_without(roomy.plan, roomy.dataset, "expert") == []
    assert plan_run(replace(config, method="no-reward")).dataset.warnings == []


def test_packing_is_judged_by_content_where_numbers_are_rough(encoder):
    """In 16 bits a pack and its parts differ by more than is allowed in 32, though they do not see each other."""
    model = tiny_model(320, initializer_range=0.4).to(torch.bfloat16)
    data = build_dataset(tiny_conversations(12), OPENCHAT_SCHEME, RunConfig(held_out_share=0.0), encoder, 200)
    examples = sorted(data.train, key=len)[:2]
    numbers = {e.class_name: 0 for e in examples}
    with torch.no_grad():
        together = supervised_nll(model, collate(examples, numbers, 0, packed=True))
        apart = torch.cat([supervised_nll(model, collate([e], numbers, 0)) for e in examples])
    assert (together - apart).abs().max() > 1e-3
    assert packs_truly(model, examples, 0)
    leak = model.model.layers[0].register_forward_hook(lambda m, i, out: out + out.mean(dim=1, keepdim=True))
    assert not packs_truly(model, examples, 0)
    leak.remove()


def test_a_model_stops_where_it_was_pretrained_to(tmp_path):
    """A base asked under a template of ours ends with its own end of text, not with ours."""
    base = save_tiny_base(tmp_path / "base")
    tokenizer = tiny_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|endoftext|>"]})
    model = tiny_model(len(tokenizer))
    end, word = tokenizer.convert_tokens_to_ids("<|endoftext|>"), tokenizer.convert_tokens_to_ids("e")
    model.generation_config.eos_token_id = [end, word]  # the second may stand in any text
    model.save_pretrained(base)
    tokenizer.save_pretrained(base)
    loaded = load_trained(str(base), template="openchat")
    close = loaded.encoder.close_id
    assert stop_ids(loaded) == {close, end, tokenizer.bos_token_id}
    assert loaded.model.generation_config.eos_token_id == [close, end]
    assert loaded.model.config.eos_token_id == close

    plain = save_tiny_base(tmp_path / "plain")
    encoder, _ = load_encoder(str(plain), "openchat", "both")
    assert load_base(str(plain), encoder).generation_config.eos_token_id == encoder.close_id


def test_prompts_as_editors_and_json_write_them(tmp_path):
    path = tmp_path / "p.jsonl"
    lines = [{"prompt": text, "check": {"answer": ["3"]}} for text in ("one\u2028two", "\x85?")]
    text = "\ufeff" + "\r\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\r\n"
    path.write_bytes(text.encode())
    assert [p.turns[0].content for p in read_prompts(path)] == ["one\u2028two", "\x85?"]
    assert len(read_checked_prompts(path)[0]) == 2
    with pytest.raises(DataError, match="cannot be read"):
        read_prompts(tmp_path)


def test_answers_with_ends_of_lines_in_them_are_read_back(tmp_path, world):
    """JSON writes U+2028 as it is; a self-check that took it for an end of line failed the whole job."""
    body = {
        "columns": [{"model": world.base}],
        "prompts": [{"id": "one\u2028\x85two", "prompt": "Hi"}],
        "max_new_tokens": 2,
    }
    RunFolder(tmp_path).write_json("request.json", body)
    assert run_generation(Events(RunFolder(tmp_path))) == 1
    (check,) = (e for e in RunFolder(tmp_path).read_events()[0] if e["event"] == "self-check")
    assert (check["asked"], check["same"]) == (1, 1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sampling": Sampling(top_p=0.0)}, "top_p is 0.0"),
        ({"sampling": Sampling(max_new_tokens=0)}, "max_new_tokens must be at least 1"),
        ({"sampling": Sampling(temperature=math.nan)}, "temperature must not be negative"),
        ({"prompts": ()}, "no prompts"),
        ({"prompts": (PromptRow("a", (Turn("user", "x"),)),) * 2}, "prompt id 'a' stands twice"),
    ],
)
def test_a_request_that_cannot_be_answered_is_refused_however_it_is_made(changes, words):
    good = {"columns": (Column("m"),), "prompts": (PromptRow("a", (Turn("user", "x"),)),)}
    with pytest.raises(ConfigError, match=words):
        Request(**{**good, **changes})


def test_a_base_of_no_numbers_is_said_before_the_first_step(world, tmp_path):
    base = save_tiny_base(tmp_path / "base")
    model = tiny_model(len(tiny_tokenizer()))
    with torch.no_grad():
        model.model.layers[0].mlp.up_proj.weight[3, 3] = math.inf
    model.save_pretrained(base)
    outcome = run_training(replace(world, base=str(base)), tmp_path / "run")
    assert outcome.error == "weights of the base are no finite numbers (model.layers.0.mlp.up_proj.weight)"


def test_an_adapter_is_no_base(tmp_path):
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (tmp_path / name).touch()
    with pytest.raises(ModelError, match="an adapter without its model"):
        check_model(str(tmp_path))


def test_a_card_tells_the_weights_that_were_used():
    counted = ("conversations", "held_out", "supervised_tokens", "truncated", "dropped", "unsupervised")
    row = dict.fromkeys(counted, 1)
    rows = [{**row, "name": n, "weight": w, "mass_share": 0.5} for n, w in (("expert", 1.0), ("sub", 0.025))]
    card = ModelCard(OPENCHAT_SCHEME, "openchat", "both", "inverse-frequency", "GPT4 Correct", composition=rows)
    assert "| sub | `GPT3 Correct` | 0.1 | 0.025 |" in card_text(card)
    assert "one over the class's supervised tokens" in card_text(card)
    assert "Rewards are not used" in card_text(replace(card, method="sft"))
    assert "Loss weight = exp(" in card_text(replace(card, method="c-rlft"))


def test_quickly_made_is_the_same_and_frozen():
    made, plain = quick(Turn)("assistant", "Hi", reward=0.5), Turn("assistant", "Hi", reward=0.5)
    assert made == plain == pickle.loads(pickle.dumps(made))
    assert (type(made), hash(made), repr(made)) == (Turn, hash(plain), repr(plain))
    with pytest.raises(FrozenInstanceError):
        made.content = "no"
    with pytest.raises(TypeError):
        quick(Turn)("user", "Hi", nonsense=1)
