"""Texts, as Python or Arrow holds them, to what the comparison needs: shingles, keys, figures.

digest(["a b c", "a b d"], Reading(width=2))      → Digest(hashes, begins, counts, …)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.curate.dedupe.folding import even, signs
from workbench.curate.dedupe.reading import Pieces, Tables, read_pieces

Bytes = npt.NDArray[np.uint8]
Bounds = npt.NDArray[np.int64]

_MOST_SIGNS = 18
"""So many a single sign may become (U+FDFA)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How texts are read.

    Attributes:
        width: Words per shingle (signs, where `by_character`).
        short_words: Texts with fewer words compare exactly.
        by_character: Shingles of signs instead of words. Scripts without spaces are read by the sign either way.
        punctuation: Whether punctuation makes two texts unequal.
        figure_tokens: Below this many shingles, texts with different numbers or signs are no duplicates:
            "7 plus 4" and "7 plus 5" share nearly all their words.
    """

    width: int = 2
    short_words: int = 4
    by_character: bool = False
    punctuation: bool = True
    figure_tokens: int = 64


SHINGLES = {"words": Reading(), "characters": Reading(width=5, by_character=True)}
"""What near-duplicates are compared by: pairs of words, or five signs in a row."""


@dataclass(frozen=True, slots=True)
class Digest:
    """A column of texts as numbers; text i has `hashes[begins[i] : begins[i] + counts[i]]`.

    Attributes:
        hashes: Distinct shingles of each text.
        begins: (texts,)
        counts: (texts,)
        words: (texts,), number of words.
        keys: (texts, 2), equal for equal texts; 0, 0 for a text without any sign.
        figures: (texts,), equal where numbers and arithmetic signs are the same; 0 for none.
    """

    hashes: npt.NDArray[np.uint32]
    begins: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int32]
    words: npt.NDArray[np.int32]
    keys: npt.NDArray[np.uint64]
    figures: npt.NDArray[np.uint64]


def digest(texts: Sequence[str] | Any, reading: Reading | None = None) -> Digest:
    """Read a column of texts: a sequence of strings, or an Arrow string array (null is empty)."""
    reading = reading or Reading()
    data, bounds = from_strings(texts) if isinstance(texts, list | tuple) else from_arrow(texts)
    found, odd = _read(data, bounds, reading)
    if not odd.any():
        return found
    places = np.flatnonzero(odd)
    again = [even(data[bounds[i] : bounds[i + 1]].tobytes().decode("utf-8", "surrogatepass")) for i in places]
    more, still = _read(*from_strings(again), reading, plain=True)
    assert not still.any()
    found.begins[places] = more.begins + len(found.hashes)
    for mine, theirs in (
        (found.counts, more.counts),
        (found.words, more.words),
        (found.keys, more.keys),
        (found.figures, more.figures),
    ):
        mine[places] = theirs
    hashes = np.concatenate((found.hashes, more.hashes))
    return Digest(hashes, found.begins, found.counts, found.words, found.keys, found.figures)


def from_strings(texts: Sequence[str]) -> tuple[Bytes, Bounds]:
    """Return texts as UTF-8, one behind the other, and where each begins."""
    pieces = [text.encode("utf-8", "surrogatepass") for text in texts]
    bounds = np.zeros(len(pieces) + 1, dtype=np.int64)
    np.cumsum([len(piece) for piece in pieces], out=bounds[1:])
    return np.frombuffer(b"".join(pieces), dtype=np.uint8), bounds


def from_arrow(array: Any) -> tuple[Bytes, Bounds]:
    """See an Arrow string array as bytes and bounds, without a copy of the text."""
    import pyarrow as pa

    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if array.null_count:
        array = array.fill_null("")
    wide = pa.types.is_large_string(array.type)
    _, offsets, values = array.buffers()
    size = 8 if wide else 4
    raw = np.frombuffer(offsets, dtype="<i8" if wide else "<i4", count=len(array) + 1, offset=array.offset * size)
    data = np.frombuffer(values, dtype=np.uint8) if values is not None else np.empty(0, dtype=np.uint8)
    return data, raw.astype(np.int64)


def _read(
    data: Bytes, bounds: Bounds, reading: Reading, *, plain: bool = False
) -> tuple[Digest, npt.NDArray[np.bool_]]:
    n = len(bounds) - 1
    size = int(bounds[-1] - bounds[0])
    longest = int(np.diff(bounds).max(initial=0))
    # One byte rarely makes more than one token; a few signs of three bytes make eighteen.
    room = _MOST_SIGNS // 3 * longest + 8
    found = Pieces(
        np.empty(_MOST_SIGNS // 3 * size + n + 8, dtype=np.uint32),  # untouched pages cost nothing
        np.empty(n, dtype=np.int64),
        np.empty(n, dtype=np.int32),
        np.empty(n, dtype=np.int32),
        np.empty((n, 2), dtype=np.uint64),
        np.empty(n, dtype=np.uint64),
        np.zeros(n, dtype=np.bool_),
    )
    used = read_pieces(
        data,
        bounds,
        tables(plain=plain),
        reading.width,
        reading.short_words,
        reading.by_character,
        reading.punctuation,
        reading.figure_tokens,
        np.empty(room, dtype=np.uint64),
        np.empty(room, dtype=np.uint8),
        found,
    )
    *_, odd = found
    return Digest(found.hashes[:used].copy(), *found[1:-1]), odd


@cache
def tables(*, plain: bool = False) -> Tables:
    """Return the tables by which texts are read.

    Args:
        plain: For texts that are evened out already.
    """
    known = signs()
    ascii_signs = np.zeros(256, dtype=np.uint64)
    ascii_signs[:128] = known.even[:128] + 1
    kinds = np.zeros(256, dtype=np.uint8)
    kinds[:128] = known.kinds[known.even[:128]]
    return Tables(as_they_are() if plain else known.even, known.spill, known.kinds, ascii_signs, kinds)


@cache
def as_they_are() -> npt.NDArray[np.uint32]:
    """Return the table for texts that are evened out already."""
    return np.arange(0x110000, dtype=np.uint32)
