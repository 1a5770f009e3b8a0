"""Formats that are known by sight, so that their files are named and never misread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crlft.conversation import Conversation
from crlft.errors import DataError


@dataclass(slots=True)
class Recognised:
    """A schema that is recognised and refused with a remedy.

    Attributes:
        name: As `Format.name`.
        title: As `Format.title`.
        sign: As `Format.sign`.
        remedy: What to do with such a file.
        shows: Whether a row shows the sign.
    """

    name: str
    title: str
    sign: str
    remedy: str
    shows: Callable[[Mapping[str, Any]], bool]
    readable: bool = False

    def matches(self, row: Mapping[str, Any]) -> bool:
        """Return whether a row shows the format's sign."""
        return self.shows(row)

    def read(self, row: Mapping[str, Any]) -> list[Conversation]:
        """Refuse the row.

        Raises:
            DataError: Always.
        """
        raise DataError(f"the row is in the format {self.title!r} ({self.sign})", self.remedy)

    def write(
        self, conversation: Conversation, *, condition: str = "", loss_weight: float = 1.0
    ) -> dict[str, Any]:
        """Refuse to write.

        Raises:
            DataError: Always.
        """
        raise DataError(f"{self.title} cannot be written", self.remedy)

    def cannot_hold(self, conversation: Conversation) -> list[str]:
        """Everything would be lost."""
        return ["conversations"]


PLAIN_TEXT = Recognised(
    name="text",
    title="plain text",
    sign="`text` without turns",
    remedy="general text holds no conversations; give it to training as replay text instead",
    shows=lambda row: isinstance(row.get("text"), str),
)
