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
from typing import Protocol

from tokenizers import Tokenizer

_PIECES = re.compile(r"\s*\S+|\s+$")
_CJK = re.compile(r"[\u1100-\u11ff\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\U000323af]")
_CHARACTERS_PER_TOKEN = 4
_LONGEST_KEPT = 24
_MOST_KEPT = 400_000
_AT_ONCE = 500


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

    Words recur, so counting them from a memory is two to three times as fast as encoding whole texts. The sum is
    exact for tokenizers that never join across the start of white space (all that split words before merging),
    and a close upper bound for others.

    Args:
        path: The tokenizer's file.
    """

    def __init__(self, path: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(path))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._tokenizer.encode_special_tokens = True
        self._known: dict[str, int] = {}

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        """Return one count for each text."""
        counts: list[int] = []
        for start in range(0, len(texts), _AT_ONCE):  # the words of thousands of long texts are many megabytes
            counts += self._count(texts[start : start + _AT_ONCE])
        return counts

    def _count(self, texts: Sequence[str]) -> list[int]:
        pieces = [_PIECES.findall(text) for text in texts]
        known = self._known
        new = list(set().union(*pieces).difference(known))
        lengths = [len(e.ids) for e in self._tokenizer.encode_batch_fast(new, add_special_tokens=False)]
        known.update(zip(new, lengths, strict=True))
        counts = [sum(map(known.__getitem__, row)) for row in pieces]
        for piece in new:
            if len(piece) > _LONGEST_KEPT:
                del known[piece]
        if len(known) > _MOST_KEPT:
            known.clear()
        return counts


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
