"""The weighted likelihood of C-RLFT (arXiv 2309.11235, eq. 6) on supervised positions only.

    L = sum_i sum_t w_i s_it l_it / sum_i sum_t w_i s_it

with l the negative log-likelihood, w the loss weight of the conversation and s what a token counts before
the weight (1, or one over the length of its answer or conversation). Both sums run over the whole optimiser
step; this module gives one micro-batch's part. Logits exist only for supervised positions, a chunk of them at a
time (`crlft.head`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch

from crlft.dataset import Example
from crlft.head import cross_entropy, head_loss, head_nll


@dataclass(frozen=True)
class MicroBatch:
    """Examples padded on the right or packed end to end, with their supervised positions picked out.

    Neither carries an attention mask. Padding stands behind everything that is looked at, and causal attention
    looks back only; without a mask, attention takes its fastest path (a tenth of the step on a CPU).
    Packed, the batch is one row without padding; `positions` begin anew with every example, which is how
    `transformers` knows where one ends (a block-diagonal mask, or FlashAttention's variable-length kernel).
    A mask of all ones would let them see each other.

    Attributes:
        ids: Token ids (batch, tokens).
        positions: Place of each token in its example (1, tokens); None where padded.
        rows: Row of each supervised position (supervised,).
        columns: Column *before* each supervised token: where it is predicted (supervised,).
        targets: The supervised token (supervised,).
        weights: Share times loss weight, float32 (supervised,).
        classes: Number of the class in the scheme's order (supervised,).
        tokens: Real tokens, without padding.
    """

    ids: torch.Tensor
    positions: torch.Tensor | None
    rows: torch.Tensor
    columns: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    classes: torch.Tensor
    tokens: int

    def to(self, device: torch.device) -> MicroBatch:
        """Return the batch on a device."""
        if device.type == "cpu":
            return self
        moved: dict[str, Any] = {
            f.name: value.to(device, non_blocking=True)
            for f in fields(self)
            if isinstance(value := getattr(self, f.name), torch.Tensor)
        }
        return replace(self, **moved)

    def weightless(self) -> MicroBatch:
        """Return the batch with all weights zero: it computes, and adds nothing to loss or gradient."""
        return replace(self, weights=torch.zeros_like(self.weights), tokens=0)


def collate(
    examples: Sequence[Example], class_numbers: dict[str, int], pad_id: int, *, packed: bool = False
) -> MicroBatch:
    """Return examples as one micro-batch, padded to the longest or packed into one row."""
    ids, positions = _packed(examples) if packed else _padded(examples, pad_id)
    starts = np.cumsum([0, *(len(e) for e in examples)])
    rows, columns, targets, weights, classes = [], [], [], [], []
    for number, example in enumerate(examples):
        there = np.flatnonzero(example.supervised)
        rows.append(np.full(len(there), 0 if packed else number, dtype=np.int64))
        columns.append(there - 1 + (starts[number] if packed else 0))
        targets.append(example.ids[there].astype(np.int64))
        weights.append(example.share[there] * np.float32(example.loss_weight))
        classes.append(np.full(len(there), class_numbers[example.class_name], dtype=np.int64))
    return MicroBatch(
        ids=ids,
        positions=positions,
        rows=torch.from_numpy(np.concatenate(rows)),
        columns=torch.from_numpy(np.concatenate(columns)),
        targets=torch.from_numpy(np.concatenate(targets)),
        weights=torch.from_numpy(np.concatenate(weights)),
        classes=torch.from_numpy(np.concatenate(classes)),
        tokens=int(sum(len(e) for e in examples)),
    )


def _padded(examples: Sequence[Example], pad_id: int) -> tuple[torch.Tensor, None]:
    longest = max(len(e) for e in examples)
    ids = np.full((len(examples), longest), pad_id, dtype=np.int64)
    for row, example in enumerate(examples):
        ids[row, : len(example)] = example.ids
    return torch.from_numpy(ids), None


def _packed(examples: Sequence[Example]) -> tuple[torch.Tensor, torch.Tensor]:
    ids = np.concatenate([e.ids for e in examples]).astype(np.int64)
    positions = np.concatenate([np.arange(len(e), dtype=np.int64) for e in examples])
    return torch.from_numpy(ids)[None], torch.from_numpy(positions)[None]


def weighted_nll(nll: torch.Tensor, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (sum of w·l, sum of w), both float32 scalars.

    Args:
        nll: Negative log-likelihood of each supervised token in nats (supervised,).
        weights: Share times loss weight of each (supervised,).
    """
    weights = weights.float()
    return (nll.float() * weights).sum(), weights.sum()


def supervised_nll(model: Any, batch: MicroBatch, *, full_logits: bool = False) -> torch.Tensor:
    """Return the negative log-likelihood of every supervised token, float32 (supervised,).

    Args:
        model: A causal LM of `transformers`, bare or with adapters.
        batch: The micro-batch, on the model's device.
        full_logits: Let the model compute all logits itself: slow, for models whose head does more than
            `head_logits` knows (see `knows_head`).
    """
    if full_logits:
        return _all_logits_nll(model, batch)
    return head_nll(model, _supervised_hidden(model, batch), batch.targets)


def supervised_loss(
    model: Any, batch: MicroBatch, *, full_logits: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (sum of w·l, l) of the supervised tokens: to train on, and to show; arguments as `supervised_nll`.

    The sum carries the gradient, which costs less this way than through `supervised_nll`.
    """
    if full_logits:
        nll = _all_logits_nll(model, batch)
        return weighted_nll(nll, batch.weights)[0], nll.detach()
    return head_loss(model, _supervised_hidden(model, batch), batch.targets, batch.weights)


def _inputs(batch: MicroBatch) -> dict[str, Any]:
    inputs: dict[str, Any] = {"input_ids": batch.ids, "use_cache": False}
    if batch.positions is not None:
        inputs["position_ids"] = batch.positions
    return inputs


def _all_logits_nll(model: Any, batch: MicroBatch) -> torch.Tensor:
    return cross_entropy(model(**_inputs(batch)).logits[batch.rows, batch.columns], batch.targets)


def _supervised_hidden(model: Any, batch: MicroBatch) -> torch.Tensor:
    hidden = model.get_decoder()(**_inputs(batch)).last_hidden_state  # (batch, tokens, width)
    picked: torch.Tensor = hidden[batch.rows, batch.columns]  # (supervised, width)
    return picked


class SupervisedForward:
    """Lets a model's own `forward` compute likelihoods and losses, and take that back.

    Wrappers that spread a model over devices (DDP, FSDP, DeepSpeed) act when the model is *called*: parameters
    are gathered before, gradients summed after. So the loss has to be computed inside that call. While this
    is installed, `model(supervised=batch)` returns `supervised_nll`, `model(supervised=batch, weighted=True)` what
    `supervised_loss` does; any other call is the model's own.

    Args:
        model: The bare model, before any wrapper.
        full_logits: See `supervised_nll`.
    """

    def __init__(self, model: Any, *, full_logits: bool = False) -> None:
        own = model.forward

        def forward(
            *args: Any, supervised: MicroBatch | None = None, weighted: bool = False, **kwargs: Any
        ) -> Any:
            if supervised is None:
                return own(*args, **kwargs)
            compute = supervised_loss if weighted else supervised_nll
            return compute(_Bare(model, own), supervised, full_logits=full_logits)

        self.model = model
        model.forward = forward

    def remove(self) -> None:
        """Give the model its own `forward` back."""
        self.model.__dict__.pop("forward", None)


class _Bare:
    """A model whose call is its own forward pass, past any wrapper and past `SupervisedForward`."""

    def __init__(self, model: Any, forward: Any) -> None:
        self._model, self._forward = model, forward

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._forward(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


def knows_head(model: Any, batch: MicroBatch) -> bool:
    """Whether picking positions first gives the model's own likelihoods on this batch (to 1e-3 nats)."""
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            return torch.allclose(
                supervised_nll(model, batch), supervised_nll(model, batch, full_logits=True), atol=1e-3, rtol=1e-3
            )
    except (AttributeError, TypeError):
        return False
    finally:
        model.train(training)


def packs_truly(
    model: Any, examples: Sequence[Example], pad_id: int, *, full_logits: bool = False
) -> bool:
    """Whether packing gives the likelihoods of the examples computed separately.

    Models that mix tokens by other means than masked attention (convolutions, recurrent states) let packed
    examples see each other; nothing in their configuration says so, so it is tried out: the last example must
    not change with what the ones before it say (1e-3 nats, in any precision), and packed must be what separate is
    (1e-3 nats; in 16 bits, where two shapes of one product differ by that much, 0.05 on the mean).
    """
    numbers = {e.class_name: 0 for e in examples}
    vocabulary = model.get_input_embeddings().weight.shape[0]
    others = [replace(e, ids=(e.ids + 1) % vocabulary) for e in examples[:-1]]
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            device = next(model.parameters()).device

            def nll(members: Sequence[Example], *, packed: bool) -> torch.Tensor:
                batch = collate(members, numbers, pad_id, packed=packed).to(device)
                return supervised_nll(model, batch, full_logits=full_logits)

            together = nll(examples, packed=True)
            apart = torch.cat([nll([e], packed=False) for e in examples])
            last = examples[-1].supervised_tokens
            beside_others = nll([*others, examples[-1]], packed=True)[-last:]
    except (AttributeError, TypeError):
        return False
    finally:
        model.train(training)
    if not torch.allclose(together[-last:], beside_others, atol=1e-3, rtol=1e-3):
        return False
    if all(p.dtype == torch.float32 for p in model.parameters()):
        return torch.allclose(together, apart, atol=1e-3, rtol=1e-3)
    return float((together - apart).abs().mean()) < 0.05
