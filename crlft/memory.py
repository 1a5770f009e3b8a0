"""How much memory a run will need, before it is started, and how much there is.

    weights        4 bytes a parameter that is trained (float32); 4, 2 or about 0.56 a frozen one
    gradients      4 bytes a trained parameter
    AdamW          8 bytes a trained parameter
    activations    (10 · width + 4 · feed-forward width) numbers a token and layer, as counted in a gated
                   transformer block (the attention matrix is never stored); with checkpointing one width a
                   token and layer, and one layer in full. Compare Korthikanti et al. 2022, arXiv 2205.05198
    logits         of one chunk of supervised positions (`crlft.head.CHUNK_ELEMENTS`), three times over, and the
                   gradient of a trained output matrix, kept from the forward to the backward pass

The estimate decides what is refused and whether activations are checkpointed; `crlft.rehearsal` then measures.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch
from transformers import AutoModelForCausalLM

from crlft.adapters import lora_parameters
from crlft.config import RunConfig
from crlft.errors import RunError
from crlft.head import CHUNK_ELEMENTS

FOUR_BIT_BYTES = 0.56
"""Of a 4-bit weight with its scales and the layers left at 16 bits."""
ROOM = 0.92
"""Part of the free memory that a run may plan for."""


@dataclass(frozen=True)
class Estimate:
    """What a run needs.

    Attributes:
        parameters: Of the base.
        trained: Of what is trained.
        fixed_bytes: Weights, gradients, optimiser.
        token_bytes: Activations of a token.
        checkpointed_token_bytes: The same with gradient checkpointing, one layer's activations apart.
        layer_token_bytes: Activations of a token in one layer.
        vocabulary: Size of the vocabulary.
        free_bytes: What the device has now.
        tokens: Tokens computed at once.
        head_bytes: Gradient of the output matrix, where that is trained.
    """

    parameters: int
    trained: int
    fixed_bytes: int
    token_bytes: int
    checkpointed_token_bytes: int
    layer_token_bytes: int
    vocabulary: int
    free_bytes: int
    tokens: int = 0
    head_bytes: int = 0

    def fits(self, *, checkpointed: bool) -> bool:
        """Whether the run fits into what is free."""
        return self.total_bytes(checkpointed=checkpointed) <= ROOM * self.free_bytes

    def total_bytes(self, *, checkpointed: bool) -> int:
        """Return all of it."""
        per_token = self.token_bytes
        if checkpointed:
            per_token = self.checkpointed_token_bytes + self.layer_token_bytes
        logits = 3 * 4 * min(CHUNK_ELEMENTS, self.tokens * self.vocabulary) + self.head_bytes
        return self.fixed_bytes + self.tokens * per_token + logits


def estimate(model_config: Any, config: RunConfig, *, device: str, bf16: bool) -> Estimate:
    """Return what a run on a model of this configuration will need; no weight is loaded.

    Args:
        model_config: The base's `transformers` configuration.
        config: Says what is trained.
        device: `cpu` or `cuda`.
        bf16: Whether it computes in 16 bits.
    """
    with torch.device("meta"):
        model: Any = AutoModelForCausalLM.from_config(model_config)  # type: ignore[no-untyped-call]
    parameters = sum(p.numel() for p in model.parameters())
    adapted = config.adapter != "none"
    trained = lora_parameters(model, config.lora_rank) if adapted else parameters
    frozen_bytes = 0.0
    if adapted:
        frozen_bytes = FOUR_BIT_BYTES if config.adapter == "qlora" else 2.0 if bf16 else 4.0
    text = model_config.get_text_config()
    number_bytes = 2 if bf16 else 4
    inner = getattr(text, "intermediate_size", None) or 4 * text.hidden_size
    layer = number_bytes * (10 * text.hidden_size + 4 * inner)
    return Estimate(
        parameters=parameters,
        trained=trained,
        fixed_bytes=int(16 * trained + frozen_bytes * parameters),
        token_bytes=layer * text.num_hidden_layers,
        checkpointed_token_bytes=number_bytes * text.hidden_size * text.num_hidden_layers,
        layer_token_bytes=layer,
        vocabulary=text.vocab_size,
        free_bytes=free_bytes(device),
        head_bytes=0 if adapted else 4 * text.vocab_size * text.hidden_size,
    )


def decide_checkpointing(found: Estimate, wanted: str, adapter: str) -> bool:
    """Return whether to compute activations twice: as asked for, or where they would not fit otherwise.

    Raises:
        RunError: It fits neither way.
    """
    checkpointed = wanted == "on" or (wanted == "auto" and not found.fits(checkpointed=False))
    if found.fits(checkpointed=checkpointed):
        return checkpointed
    ways = {"none": "use adapter=lora", "lora": "use adapter=qlora", "qlora": "take a smaller base"}
    raise RunError(
        f"training {found.parameters / 1e6:,.0f}M parameters needs about "
        f"{found.total_bytes(checkpointed=checkpointed) / 1e9:.1f} GB, {found.free_bytes / 1e9:.1f} GB are free",
        f"{ways[adapter]}, lower micro_batch_tokens or max_tokens, or free some memory",
    )


def free_bytes(device: str) -> int:
    """Return the memory a device has left; on the CPU within the limit of the control group, if there is one."""
    if device == "cuda":
        return int(torch.cuda.mem_get_info()[0])
    return min(int(psutil.virtual_memory().available), _group_room())


def _group_room() -> int:
    """Return what the control group (a container's limit) leaves; a huge number where there is none.

    Cached file pages count as used there, but are given up when somebody needs the memory.
    """
    group = Path("/sys/fs/cgroup")
    try:
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return limit - used + int(stat.get("inactive_file", 0))
    except (OSError, ValueError):  # no such group, or its limit is the word `max`
        return 1 << 62
