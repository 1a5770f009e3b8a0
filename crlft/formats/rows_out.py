"""Conversations to rows of a format, one by one or, for pairs, two by two.

for row in rows_out(FORMATS["preference"], outgoing, left_out):
    put(row)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from crlft.formats.protocol import Format, LeftOut, Outgoing, WeighsTurns, WritesAll

__all__ = ["LeftOut", "Outgoing", "rows_out"]


def rows_out(form: Format, items: Iterable[Outgoing], left_out: LeftOut) -> Iterator[dict[str, Any]]:
    """Yield the rows that hold the conversations.

    Args:
        form: The format.
        items: What to write, in order; read once.
        left_out: Called for each conversation that no row holds, with the reason; only formats of
            `crlft.formats.LABELLED` leave any out.
    """
    if isinstance(form, WritesAll):
        yield from form.write_all(items, left_out)
        return
    for item in items:
        row = form.write(item.conversation, condition=item.condition, loss_weight=item.loss_weight)
        if item.turn_weights and isinstance(form, WeighsTurns):
            form.weigh(row, item.conversation, item.turn_weights)
        yield row
