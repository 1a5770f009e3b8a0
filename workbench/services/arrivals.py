"""From conversations as a file holds them to records as the store keeps them: class, measures, provenance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from crlft.condition import ClassScheme
from crlft.conversation import Conversation
from crlft.formats.columns import get_column
from crlft.formats.turns import TURN_FIELDS, foreign_fields
from crlft.quick import quick
from workbench.curate.text import measure_many
from workbench.curate.tokens import TokenCounter
from workbench.domain.errors import ImportFault
from workbench.domain.record import Record
from workbench.services.inspecting import value_text

_conversation, _record = quick(Conversation), quick(Record)

TAGGED_BY = "import"
"""Who set a class that came with a row."""

ANY_OTHER = "*"
"""In a class table: every value that is not named; a row without a value stays untagged."""


@dataclass(frozen=True, slots=True)
class ClassChoice:
    """How rows get their class.

    Attributes:
        scheme: The project's classes.
        class_name: One class for every row.
        class_field: The row's field whose value decides.
        class_map: Value to class, `*` for all other values; empty takes values that are class names themselves.
    """

    scheme: ClassScheme
    class_name: str | None = None
    class_field: str | None = None
    class_map: Mapping[str, str] = field(default_factory=dict)

    def check(self) -> None:
        """Refuse a choice that cannot be meant.

        Raises:
            ImportFault: An unknown class, a table without a field, or both a class and a field.
        """
        known = ", ".join(c.name for c in self.scheme.classes)
        for name in filter(None, [self.class_name, *self.class_map.values()]):
            if name not in self.scheme:
                raise ImportFault(f"unknown class {name!r}", f"use one of {known}, or make the class first")
        if self.class_map and self.class_field is None:
            raise ImportFault("a class table without a field", "name the field whose values it lists")
        if self.class_name is not None and self.class_field is not None:
            raise ImportFault("both one class for all rows and a class field", "give one of them")

    def class_of(self, row: Mapping[str, Any], conversation: Conversation) -> str | None:
        """Return the class of a row's conversation, or None.

        Where neither a class nor a field was chosen, the row's own class counts, or an OpenChat condition.
        """
        if self.class_name is not None:
            return self.class_name
        if self.class_field is not None:
            # A preference pair's side stands in the metadata of its two conversations, not in the row.
            found = get_column(row, self.class_field)
            value = value_text(conversation.metadata.get(self.class_field) if found is None else found)
            table = self.class_map or {c.name: c.name for c in self.scheme.classes}
            return table.get(value) or (table.get(ANY_OTHER) if value else None)
        if conversation.class_name in self.scheme:
            return conversation.class_name
        condition = conversation.metadata.get("condition")
        return next((c.name for c in self.scheme.classes if c.condition == condition), None)

    def classify(self, row: Mapping[str, Any], conversation: Conversation) -> Conversation:
        """Return the conversation with its class; a class that the project does not know is kept as metadata."""
        conversation = self._weighed(conversation)
        name, own = self.class_of(row, conversation), conversation.class_name
        if own is not None and own not in self.scheme:
            return replace(conversation, class_name=name, metadata={**conversation.metadata, "class": own})
        return conversation if name == own else _restated(conversation, name, conversation.language)

    def _weighed(self, conversation: Conversation) -> Conversation:
        """Turn weights of single messages, as OpenChat's files have them, into rewards: r = r_max + beta ln w."""
        foreign = foreign_fields(conversation)
        if foreign is None or not any(_is_weight(kept) for kept in foreign):
            return conversation
        turns, left = [], []
        for turn, kept in zip(conversation.turns, foreign, strict=True):
            if kept is not None and turn.role == "assistant" and _is_weight(kept):
                reward = self.scheme.best.reward + self.scheme.beta * math.log(kept["weight"])
                turn = replace(turn, reward=round(reward, 9))
                kept = {k: v for k, v in kept.items() if k != "weight"} or None
            turns.append(turn)
            left.append(kept)
        metadata = {k: v for k, v in conversation.metadata.items() if k != TURN_FIELDS}
        if any(left):
            metadata[TURN_FIELDS] = left
        return replace(conversation, turns=tuple(turns), metadata=metadata)


def _is_weight(fields: Mapping[str, Any] | None) -> bool:
    weight = fields.get("weight") if fields else None
    return isinstance(weight, int | float) and not isinstance(weight, bool) and 0 < weight < math.inf


def _restated(c: Conversation, class_name: str | None, language: str) -> Conversation:
    """Return the conversation with another class and language; `replace` takes five times as long."""
    return _conversation(c.turns, c.id, class_name, c.coarse_reward, c.tools, c.source, language, c.metadata)


def make_records(
    conversations: Sequence[Conversation],
    uids: Sequence[str],
    provenance: Sequence[Mapping[str, Any]],
    *,
    round_number: int,
    tagged_by: str = TAGGED_BY,
    counter: TokenCounter | None = None,
) -> list[Record]:
    """Return records ready for the store.

    Args:
        conversations: A batch that fits in memory.
        uids: Their content ids.
        provenance: Where each came from, in the same order.
        round_number: The round they arrive in.
        tagged_by: Who set the classes of those that have one.
        counter: Counts tokens; None is the default one.
    """
    measured = measure_many(conversations, counter)
    return [
        _record(
            seq=0,
            uid=uid,
            conversation=_restated(conversation, conversation.class_name, m.language),
            round=round_number,
            n_turns=m.n_turns,
            n_tokens=m.n_tokens,
            supervised_tokens=m.supervised_tokens,
            prompt_hash=m.prompt_hash,
            answer_hash=m.answer_hash,
            turn_rewards=m.turn_rewards,
            provenance=origin,
            tagged_by=tagged_by if conversation.class_name is not None else "",
        )
        for conversation, uid, m, origin in zip(conversations, uids, measured, provenance, strict=True)
    ]
