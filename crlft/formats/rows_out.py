"""Conversations to rows of a format, one by one or, for pairs, two by two.

for row in rows_out(FORMATS["preference"], outgoing, left_out):
    put(row)

Formats that hold a bare question and answer as texts, and everything else as lists of messages, keep to one shape
in a file: `datasets`, pyarrow and TRL look at the first rows and take the others to be the same.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crlft.formats.protocol import Format, LeftOut, Outgoing, TextOrTurns, WeighsTurns, WritesAll

__all__ = ["LeftOut", "Outgoing", "rows_out", "shape_of_all"]

TEXTS, MESSAGES, WHOLE = 0, 1, 2
"""Shapes: texts, lists of messages, lists that repeat the prompt in each side; each can be made the next."""

_IN_MEMORY_BYTES = 1 << 20


def rows_out(
    form: Format, items: Iterable[Outgoing], left_out: LeftOut, *, one_shape: bool = True, shape: int = TEXTS
) -> Iterator[dict[str, Any]]:
    """Yield the rows that hold the conversations.

    Args:
        form: The format.
        items: What to write, in order; read once.
        left_out: Called for each conversation that no row holds, with the reason; only formats of
            `crlft.formats.LABELLED` leave any out.
        one_shape: Whether all rows are to have one shape; then they wait in a file until the last is known. A
            table of cells, such as CSV, needs none.
        shape: The least of `TEXTS`, `MESSAGES`, `WHOLE` that they shall have.
    """
    rows = _rows(form, items, left_out)
    if one_shape and isinstance(form, TextOrTurns):
        yield from _of_one_shape(rows, form.texts, shape)
    else:
        yield from rows


def shape_of_all(form: Format, items: Iterable[Outgoing]) -> int:
    """Return the shape that `rows_out` gives these conversations."""
    if not isinstance(form, TextOrTurns):
        return TEXTS
    texts = form.texts
    return max((_shape(row, texts) for row in _rows(form, items, lambda *_: None)), default=TEXTS)


def _rows(form: Format, items: Iterable[Outgoing], left_out: LeftOut) -> Iterator[dict[str, Any]]:
    if isinstance(form, WritesAll):
        yield from form.write_all(items, left_out)
        return
    for item in items:
        row = form.write(item.conversation, condition=item.condition, loss_weight=item.loss_weight)
        if item.turn_weights and isinstance(form, WeighsTurns):
            form.weigh(row, item.conversation, item.turn_weights)
        yield row


def _of_one_shape(
    rows: Iterator[dict[str, Any]], texts: Mapping[str, str], shape: int
) -> Iterator[dict[str, Any]]:
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as waiting:
        for row in rows:
            shape = max(shape, _shape(row, texts))
            waiting.write(json.dumps(row, separators=(",", ":")).encode() + b"\n")
        waiting.seek(0)
        for line in waiting:
            yield _shaped(json.loads(line), texts, shape)


def _shape(row: Mapping[str, Any], texts: Mapping[str, str]) -> int:
    if "prompt" not in row:
        return WHOLE
    return TEXTS if all(isinstance(row[name], str) for name in texts) else MESSAGES


def _shaped(row: dict[str, Any], texts: Mapping[str, str], shape: int) -> dict[str, Any]:
    if shape >= MESSAGES:
        for name, role in texts.items():
            if isinstance(row.get(name), str):
                row[name] = [{"role": role, "content": row[name]}]
    if shape == WHOLE and "prompt" in row:
        prompt = row.pop("prompt")
        for name in texts.keys() - {"prompt"}:
            row[name] = [*prompt, *row[name]]
    return row
