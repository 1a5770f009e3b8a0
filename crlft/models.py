"""Loading bases and saving model folders. Needs torch."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging
from transformers.utils.import_utils import is_flash_attn_2_available

from crlft.adapters import four_bit as quantisation
from crlft.adapters import is_adapted, keep_trainable
from crlft.cardtext import card_text
from crlft.chat_template import chat_template
from crlft.checkpoints import flush
from crlft.derive import own_template
from crlft.errors import ModelError
from crlft.modelfolder import CARD, ModelCard, check_model, read_card
from crlft.resolve import cpu_has_bf16
from crlft.runfolder import write_atomically
from crlft.template import AUTO, Template, get_template
from crlft.tokens import Encoder, add_controls, make_encoder, refuse_slow, reserved_strings


@dataclass
class Loaded:
    """A model ready to use.

    Attributes:
        model: The causal LM.
        encoder: Its tokenizer with the template.
        card: What it was trained with; None for a foreign model.
        added: Control tokens that its tokenizer lacked and that were added.
    """

    model: Any
    encoder: Encoder
    card: ModelCard | None
    added: list[str]


def pick_device(wanted: str) -> str:
    """Return `cuda` or `cpu` for `auto`, `cuda` or `cpu`.

    Raises:
        ModelError: CUDA was asked for and there is none.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ModelError("device is cuda, but there is no CUDA device here", "use device=auto or cpu")
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return wanted


def has_fast_bf16(device: str) -> bool:
    """Whether a device multiplies bfloat16 fast (where it does not, bf16 is ten times slower than fp32)."""
    return torch.cuda.is_bf16_supported() if device == "cuda" else cpu_has_bf16()


def load_tokenizer(model: str) -> Any:
    """Return a model's tokenizer.

    Raises:
        ModelError: There is none, or it cannot be loaded.
    """
    check_model(model)
    try:
        return AutoTokenizer.from_pretrained(model)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{model}: its tokenizer cannot be loaded ({_first_line(error)})", _REMEDY) from error


def load_encoder(model: str, template: str, placement: str) -> tuple[Encoder, list[str]]:
    """Return a base's encoder, given the control tokens it lacks, and these tokens.

    Args:
        model: A folder or hub name.
        template: A template's name; `auto` is the layout the model was trained with, or its own chat template's.
        placement: Which sides carry the condition.

    Raises:
        ModelError: The tokenizer cannot be loaded.
        TemplateError: The tokenizer cannot carry the template.
    """
    tokenizer = load_tokenizer(model)
    layout = _own_layout(model, tokenizer) if template == AUTO else get_template(template)
    refuse_slow(tokenizer)
    added = add_controls(tokenizer, layout)
    return make_encoder(tokenizer, layout, placement, added), added


def _own_layout(model: str, tokenizer: Any) -> Template:
    """Return what a model of ours was trained with, or what another's chat template writes."""
    card = read_card(model)
    if card is not None and card.layout is not None:
        return card.layout
    if card is not None and card.template != AUTO:
        return get_template(card.template)
    return own_template(tokenizer, reserved_strings(tokenizer), model)


def load_base(
    model: str,
    encoder: Encoder,
    *,
    dtype: torch.dtype = torch.float32,
    four_bit: bool = False,
    device: str = "cpu",
) -> Any:
    """Return a base, its embeddings grown to the tokenizer (new rows start at the mean).

    Args:
        model: A folder or hub name.
        encoder: Tokenizer and template.
        dtype: Of the weights; what is trained must be float32.
        four_bit: Quantise the linear layers (QLoRA).
        device: Where quantised weights are made; others are moved by whoever uses them.

    Raises:
        ModelError: The weights are missing, broken or of no causal LM.
    """
    options: dict[str, Any] = {"dtype": dtype}
    if four_bit:
        options |= {"quantization_config": quantisation(dtype), "device_map": {"": device}}
    loaded = _load_weights(model, options)
    if four_bit:
        keep_trainable(loaded)
    _grow(loaded, encoder)
    ends = _other_ends(loaded, encoder)
    for config in (loaded.config, loaded.generation_config):
        config.eos_token_id = encoder.close_id
        config.pad_token_id = encoder.tokenizer.pad_token_id
        config.bos_token_id = encoder.tokenizer.bos_token_id
    if ends:
        loaded.generation_config.eos_token_id = [encoder.close_id, *ends]
    return loaded


def _other_ends(model: Any, encoder: Encoder) -> list[int]:
    """Return what else ends a text of this model: the tokens it was pretrained or tuned to stop with.

    Configurations that nobody filled in name any token there; one that may stand in a text ends none.
    """
    special = {i for i, token in encoder.tokenizer.added_tokens_decoder.items() if token.special}
    found: set[int] = set()
    for config in (model.config, model.generation_config):
        ids = config.eos_token_id
        found |= {int(i) for i in ([] if ids is None else [ids] if isinstance(ids, int) else ids)}
    return sorted((found & special) - {encoder.close_id})


def use_varlen(model: Any, device: str) -> None:
    """Let packed batches run through FlashAttention where it is installed (CUDA, 16 bits).

    Only once the model has been looked at: its kernels refuse a CPU, where models are loaded, and float32.
    """
    if device == "cuda" and is_flash_attn_2_available():
        bare = model.get_base_model() if is_adapted(model) else model
        bare.set_attn_implementation("flash_attention_2")


def _grow(model: Any, encoder: Encoder) -> None:
    """Give added tokens rows at the mean of the others; some tables have rows to spare, whose values are noise.

    `transformers` would draw around the mean; a plain mean keeps a run a function of its seed alone.
    """
    old = model.get_input_embeddings().weight.shape[0]
    added = encoder.tokenizer.convert_tokens_to_ids(list(encoder.added))
    if len(encoder.tokenizer) > old:
        model.resize_token_embeddings(len(encoder.tokenizer), mean_resizing=False)
    new = sorted({i for i in added if i < old} | set(range(old, model.get_input_embeddings().weight.shape[0])))
    if not new:
        return
    with torch.no_grad():
        for table in {model.get_input_embeddings(), model.get_output_embeddings()}:
            kept = torch.ones(len(table.weight), dtype=torch.bool)
            kept[new] = False
            table.weight[new] = table.weight[kept].mean(dim=0)


def load_trained(model: str, *, template: str = "", device: str = "cpu") -> Loaded:
    """Return a model for generation or scoring, with the template it was trained with.

    Args:
        model: A folder or hub name.
        template: For models without a card; empty is the model's own chat template, or openchat where it has none.
        device: Where to put it.
    """
    check_model(model)
    card = read_card(model)
    if card is None and not template:
        template = AUTO if getattr(load_tokenizer(model), "chat_template", None) else "openchat"
    encoder, added = load_encoder(
        model, card.template if card else template, card.condition_placement if card else "both"
    )
    loaded = load_base(model, encoder).to(device).eval()
    return Loaded(loaded, encoder, card, added)


def context_tokens(config: Any) -> int | None:
    """Return the longest input a model takes, or None where its configuration does not say."""
    text = config.get_text_config()
    for name in ("max_position_embeddings", "n_positions", "max_sequence_length"):
        value = getattr(text, name, None)
        if isinstance(value, int) and 0 < value < 10_000_000:
            return value
    return None


def load_config(model: str) -> Any:
    """Return a model's configuration.

    Raises:
        ModelError: It cannot be loaded.
    """
    try:
        return AutoConfig.from_pretrained(model)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{model}: its configuration cannot be loaded ({_first_line(error)})", _REMEDY) from error


def save_model(
    model: Any,
    encoder: Encoder,
    card: ModelCard,
    folder: Path,
    *,
    state: dict[str, Any] | None = None,
    beside: Callable[[Path], None] | None = None,
) -> None:
    """Write a model folder that plain `transformers` loads; it appears complete or not at all.

    Args:
        model: The causal LM.
        encoder: Tokenizer and template.
        card: What it was trained with.
        folder: Where to.
        state: The weights, where the model's own are spread over devices.
        beside: Called with the folder while it is still unseen, for what else belongs into it.
    """
    writing = folder.with_name(f".{folder.name}-writing")
    shutil.rmtree(writing, ignore_errors=True)
    encoder.tokenizer.chat_template = chat_template(
        encoder.template,
        default_condition=card.default_condition,
        start=encoder.start,
        reserved=encoder.reserved,
        placement=encoder.placement,
    )
    model.save_pretrained(writing, state_dict=state)
    encoder.tokenizer.save_pretrained(writing)
    if card.template == AUTO:
        card = replace(card, layout=encoder.template)  # the model's own template is replaced: the layout is kept
    write_atomically(writing / CARD, json.dumps(card.to_dict(), ensure_ascii=False, indent=1) + "\n")
    if beside:
        beside(writing)
    text = card_text(card, pictures=(writing / "curves.png").exists())
    write_atomically(writing / "README.md", text)
    flush(writing)
    if folder.exists():
        shutil.rmtree(folder)
    writing.rename(folder)


def _load_weights(model: str, options: dict[str, Any]) -> Any:
    check_model(model)
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    loaded: Any
    info: dict[str, Any]
    try:
        loaded, info = AutoModelForCausalLM.from_pretrained(  # type: ignore[misc]
            model, output_loading_info=True, **options
        )
    except Exception as error:
        if isinstance(error, MemoryError) or "out of memory" in str(error):
            raise
        raise ModelError(f"{model}: cannot be loaded ({_first_line(error)})", _REMEDY) from error
    missing = sorted(info["missing_keys"])
    if missing:
        raise ModelError(
            f"{model}: its weights lack {missing[0]!r} and {len(missing) - 1} more tensors",
            "name a folder that `save_pretrained` wrote in full",
        )
    return loaded


_REMEDY = "give a folder that `save_pretrained` wrote, or a hub name while online"


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
