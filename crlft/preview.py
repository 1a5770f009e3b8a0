"""What a run would be trained on, before it is: the preview is the plan. Loads a tokenizer, no weights."""

from __future__ import annotations

from collections import Counter
from typing import Any

from crlft.config import RunConfig
from crlft.conversation import validate
from crlft.dataset import build_dataset
from crlft.modelfolder import check_model, count_parameters
from crlft.resolve import resolve_context, resolve_plan
from crlft.snapshot import read_scheme, read_snapshot
from crlft.terminal import account_lines

ASSUMED_PARAMETERS = 1_000_000_000
"""For hub models whose weights are not here yet."""


def preview_run(config: RunConfig) -> dict[str, Any]:
    """Return the `data` event a run would emit, with one rendered example per class as `examples`.

    Raises:
        CrlftError: Data, model or configuration cannot be used.
    """
    check_model(config.base)
    scheme, conversations = read_snapshot(config.snapshot, read_scheme(config.classes) if config.classes else None)
    from crlft.models import context_tokens, has_fast_bf16, load_config, load_encoder, pick_device
    from crlft.prepare import data_report

    device = pick_device(config.device)
    encoder, added = load_encoder(config.base, config.template, config.condition_placement)
    max_tokens = resolve_context(config, context_tokens(load_config(config.base)))
    dataset = build_dataset(conversations, scheme, config, encoder, max_tokens)
    parameters = count_parameters(config.base) or ASSUMED_PARAMETERS
    resolved, plan = resolve_plan(
        config,
        dataset,
        scheme.best.name,
        parameters=parameters,
        max_tokens=max_tokens,
        device=device,
        fast_bf16=has_fast_bf16(device),
    )
    examples: dict[str, list[dict[str, Any]]] = {}
    for account in dataset.classes:
        first = next((e for e in dataset.train if e.class_name == account.name), None)
        if first is not None:
            segments = encoder.segments(conversations[first.index], account.condition)
            examples[account.name] = [
                {"text": s.text, "control": s.control, "supervised": s.supervised} for s in segments
            ]
    return {
        **data_report(dataset, resolved, plan),
        "parameters": parameters,
        "added_tokens": added,
        "examples": examples,
    }


def preview_text(body: dict[str, Any]) -> str:
    """Return a preview for reading; what the model learns to write stands between ⟦ and ⟧."""
    lines = account_lines(body)
    for name, segments in body["examples"].items():
        shown = "".join(f"⟦{s['text']}⟧" if s["supervised"] else s["text"] for s in segments)
        lines += ["", f"{name}:", shown]
    return "\n".join(lines)


def validate_data(snapshot: str, classes: str = "") -> dict[str, Any]:
    """Return counts of structural faults and of conversations per class.

    Raises:
        CrlftError: The data cannot be read.
    """
    scheme, conversations = read_snapshot(snapshot, read_scheme(classes) if classes else None)
    faults: Counter[str] = Counter()
    fatal = 0
    for conversation in conversations:
        found = validate(conversation)
        faults.update(f.code for f in found)
        fatal += any(f.fatal for f in found)
    unknown = sorted({c.class_name for c in conversations if c.class_name and c.class_name not in scheme})
    return {
        "conversations": len(conversations),
        "classes": dict(Counter(c.class_name or "" for c in conversations)),
        "unknown_classes": unknown,
        "faults": dict(faults.most_common()),
        "fatal": fatal + len(unknown),
    }
