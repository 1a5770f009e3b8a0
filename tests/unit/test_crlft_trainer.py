"""An optimiser step means the same however it is computed."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

from crlft import rehearsal
from crlft.checkpoints import Identity
from crlft.condition import OPENCHAT_SCHEME
from crlft.config import RunConfig
from crlft.dataset import build_dataset
from crlft.failure import NotFiniteError
from crlft.rehearsal import rehearse
from crlft.steps import StepDataset
from crlft.tokens import make_encoder
from crlft.trainer import CRLFTTrainer, training_arguments
from tests.tiny import tiny_conversations, tiny_model, tiny_tokenizer

NUMBERS = {"expert": 0, "sub": 1}


@pytest.fixture(scope="module")
def examples():
    encoder = make_encoder(tiny_tokenizer(), "openchat")
    return build_dataset(
        tiny_conversations(24), OPENCHAT_SCHEME, RunConfig(held_out_share=0.0), encoder, 200
    ).train


def trained(tmp_path, examples, plan, *, micro_batch_tokens=10_000, learning_rate=1e-2, model=None, packed=False):
    steps = StepDataset(examples, plan, NUMBERS, pad_id=0, micro_batch_tokens=micro_batch_tokens, packed=packed)
    args = training_arguments(
        tmp_path,
        steps=len(plan),
        learning_rate=learning_rate,
        warmup_steps=0,
        schedule="constant",
        weight_decay=0.0,
        max_grad_norm=1.0,
        seed=1,
        cpu=True,
    )
    model = model or tiny_model(320)
    trainer = CRLFTTrainer(model, args, steps, identity=Identity("c", "d"), keep_checkpoints=1)
    trainer.train()
    return model, trainer


def same(a, b, atol=1e-6):
    torch.testing.assert_close(dict(a.named_parameters()), dict(b.named_parameters()), atol=atol, rtol=1e-5)


PLAN = [list(range(8)), list(range(8, 16)), list(range(16, 24))]


def test_one_batch_of_eight_is_two_of_four_is_eight_of_one(tmp_path, examples):
    whole, trainer = trained(tmp_path, examples, PLAN)
    assert len(trainer.steps[0].micro_batches) == 1
    longest = max(len(e) for e in examples)
    for tokens, parts in ((longest * 4, 2), (1, 8)):
        cut, trainer = trained(tmp_path, examples, PLAN, micro_batch_tokens=tokens)
        assert len(trainer.steps[0].micro_batches) >= parts
        same(whole, cut, atol=2e-5)


def test_packed_steps_are_padded_steps(tmp_path, examples):
    padded, _ = trained(tmp_path, examples, PLAN)
    for tokens in (10_000, 150):
        packed, trainer = trained(tmp_path, examples, PLAN, micro_batch_tokens=tokens, packed=True)
        assert trainer.figures.padded_tokens == trainer.figures.tokens
        same(padded, packed, atol=2e-5)


def test_out_of_memory_cuts_the_step_finer_and_keeps_its_meaning(tmp_path, examples, monkeypatch):
    whole, _ = trained(tmp_path, examples, PLAN)
    refused = []

    own = CRLFTTrainer._gradient

    def gradient(self, model, batch):
        if max(m.ids.numel() for m in batch.micro_batches) > 200:
            refused.append(self.steps.micro_batch_tokens)
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return own(self, model, batch)

    monkeypatch.setattr(CRLFTTrainer, "_gradient", gradient)
    cut, trainer = trained(tmp_path, examples, PLAN, micro_batch_tokens=1600)
    assert refused[0] == 1600
    assert trainer.steps.micro_batch_tokens <= 800
    same(whole, cut, atol=2e-5)


def test_a_rehearsal_leaves_nothing_behind(tmp_path, examples):
    model, trainer = trained(tmp_path, examples, PLAN, model=tiny_model(320), learning_rate=1e-9)
    before = (copy.deepcopy(model.state_dict()), torch.get_rng_state())
    found = rehearse(trainer)
    torch.testing.assert_close(model.state_dict(), before[0], atol=0, rtol=0)
    assert torch.equal(torch.get_rng_state(), before[1])
    assert all(p.grad is None for p in model.parameters())
    assert found.tokens >= max(m.ids.numel() for i in range(3) for m in trainer.steps[i].micro_batches)


def test_a_rehearsal_finds_what_fits(tmp_path, examples, monkeypatch):
    _, trainer = trained(tmp_path, examples, PLAN, micro_batch_tokens=4096)
    own = rehearsal._one_step

    def tight(trainer, batch):
        if batch.ids.numel() > 600:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        own(trainer, batch)

    monkeypatch.setattr(rehearsal, "_one_step", tight)
    assert rehearse(trainer).micro_batch_tokens == trainer.steps.micro_batch_tokens == 512


def test_only_ratios_of_weights_matter(tmp_path, examples):
    scaled = [replace(e, loss_weight=e.loss_weight * 7) for e in examples]
    same(trained(tmp_path, examples, PLAN)[0], trained(tmp_path, scaled, PLAN)[0], atol=3e-5)


def test_weight_zero_is_absent(tmp_path, examples):
    zeroed = [replace(e, loss_weight=0.0) if e.class_name == "sub" else e for e in examples]
    without = [[i for i in step if examples[i].class_name == "expert"] for step in PLAN]
    same(trained(tmp_path, zeroed, PLAN)[0], trained(tmp_path, examples, without)[0], atol=1e-5)


def test_the_figures_are_those_of_the_step(tmp_path, examples):
    _, trainer = trained(tmp_path, examples, PLAN[:1])
    figures = trainer.figures
    mass = {n: sum(e.mass for e in examples[:8] if e.class_name == n) for n in NUMBERS}
    expected = sum(mass[n] * figures.loss_by_class[n] for n in NUMBERS) / sum(mass.values())
    assert figures.loss == pytest.approx(expected, rel=1e-5)
    assert figures.tokens == sum(len(e) for e in examples[:8])
    assert figures.supervised_tokens == sum(e.supervised_tokens for e in examples[:8])
    assert figures.padded_tokens >= figures.tokens
    assert figures.grad_norm > 0


def test_a_loss_that_is_no_number_is_said_at_once(tmp_path, examples):
    model = tiny_model(320)
    before = copy.deepcopy(model.state_dict())
    with torch.no_grad():
        model.model.norm.weight.fill_(float("nan"))
    with pytest.raises(NotFiniteError, match="loss became nan at step 1; lower learning_rate"):
        trained(tmp_path, examples, PLAN, model=model)
    torch.testing.assert_close(model.lm_head.weight, before["lm_head.weight"])


@pytest.mark.parametrize("schedule", ["cosine", "linear", "constant"])
def test_schedules_rise_and_fall(tmp_path, schedule):
    args = training_arguments(
        tmp_path,
        steps=20,
        learning_rate=1.0,
        warmup_steps=4,
        schedule=schedule,
        weight_decay=0.0,
        max_grad_norm=1.0,
        seed=1,
        cpu=True,
    )
    steps = StepDataset([], [[]] * 20, NUMBERS, pad_id=0, micro_batch_tokens=1)
    trainer = CRLFTTrainer(tiny_model(320), args, steps, identity=Identity("", ""), keep_checkpoints=1)
    trainer.create_optimizer_and_scheduler(20)
    rates = []
    for _ in range(20):
        rates.append(trainer._get_learning_rate())
        trainer.optimizer.step()
        trainer.lr_scheduler.step()
    assert rates[:5] == pytest.approx([0, 0.25, 0.5, 0.75, 1.0])
    end = trainer._get_learning_rate()
    assert end == pytest.approx(1.0 if schedule == "constant" else 0.05)
