"""Exact keys of many texts: equal where the texts are, case, width and white space evened out.

Each text is evened out into a scratch of bytes (one for an ASCII sign, three for any other), and that is hashed
eight bytes at a time. Which texts are equal is what `reading` says as well; only there is more to be found out.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.curate.compiled import compiled
from workbench.curate.dedupe.folding import ALONE, ODD, SPACE, SPILL, WORD, even, signs
from workbench.curate.dedupe.reading import Bytes, Tables, Units, point_at
from workbench.curate.dedupe.texts import from_arrow, from_strings, tables

_ONE = np.uint64(0x9E3779B97F4A7C15)
_TWO = np.uint64(0xD6E8FEB86659FD93)
_S29 = np.uint64(29)
_S32 = np.uint64(32)
_UNIT = np.uint64(1)
_BLANK = 32
_PLAIN = 0x80
_SEVEN = 0x7F
_ROOM = 10
"""A byte of text rarely makes more than one here; U+FDFA of three bytes makes eighteen signs of three."""


def exact_keys(
    texts: Sequence[str] | Any, *, punctuation: bool = True
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32]]:
    """Return of each text its key, 128 bits, and how many words it has, two for two or more.

    Args:
        texts: A sequence of strings, or an Arrow string array (null is empty).
        punctuation: Whether it counts; where not, a text without any word still goes by its signs.
    """
    data, bounds = from_strings(texts) if isinstance(texts, list | tuple) else from_arrow(texts)
    keys, words, odd = _keys(data, bounds, tables(), punctuation)
    if odd.any():
        places = np.flatnonzero(odd)
        again = [even(data[bounds[i] : bounds[i + 1]].tobytes().decode("utf-8", "surrogatepass")) for i in places]
        keys[places], words[places], _ = _keys(*from_strings(again), tables(plain=True), punctuation)
    return keys, words


def _keys(
    data: Bytes, bounds: npt.NDArray[np.int64], known: Tables, punctuation: bool
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    n = len(bounds) - 1
    keys = np.empty((n, 2), dtype=np.uint64)
    words, odd = np.empty(n, dtype=np.int32), np.zeros(n, dtype=np.bool_)
    scratch = np.empty(_ROOM * int(np.diff(bounds).max(initial=0)) // 8 + 2, dtype=np.uint64)
    plain = _plain_signs(punctuation)
    _read_keys(data, bounds, known, plain, punctuation, scratch.view(np.uint8), scratch, keys, words, odd)
    return keys, words, odd


@cache
def _plain_signs(punctuation: bool) -> Bytes:
    """Return what becomes of each ASCII sign."""
    known = signs()
    plain = known.even[:_PLAIN].astype(np.uint8)
    blank = known.kinds[plain] & SPACE != 0
    if not punctuation:
        blank |= known.kinds[plain] & WORD == 0
    plain[blank] = _BLANK
    return plain


@compiled
def _read_keys(
    data: Bytes,
    bounds: npt.NDArray[np.int64],
    tables: Tables,
    plain: Bytes,
    punctuation: bool,
    scratch: Bytes,
    lanes: Units,
    keys: Units,
    words: npt.NDArray[np.int32],
    odd: npt.NDArray[np.bool_],
) -> None:
    """Write the keys and the numbers of words of pieces of UTF-8; `lanes` is the scratch, eight bytes in one."""
    for piece in range(len(bounds) - 1):
        at, end = bounds[piece], bounds[piece + 1]
        n = _even_out(data, at, end, tables, plain, punctuation, scratch)
        odd[piece] = n < 0
        if n < 0:
            continue
        words[piece] = _words(scratch, n, tables.kinds)
        if n == 0 and not punctuation:
            n = _even_out(data, at, end, tables, _with_punctuation(tables), True, scratch)
        keys[piece, 0], keys[piece, 1] = _hash(scratch, lanes, n)


@compiled
def _with_punctuation(tables: Tables) -> Bytes:
    plain = np.empty(_PLAIN, dtype=np.uint8)
    for sign in range(_PLAIN):
        plain[sign] = _BLANK if tables.plain_kinds[sign] & SPACE else tables.plain[sign] - _UNIT
    return plain


@compiled
def _even_out(  # noqa: C901 - one pass, two widths of signs
    data: Bytes, at: int, end: int, tables: Tables, plain: Bytes, punctuation: bool, out: Bytes
) -> int:
    """Write a text evened out; return of how many bytes it is, -1 for an odd text."""
    used = 0
    last = _BLANK  # no blank at the beginning
    while at < end:
        while at < end and data[at] < _PLAIN:
            c: Any = np.int64(plain[data[at]])
            out[used] = c
            used += (c != _BLANK) | (last != _BLANK)
            last = c
            at += 1
        if at >= end:
            break
        point, at = point_at(data, at)
        single = tables.even[point]
        if single == ODD:
            return -1
        place = np.int64(single) - SPILL if single >= SPILL else -1
        many = np.int64(tables.spill[place]) if place >= 0 else 1
        for step in range(many):
            c = np.int64(tables.spill[place + 1 + step]) if place >= 0 else np.int64(single)
            kind = tables.kinds[c]
            if kind & SPACE or not (punctuation or kind & WORD):
                c = _BLANK
            alone = kind & ALONE and not punctuation
            if alone and last != _BLANK:
                out[used] = _BLANK
                used += 1
            if c >= _PLAIN:
                out[used] = _PLAIN | (c & _SEVEN)
                out[used + 1] = _PLAIN | (c >> 7 & _SEVEN)
                out[used + 2] = _PLAIN | c >> 14
                used += 3
            elif c != _BLANK or last != _BLANK:
                out[used] = c
                used += 1
            last = c
            if alone:
                out[used] = _BLANK
                used += 1
                last = _BLANK
    return used - 1 if used and last == _BLANK else used


@compiled
def _words(text: Bytes, n: int, kinds: Bytes) -> int:
    """Return the number of words of an evened-out text, two for two or more."""
    found, inside, at = 0, False, 0
    while at < n and found < 2:
        c: Any = np.int64(text[at])
        at += 1
        if c >= _PLAIN:
            c = (c & _SEVEN) | (np.int64(text[at]) & _SEVEN) << 7 | (np.int64(text[at + 1]) & _SEVEN) << 14
            at += 2
        kind = kinds[c]
        begins = kind & WORD and (kind & ALONE or not inside)
        found += 1 if begins else 0
        inside = kind & WORD != 0 and kind & ALONE == 0
    return found


@compiled
def _hash(text: Bytes, lanes: Units, n: int) -> tuple[np.uint64, np.uint64]:
    """Return 128 bits of the first n bytes, 0 for none."""
    if n == 0:
        return np.uint64(0), np.uint64(0)
    whole = (n + 7) // 8
    for at in range(n, 8 * whole):
        text[at] = 0
    one, two = np.uint64(n) * _TWO, np.uint64(n) * _ONE
    for i in range(whole):
        lane = lanes[i]
        one = (one ^ lane) * _ONE
        one ^= one >> _S32
        two = (two + lane) * _TWO
        two ^= two >> _S29
    return (one * _TWO) | np.uint64(1), two * _ONE
