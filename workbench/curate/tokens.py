"""Token counts without torch: by a tokenizer's file where there is one, by an estimate where not.

Counts steer filters, sizes and the reward mass; training counts again, exactly. Anything with `count_batch` can
stand in (`TokenCounter`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Protocol

from tokenizers import Tokenizer

from workbench.curate.wordmemory import MARKS, WordMemory

_CJK = re.compile(r"[\u1100-\u11ff\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\U000323af]")
_CHARACTERS_PER_TOKEN = 4
_PROBE_WORDS, _PROBE_RESTS = ("a", "word", "Paris"), ("", " b", ")", "s", "\n", "1")


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
        self._memory = WordMemory(self._lengths, cut_marks=self._splits_at_marks())

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        """Return one count for each text."""
        with self._lock:
            return self._memory.count(texts)

    def _lengths(self, words: list[str]) -> list[int]:
        return [len(e.ids) for e in self._tokenizer.encode_batch_fast(words, add_special_tokens=False)]

    def _splits_at_marks(self) -> bool:
        """Return whether a mark behind a letter always begins a new piece, tried on every mark."""
        cut = [[f" {word}", f"{mark}{rest}"] for word in _PROBE_WORDS for mark in MARKS for rest in _PROBE_RESTS]
        whole = self._lengths(["".join(pieces) for pieces in cut])
        return whole == [sum(self._lengths(pieces)) for pieces in cut]


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
