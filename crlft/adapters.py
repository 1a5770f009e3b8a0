"""LoRA and QLoRA through PEFT: train small matrices beside frozen weights, merge them on the way out.

Control tokens that the template added to the vocabulary start at the mean of the embeddings and would stay
there, frozen with the rest: their rows (and only theirs) are trained too.

Sources: LoRA, arXiv 2106.09685; QLoRA (4-bit NormalFloat base, double quantisation), arXiv 2305.14314.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers.pytorch_utils import Conv1D

from crlft.config import RunConfig
from crlft.errors import ModelError

logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
"""Where it is installed, it says at every start which kernels it would rather have, whoever asked for none."""


def four_bit(compute_dtype: torch.dtype) -> Any:
    """Return the quantisation of QLoRA: 4-bit NormalFloat, scales quantised again.

    Raises:
        ModelError: `bitsandbytes` is not installed.
    """
    from transformers import BitsAndBytesConfig

    try:
        import bitsandbytes  # noqa: F401  the import is the test
    except ImportError as error:
        raise ModelError(
            "adapter is qlora, but bitsandbytes is not installed", "pip install bitsandbytes, or use adapter=lora"
        ) from error
    return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute_dtype,
    )


def keep_trainable(model: Any) -> None:
    """Keep 4-bit layers in the layout that has a gradient.

    On processors with AVX512-bf16, bitsandbytes 0.50 repacks a layer at its first evaluation, for good; the packed
    product has no backward pass, and widths under 64 cannot be packed at all.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def add_adapter(model: Any, config: RunConfig, added_ids: Sequence[int]) -> Any:
    """Return the model with LoRA matrices on every linear layer but the head; all else is frozen.

    Args:
        model: A causal LM.
        config: Rank, scale, dropout.
        added_ids: Ids of control tokens that its vocabulary lacked.
    """
    from peft import LoraConfig, get_peft_model

    lora = LoraConfig(
        r=config.lora_rank,
        lora_alpha=config.lora_alpha or 2 * config.lora_rank,  # type: ignore[arg-type]  # a scale need not be whole
        lora_dropout=config.lora_dropout,
        target_modules="all-linear",
        fan_in_fan_out=any(isinstance(m, Conv1D) for m in model.modules()),  # GPT-2 keeps its weights transposed
        trainable_token_indices=_token_rows(model, added_ids),
        task_type="CAUSAL_LM",
    )
    with warnings.catch_warnings():  # peft asks transformers by a name that is about to go
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        return get_peft_model(model, lora)


def is_adapted(model: Any) -> bool:
    """Whether a model carries adapters."""
    return hasattr(model, "merge_and_unload")


def save_adapter(model: Any, folder: Path) -> None:
    """Write the adapters alone, as PEFT loads them."""
    model.save_pretrained(folder, save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)  # PEFT's form with nothing filled in; the model's card is ours


def merged(model: Any, reload: Any) -> Any:
    """Return the plain model with the adapters added to its weights.

    Args:
        model: The model with adapters.
        reload: Called for the base at full precision where the trained one was frozen in 4 or 16 bits: merging
            into those would round the base and the adapters.
    """
    frozen = {p.dtype for p in model.parameters() if not p.requires_grad}
    if frozen <= {torch.float32} and not getattr(model, "is_loaded_in_4bit", False):
        return model.merge_and_unload()
    from peft import get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict

    adapters = get_peft_model_state_dict(model, save_embedding_layers=False)
    state = {k: v.detach().to("cpu", copy=True) for k, v in adapters.items()}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        whole = get_peft_model(reload(), model.peft_config["default"])
    set_peft_model_state_dict(whole, state)
    return whole.merge_and_unload()


def lora_parameters(model: Any, rank: int) -> int:
    """Return how many parameters LoRA of a rank adds; the model may be on the meta device."""
    head = model.get_output_embeddings()
    return sum(
        rank * sum(m.weight.shape)
        for m in model.modules()
        if isinstance(m, torch.nn.Linear | Conv1D) and m is not head
    )


def _token_rows(model: Any, added_ids: Sequence[int]) -> dict[str, list[int]] | None:
    """Return the rows to train of each embedding table; PEFT follows tied ones itself."""
    if not added_ids:
        return None
    tables = [model.get_input_embeddings()]
    if not model.config.get_text_config().tie_word_embeddings:
        tables.append(model.get_output_embeddings())
    names = {id(module): name for name, module in model.named_modules()}
    return {names[id(t)]: list(added_ids) for t in tables}
