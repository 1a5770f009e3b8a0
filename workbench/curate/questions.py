"""Whether two prompts that share most of their words ask the same.

Words are compared as multisets, Chinese and Japanese by the sign. Prompts whose numbers differ ask different
things; so do, below `SWAPPED`, prompts where a word gave way to another ("the day before Monday", "… Tuesday"):
words may only have been added on one side.
"""

from __future__ import annotations

import re
from collections import Counter

SWAPPED = 0.9
"""From here on prompts ask the same even if a word was replaced: long prompts with one synonym."""
_WORD = re.compile(r"[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def ask_the_same(one: str, other: str) -> bool:
    """Return whether two prompts that are alike ask the same, by their words."""
    a, b = (Counter(_WORD.findall(text.casefold())) for text in (one, other))
    common = (a & b).total()
    similarity = common / max(a.total() + b.total() - common, 1)
    return _numbers(a) == _numbers(b) and (similarity >= SWAPPED or a <= b or b <= a)


def _numbers(bag: Counter[str]) -> dict[str, int]:
    return {word: n for word, n in bag.items() if any(c.isnumeric() for c in word)}  # 一 is a number, too
