"""Token counts without torch: by a tokenizer's file where there is one, by an estimate where not.

Counts steer filters, sizes and the reward mass; training counts again, exactly. Anything with `count_batch` can
stand in (`TokenCounter`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import cache
from itertools import product
from pathlib import Path
from threading import Lock
from typing import Protocol

from tokenizers import Tokenizer

from workbench.curate import bytepairs
from workbench.curate.wordmemory import Cut, WordMemory

_CJK = re.compile(r"[\u1100-\u11ff\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\U000323af]")
_CHARACTERS_PER_TOKEN = 4
_SAMPLES = {
    "letter": ("a", "word", "Paris", "s", "t", "ll"),
    "digit": tuple("0123456789"),
    "mark": tuple('!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'),
    "apostrophe": ("'",),
    "break": ("\n", "\r\n", "\n\n"),
}
_FRAMES = tuple(product(("", " ", "\n"), ("", " b", ")", "s", "1")))
"""What may stand before and behind two signs."""
_FEW_FRAMES = 3
_WHITE_FRAMES = tuple(product(("", "b", ")"), (" ", "\n", "\t", "\r\n", " \n", "   "), ("", "s", " b")))
"""What may stand before the last space: a sign, white space; and what behind the sign that follows."""
_PLAIN = re.compile(r" ?[A-Za-z]+\Z")
_PLAIN_PROBES = ("a", "I", "The", "word", "NASA", "iPhone", "Mississippi", "extraordinarily", "x" * 40)
_BYTE_LEVEL_SPACE = "\u0120"
"""What byte-level tokenizers write for a space."""


class TokenCounter(Protocol):
    """Counts the tokens of texts."""

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        """Return one count for each text, without special tokens."""
        ...


class EstimatedTokens:
    """One token for each Chinese, Japanese or Korean sign, one for four other characters."""

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        """Return one estimate for each text."""
        return [_estimate(text) for text in texts]


def _estimate(text: str) -> int:
    signs = 0 if text.isascii() else len(_CJK.findall(text))
    return signs + -(-(len(text) - signs) // _CHARACTERS_PER_TOKEN)


class TokenizerTokens:
    """Counts by a `tokenizer.json`, word by word, remembering words.

    The sum is exact for tokenizers that never join across the start of white space (all that split words before
    merging), and a close upper bound for others.

    Args:
        path: The tokenizer's file.
    """

    def __init__(self, path: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(path))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._tokenizer.encode_special_tokens = True
        self._lock = Lock()  # a page and an import may count at once
        self._direct = self._is_byte_level()
        pairs = bytepairs.read_pairs(self._tokenizer) if self._direct else bytepairs.NONE
        self._memory = WordMemory(self._lengths, self._cuts(), self._spaced(), pairs)

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        """Return one count for each text."""
        with self._lock:
            return self._memory.count(texts)

    def _lengths(self, words: list[str]) -> list[int]:
        """Count words; plain ones go straight to the model where it knows them by the same signs."""
        if not self._direct:
            return self._encoded(words)
        tokenize = self._tokenizer.model.tokenize
        lengths = [
            len(tokenize(word.replace(" ", _BYTE_LEVEL_SPACE))) if _PLAIN.match(word) else 0 for word in words
        ]
        others = [i for i, length in enumerate(lengths) if not length]
        for i, length in zip(others, self._encoded([words[i] for i in others]), strict=True):
            lengths[i] = length
        return lengths

    def _encoded(self, words: list[str]) -> list[int]:
        return [len(e.ids) for e in self._tokenizer.encode_batch_fast(words, add_special_tokens=False)]

    def _is_byte_level(self) -> bool:
        """Return whether words of letters reach the model as they are, tried on some: six times as fast."""
        words = [f"{space}{word}" for word in _PLAIN_PROBES for space in ("", " ")]
        tokens = [self._tokenizer.model.tokenize(word.replace(" ", _BYTE_LEVEL_SPACE)) for word in words]
        return [[t.id for t in found] for found in tokens] == [
            e.ids for e in self._tokenizer.encode_batch_fast(words, add_special_tokens=False)
        ]

    def _cuts(self) -> list[Cut]:
        """Return the kinds of signs between which this tokenizer always cuts, tried on samples of each."""
        return [pair for pair in product(_SAMPLES, _SAMPLES) if self._always_cuts(*pair)]

    def _spaced(self) -> list[str]:
        """Return the kinds of signs before which the last space is parted from white space before it."""
        return [kind for kind in ("letter", "digit", "mark", "apostrophe") if self._parts_spaces(kind)]

    def _parts_spaces(self, kind: str) -> bool:
        signs = _SAMPLES[kind]
        each = max(_FEW_FRAMES, len(_WHITE_FRAMES) // len(signs) + 1)
        frames = [
            (sign, *_WHITE_FRAMES[(number + 5 * step) % len(_WHITE_FRAMES)])
            for number, sign in enumerate(signs)
            for step in range(each)
        ]
        return self._cuts_all([(f"{lead}{white}", f" {sign}{rest}") for sign, lead, white, rest in frames])

    def _always_cuts(self, before: str, behind: str) -> bool:
        if before == behind != "digit":
            return False
        pairs = list(product(_SAMPLES[before], _SAMPLES[behind]))
        # Many pairs are each tried in a few frames, few pairs in all of them.
        each = max(_FEW_FRAMES, len(_FRAMES) // len(pairs) + 1)
        texts = [
            (f"{lead}{one}", f"{other}{rest}")
            for number, (one, other) in enumerate(pairs)
            for lead, rest in (_FRAMES[(number + 4 * step) % len(_FRAMES)] for step in range(each))
        ]
        return self._cuts_all(texts)

    def _cuts_all(self, texts: Sequence[tuple[str, str]]) -> bool:
        """Return whether every pair's parts are tokens apart when they stand together."""
        # The counts alone would not do: a vocabulary may join "(a" and, among the samples, nothing else.
        pieces = self._tokenizer.pre_tokenizer
        if pieces is None or not all(
            any(end == len(one) for _, (_, end) in pieces.pre_tokenize_str(one + other)) for one, other in texts
        ):
            return False
        whole = self._encoded([one + other for one, other in texts])
        parts = self._encoded([text for pair in texts for text in pair])
        return whole == [a + b for a, b in zip(parts[::2], parts[1::2], strict=True)]


@cache
def _load(path: Path, modified_ns: int) -> TokenizerTokens:
    del modified_ns  # part of the key: a tokenizer that was made again is loaded again
    return TokenizerTokens(path)


def default_counter() -> TokenCounter:
    """Return the offline base's tokenizer (`CRLFT_OFFLINE_BASE`, else `sample_data/base`), or the estimate."""
    beside = Path(__file__).resolve().parents[2] / "sample_data" / "base"
    path = Path(os.environ.get("CRLFT_OFFLINE_BASE") or beside) / "tokenizer.json"
    if not path.is_file():
        return EstimatedTokens()
    return _load(path, path.stat().st_mtime_ns)


def count_tokens(text: str, counter: TokenCounter | None = None) -> int:
    """Return the number of tokens of one text by `counter`, the default one if None."""
    return (counter or default_counter()).count_batch([text])[0]
