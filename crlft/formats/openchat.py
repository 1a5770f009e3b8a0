"""OpenChat's training schema: `{"items": [{"role", "content", "weight"}], "condition": …, "system": …}`.

The fields are those of `Conversation` and `Message` in OpenChat's `ochat/config/conversation_template.py`: the
weight of a message weights the loss of its tokens, and training asserts that every message has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crlft.conversation import Conversation, Turn
from crlft.errors import DataError
from crlft.formats.fields import clashes, described, names_of, put_known, take_known
from crlft.formats.turns import TURN_FIELDS, foreign_fields, plain_turn_loss, read_turns, take_system

_TALKERS = ("user", "assistant")


class OpenChat:
    """OpenChat's own files, with the class's condition and loss weight in their places.

    A row of this program's says its class; its weights follow from that and are not read back. In other rows a
    weight of 0 excludes an answer, and other weights stay with their turns for whoever knows the classes' rewards.
    """

    name = "openchat"
    title = "OpenChat"
    sign = "`items` with `role`/`content`"
    readable = True
    remedy = ""

    def matches(self, row: Mapping[str, Any]) -> bool:
        """Return whether `items` is a list of messages."""
        items = row.get("items")
        return (
            isinstance(items, list)
            and bool(items)
            and isinstance(items[0], Mapping)
            and ("role" in items[0] or "from" in items[0])
        )

    def read(self, row: Mapping[str, Any]) -> list[Conversation]:
        """Read one conversation; the condition becomes metadata where the row names no class."""
        rest = dict(row)
        items = rest.pop("items", None)
        if not isinstance(items, list):
            raise DataError(
                f"`items` is {described(items)}, not a list of turns", f"the fields are {names_of(row)}"
            )
        own = isinstance(row.get("class"), str)
        if own or rest.get("condition") == "":
            rest.pop("condition", None)
        before = take_system(rest)
        turns = read_turns([_plain_weight(item, derived=own) for item in items], rest, before)
        return [Conversation(turns=turns, **take_known(rest))]

    def write(
        self, conversation: Conversation, *, condition: str = "", loss_weight: float = 1.0
    ) -> dict[str, Any]:
        """Write one conversation with condition and weights."""
        foreign = foreign_fields(conversation)
        turns = conversation.turns
        start = 1 if _leading_system(turns) else 0
        items = []
        for i in range(start, len(turns)):
            turn = turns[i]
            supervised = turn.role == "assistant" and not turn.excluded
            weight = loss_weight if supervised else 0.0
            message = {"role": turn.role, "content": turn.content, "weight": weight}
            items.append({**message, **((foreign[i] or {}) if foreign else {})})
        row: dict[str, Any] = {"items": items}
        if conversation.class_name is not None:
            row["condition"] = condition
        row["system"] = turns[0].content if start else ""
        return put_known(row, conversation, leave_out=(TURN_FIELDS,) if foreign else ())

    def weigh(self, row: dict[str, Any], conversation: Conversation, turn_weights: Mapping[int, float]) -> None:
        """Put the weights of single answers into their messages."""
        start = 1 if _leading_system(conversation.turns) else 0
        for turn, weight in turn_weights.items():
            row["items"][turn - start]["weight"] = weight

    def cannot_hold(self, conversation: Conversation) -> list[str]:
        """Tools, reasoning, names and system turns in the middle are lost."""
        turns = conversation.turns
        lost = [what for t in turns for what in plain_turn_loss(t) if not (t.excluded and t.role == "assistant")]
        lost += [
            w for t in turns if t.excluded for w in plain_turn_loss(t) if w != "answers excluded from the loss"
        ]
        rest = turns[1:] if _leading_system(turns) else turns
        if any(t.role not in _TALKERS for t in rest):
            lost.append("tool turns, and system turns that are empty or not the first")
        if any(t.tool_calls for t in turns):
            lost.append("tool calls")
        taken = ["items", "system", *(["condition"] if conversation.class_name is not None else [])]
        return list(dict.fromkeys(lost)) + clashes(conversation, taken)


def _leading_system(turns: tuple[Turn, ...]) -> bool:
    return len(turns) > 1 and turns[0].role == "system" and turns[0].content != ""


def _plain_weight(item: Any, *, derived: bool) -> Any:
    """Drop a weight that says nothing: that of a user's turn, and one that follows from the class."""
    if not isinstance(item, Mapping) or "weight" not in item:
        return item
    weight, role = item["weight"], item.get("role", item.get("from"))
    if (
        weight is None
        or (weight != 0 and derived)
        or (weight == 0 and role in ("user", "human", "system", "tool"))
    ):
        return {k: v for k, v in item.items() if k != "weight"}
    return item
