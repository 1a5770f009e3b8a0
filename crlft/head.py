"""From hidden states of supervised positions to likelihoods and gradients, a chunk of logits at a time.

Where the head is a plain matrix, its gradient and that of the hidden states are computed in the forward pass,
while a chunk's logits are at hand. With z = h·Wᵀ + b, p = softmax(z) and the part of the loss sum_t w_t·l_t:

    d/dz_t = w_t · (p_t - onehot(y_t))      d/dh = (d/dz)·W      d/dW = (d/dz)ᵀ·h      d/db = sum_t d/dz_t

The weights are part of it from the start, so nothing is scaled behind a reduction; the backward pass multiplies
with one number. The output matrix is multiplied three times a step instead of four, and no tensor of
(tokens, vocabulary) outlives its chunk. Heads that do more than multiply compute a chunk's logits once more in the
backward pass.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

CHUNK_ELEMENTS = 1 << 23
"""Logits held at once, in elements (32 MB of float32). At a vocabulary of 32,000, half and twice as many positions
were slower on a CPU."""


def head_logits(model: Any, hidden: torch.Tensor) -> torch.Tensor:
    """Return logits for hidden states (n, width) as the model's own forward makes them (n, vocabulary)."""
    config = model.config.get_text_config()
    logits: torch.Tensor = model.get_output_embeddings()(hidden)
    if getattr(config, "logit_scale", None):  # Cohere
        logits = logits * config.logit_scale
    if getattr(config, "logits_scaling", None):  # Granite
        logits = logits / config.logits_scaling
    if getattr(config, "final_logit_softcapping", None):  # Gemma
        cap = config.final_logit_softcapping
        logits = torch.tanh(logits / cap) * cap
    return logits


def head_nll(model: Any, hidden: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the negative log-likelihood of targets (n,) after hidden states (n, width), float32 (n,)."""
    size = chunk_positions(model)
    if len(hidden) <= size:
        return _nll(model, hidden, targets)
    parts = [
        checkpoint(_nll, model, hidden[i : i + size], targets[i : i + size], use_reentrant=False)
        for i in range(0, len(hidden), size)
    ]
    return torch.cat(parts)


def head_loss(
    model: Any, hidden: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (sum of w·l, l): the sum carries the gradient, the likelihoods (n,) are for showing.

    Args:
        model: A causal LM whose `head_logits` are its own.
        hidden: Hidden states before the supervised tokens (n, width).
        targets: The supervised tokens (n,).
        weights: What each counts, float32 (n,).
    """
    if not is_plain(model):
        nll = head_nll(model, hidden, targets)
        return (nll * weights).sum(), nll.detach()
    head = model.get_output_embeddings()
    kind = hidden.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else head.weight.dtype
    out: tuple[torch.Tensor, torch.Tensor] = _HeadLoss.apply(  # type: ignore[no-untyped-call]
        hidden, head.weight, head.bias, targets, weights, dtype, chunk_positions(model)
    )
    return out


def is_plain(model: Any) -> bool:
    """Whether the model's logits are one product with one matrix that lies here in full.

    Wrappers that shard or adapt a head change its class, hook its call, or hand out views of its weights.
    """
    config = model.config.get_text_config()
    head = model.get_output_embeddings()
    return (
        type(head) is nn.Linear
        and type(head.weight) is nn.Parameter
        and not (head._forward_pre_hooks or head._forward_hooks)
        and not any(
            getattr(config, name, None) for name in ("logit_scale", "logits_scaling", "final_logit_softcapping")
        )
    )


class _HeadLoss(torch.autograd.Function):
    """Sum of w·l with its gradients, all in one pass over the chunks; see the module's formulas."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: torch.Tensor,
        matrix: torch.Tensor,
        bias: torch.Tensor | None,
        targets: torch.Tensor,
        weights: torch.Tensor,
        dtype: torch.dtype,
        size: int,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute in `dtype`, `size` positions at a time; sums and likelihoods stay at least float32."""
        accurate = torch.promote_types(dtype, torch.float32)
        wants_hidden, wants_matrix, wants_bias = ctx.needs_input_grad[:3]
        with torch.autocast(hidden.device.type, enabled=False):
            cast, columns = matrix.to(dtype), targets[:, None]
            scale = weights.to(accurate)[:, None]
            nll = torch.empty(len(hidden), dtype=accurate, device=hidden.device)
            d_hidden = torch.empty_like(hidden) if wants_hidden else None
            d_matrix = torch.zeros_like(matrix, dtype=accurate) if wants_matrix else None
            d_bias = torch.zeros_like(bias, dtype=accurate) if wants_bias and bias is not None else None
            for i in range(0, len(hidden), size):
                part = slice(i, i + size)
                states = hidden[part].to(dtype)
                z = functional.linear(states, cast, None if bias is None else bias.to(dtype)).to(accurate)
                said = z.gather(1, columns[part])
                top = z.amax(1, keepdim=True)
                total = z.sub_(top).exp_().sum(1, keepdim=True)
                nll[part] = (total.log() + top - said)[:, 0]
                # From here on z is the gradient of the logits.
                z.mul_(scale[part] / total).scatter_add_(1, columns[part], -scale[part])
                if d_bias is not None:
                    d_bias += z.sum(0)
                z = z.to(dtype)
                if d_matrix is not None:
                    if dtype == accurate:
                        d_matrix.addmm_(z.t(), states)
                    else:
                        d_matrix += z.t() @ states
                if d_hidden is not None:
                    d_hidden[part] = z @ cast
            loss = (nll * scale[:, 0]).sum()
        ctx.save_for_backward(
            d_hidden,
            None if d_matrix is None else d_matrix.to(matrix.dtype),
            None if d_bias is None or bias is None else d_bias.to(bias.dtype),
        )
        ctx.mark_non_differentiable(nll)
        return loss, nll

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, d_loss: torch.Tensor, _: torch.Tensor) -> tuple[Any, ...]:
        """Multiply what was kept with what the loss is multiplied with."""
        return (*(None if kept is None else kept * d_loss for kept in ctx.saved_tensors), None, None, None, None)


def chunk_positions(model: Any) -> int:
    """Return for how many positions the logits are held at once."""
    return max(1, CHUNK_ELEMENTS // int(model.get_output_embeddings().weight.shape[0]))


def _nll(model: Any, hidden: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return cross_entropy(head_logits(model, hidden), targets)


def cross_entropy(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the negative log-likelihood of each target, float32, whatever type the logits have."""
    return functional.cross_entropy(logits.float(), targets, reduction="none")
