"""What a judging job is asked, and which fold a conversation falls into. No torch: `crlft.suggest` works."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crlft.condition import ClassScheme
from crlft.conversation import Conversation
from crlft.errors import ConfigError

MAX_FOLDS = 20
VECTORS = "vectors.npy"
"""File of a judging job: the answers' embeddings, one row a conversation of the data (conversations, width)."""


@dataclass(frozen=True, slots=True)
class SuggestRequest:
    """What to judge.

    Attributes:
        data: JSONL of conversations, tagged or not; each one's `id` comes back with its scores.
        scheme: The classes.
        base: The model that every fold starts from.
        model: A trained model that scores everything instead of folds, or None.
        folds: Number of folds.
        settings: Settings of the folds' runs (`crlft.config.RunConfig`), such as steps or template.
        threads: CPU threads, None for all cores.
        device: `auto`, `cpu` or `cuda`.
    """

    data: str
    scheme: ClassScheme
    base: str = ""
    model: str | None = None
    folds: int = 3
    settings: Mapping[str, Any] = field(default_factory=dict)
    threads: int | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        faults = [] if self.data else ["no data is named"]
        if not self.model and not self.base:
            faults.append("neither a base for the folds nor a model is named")
        if not 2 <= self.folds <= MAX_FOLDS:
            faults.append(f"folds is {self.folds}, it must lie between 2 and {MAX_FOLDS}")
        if len(self.scheme.classes) < 2:
            faults.append("there is one class only: nothing to tell apart")
        if faults:
            raise ConfigError(faults, "correct the request and start again")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SuggestRequest:
        """Read a request; see the attributes for the keys (`scheme` as `ClassScheme.to_dict`).

        Raises:
            ConfigError: Something is missing, unknown or wrong; all faults are listed.
        """
        unknown = sorted(set(data) - set(cls.__dataclass_fields__))
        if unknown:
            raise ConfigError([f"unknown key {k!r}" for k in unknown], "correct the request and start again")
        return cls(**{**data, "scheme": ClassScheme.from_dict(data["scheme"])})

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        out = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**out, "scheme": self.scheme.to_dict(), "settings": dict(self.settings)}


def answers_of(conversation: Conversation) -> str:
    """Return what the assistant says that is trained on."""
    return "\n".join(t.content for t in conversation.turns if t.role == "assistant" and not t.excluded)


def fold_of(conversation: Conversation, folds: int) -> int:
    """Return a conversation's fold; all conversations of one prompt, however spaced or cased, share it."""
    words = " ".join(conversation.prompt.casefold().split())
    digest = hashlib.sha256(b"fold:" + words.encode()).digest()
    return int.from_bytes(digest[:8], "big") % folds
