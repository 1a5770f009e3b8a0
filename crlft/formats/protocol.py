"""What a format is. A new one is a class with these members and a line in `crlft.formats.FORMATS`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from crlft.conversation import Conversation

LeftOut = Callable[[Conversation, str], None]
"""Called with a conversation that is not written, and the reason."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A conversation on its way out, with what its class gives it.

    Attributes:
        conversation: What to write.
        condition: The condition text of its class, for formats that have a place for it.
        loss_weight: The weight of its answers, for formats that have a place for it.
        turn_weights: Index of a turn to its weight, for answers that have a reward of their own.
    """

    conversation: Conversation
    condition: str = ""
    loss_weight: float = 1.0
    turn_weights: Mapping[int, float] = field(default_factory=dict)


class Format(Protocol):
    """A schema of rows that hold conversations.

    Attributes:
        name: Stable name on the command line and in reports.
        title: Name for readers.
        sign: What a row of this format shows, for the reason a detection gives.
        readable: False for a format that is known by sight only; `remedy` says what to do then.
        remedy: What a reader can do about a file of a format that is not readable.
    """

    name: str
    title: str
    sign: str
    readable: bool
    remedy: str

    def matches(self, row: Mapping[str, Any]) -> bool:
        """Return whether a row shows the format's sign."""
        ...

    def read(self, row: Mapping[str, Any]) -> list[Conversation]:
        """Return the conversations that a row holds; fields the format does not know become metadata.

        Raises:
            DataError: What is wrong with the row, for a curator.
        """
        ...

    def write(
        self, conversation: Conversation, *, condition: str = "", loss_weight: float = 1.0
    ) -> dict[str, Any]:
        """Return a row that `read` turns into the same conversation, but for what `cannot_hold` names.

        Args:
            conversation: What to write.
            condition: The condition text of its class, for formats that have a place for it.
            loss_weight: The weight of its answers, for formats that have a place for it.
        """
        ...

    def cannot_hold(self, conversation: Conversation) -> list[str]:
        """Name everything of a conversation that `write` leaves out; an empty list means nothing is lost."""
        ...


@runtime_checkable
class WeighsTurns(Protocol):
    """A format that has a place for the weight of each answer."""

    def weigh(self, row: dict[str, Any], conversation: Conversation, turn_weights: Mapping[int, float]) -> None:
        """Put weights of single turns of a conversation, by their index, into the row that `write` made of it."""
        ...


@runtime_checkable
class TextOrTurns(Protocol):
    """A format whose rows hold texts, or lists of messages where a text cannot say it.

    Attributes:
        texts: Those fields, and the role of one that is a text.
    """

    texts: Mapping[str, str]


@runtime_checkable
class WritesAll(Protocol):
    """A format whose rows are not one for each conversation: pairs need two, labels are not always there."""

    def write_all(self, items: Iterable[Outgoing], left_out: LeftOut) -> Iterator[dict[str, Any]]:
        """Yield the rows, and name the conversations that no row holds."""
        ...
