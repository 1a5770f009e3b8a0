"""What a run needs is known before it starts."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from crlft.config import RunConfig
from crlft.errors import RunError
from crlft.memory import decide_checkpointing, estimate, free_bytes

CONFIG = LlamaConfig(
    vocab_size=1000, hidden_size=64, intermediate_size=256, num_hidden_layers=4, num_attention_heads=4
)


def need(free: int, tokens: int = 2048, **changes: object):
    found = estimate(CONFIG, RunConfig().with_overrides(changes), device="cpu", bf16=False)
    return replace(found, free_bytes=free, tokens=tokens)


def test_weights_gradients_and_optimiser_are_sixteen_bytes_a_parameter():
    parameters = sum(p.numel() for p in LlamaForCausalLM(CONFIG).parameters())
    assert need(0).parameters == parameters
    assert need(0).fixed_bytes == 16 * parameters


def test_adapters_need_less():
    whole, lora, qlora = need(0), need(0, adapter="lora"), need(0, adapter="qlora")
    assert whole.fixed_bytes > lora.fixed_bytes > qlora.fixed_bytes
    assert lora.trained < lora.parameters


def test_activations_are_those_a_real_pass_keeps():
    """Bytes that autograd saved for the backward pass, counted by hooks, against the estimate."""
    model, tokens = LlamaForCausalLM(CONFIG), 512
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    ids = torch.randint(0, 1000, (4, tokens // 4))
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        hidden = model.get_decoder()(input_ids=ids, use_cache=False).last_hidden_state
    assert hidden.shape == (4, 128, 64)
    found = need(0, tokens=tokens)
    assert sum(kept.values()) == pytest.approx(tokens * found.token_bytes, rel=0.3)


@pytest.mark.parametrize(("share", "expected"), [(2.0, False), (0.7, True)])
def test_activations_are_computed_twice_where_they_would_not_fit(share, expected):
    all_of_it = need(0, tokens=200_000).total_bytes(checkpointed=False)
    found = need(int(share * all_of_it), tokens=200_000)
    assert decide_checkpointing(found, "auto", "none") is expected
    assert decide_checkpointing(need(1 << 40), "on", "none")


def test_what_cannot_fit_is_refused_with_numbers_and_remedy():
    with pytest.raises(RunError, match=r"needs about .* GB, 0.0 GB are free; use adapter=lora"):
        decide_checkpointing(need(1_000_000), "auto", "none")
    with pytest.raises(RunError, match="use adapter=qlora"):
        decide_checkpointing(need(1_000_000), "off", "lora")


def test_free_memory_is_known():
    assert 1 << 20 < free_bytes("cpu") < 1 << 50
