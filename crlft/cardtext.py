"""The README of a model folder: what it was trained on, how well that went, and how to ask it. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crlft.methods import METHODS
from crlft.modelfolder import ModelCard


def card_text(card: ModelCard, *, pictures: bool = False) -> str:
    """Return the model card in Markdown, with the header that model hubs read.

    Args:
        card: What the model was trained with.
        pictures: Whether `curves.png` and `curves.html` stand in the folder.
    """
    both = card.condition_placement == "both"
    parts = [
        _header(card),
        f"# {Path(card.base).name}, fine-tuned with {card.method}",
        f"{card.method}: {METHODS[card.method].meaning}." if card.method in METHODS else "",
        f"Base: `{card.base}`. Data: `{Path(card.snapshot).name}` ({card.snapshot_hash}). "
        f"Template: {card.template}, condition on {'both sides of every turn' if both else 'the answers only'}.",
        _asking(card),
        "## Classes and rewards",
        _classes(card),
        f"{_weighing(card)} *Mass* is the share of the loss: supervised tokens times weight.",
        _results(card.metrics),
        "![Loss and swap test over the steps](curves.png)\n\nThe same to zoom into: `curves.html`."
        if pictures
        else "",
        "All settings, as given and as worked out: `training.json`." if pictures else "",
    ]
    return "\n\n".join(p for p in parts if p) + "\n"


def _header(card: ModelCard) -> str:
    lines = ["---", "library_name: transformers", "pipeline_tag: text-generation", "tags: [c-rlft, conditioned]"]
    base = card.base
    if base.count("/") == 1 and not base.startswith(("/", ".", "~")):
        lines.append(f"base_model: {base}")
    return "\n".join([*lines, "---"])


def _asking(card: ModelCard) -> str:
    shown = card.default_condition
    words = (
        f"The chat template takes the condition; without one it uses `{shown}`. "
        'With `condition=""` it asks without any.'
        if shown
        else "The model was trained without conditions and is asked without one."
    )
    argument = f'condition="{shown}", ' if shown else ""
    return f"""## How to ask it

{words}

```python
ids = tokenizer.apply_chat_template(messages, {argument}add_generation_prompt=True)
```

An engine that takes `chat_template_kwargs` (vLLM, SGLang) is given `{{"condition": "{shown}"}}` there."""


def _weighing(card: ModelCard) -> str:
    method = METHODS.get(card.method)
    if method is None or method.weighted:
        rule = f"exp((reward − best reward) / β), β = {card.scheme.beta:.4g} (C-RLFT, arXiv 2309.11235)"
        return f"Loss weight = {rule}."
    if method.balanced:
        return "Loss weight = one over the class's supervised tokens, whatever its reward."
    return f"Rewards are not used: under {card.method} every conversation weighs the same."


def _classes(card: ModelCard) -> str:
    told = {row["name"]: row for row in card.composition}
    head = "| class | condition | reward | loss weight |"
    rule = "|---|---|---|---|"
    if told:
        head += " conversations | held out | supervised tokens | mass | truncated | left out |"
        rule += "---|---|---|---|---|---|"
    lines = [head, rule]
    for c in card.scheme.classes:
        row = told.get(c.name)
        weight = row["weight"] if row else card.scheme.loss_weight(c.name)
        line = f"| {c.name} | `{c.condition}` | {c.reward:g} | {weight:.4g} |"
        if row:
            line += (
                f" {row['conversations']:,} | {row['held_out']:,} | {row['supervised_tokens']:,} "
                f"| {100 * row['mass_share']:.1f} % | {row['truncated']:,} "
                f"| {row['dropped'] + row['unsupervised']:,} |"
            )
        lines.append(line)
    return "\n".join(lines)


def _results(metrics: Mapping[str, Any]) -> str:
    held_out = metrics.get("held_out") or {}
    if not held_out:
        return ""
    lines = ["## Measured on held-out conversations", ""]
    swap = held_out.get("swap") or {}
    lines += ["| class | nats a token | under the wrong condition | difference |", "|---|---|---|---|"]
    for name, loss in held_out["loss_by_class"].items():
        wrong = swap.get(name, {}).get("wrong")
        other = f"{wrong:.3f} | {wrong - loss:+.3f}" if wrong is not None else "– | –"
        lines.append(f"| {name} | {loss:.3f} | {other} |")
    if swap:
        lines += [
            "",
            "A difference near zero means that the model does not listen to the condition (the swap test).",
        ]
    steps, seconds = metrics.get("steps"), metrics.get("seconds")
    lines += ["", f"{steps:,} steps, {metrics.get('epochs')} passes over the data, {seconds:,.0f} seconds."]
    return "\n".join(lines)
