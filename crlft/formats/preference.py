"""Preference pairs: `{"prompt": …, "chosen": …, "rejected": …}`, in every style in which they are found.

| style | prompt | chosen, rejected |
|---|---|---|
| TRL, texts | a text | a text |
| TRL, conversational | messages, or none where both sides hold the whole conversation | lists of messages |
| LLaMA-Factory, ShareGPT | `conversations` | a message (`from`/`value`) |
| LLaMA-Factory, Alpaca | `instruction`, `input`, `history`, `system` | a text |
| HH | none | transcripts (`Human: … Assistant: …`) |

A pair is read as two conversations that share their prompt. Their metadata say so: `pair` is the same text in
both, `preferred` is `chosen` or `rejected`, and this is the value from which their classes are mapped. On the way
out the two become a row again (TRL's schema). Fields in which the two differ stand in `chosen_fields` and
`rejected_fields`; `pair` is written only where it cannot be found out again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from crlft.conversation import Conversation, Turn
from crlft.errors import DataError
from crlft.formats.fields import clashes, described, names_of, put_known, take_known
from crlft.formats.messages import LIST_FIELDS, Messages, list_field
from crlft.formats.protocol import LeftOut, Outgoing
from crlft.formats.turns import TURN_FIELDS, foreign_fields, read_turns, take_system

PAIR, PREFERRED = "pair", "preferred"
SIDES = ("chosen", "rejected")

_ASKED = ("prompt", "question", "query", "instruction")
_SIDE_FIELDS = tuple(f"{side}_fields" for side in SIDES)
_TAKEN = (*SIDES, *_SIDE_FIELDS, *_ASKED, "input", "history", "system", *LIST_FIELDS)
_SPOKEN = re.compile(r"(?:\A|\n\n)(Human|Assistant): ?")
_SPEAKERS = {"Human": "user", "Assistant": "assistant"}


class Preference:
    """Pairs of a better and a worse answer to one prompt."""

    name = "preference"
    title = "preference pairs"
    sign = "`chosen` with `rejected`"
    readable = True
    texts: Mapping[str, str] = {"prompt": "user", "chosen": "assistant", "rejected": "assistant"}
    remedy = ""

    def matches(self, row: Mapping[str, Any]) -> bool:
        """Return whether there is a better and a worse answer."""
        return "chosen" in row and "rejected" in row

    def read(self, row: Mapping[str, Any]) -> list[Conversation]:
        """Read a pair: the conversation with the chosen answer, then that with the rejected one."""
        rest = dict(row)
        if PREFERRED in rest:
            raise DataError(f"the row has a field `{PREFERRED}`, which pairs need for themselves", "rename it")
        before = take_system(rest)
        answers = [_messages(rest.pop(side, None), side, "assistant") for side in SIDES]
        asked = _take_prompt(rest)
        if asked is None:
            answers = [_whole(messages, side, row) for messages, side in zip(answers, SIDES, strict=True)]
        own = [rest.pop(name, None) for name in _SIDE_FIELDS]
        stated = rest.pop(PAIR, None)
        if stated is not None and not (isinstance(stated, str) and stated):
            raise DataError(f"`{PAIR}` is {described(stated)} where the pair's name is expected", "rename it")
        sides = []
        for messages, fields in zip(answers, own, strict=True):
            side_rest = {**rest, **(fields if isinstance(fields, Mapping) else {})}
            turns = read_turns(_continued(asked or [], messages), side_rest, before)
            sides.append((turns, side_rest))
        pair = stated or pair_name(sides[0][0], sides[1][0])
        return [_side(turns, rest, pair, side) for (turns, rest), side in zip(sides, SIDES, strict=True)]

    def write(
        self, conversation: Conversation, *, condition: str = "", loss_weight: float = 1.0
    ) -> dict[str, Any]:
        """Refuse: a row needs both halves.

        Raises:
            DataError: Always; `write_all` writes pairs.
        """
        del conversation, condition, loss_weight
        raise DataError("half a preference pair is no row", "write the conversations together, with `rows_out`")

    def write_all(self, items: Iterable[Outgoing], left_out: LeftOut) -> Iterator[dict[str, Any]]:
        """Write a row for each pair as soon as its second half comes; halves that stay alone are left out."""
        waiting: dict[tuple[str, str], Conversation] = {}
        for item in items:
            held = item.conversation
            side, pair = half_of(held)
            if side is None:
                left_out(held, "it is no half of a preference pair")
                continue
            other = waiting.pop((pair, SIDES[1 - SIDES.index(side)]), None)
            if other is not None:
                yield _row(held, other) if side == SIDES[0] else _row(other, held)
            elif (pair, side) in waiting:
                left_out(held, f"another {side} answer of its pair stands before it")
            else:
                waiting[pair, side] = held
        for (_, side), held in waiting.items():
            left_out(held, f"the {SIDES[1 - SIDES.index(side)]} half of its pair is not among the conversations")

    def cannot_hold(self, conversation: Conversation) -> list[str]:
        """Conversations that are no half of a pair, and metadata fields whose names are taken, are lost."""
        side, _ = half_of(conversation)
        lost = [] if side is not None else ["conversations that are no half of a preference pair"]
        return lost + clashes(conversation, _TAKEN)


def half_of(conversation: Conversation) -> tuple[str | None, str]:
    """Return which side of which pair a conversation is; None and empty for one that is of no pair."""
    side, pair = conversation.metadata.get(PREFERRED), conversation.metadata.get(PAIR)
    return (side, pair) if side in SIDES and isinstance(pair, str) and pair else (None, "")


def pair_name(chosen: Sequence[Turn], rejected: Sequence[Turn]) -> str:
    """Return the name that a pair's turns give it: the same file read again gives the same names."""
    turns = [[turn.to_dict() for turn in side] for side in (chosen, rejected)]
    text = json.dumps(turns, ensure_ascii=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _side(turns: tuple[Turn, ...], rest: dict[str, Any], pair: str, side: str) -> Conversation:
    known = take_known(rest)
    known["metadata"] = {**known["metadata"], PAIR: pair, PREFERRED: side}
    return Conversation(turns=turns, **known)


def _take_prompt(rest: dict[str, Any]) -> list[Any] | None:
    """Read what was asked, in the first style that the row shows; None where the sides must hold it."""
    listed = list_field(rest)
    if listed is not None:
        return list(rest.pop(listed))
    name = next((f for f in _ASKED if f in rest), None)
    if name is None:
        return None
    asked = _messages(rest.pop(name), name, "user")
    if name != "instruction":
        return asked
    more = rest.pop("input", None)
    if more and isinstance(more, str):
        asked = [{"role": "user", "content": f"{asked[0].get('content', '')}\n{more}"}]
    return [*_history(rest.pop("history", None)), *asked]


def _history(value: Any) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    for number, pair in enumerate(value or (), 1):
        if not (isinstance(pair, list) and len(pair) == 2):
            raise DataError(f"`history`: entry {number} is {described(pair)}, not a pair of question and answer")
        messages += [{"role": "user", "content": pair[0]}, {"role": "assistant", "content": pair[1]}]
    return messages


def _messages(value: Any, field: str, role: str) -> list[Any]:
    """Return a field's messages; a text is one message of that role."""
    if isinstance(value, str):
        return [{"role": role, "content": value}]
    if isinstance(value, Mapping):
        return [value]
    if isinstance(value, list) and value:
        return value
    raise DataError(f"`{field}` holds {described(value)} where text or turns are expected")


def _whole(messages: list[Any], side: str, row: Mapping[str, Any]) -> list[Any]:
    """Return a side that has to hold the whole conversation: several messages, or a transcript."""
    if not isinstance(row[side], str):
        return messages
    parts = _SPOKEN.split(row[side])
    if len(parts) < 3 or parts[0].strip():
        remedy = f"its fields are {names_of(row)}; `prompt` was looked for"
        raise DataError("the row says what was answered, but not what was asked", remedy)
    said = zip(parts[1::2], parts[2::2], strict=True)
    return [{"role": _SPEAKERS[who], "content": text.strip()} for who, text in said]


def _continued(asked: list[Any], answer: list[Any]) -> list[Any]:
    """Put question and answer together; some sets repeat the question in front of each answer."""
    return answer if _repeats(asked, answer) else [*asked, *answer]


def _repeats(asked: list[Any], answer: list[Any]) -> bool:
    start = answer[: len(asked)]
    return bool(asked) and len(answer) > len(asked) and [*map(_said, start)] == [*map(_said, asked)]


def _said(message: Any) -> Any:
    if not isinstance(message, Mapping):
        return message
    return message.get("role", message.get("from")), message.get("content", message.get("value"))


def _row(chosen: Conversation, rejected: Conversation) -> dict[str, Any]:
    """Write a pair as TRL has it: texts where both are bare answers to one question, else lists of messages."""
    first, second = (Messages().write(c)["messages"] for c in (chosen, rejected))
    shared = 0
    while shared < min(len(first), len(second)) - 1 and _same(first[shared], second[shared]):
        shared += 1
    prompt, better, worse = first[:shared], first[shared:], second[shared:]
    row: dict[str, Any]
    bare = [_bare(prompt, "user"), _bare(better, "assistant"), _bare(worse, "assistant")]
    if None not in bare:
        row = dict(zip(("prompt", *SIDES), bare, strict=True))
    elif not prompt or _repeats(prompt, better) or _repeats(prompt, worse):
        row = {"chosen": first, "rejected": second}
    else:
        row = {"prompt": prompt, "chosen": better, "rejected": worse}
    own = [_own_fields(c) for c in (chosen, rejected)]
    both = {k: v for k, v in own[0].items() if k in own[1] and _same(v, own[1][k])}
    for name, fields in zip(_SIDE_FIELDS, own, strict=True):
        different = {k: v for k, v in fields.items() if k not in both}
        if different:
            row[name] = different
    pair = str(chosen.metadata[PAIR])
    named = {} if pair == pair_name(chosen.turns, rejected.turns) else {PAIR: pair}
    return {**both, **row, **named}


def _bare(messages: list[dict[str, Any]], role: str) -> str | None:
    """Return the text of a single message that is nothing but a text of that role."""
    if len(messages) == 1 and set(messages[0]) == {"role", "content"} and messages[0]["role"] == role:
        return str(messages[0]["content"])
    return None


def _own_fields(conversation: Conversation) -> dict[str, Any]:
    """Return the fields of one side's row besides its turns."""
    drop = (PAIR, PREFERRED, *((TURN_FIELDS,) if foreign_fields(conversation) else ()))
    return put_known({}, conversation, leave_out=drop)


def _same(one: Any, other: Any) -> bool:
    """Return whether two JSON values are the same; 1, 1.0 and true are not."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
