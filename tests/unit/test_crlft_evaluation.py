"""What an evaluation measures on, and the swap test."""

from __future__ import annotations

import pytest

from crlft.condition import OPENCHAT_SCHEME
from crlft.config import RunConfig
from crlft.dataset import build_dataset
from crlft.evaluation import choose_held_out, held_out_loss, swapped_examples
from crlft.tokens import make_encoder
from tests.tiny import tiny_conversations, tiny_model, tiny_tokenizer


@pytest.fixture(scope="module")
def encoder():
    return make_encoder(tiny_tokenizer(), "openchat")


@pytest.fixture(scope="module")
def held_out(encoder):
    config = RunConfig(held_out_share=0.5)
    return build_dataset(tiny_conversations(300), OPENCHAT_SCHEME, config, encoder, 200).held_out


def test_every_class_is_measured_within_the_budget(held_out, monkeypatch):
    monkeypatch.setattr("crlft.evaluation.MIN_EVALUATION_TOKENS", 400)
    chosen = choose_held_out(held_out, run_tokens=0)
    names = [e.class_name for _, e in chosen]
    assert sum(len(e) for _, e in chosen) <= 400
    assert abs(names.count("expert") - names.count("sub")) <= 1
    assert len(choose_held_out(held_out, run_tokens=100_000)) > len(chosen)
    monkeypatch.setattr("crlft.evaluation.MIN_EVALUATION_TOKENS", 1)
    assert {e.class_name for _, e in choose_held_out(held_out, run_tokens=0)} == {"expert", "sub"}


def test_the_swap_changes_the_condition_and_nothing_else(held_out, encoder):
    swapped = swapped_examples(held_out, OPENCHAT_SCHEME, encoder, 200)
    texts = {"expert": "GPT3 Correct User:", "sub": "GPT4 Correct User:"}
    for (_, own), other in zip(held_out, swapped, strict=True):
        assert encoder.tokenizer.decode(other.ids).startswith("<s>" + texts[own.class_name])
        assert own.ids[own.supervised].tolist() == other.ids[other.supervised].tolist()


def test_loss_per_class_is_the_mean_over_its_tokens(held_out):
    model = tiny_model(320).train()
    examples = [e for _, e in held_out[:12]]
    together = held_out_loss(model, examples, pad_id=0, tokens=500)
    alone = [(held_out_loss(model, [e], pad_id=0, tokens=1).by_class[e.class_name], e) for e in examples]
    weighted = sum(v * e.mass for v, e in alone) / sum(e.mass for _, e in alone)
    assert together.weighted == pytest.approx(weighted, rel=1e-4)
    for name, loss in together.by_class.items():
        parts = [(v, e) for v, e in alone if e.class_name == name]
        tokens = sum(e.supervised_tokens for _, e in parts)
        assert loss == pytest.approx(sum(v * e.supervised_tokens for v, e in parts) / tokens, rel=1e-4)
    assert model.training
