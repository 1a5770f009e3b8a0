"""Many texts at once as shingle hashes, exact keys and figures: one compiled pass over their bytes.

A word's hash is taken sign by sign from the evened-out text, a shingle's from those of its words; its upper
32 bits are kept. Within one pair of texts of 1,000 shingles a collision happens once in 4,000 pairs and moves the
score by .001. Hashes depend on the text alone, never on the order or number of texts: the same input gives the
same result on every machine.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from workbench.curate.compiled import compiled
from workbench.curate.dedupe.folding import ALONE, DIGIT, ODD, OPENING, SIGN, SPACE, SPILL, WORD

U64 = np.uint64
_ONE = np.uint64(0x9E3779B97F4A7C15)
_TWO = np.uint64(0xD6E8FEB86659FD93)
_THREE = np.uint64(0xC2B2AE3D27D4EB4F)
_S29 = np.uint64(29)
_S32 = np.uint64(32)
_BLANK = np.uint64(0x632BE59BD9B4E019)
_ZERO = np.uint64(0)
_UNIT = np.uint64(1)
_BESIDE_SIGN = DIGIT | SPACE | OPENING
_COMMA, _POINT = 44, 46
_PLAIN = 0x80
_IN_NUMBER, _AFTER_MARK = 1, 2

Bytes = npt.NDArray[np.uint8]
Table = npt.NDArray[np.uint32]
Units = npt.NDArray[np.uint64]
_OTHER, _PART_OF_WORD, _WORD_ALONE = 0, 1, 2


class Tables(NamedTuple):
    """What signs become and are; given whole to the compiled loops.

    Attributes:
        even: As `folding.Signs`.
        spill: As there.
        kinds: As there.
        plain: (256,), what an ASCII byte becomes, plus one.
        plain_kinds: (256,), what that is; 0 for bytes of other signs.
    """

    even: Table
    spill: Table
    kinds: Bytes
    plain: Units
    plain_kinds: Bytes


class Pieces(NamedTuple):
    """What is written about each piece of text.

    Attributes:
        hashes: Distinct shingles of each piece, one piece behind the other.
        begins: (pieces,), where each piece's begin.
        counts: (pieces,), how many each has.
        words: (pieces,), number of words.
        keys: (pieces, 2): equal where the texts are, case, width and white space evened out; 0 for no text.
        figures: (pieces,), the same for the same numbers and arithmetic signs in any order; 0 for none.
        odd: (pieces,), those that must be evened out beforehand; nothing else is written for them.
    """

    hashes: Table
    begins: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int32]
    words: npt.NDArray[np.int32]
    keys: Units
    figures: Units
    odd: npt.NDArray[np.bool_]


@compiled
def read_pieces(
    data: Bytes,
    bounds: npt.NDArray[np.int64],
    tables: Tables,
    width: int,
    short_words: int,
    by_character: bool,
    punctuation: bool,
    figure_tokens: int,
    units: Units,
    roles: Bytes,
    found: Pieces,
) -> int:
    """Read pieces of UTF-8 text; return how many hashes were written.

    Args:
        data: Text behind text.
        bounds: (pieces + 1,), where each begins.
        tables: Of signs.
        width: Words (or signs) per shingle.
        short_words: Texts with fewer words get one hash of the whole.
        by_character: Shingles of signs, one blank between words, instead of words.
        punctuation: Whether it counts in `keys`.
        figure_tokens: From this many shingles on, figures are not looked at.
        units: Scratch, at least as long as the longest piece has signs, evened out.
        roles: Scratch of the same length.
        found: Written to.
    """
    out = 0
    table = np.zeros(1024, dtype=np.uint32)
    stamps = np.zeros(1024, dtype=np.uint32)
    for piece in range(len(bounds) - 1):
        at, end = bounds[piece], bounds[piece + 1]
        found.begins[piece], found.counts[piece], found.words[piece] = out, 0, 0
        found.keys[piece, 0], found.keys[piece, 1], found.figures[piece] = _ZERO, _ZERO, _ZERO
        n = _split(data, at, end, tables, by_character, units, roles)
        found.odd[piece] = n < 0
        if n <= 0:
            continue
        one, two = _whole(units, n)
        found.keys[piece, 0], found.keys[piece, 1] = one, two
        whole = np.uint32(one >> _S32)
        tokens, n_words = _only_words(units, roles, n, by_character)
        found.words[piece] = n_words
        if not punctuation and n_words:
            one, two = _whole(units, tokens)
            found.keys[piece, 0], found.keys[piece, 1] = one, two
        if n_words < short_words or tokens < width:
            found.hashes[out] = whole
            found.counts[piece] = 1
        else:
            many = tokens - width + 1
            size = len(table)
            while size < 2 * many:
                size *= 2
            if size > len(table):
                table = np.zeros(size, dtype=np.uint32)
                stamps = np.zeros(size, dtype=np.uint32)
            stamp = np.uint32(piece + 1)
            found.counts[piece] = _distinct(units, many, width, table, stamps, stamp, found.hashes, out)
        out += found.counts[piece]
        if found.counts[piece] < figure_tokens:
            found.figures[piece] = _figures(data, at, end, tables)
    return out


@compiled
def point_at(data: Bytes, at: int) -> tuple[Any, int]:
    """Return the code point at a place, and where the next begins."""
    byte = np.int64(data[at])
    if byte < _PLAIN:
        return byte, at + 1
    if byte < 0xE0:
        return (byte & 31) << 6 | (np.int64(data[at + 1]) & 63), at + 2
    if byte < 0xF0:
        return (byte & 15) << 12 | (np.int64(data[at + 1]) & 63) << 6 | (np.int64(data[at + 2]) & 63), at + 3
    return (
        (byte & 7) << 18
        | (np.int64(data[at + 1]) & 63) << 12
        | (np.int64(data[at + 2]) & 63) << 6
        | (np.int64(data[at + 3]) & 63)
    ), at + 4


@compiled
def _split(  # noqa: C901 - one machine of three states
    data: Bytes, at: int, end: int, tables: Tables, by_character: bool, units: Units, roles: Bytes
) -> int:
    """Write a text's units (words, signs, one blank for white space); return how many, -1 for an odd text."""
    used = 0
    word, inside, gap = _ZERO, False, False
    while at < end:
        if not inside and not by_character:
            used, at, gap, word, inside = _plain_words(data, at, end, tables, units, roles, used, gap)
            if at >= end:
                break
        point, at = point_at(data, at)
        single = tables.even[point]
        if single == ODD:
            return -1
        place = np.int64(single) - SPILL if single >= SPILL else -1
        many = np.int64(tables.spill[place]) if place >= 0 else 1
        for step in range(many):
            c = tables.spill[place + 1 + step] if place >= 0 else single
            kind = tables.kinds[c]
            if kind & WORD and not kind & ALONE and not by_character:
                if gap:
                    units[used], roles[used] = _ZERO, _OTHER
                    used += 1
                    gap = False
                inside = True
                word = (word ^ (U64(c) + _UNIT)) * _ONE
                continue
            if inside:
                units[used], roles[used] = (word ^ (word >> _S32)) * _TWO, _PART_OF_WORD
                used += 1
                word, inside = _ZERO, False
            if kind & SPACE:
                gap = used > 0
                continue
            if gap:
                units[used], roles[used] = _ZERO, _OTHER
                used += 1
                gap = False
            units[used] = (U64(c) + _UNIT) * _THREE
            roles[used] = _WORD_ALONE if kind & ALONE else _PART_OF_WORD if kind & WORD else _OTHER
            used += 1
    if inside:
        units[used], roles[used] = (word ^ (word >> _S32)) * _TWO, _PART_OF_WORD
        used += 1
    return used


@compiled
def _plain_words(
    data: Bytes, at: int, end: int, tables: Tables, units: Units, roles: Bytes, used: int, gap: bool
) -> tuple[int, int, bool, np.uint64, bool]:
    """Write units as long as signs are ASCII; return the state where another sign comes, maybe inside a word."""
    while at < end and data[at] < _PLAIN:
        kind = tables.plain_kinds[data[at]]
        if kind & SPACE:
            gap = used > 0
            at += 1
            continue
        if gap:
            units[used], roles[used] = _ZERO, _OTHER
            used += 1
            gap = False
        if not kind & WORD:
            units[used], roles[used] = tables.plain[data[at]] * _THREE, _OTHER
            used += 1
            at += 1
            continue
        word = tables.plain[data[at]] * _ONE
        at += 1
        while at < end and tables.plain_kinds[data[at]] & WORD:
            word = (word ^ tables.plain[data[at]]) * _ONE
            at += 1
        if at < end and data[at] >= _PLAIN:
            return used, at, gap, word, True
        units[used], roles[used] = (word ^ (word >> _S32)) * _TWO, _PART_OF_WORD
        used += 1
    return used, at, gap, _ZERO, False


@compiled
def _whole(units: Units, n: int) -> tuple[np.uint64, np.uint64]:
    """Return 128 bits of all units in their order, never 0."""
    one, two = _THREE, _ONE
    for i in range(n):
        one = (one ^ units[i]) * _ONE
        one ^= one >> _S32
        two = (two + units[i]) * _TWO
        two ^= two >> _S29
    return (one * _THREE) | _UNIT, two * _ONE


@compiled
def _only_words(units: Units, roles: Bytes, n: int, by_character: bool) -> tuple[int, int]:
    """Move the units that are words to the front; return how many units these are, and how many words."""
    tokens, n_words, inside = 0, 0, False
    for i in range(n):
        role = roles[i]
        if role == _OTHER:
            inside = False
            continue
        if by_character and role == _PART_OF_WORD:
            if not inside:
                n_words += 1
                if tokens:
                    # One sign at least was skipped since the last word, so nothing is overwritten.
                    units[tokens] = _BLANK
                    tokens += 1
            inside = True
        else:
            n_words += 1
            inside = False
        units[tokens] = units[i]
        tokens += 1
    return tokens, n_words


@compiled
def _distinct(
    units: Units,
    many: int,
    width: int,
    table: Table,
    stamps: Table,
    stamp: np.uint32,
    hashes: Table,
    out: int,
) -> int:
    """Write the distinct shingles that begin at the first `many` units; return how many there are."""
    reach = 16
    while reach < 2 * many:
        reach *= 2
    used = out
    for i in range(many):
        mixed = units[i]
        for j in range(1, width):
            mixed *= _ONE
            mixed ^= mixed >> _S29
            mixed += units[i + j]
        mixed *= _ONE
        mixed ^= mixed >> _S29
        mixed *= _TWO
        value = np.uint32(mixed >> _S32)
        slot = np.int64(value) & (reach - 1)
        while stamps[slot] == stamp and table[slot] != value:
            slot = (slot + 1) & (reach - 1)
        if stamps[slot] != stamp:
            stamps[slot] = stamp
            table[slot] = value
            hashes[used] = value
            used += 1
    return used - out


@compiled
def _figures(  # noqa: C901 - one machine of three states
    data: Bytes, at: int, end: int, tables: Tables
) -> np.uint64:
    """Return a sum over all numbers, and over signs that stand between numbers, blanks and an opening bracket."""
    total, number, mark, sign = _ZERO, _ZERO, _ZERO, _ZERO
    state, fits = 0, True  # a beginning or an end is like a blank: white space there must not matter
    while at < end:
        point, at = point_at(data, at)
        single = tables.even[point]
        place = np.int64(single) - SPILL if single >= SPILL else -1
        many = np.int64(tables.spill[place]) if place >= 0 else 1
        for step in range(many):
            c = tables.spill[place + 1 + step] if place >= 0 else single
            kind = tables.kinds[c]
            if sign != _ZERO:
                if kind & _BESIDE_SIGN:
                    total += (sign * _THREE) ^ (sign << _S29)
                sign = _ZERO
            if kind & DIGIT:
                if state == _AFTER_MARK:
                    number = (number + mark) * _TWO
                number = (number + U64(c)) * _ONE
                number ^= number >> _S29
                state = _IN_NUMBER
            elif state == _IN_NUMBER and (c == _COMMA or c == _POINT):
                mark, state = U64(c), _AFTER_MARK
            elif state:
                total += (number * _THREE) ^ (number >> _S32)
                number, state = _ZERO, 0
            if kind & SIGN and fits:
                sign = U64(c)
            fits = kind & _BESIDE_SIGN != 0
    if sign != _ZERO:
        total += (sign * _THREE) ^ (sign << _S29)
    if state:
        total += (number * _THREE) ^ (number >> _S32)
    return total


@compiled
def sign_texts(
    hashes: npt.NDArray[np.uint32],
    begins: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int32],
    factors: npt.NDArray[np.uint32],
    addends: npt.NDArray[np.uint32],
    out: npt.NDArray[np.uint32],
) -> None:
    """Write the MinHash signatures of texts: for each permutation x ↦ factor · x + addend the least value.

    Args:
        hashes: Of all pieces.
        begins: (texts, sides), where each piece's begin.
        counts: (texts, sides), how many each has.
        factors: (permutations,), odd.
        addends: (permutations,)
        out: (texts, permutations)
    """
    permutations = out.shape[1]
    least = np.empty(permutations, dtype=np.uint32)
    for text in range(begins.shape[0]):
        least[:] = np.uint32(0xFFFFFFFF)
        for side in range(begins.shape[1]):
            # Sides are told apart, so that words asked never match words answered.
            tag = np.uint32(0x9E3779B1 * side & 0xFFFFFFFF)
            for place in range(begins[text, side], begins[text, side] + counts[text, side]):
                value = np.uint32(hashes[place] ^ tag)
                for k in range(permutations):
                    turned = np.uint32(value * factors[k] + addends[k])
                    least[k] = min(least[k], turned)
        out[text] = least
