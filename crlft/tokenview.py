"""One training example token by token: decoded text, weight, what the template wrote, where the condition is.

What is shown is what is trained on: the ids, the supervised positions and the weights are those of the example,
cut off where it is cut off. Needs a tokenizer, not torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crlft.conversation import Conversation
from crlft.dataset import Example
from crlft.template import Segment
from crlft.tokens import Encoder

MOST_TOKENS = 3_000
"""Longer examples are shown up to here."""

_HALF = "\N{REPLACEMENT CHARACTER}"
_CONTEXT = 8
"""Tokens in front that decide how a token is decoded (a leading space)."""

_LONGEST_CHARACTER = 6
"""Tokens that one character may be spread over before it is shown as what it is not."""


def token_view(encoder: Encoder, example: Example, conversation: Conversation, condition: str) -> dict[str, Any]:
    """Return an example's tokens.

    Args:
        encoder: Tokenizer and template.
        example: As it is trained on.
        conversation: What it was made of.
        condition: What it was rendered under.

    Returns:
        `tokens`: rows of `text`, `weight` (share times loss weight; 0 is not trained on), `control`, `condition`
        (it belongs to the condition), and `ids`, more than one where a character is spread over several tokens;
        `cut`: tokens behind the context; `hidden`: tokens that are trained on and not shown here.
    """
    segments = encoder.segments(conversation, condition)
    limit = min(len(example), MOST_TOKENS)
    weights = (example.share * example.loss_weight).tolist()
    rows: list[dict[str, Any]] = []
    at = 0
    for segment, size in zip(segments, encoder.sizes(segments), strict=True):
        ids = example.ids[at : min(at + size, limit)].tolist()
        rows += _rows(encoder, segment, ids, weights[at : at + len(ids)], condition)
        at += size
    return {"tokens": rows, "cut": at - len(example), "hidden": len(example) - limit}


def _rows(
    encoder: Encoder, segment: Segment, ids: Sequence[int], weights: Sequence[float], condition: str
) -> list[dict[str, Any]]:
    """Return a segment's tokens; the condition is what its text begins with."""
    if segment.control:
        return [_row(segment.text, [i], weight, control=True) for i, weight in zip(ids, weights, strict=True)]
    named = len(condition) if condition and segment.text.lstrip().startswith(condition) else 0
    rows, begin, shown = [], 0, 0
    for end in range(1, len(ids) + 1):
        context = ids[max(0, begin - _CONTEXT) : begin]
        text = encoder.coder.text([*context, *ids[begin:end]])[len(encoder.coder.text(context)) :]
        half = text.endswith(_HALF) and end - begin < _LONGEST_CHARACTER
        if half and end < len(ids):
            continue  # the character goes on in the next token
        rows.append(_row(text, ids[begin:end], weights[end - 1], condition=shown < named))
        begin, shown = end, shown + len(text)
    return rows


def _row(
    text: str, ids: Sequence[int], weight: float, *, control: bool = False, condition: bool = False
) -> dict[str, Any]:
    return {"text": text, "ids": list(ids), "weight": weight, "control": control, "condition": condition}
