"""Settings: all faults at once, texts read as their field's type, auto resolved from data and model."""

from __future__ import annotations

from dataclasses import fields

import pytest

from crlft.config import RunConfig, field_help
from crlft.dataset import ClassAccount, Dataset
from crlft.errors import ConfigError
from crlft.resolve import (
    auto_epochs,
    auto_learning_rate,
    auto_step_tokens,
    resolve,
    resolve_context,
    warmup_steps,
)


def test_texts_are_read_as_their_fields_type():
    config = RunConfig().with_overrides(
        {
            "steps": "300",
            "learning_rate": "2e-4",
            "max_tokens": "auto",
            "sample_prompts": "hi",
            "held_out_share": "0",
        }
    )
    assert (config.steps, config.learning_rate, config.max_tokens) == (300, 2e-4, None)
    assert (config.sample_prompts, config.held_out_share) == (("hi",), 0.0)


def test_every_fault_is_reported_together():
    with pytest.raises(ConfigError) as caught:
        RunConfig().with_overrides({"steps": "many", "colour": "red", "seed": None, "schedule": 3})
    assert len(caught.value.faults) == 4
    assert "steps is 'many', it must be a whole number or auto" in caught.value.faults
    with pytest.raises(ConfigError) as caught:
        RunConfig(method="dpo", learning_rate=float("nan"), held_out_share=0.9, steps=3, epochs=2)
    assert len(caught.value.faults) == 4


@pytest.mark.parametrize("value", [True, 2.5, "2.5", [], "inf"])
def test_a_whole_number_is_a_whole_number(value):
    with pytest.raises(ConfigError):
        RunConfig().with_overrides({"steps": value})


def test_to_dict_and_back():
    config = RunConfig(snapshot="s", steps=5, sample_prompts=("a", "b"))
    assert RunConfig.from_dict(config.to_dict()) == config


def test_every_field_has_a_sentence():
    assert field_help().keys() == {f.name for f in fields(RunConfig)}


def test_identity_is_what_is_computed_not_how_often_it_is_told():
    config = RunConfig(snapshot="s")
    assert config.identity() == config.with_overrides({"save_every": 3, "threads": 1}).identity()
    assert config.identity() != config.with_overrides({"seed": 2}).identity()


def account(name: str, tokens: int) -> ClassAccount:
    return ClassAccount(name, name, 1.0, conversations=1 if tokens else 0, supervised_tokens=tokens)


@pytest.mark.parametrize(
    ("parameters", "rate", "tokens"),
    [(1_000_000, 1.5e-3, 1024), (100_000_000, 1.5e-4, 8192), (7 * 10**9, 1.8e-5, 65536)],
)
def test_auto_follows_the_size(parameters, rate, tokens):
    assert auto_learning_rate(parameters) == rate
    assert auto_step_tokens(parameters) == tokens
    assert auto_step_tokens(parameters, tokens * 100, 100) == tokens
    assert auto_step_tokens(parameters, tokens * 100, 30) == 4 * tokens
    assert auto_step_tokens(parameters, tokens * 100, 1) == 8 * tokens
    assert auto_step_tokens(parameters, tokens * 100, 0) == tokens


def test_auto_epochs_follow_the_best_class():
    few = Dataset(classes=[account("expert", 1_000), account("sub", 50_000)])
    many = Dataset(classes=[account("expert", 10**7), account("sub", 50_000)])
    none = Dataset(classes=[account("expert", 0), account("sub", 10**6)])
    assert auto_epochs(few, "expert") > auto_epochs(many, "expert") == auto_epochs(none, "expert") == 2


def test_given_values_are_kept():
    config = RunConfig(step_tokens=7, learning_rate=0.5, epochs=3, threads=1, precision="fp32", warmup_steps=0)
    got = resolve(config, Dataset(), "expert", parameters=10**6, max_tokens=99, device="cpu", fast_bf16=False)
    assert (got.step_tokens, got.learning_rate, got.epochs, got.threads, got.max_tokens) == (7, 0.5, 3, 1, 99)
    assert warmup_steps(config, 100) == 0
    assert warmup_steps(RunConfig(), 8) == 4


@pytest.mark.parametrize(
    ("asked", "model", "context"), [(None, 512, 512), (100, 512, 100), (1000, 512, 512), (None, None, 4096)]
)
def test_the_context_is_never_longer_than_the_models(asked, model, context):
    assert resolve_context(RunConfig(max_tokens=asked), model) == context
