"""Which prompts are nearly the same: they stand on one side of training and evaluation. Torch-free.

A snapshot may hold `prompt_groups.json`: `{"groups": {key: key of its group}}`, for prompts that have a
near-duplicate. The key of a prompt is the first 16 hexadecimal digits of the SHA-256 of its first user turn,
stripped; that of a group is made of the smallest of its prompts', or is `LEARNT` where too large to be held out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from crlft.errors import DataError

GROUPS = "prompt_groups.json"
LEARNT = "f" * 16
"""Key of groups that are never held out: no share below 1 reaches it."""
_KEYS = 1 << 64


def prompt_key(prompt: str) -> str:
    """Return the key of a first user turn."""
    return hashlib.sha256(prompt.strip().encode()).hexdigest()[:16]


def below_share(key: str, share: float) -> bool:
    """Whether a key falls into the first `share` of all keys."""
    return int(key, 16) < share * _KEYS


def read_prompt_groups(path: Path | str) -> Mapping[str, str]:
    """Return key → key of its group, of prompts that have near-duplicates; nothing where there is no such file.

    Raises:
        DataError: The file cannot be read.
    """
    file = Path(path) / GROUPS
    if not str(path) or not file.is_file():
        return {}
    try:
        groups = json.loads(file.read_text(encoding="utf-8"))["groups"]
        return {str(key): str(group) for key, group in groups.items() if int(str(group), 16) < _KEYS}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{file} cannot be read ({error!r})", "make the snapshot again") from error
