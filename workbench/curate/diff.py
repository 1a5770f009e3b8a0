"""What changed between two texts, word by word; CJK character by character.

    word_diff("the cat sat", "the dog sat")
    → [("equal", "the "), ("delete", "cat"), ("insert", "dog"), ("equal", " sat")]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from rapidfuzz.distance import Indel

Op = Literal["equal", "insert", "delete"]
Piece = tuple[Op, str]

MOST_CELLS = 25_000_000
"""Above this many comparisons (5,000 × 5,000 changed words) the changed stretch is shown as one replacement."""

# Words, runs of blanks, single signs; scripts without spaces character by character.
_TOKEN = re.compile(r"[^\W_\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+|\s+|.", re.DOTALL)


def word_diff(before: str, after: str) -> list[Piece]:
    """Return the pieces of both texts in order.

    The equal and deleted pieces together are `before`, the equal and inserted ones `after`; in each change the
    deleted text stands first.
    """
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    pieces: list[Piece] = [
        ("equal", "".join(old[:start])),
        *_middle(middle_old, middle_new),
        ("equal", "".join(old[len(old) - end :])),
    ]
    return _merge(pieces)


def changed(pieces: Iterable[Piece]) -> bool:
    """Return whether a diff holds any change."""
    return any(op != "equal" for op, _ in pieces)


def _common(a: Sequence[str], b: Sequence[str]) -> int:
    n = 0
    for one, other in zip(a, b, strict=False):
        if one != other:
            break
        n += 1
    return n


def _middle(old: list[str], new: list[str]) -> list[Piece]:
    if not old or not new or len(old) * len(new) > MOST_CELLS:
        return [("delete", "".join(old)), ("insert", "".join(new))]
    pieces: list[Piece] = []
    for code in Indel.opcodes(old, new):
        if code.tag == "equal":
            pieces.append(("equal", "".join(old[code.src_start : code.src_end])))
        else:
            pieces.append(("delete", "".join(old[code.src_start : code.src_end])))
            pieces.append(("insert", "".join(new[code.dest_start : code.dest_end])))
    return pieces


def _merge(pieces: list[Piece]) -> list[Piece]:
    """Join neighbours; within a change, all that went stands before all that came.

    A lone blank between two changes joins them: two words replaced read as one replacement.
    """
    out: list[Piece] = []
    gone, come = "", ""
    solid = [p for p in pieces if p[1]]
    for i, (op, text) in enumerate(solid):
        if op == "delete":
            gone += text
        elif op == "insert":
            come += text
        elif (gone or come) and text == " " and i + 1 < len(solid):
            gone, come = gone + text, come + text
        else:
            out += _flush(gone, come)
            gone = come = ""
            out.append(("equal", text))
    return out + _flush(gone, come)


def _flush(gone: str, come: str) -> list[Piece]:
    pieces: list[Piece] = [("delete", gone), ("insert", come)]
    return [piece for piece in pieces if piece[1]]
