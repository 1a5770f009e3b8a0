"""KTO: single answers that somebody found good or bad.

TRL has `{"prompt", "completion", "label"}`, LLaMA-Factory messages (or an instruction) with `kto_tag` or `label`.
The label stays in the metadata as `label`; it is the value from which classes are mapped. A conversation without
one is written with the label of its class: true for those of the full loss weight.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crlft.conversation import Conversation
from crlft.errors import DataError
from crlft.formats.alpaca import Alpaca
from crlft.formats.fields import described
from crlft.formats.messages import list_field, read_listed
from crlft.formats.prompt_completion import PromptCompletion
from crlft.formats.protocol import LeftOut, Outgoing

LABEL = "label"
_TAG = "kto_tag"
_WORDS = {"true": True, "false": False}


class KTO:
    """Answers labelled good or bad."""

    name = "kto"
    title = "KTO (answers labelled good or bad)"
    sign = "a `label` that is true or false"
    readable = True
    texts: Mapping[str, str] = {"prompt": "user", "completion": "assistant"}
    remedy = ""

    def matches(self, row: Mapping[str, Any]) -> bool:
        """Return whether there is a label beside a prompt and its completion, or beside messages."""
        if _TAG in row:
            return True
        if truth(row.get(LABEL)) is None:
            return False
        return ("prompt" in row and "completion" in row) or list_field(row) is not None

    def read(self, row: Mapping[str, Any]) -> list[Conversation]:
        """Read one conversation; `kto_tag` becomes `label`."""
        field = LABEL if LABEL in row else _TAG
        label = truth(row.get(field))
        if label is None and field == _TAG and row.get(_TAG) in (0, 1, "0", "1"):
            label = row[_TAG] in (1, "1")
        if label is None:
            raise DataError(f"`{field}` is {described(row.get(field))}, not true or false")
        plain = {k: v for k, v in row.items() if k != field}
        if list_field(plain) is not None:
            held = read_listed({**plain, LABEL: label})
        elif "instruction" in plain:
            held = Alpaca().read({**plain, LABEL: label})
        else:
            held = PromptCompletion().read({**plain, LABEL: label})
        return held

    def write(
        self, conversation: Conversation, *, condition: str = "", loss_weight: float = 1.0
    ) -> dict[str, Any]:
        """Write one conversation in TRL's schema.

        Raises:
            DataError: It has neither a label nor a class.
        """
        row = PromptCompletion().write(conversation, condition=condition, loss_weight=loss_weight)
        label = truth(conversation.metadata.get(LABEL))
        if label is None:
            if conversation.class_name is None:
                raise DataError("the conversation has neither a label nor a class", "tag it first")
            label = loss_weight >= 1
        return {**row, LABEL: label}

    def write_all(self, items: Iterable[Outgoing], left_out: LeftOut) -> Iterator[dict[str, Any]]:
        """Write a row for each conversation that has a label or a class."""
        for item in items:
            held = item.conversation
            if truth(held.metadata.get(LABEL)) is None and held.class_name is None:
                left_out(held, "it has neither a label nor a class")
            else:
                yield self.write(held, condition=item.condition, loss_weight=item.loss_weight)

    def cannot_hold(self, conversation: Conversation) -> list[str]:
        """What prompt and completion cannot hold, and that a label is made from the class."""
        lost = PromptCompletion().cannot_hold(conversation)
        label = conversation.metadata.get(LABEL)
        if not isinstance(label, bool):
            made, none = "that the label was made from the class", "conversations without a label or a class"
            lost.append(made if conversation.class_name is not None else none)
        return lost + [f"the metadata field {name!r}" for name in (_TAG,) if name in conversation.metadata]


def truth(value: Any) -> bool | None:
    """Return what a label says: true, false, or these words; None is no label."""
    if isinstance(value, bool):
        return value
    return _WORDS.get(value.strip().lower()) if isinstance(value, str) else None
