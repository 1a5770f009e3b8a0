"""The compiled loops over many texts: words looked up, English words counted, texts folded for their hash."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workbench.curate.bytepairs import count_pairs
from workbench.curate.compiled import compiled

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int32]

_MIX_ONE, _MIX_TWO = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
MOST_REMEMBERED = (1 << 12) - 1
_COUNT_PART, _HASH_PART = np.uint64(MOST_REMEMBERED), np.uint64((1 << 64) - 1 - MOST_REMEMBERED)
_BLANK, _LETTER = np.uint8(32), np.uint8(2)
_ONE, _SHIFT = np.uint64(1), np.uint64(31)


@compiled
def slot_of(word: np.uint64, bits: int, second: bool) -> np.int64:
    """Return the place of a word's hash in a table of 2^bits slots: its first or its second one."""
    mixed = (word ^ (word >> _SHIFT)) * (_MIX_TWO if second else _MIX_ONE)
    return np.int64((mixed ^ (mixed >> _SHIFT)) & np.uint64((1 << bits) - 1))


@compiled
def _remember(word: np.uint64, count: int, bits: int, known: Words) -> np.uint64:
    """Write a word into its first slot where that is free, else into its second; return the entry."""
    slot = slot_of(word, bits, False)
    if known[slot] and (known[slot] ^ word) & _HASH_PART:
        slot = slot_of(word, bits, True)
    known[slot] = (word & _HASH_PART) | np.uint64(count)
    return np.uint64(known[slot])


@compiled
def look_up_words(  # noqa: C901  (a call per word costs a tenth of the time)
    data: Bytes,
    text_ends: Places,
    kinds: Bytes,
    begins: npt.NDArray[np.bool_],
    spaced: npt.NDArray[np.bool_],
    base: np.uint64,
    bits: int,
    known: Words,
    near: Words,
    symbols: npt.NDArray[np.int32],
    pair_keys: Words,
    merged: Words,
    pair_bits: int,
    work: Words,
    sums: Places,
    missed: Places,
    missed_words: Words,
) -> int:
    """Cut texts into words, hash each, and add up the counts of those that are known.

    Args:
        data: All texts, one behind the other.
        text_ends: Where each ends.
        kinds: Each byte's kind.
        begins: Whether a byte begins a word, by its kind and eight times the kind of the byte before it.
        spaced: Whether a space behind white space begins a word, by the kind of what follows it.
        base: Of the hash: the value of the word's bytes, each one more, as a number in this base modulo 2^64, once
            more multiplied by it.
        bits: The table has 2^bits slots.
        known: The table, as of `remember_words`.
        near: Its entries that were met last, by the first of their two slots: it stays in the processor's cache.
        symbols: As the next three of `workbench.curate.bytepairs.BytePairs`, which counts plain new words at once.
        pair_keys: As said.
        merged: As said.
        pair_bits: As said.
        work: For `count_pairs`.
        sums: Takes each text's sum.
        missed: (words, 3), takes beginning, end and text of words that are not known.
        missed_words: Takes their hashes.

    Returns:
        How many are not known.
    """
    n_missed = 0
    start = 0
    last_near = len(near) - 1
    for text in range(len(text_ends)):
        end = text_ends[text]
        sums[text] = 0
        place = start
        while place < end:
            first = place
            kind = kinds[data[place]]
            word = np.uint64(data[place]) + _ONE
            place += 1
            while place < end:
                sign = data[place]
                following = kinds[sign]
                if following != kind or kind != _LETTER:
                    if begins[following | kind << 3]:
                        break
                    # Here the sign before is white space too, or this one began a word.
                    if sign == _BLANK and place + 1 < end and spaced[kinds[data[place + 1]]]:
                        break
                    kind = following
                word = word * base + (np.uint64(sign) + _ONE)
                place += 1
            word *= base  # words that differ in their last sign differ in all bits, and not only in the lowest
            slot = slot_of(word, bits, False)
            hot = slot & last_near
            entry = near[hot]
            if (entry ^ word) & _HASH_PART:
                entry = known[slot]
                if (entry ^ word) & _HASH_PART:
                    entry = known[slot_of(word, bits, True)]
                if not entry or (entry ^ word) & _HASH_PART:
                    count = count_pairs(data, first, place, symbols, pair_keys, merged, pair_bits, work)
                    entry = _remember(word, count, bits, known) if count else np.uint64(0)
                if entry:
                    near[hot] = entry
            if entry:
                sums[text] += np.int64(entry & _COUNT_PART)
            else:
                missed[n_missed, 0], missed[n_missed, 1], missed[n_missed, 2] = first, place, text
                missed_words[n_missed] = word
                n_missed += 1
        start = end
    return n_missed


@compiled
def remember_words(words: Words, counts: Counts, bits: int, known: Words) -> None:
    """Write words into their slots: the first where it is free, else the second.

    An entry holds 52 bits of the word's hash and its count, so that one look at memory gives both; the few words
    of more than `MOST_REMEMBERED` tokens are left out.
    """
    for i in range(len(words)):
        if counts[i] <= MOST_REMEMBERED:
            _remember(words[i], counts[i], bits, known)


@compiled
def list_words(numbers: Words, bits: int, listed: Words) -> None:
    """Write numbers of words into a table for `letter_words`."""
    for i in range(len(numbers)):
        slot = slot_of(numbers[i], bits, False)
        if listed[slot]:
            slot = slot_of(numbers[i], bits, True)
        listed[slot] = numbers[i]


@compiled
def letter_words(data: Bytes, text_ends: Places, listed: Words, bits: int, words: Places, found: Places) -> None:
    """Count the words of ASCII letters in texts, and those of them that are listed.

    Args:
        data: ASCII texts in small letters, one behind the other.
        text_ends: Where each ends.
        listed: A table of 2^bits slots with the numbers of the listed words, eight letters at most each.
        bits: As said.
        words: Takes how many words each text has.
        found: Takes how many of them are listed.
    """
    start = 0
    for text in range(len(text_ends)):
        n_words = n_found = 0
        number, letters = np.uint64(0), 0
        for place in range(start, text_ends[text] + 1):
            sign = data[place] if place < text_ends[text] else np.uint8(0)
            if np.uint8(97) <= sign <= np.uint8(122):
                number = (number << np.uint64(8)) | np.uint64(sign)
                letters += 1
            elif letters:
                n_words += 1
                if letters <= 8 and (
                    listed[slot_of(number, bits, False)] == number or listed[slot_of(number, bits, True)] == number
                ):
                    n_found += 1
                number, letters = np.uint64(0), 0
        words[text], found[text] = n_words, n_found
        start = text_ends[text]


@compiled
def fold_texts(data: Bytes, text_ends: Places, folded: Bytes, out: Bytes, out_ends: Places) -> None:
    """Write texts with each byte folded, runs of white space as one space, and none at either end.

    Args:
        data: The texts, one behind the other.
        text_ends: Where each ends.
        folded: What each byte becomes; white space is a space.
        out: Takes the texts, as long as `data`.
        out_ends: Takes where each ends there.
    """
    start = written = 0
    for text in range(len(text_ends)):
        begin, before = written, _BLANK
        for place in range(start, text_ends[text]):
            sign = folded[data[place]]
            out[written] = sign  # written over where it is one space too many: no branch to be guessed wrong
            written += not (sign == _BLANK and before == _BLANK)
            before = sign
        if before == _BLANK and written > begin:
            written -= 1
        out_ends[text] = written
        start = text_ends[text]
