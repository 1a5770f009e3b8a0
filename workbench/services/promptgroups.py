"""Near-duplicate prompts, so that no split parts them: one group of them is on one side.

    prompts = PromptGroups()
    for c in conversations:
        prompts.add(key, text)          # the key decides where it goes; memory holds signatures, not texts
    prompts.group_of()                  # key → key of its group

A group that holds more than `MOST` of everything is a template, not a prompt asked again: it belongs to the part
that is trained on, or a small part would swallow it whole.
"""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b

import numpy as np

from workbench.curate.dedupe import DuplicateResult, NearSettings
from workbench.curate.dedupe.corpus import Gathered, sign_block
from workbench.curate.dedupe.pairs import near_of

ALIKE = 0.8
"""Jaccard similarity from which two prompts are nearly the same; other numbers make another prompt."""
MOST = 0.1
FEWEST = 20
"""Groups of no more conversations than this are never too large."""
_BLOCK = 4_000


class PromptGroups:
    """Prompts, taken in one by one."""

    def __init__(self) -> None:
        self._settings = NearSettings(floor=ALIKE, threads=1)
        self._gathered = Gathered()
        self._waiting: list[str] = []
        self._keys: list[str] = []
        self._counts: Counter[str] = Counter()

    def add(self, key: str, text: str) -> None:
        """Take a prompt in; a key that was there already is only counted."""
        self._counts[key] += 1
        if self._counts[key] == 1:
            self._keys.append(key)
            self._waiting.append(text)
            if len(self._waiting) == _BLOCK:
                self._sign()

    def _sign(self) -> None:
        if self._waiting:
            first = len(self._keys) - len(self._waiting)
            seqs = np.arange(first, len(self._keys), dtype=np.int64)
            self._gathered.add(sign_block(seqs, [self._waiting], self._settings))
            self._waiting = []

    def group_of(self, too_large: str) -> dict[str, str]:
        """Return the key of its group for each key that has a near-duplicate.

        Args:
            too_large: The key of groups that are too large.
        """
        self._sign()
        found = near_of(self._gathered.block(), self._settings, threshold=ALIKE)
        result = DuplicateResult(
            "near", "prompt", ALIKE, found.floor, found.considered, found.members, found.pairs
        )
        out: dict[str, str] = {}
        limit = max(FEWEST, MOST * self._counts.total())
        for group in result.groups:
            keys = [self._keys[seq] for seq in group.seqs]
            own = _mixed(min(keys)) if sum(self._counts[key] for key in keys) <= limit else too_large
            out.update(dict.fromkeys(keys, own))
        return out


def _mixed(key: str) -> str:
    """Return a group's key: the smallest of many keys itself would nearly always be a small one."""
    return blake2b(key.encode(), digest_size=8).hexdigest()
