"""LoRA and QLoRA: what is trained, what is frozen, what comes out."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from crlft.adapters import add_adapter, lora_parameters
from crlft.config import RunConfig
from crlft.runfolder import RunFolder
from crlft.training import run_training
from tests.tiny import save_tiny_base, tiny_conversations, tiny_model, write_jsonl


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("adapters")
    base = save_tiny_base(root / "base")
    data = write_jsonl(root / "data.jsonl", tiny_conversations())
    settings = {
        "steps": 8,
        "step_tokens": 400,
        "threads": 1,
        "sample_count": 1,
        "sample_tokens": 4,
        "save_every": 4,
    }
    return RunConfig(snapshot=str(data), base=str(base), adapter="lora", lora_rank=4).with_overrides(settings)


def losses(folder):
    return {e["step"]: e["loss"] for e in RunFolder(folder).read_events()[0] if e["event"] == "step"}


def test_lora_learns_and_comes_out_merged(world, tmp_path):
    outcome = run_training(world, tmp_path)
    assert outcome.status == "done", outcome.error
    assert losses(tmp_path)[8] < losses(tmp_path)[1]
    base = load_file(f"{world.base}/model.safetensors")
    model = load_file(tmp_path / "model" / "model.safetensors")
    assert model.keys() == base.keys()
    changed = {name for name in base if not torch.equal(base[name], model[name])}
    assert changed == {name for name in base if "proj" in name}
    data = next(e for e in RunFolder(tmp_path).read_events()[0] if e["event"] == "data")
    assert data["trained_parameters"] < data["parameters"]
    assert data["resolved"]["learning_rate"] == 1e-2
    AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    adapter = json.loads((tmp_path / "model" / "adapter" / "adapter_config.json").read_text())
    assert adapter["r"] == 4


def test_the_rows_of_added_control_tokens_are_trained_and_no_others(world, tmp_path):
    outcome = run_training(world.with_overrides({"template": "chatml"}), tmp_path)
    assert outcome.status == "done", outcome.error
    base = load_file(f"{world.base}/model.safetensors")["model.embed_tokens.weight"]
    table = load_file(tmp_path / "model" / "model.safetensors")["model.embed_tokens.weight"]
    new = AutoTokenizer.from_pretrained(tmp_path / "model").convert_tokens_to_ids(["<|im_start|>", "<|im_end|>"])
    assert new == [291, 292]
    assert torch.equal(table[:291], base)
    assert not torch.allclose(table[291], base.mean(dim=0), atol=1e-4)
    assert not torch.equal(table[291], table[292])


def test_lora_resumes_as_if_unbroken(world, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert run_training(world, whole).status == "done"

    def stop(event, fields):
        if event == "step" and fields["step"] == 4:
            RunFolder(broken).request_stop()

    assert run_training(world, broken, stop).status == "stopped"
    assert run_training(world, broken).status == "done"
    assert losses(broken) == losses(whole)
    a, b = (load_file(f / "model" / "model.safetensors") for f in (whole, broken))
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_qlora_trains_on_four_bits_and_merges_into_full_precision(world, tmp_path):
    pytest.importorskip("bitsandbytes")
    outcome = run_training(world.with_overrides({"adapter": "qlora"}), tmp_path)
    assert outcome.status == "done", outcome.error
    assert losses(tmp_path)[8] < losses(tmp_path)[1]
    base = load_file(f"{world.base}/model.safetensors")
    model = load_file(tmp_path / "model" / "model.safetensors")
    assert model.keys() == base.keys()
    for name in base:  # the base as it was, not as four bits hold it, plus the adapters
        difference = model[name] - base[name]
        assert torch.linalg.matrix_rank(difference, atol=1e-6) <= 4 if "proj" in name else not difference.any()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_frozen_base_comes_out_as_it_was(world, tmp_path, precision):
    outcome = run_training(world.with_overrides({"precision": precision, "steps": 2}), tmp_path)
    assert outcome.status == "done", outcome.error
    base = load_file(f"{world.base}/model.safetensors")
    model = load_file(tmp_path / "model" / "model.safetensors")
    assert all(torch.equal(base[name], model[name]) for name in base if "proj" not in name)


def test_gradient_checkpointing_changes_nothing(world, tmp_path):
    for adapter in ("none", "lora"):
        config = world.with_overrides({"adapter": adapter, "steps": 3})
        plain, twice = tmp_path / f"{adapter}-plain", tmp_path / f"{adapter}-twice"
        assert run_training(config, plain).status == "done"
        assert run_training(config.with_overrides({"gradient_checkpointing": "on"}), twice).status == "done"
        assert losses(twice) == pytest.approx(losses(plain), rel=1e-5)


def test_the_parameters_of_lora_are_counted_without_loading():
    config = RunConfig(lora_rank=8)
    model = add_adapter(tiny_model(320), config, [])
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert lora_parameters(tiny_model(320), 8) == trained


def test_gpt2_keeps_its_weights_transposed_and_is_adapted_all_the_same():
    from transformers import GPT2Config, GPT2LMHeadModel

    model = GPT2LMHeadModel(GPT2Config(vocab_size=64, n_positions=16, n_embd=16, n_layer=1, n_head=2))
    count = lora_parameters(model, 2)
    adapted = add_adapter(model, RunConfig(lora_rank=2), [])
    assert sum(p.numel() for p in adapted.parameters() if p.requires_grad) == count > 0
