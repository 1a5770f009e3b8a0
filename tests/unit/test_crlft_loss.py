"""The objective against a float64 reference, plain SFT, and itself in parts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from crlft import head as head_module
from crlft.condition import OPENCHAT_SCHEME
from crlft.config import RunConfig
from crlft.dataset import build_dataset
from crlft.head import head_logits, head_loss, is_plain
from crlft.loss import (
    SupervisedForward,
    collate,
    knows_head,
    packs_truly,
    supervised_loss,
    supervised_nll,
    weighted_nll,
)
from crlft.tokens import make_encoder
from tests.tiny import tiny_conversations, tiny_model, tiny_tokenizer

NUMBERS = {"expert": 0, "sub": 1}


@pytest.fixture(scope="module")
def examples():
    config = RunConfig(held_out_share=0.0)
    encoder = make_encoder(tiny_tokenizer(), "openchat")
    return build_dataset(tiny_conversations(12), OPENCHAT_SCHEME, config, encoder, 200).train


def mask_of(batch):
    """What a padded batch's attention mask would be."""
    return (batch.ids != 0).long()


@pytest.fixture
def model():
    return tiny_model(320).eval()


def test_against_a_float64_reference(model, examples):
    batch = collate(examples, NUMBERS, 0)
    total, weight = weighted_nll(supervised_nll(model, batch), batch.weights)
    logits = model.double()(input_ids=batch.ids, attention_mask=mask_of(batch)).logits.detach().numpy()
    expected_total = expected_weight = 0.0
    for row, example in enumerate(examples):
        for column in np.flatnonzero(example.supervised):
            z = logits[row, column - 1]
            nll = np.log(np.exp(z - z.max()).sum()) + z.max() - z[example.ids[column]]
            expected_total += example.loss_weight * nll
            expected_weight += example.loss_weight
    assert total.item() == pytest.approx(expected_total, rel=1e-5)
    assert weight.item() == pytest.approx(expected_weight, rel=1e-6)
    assert total.dtype == weight.dtype == torch.float32


def test_equal_weights_are_plain_fine_tuning(model, examples):
    batch = collate(examples, NUMBERS, 0)
    total, weight = weighted_nll(supervised_nll(model, batch), torch.full_like(batch.weights, 0.37))
    labels = torch.full_like(batch.ids, -100)
    labels[batch.rows, batch.columns + 1] = batch.targets
    plain = model(input_ids=batch.ids, attention_mask=mask_of(batch), labels=labels).loss
    assert (total / weight).item() == pytest.approx(plain.item(), abs=1e-6)


def test_padding_changes_nothing(model, examples):
    together = supervised_nll(model, collate(examples, NUMBERS, 0))
    alone = torch.cat([supervised_nll(model, collate([e], NUMBERS, 0)) for e in examples])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def test_packed_is_separate(model, examples):
    """A row of many conversations, and its gradient, against the same conversations padded."""
    packed, padded = collate(examples, NUMBERS, 0, packed=True), collate(examples, NUMBERS, 0)
    assert packed.ids.shape == (1, sum(len(e) for e in examples))
    gradients = []
    for batch in (packed, padded):
        model.zero_grad()
        nll = supervised_nll(model, batch)
        weighted_nll(nll, batch.weights)[0].backward()
        gradients.append((nll.detach(), model.model.layers[0].self_attn.q_proj.weight.grad.clone()))
    torch.testing.assert_close(gradients[0], gradients[1], atol=2e-5, rtol=1e-4)


def test_a_mask_of_ones_would_contaminate_a_pack(model, examples):
    """Why a packed batch carries positions and no attention mask."""
    packed = collate(examples, NUMBERS, 0, packed=True)
    with torch.no_grad():
        masked = model(input_ids=packed.ids, attention_mask=torch.ones_like(packed.ids)).logits
        apart = model(input_ids=packed.ids, position_ids=packed.positions).logits
    assert (masked - apart).abs().max() > 1e-3


def test_a_model_whose_packed_conversations_see_each_other_is_noticed(model, examples):
    assert packs_truly(model, examples[:3], 0)
    leak = model.model.layers[0].register_forward_hook(lambda m, i, out: out + out.mean(dim=1, keepdim=True))
    assert not packs_truly(model, examples[:3], 0)
    leak.remove()


def test_a_model_under_a_wrapper_computes_the_same(model, examples):
    batch = collate(examples, NUMBERS, 0)
    expected = supervised_nll(model, batch)
    for full_logits in (False, True):
        installed = SupervisedForward(model, full_logits=full_logits)
        torch.testing.assert_close(model(supervised=batch), expected, atol=1e-5, rtol=1e-5)
        total, nll = model(supervised=batch, weighted=True)
        torch.testing.assert_close(nll, expected.detach(), atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(total, weighted_nll(expected, batch.weights)[0], atol=1e-5, rtol=1e-5)
        assert model(input_ids=batch.ids).logits.shape[:2] == batch.ids.shape
        installed.remove()
    with pytest.raises(ValueError, match="input_ids"):
        model(supervised=batch)


def step(model, batch, *, plain_autograd=False):
    """Likelihoods and all gradients of one step, as trained or as autograd alone computes them."""
    model.zero_grad()
    if plain_autograd:
        nll = supervised_nll(model, batch, full_logits=True)
        total, _ = weighted_nll(nll, batch.weights)
    else:
        total, nll = supervised_loss(model, batch)
    (total / batch.weights.sum()).backward()
    return nll.detach(), total.detach(), {n: p.grad.clone() for n, p in model.named_parameters()}


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("rows", [7, 10_000])
def test_the_gradient_made_in_the_forward_pass_is_autograds(examples, monkeypatch, tied, rows):
    model = tiny_model(320)
    if not tied:
        model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    batch = collate(examples, NUMBERS, 0)
    assert batch.weights.unique().numel() == 2
    assert len(batch.targets) % 7
    expected = step(model, batch, plain_autograd=True)
    monkeypatch.setattr(head_module, "CHUNK_ELEMENTS", 320 * rows)
    torch.testing.assert_close(step(model, batch), expected, atol=1e-6, rtol=1e-5)


def test_a_bias_a_frozen_head_and_a_head_that_does_more(examples, monkeypatch):
    monkeypatch.setattr(head_module, "CHUNK_ELEMENTS", 320 * 7)
    batch = collate(examples, NUMBERS, 0)
    model = tiny_model(320)
    model.lm_head.bias = torch.nn.Parameter(torch.randn(320))
    torch.testing.assert_close(step(model, batch), step(model, batch, plain_autograd=True), atol=1e-6, rtol=1e-5)
    model.config.final_logit_softcapping = 0.5
    assert not is_plain(model)
    before = step(model, batch)
    monkeypatch.setattr(head_module, "CHUNK_ELEMENTS", 320 * 10_000)
    torch.testing.assert_close(step(model, batch), before, atol=1e-6, rtol=1e-5)
    model.config.final_logit_softcapping = None
    model.zero_grad()
    model.lm_head.requires_grad_(False)
    total, _ = supervised_loss(model, batch)
    total.backward()
    assert model.lm_head.weight.grad is None
    assert model.model.layers[0].self_attn.q_proj.weight.grad.abs().sum() > 0


def test_numerical_gradients_of_the_head(model, monkeypatch):
    """In float64, against finite differences, weights of all kinds among them 0."""
    monkeypatch.setattr(head_module, "CHUNK_ELEMENTS", 320 * 2)
    model = model.double()
    hidden = torch.randn(5, 32, dtype=torch.float64, requires_grad=True)
    targets, weights = torch.tensor([3, 0, 319, 3, 7]), torch.tensor([1.0, 0.1, 0.0, 2.5, 1e-3]).double()
    matrix = model.lm_head.weight

    def loss(hidden, _):
        return head_loss(model, hidden, targets, weights)[0] * 1.7

    assert torch.autograd.gradcheck(loss, (hidden, matrix), fast_mode=True)
    loss(hidden, matrix).backward()
    assert hidden.grad[2].abs().max() == 0


def test_in_bf16_sums_stay_float32(examples, monkeypatch):
    monkeypatch.setattr(head_module, "CHUNK_ELEMENTS", 320 * 7)
    model, batch = tiny_model(320), collate(examples, NUMBERS, 0)
    exact = step(model, batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        total, nll = supervised_loss(model, batch)
    (total / batch.weights.sum()).backward()
    assert total.dtype == nll.dtype == model.lm_head.weight.grad.dtype == torch.float32
    torch.testing.assert_close(nll, exact[0], atol=0.05, rtol=0.02)
    found, wanted = model.lm_head.weight.grad.flatten(), exact[2]["model.embed_tokens.weight"].flatten()
    assert torch.nn.functional.cosine_similarity(found, wanted, dim=0) > 0.999


def test_a_head_that_does_more_is_noticed(model, examples):
    batch = collate(examples[:1], NUMBERS, 0)
    assert knows_head(model, batch)
    plain = model.forward
    model.forward = lambda **inputs: _scaled(plain(**inputs))
    assert not knows_head(model, batch)
    assert supervised_nll(model, batch, full_logits=True).shape == batch.targets.shape


def _scaled(output):
    output.logits = output.logits * 3
    return output


def test_soft_capped_logits(model):
    model.config.final_logit_softcapping = 0.5
    hidden = torch.randn(4, 32)
    capped = head_logits(model, hidden)
    assert capped.abs().max() < 0.5
    torch.testing.assert_close(capped, torch.tanh(model.lm_head(hidden) / 0.5) * 0.5)
