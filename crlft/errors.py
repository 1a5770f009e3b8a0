"""Every error this package raises on purpose.

    CrlftError                 says what was found, where, and the remedy
    ├── DataError              a conversation, a file or a snapshot cannot be used
    ├── SchemeError            classes, rewards or beta make no sense
    ├── ConfigError            a run's configuration has faults (all of them are listed)
    ├── TemplateError          a tokenizer or chat template cannot carry the method
    ├── ModelError             a base or model folder cannot be loaded
    └── RunError               a run's folder is in the wrong state (resume refused, disk full, …)
"""

from __future__ import annotations

from collections.abc import Sequence


class CrlftError(Exception):
    """A fault with a remedy.

    Args:
        message: What was found and where, one sentence without a full stop.
        remedy: What the reader can do about it; may be empty only if the message already says it.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}; {self.remedy}" if self.remedy else self.message


class DataError(CrlftError):
    """A conversation, a file or a snapshot cannot be used."""


class SchemeError(CrlftError):
    """Classes, rewards or beta make no sense."""


class ConfigError(CrlftError):
    """A run's configuration has faults; ``faults`` holds one sentence for each."""

    def __init__(self, faults: Sequence[str], remedy: str = "correct these and start again") -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults), remedy)


class TemplateError(CrlftError):
    """A tokenizer or chat template cannot carry the method."""


class ModelError(CrlftError):
    """A base or model folder cannot be loaded."""


class RunError(CrlftError):
    """A run's folder is in the wrong state for what was asked."""
