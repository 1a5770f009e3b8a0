"""What a run would be trained on, before it is: the preview is the plan. Loads a tokenizer, no weights.

`rehearse_run` does load the model, and computes one real step: what it takes is measured, not guessed.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from crlft.config import RunConfig
from crlft.conversation import validate
from crlft.events import Quiet
from crlft.methods import METHODS
from crlft.runfolder import RunFolder
from crlft.snapshot import read_data
from crlft.terminal import account_lines


def preview_run(config: RunConfig) -> dict[str, Any]:
    """Return the `data` event a run would emit, and one example of each class, rendered and token by token.

    Raises:
        CrlftError: Data, model or configuration cannot be used.
    """
    from crlft.dataset import condition_for
    from crlft.prepare import data_report, plan_run
    from crlft.tokenview import token_view

    planned = plan_run(config)
    dataset, encoder, conversations = planned.dataset, planned.encoder, planned.conversations
    examples: dict[str, list[dict[str, Any]]] = {}
    tokens: dict[str, dict[str, Any]] = {}
    for account in dataset.classes:
        first = next((e for e in dataset.train if e.class_name == account.name), None)
        if first is not None:
            conversation = conversations[first.index]
            under = condition_for(conversation, account.condition, config.condition_dropout)
            tokens[account.name] = token_view(encoder, first, conversation, under)
            weights = [first.loss_weight] * len(conversation.turns)
            if METHODS[config.method].weighted:
                weights = planned.scheme.turn_weights(conversation)
            examples[account.name] = [
                {
                    "text": s.text,
                    "control": s.control,
                    "supervised": s.supervised,
                    "weight": weights[s.turn] if s.supervised else 0.0,
                }
                for s in encoder.segments(conversation, account.condition)
            ]
    return {**data_report(planned), "added_tokens": planned.added, "examples": examples, "tokens": tokens}


def rehearse_run(config: RunConfig) -> dict[str, Any]:
    """Compute one real step on the longest micro-batch and throw it away; return what `Rehearsal.to_dict` says.

    Raises:
        CrlftError: Data, model or configuration cannot be used.
        torch.cuda.OutOfMemoryError: Not even the smallest micro-batch fits.
    """
    from crlft.prepare import prepare
    from crlft.rehearsal import rehearse
    from crlft.training import make_trainer

    prepared = prepare(config)
    with tempfile.TemporaryDirectory() as scratch:
        trainer, _ = make_trainer(prepared, Quiet(RunFolder(Path(scratch))))
        rehearse(trainer)  # the first step of a process also loads kernels and fills caches
        return rehearse(trainer).to_dict()


def preview_text(body: dict[str, Any]) -> str:
    """Return a preview for reading; what the model learns to write stands between ⟦ and ⟧."""
    lines = account_lines(body)
    if step := body.get("rehearsal"):
        lines.append(
            f"one real step on the longest batch ({step['tokens']:,} tokens): {step['seconds']:.2f} s, "
            f"{step['peak_memory_bytes'] / 1e9:.1f} GB "
            f"at its peak; the whole run about {step['expected_seconds']:.0f} s"
        )
    for name, segments in body["examples"].items():
        shown = "".join(f"⟦{s['text']}⟧" if s["supervised"] else s["text"] for s in segments)
        lines += ["", f"{name}:", shown]
    return "\n".join(lines)


def validate_data(snapshot: str, classes: str = "") -> dict[str, Any]:
    """Return counts of structural faults and of conversations per class.

    Raises:
        CrlftError: The data cannot be read.
    """
    scheme, conversations = read_data(snapshot, classes)
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
