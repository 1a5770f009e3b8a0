"""A schema that no format knows, mapped by hand: which column is what.

    mapping = guess(rows)                             # a first proposal
    mapping = ColumnMapping(prompt="ask", answer="reply", source="who")
    form = MappedColumns(mapping)                     # a Format like any other
    remembered[fingerprint(rows)] = mapping.to_dict() # for the next file with these columns

A column of a nested object is named with a dot (`sample.question`). Columns that are not mapped become metadata.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from crlft.conversation import ROLES, Conversation
from crlft.errors import DataError
from crlft.formats.columns import columns_of, fingerprint, get_column
from crlft.formats.columns import guess as guess_columns
from crlft.formats.fields import clashes, described, names_of, put_known, take_known
from crlft.formats.turn_columns import guess_turns
from crlft.formats.turns import TURN_FIELDS, foreign_fields, plain_turn_loss, read_turns

__all__ = ["ColumnMapping", "MappedColumns", "columns_of", "fingerprint", "guess"]

_TEXT_COLUMNS = ("prompt", "answer", "system", "messages", "class_field", "source", "id")


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Which column is what; empty means that there is none.

    Attributes:
        prompt: What was asked.
        answer: What was answered.
        system: The system prompt.
        messages: The list of turns; then `prompt` and `answer` are empty.
        class_field: The value that names the class.
        source: Who answered.
        id: The row's own name.
        role_field: In a turn: whose it is, where that is neither `role` nor `from`.
        text_field: In a turn: its text, where that is none of `content`, `value`, `text`.
        roles: What the file calls the roles: its word to one of `crlft.conversation.ROLES`.
    """

    prompt: str = ""
    answer: str = ""
    system: str = ""
    messages: str = ""
    class_field: str = ""
    source: str = ""
    id: str = ""
    role_field: str = ""
    text_field: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)

    def faults(self) -> list[str]:
        """Return what is wrong with the mapping, a sentence each."""
        faults = []
        if self.messages and (self.prompt or self.answer):
            faults.append("the turns are in one column, or in a prompt's and an answer's, not both")
        if not self.messages and not (self.prompt and self.answer):
            faults.append("name the column of the turns, or those of prompt and answer")
        used = Counter(c for c in (getattr(self, name) for name in _TEXT_COLUMNS) if c)
        faults += [f"the column {column!r} is mapped {n} times" for column, n in used.items() if n > 1]
        unknown = sorted(set(self.roles.values()) - set(ROLES))
        return faults + [f"{role!r} is no role; use one of {', '.join(ROLES)}" for role in unknown]

    def to_dict(self) -> dict[str, Any]:
        """Return the mapping as JSON values; what is empty is left out."""
        return {k: v for k, v in {**asdict(self), "roles": dict(self.roles)}.items() if v}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote.

        Raises:
            DataError: A field is unknown or of the wrong type.
        """
        unknown = sorted(set(data) - set(cls.__dataclass_fields__))
        if unknown:
            raise DataError(
                f"a column mapping has no {unknown[0]!r}", f"use {', '.join(cls.__dataclass_fields__)}"
            )
        for name, value in data.items():
            if not isinstance(value, Mapping if name == "roles" else str):
                raise DataError(f"`{name}` of a column mapping is {described(value)}", "name a column")
        return cls(**data)


def guess(rows: Sequence[Any]) -> ColumnMapping:
    """Return a first proposal for a person to correct; `faults` says what is still to be named."""
    found = guess_columns(rows)
    turns = guess_turns(rows, found["messages"]) if "messages" in found else {}
    return ColumnMapping.from_dict({**found, **turns})


class MappedColumns:
    """The format that a mapping makes.

    Args:
        mapping: Which column is what.

    Raises:
        DataError: The mapping makes no sense.
    """

    name = "mapped"
    title = "columns mapped by hand"
    readable = True
    remedy = ""

    def __init__(self, mapping: ColumnMapping) -> None:
        faults = mapping.faults()
        if faults:
            raise DataError("; ".join(faults), "map each column once")
        self.mapping = mapping
        self._turns = [c for c in (mapping.messages, mapping.prompt, mapping.answer) if c]
        self.sign = "the mapped columns " + ", ".join(f"`{c}`" for c in self._turns)

    def matches(self, row: Mapping[str, Any]) -> bool:
        """Return whether the row has the columns of the turns."""
        return all(get_column(row, column) is not None for column in self._turns)

    def read(self, row: Mapping[str, Any]) -> list[Conversation]:
        """Read one conversation."""
        mapping = self.mapping
        rest: dict[str, Any] = dict(row)
        system = _take(rest, mapping.system)
        messages: list[Any] = [{"role": "system", "content": _text(system, mapping.system)}] if system else []
        if mapping.messages:
            messages += self._listed(_take(rest, mapping.messages), row)
        else:
            for column, role in ((mapping.prompt, "user"), (mapping.answer, "assistant")):
                said = _take(rest, column)
                if said is None and column not in row:
                    raise DataError(f"the row has no `{column}`", f"its fields are {names_of(row)}")
                messages.append({"role": role, "content": _text(said, column)})
        own = {name: _take(rest, getattr(mapping, name)) for name in ("class_field", "source", "id")}
        turns = read_turns(messages, rest)
        known = take_known(rest)
        if own["class_field"] is not None:
            known["class_name"] = _text(own["class_field"], mapping.class_field) or None
        for name in ("source", "id"):
            if own[name] is not None:
                known[name] = _text(own[name], getattr(mapping, name))
        return [Conversation(turns=turns, **known)]

    def _listed(self, value: Any, row: Mapping[str, Any]) -> list[Any]:
        if not isinstance(value, list):
            what = described(value) if value is not None else f"missing among {names_of(row)}"
            raise DataError(f"`{self.mapping.messages}` is {what}, not a list of turns")
        if all(isinstance(text, str) for text in value):
            return [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(value)]
        return [self._message(m) for m in value]

    def _message(self, message: Any) -> Any:
        if not isinstance(message, Mapping):
            return message
        given = dict(message)
        for own, usual in ((self.mapping.role_field, "role"), (self.mapping.text_field, "content")):
            if own and own in given:
                given[usual] = given.pop(own)
        role_name = "role" if "role" in given else "from"
        role = given.get(role_name)
        return {**given, role_name: self.mapping.roles.get(role, role)} if isinstance(role, str) else given

    def write(
        self, conversation: Conversation, *, condition: str = "", loss_weight: float = 1.0
    ) -> dict[str, Any]:
        """Write one conversation under the file's own columns."""
        del condition, loss_weight
        mapping, turns = self.mapping, list(conversation.turns)
        foreign = foreign_fields(conversation) if mapping.messages else None
        row: dict[str, Any] = {}
        extra = [dict(f or {}) for f in foreign] if foreign else [{} for _ in turns]
        if mapping.system and turns and turns[0].role == "system" and turns[0].content and not extra[0]:
            _put(row, mapping.system, turns.pop(0).content)
            extra.pop(0)
        if mapping.messages:
            said = [self._said(e, t.role, t.content) for e, t in zip(extra, turns, strict=True)]
            _put(row, mapping.messages, said)
        else:
            _put(row, mapping.prompt, next((t.content for t in turns if t.role == "user"), ""))
            _put(row, mapping.answer, next((t.content for t in turns if t.role == "assistant"), ""))
        values = {"class_field": conversation.class_name, "source": conversation.source, "id": conversation.id}
        fields = put_known({}, conversation, leave_out=(TURN_FIELDS,) if foreign else ())
        for name, usual in (("class_field", "class"), ("source", "source"), ("id", "id")):
            column = getattr(mapping, name)
            if column:
                fields.pop(usual, None)
                if values[name]:
                    _put(row, column, values[name])
        return {**fields, **row}

    def _said(self, extra: dict[str, Any], role: str, text: str) -> dict[str, Any]:
        word = next((w for w, r in self.mapping.roles.items() if r == role), role)
        return {**extra, self.mapping.role_field or "role": word, self.mapping.text_field or "content": text}

    def cannot_hold(self, conversation: Conversation) -> list[str]:
        """Name what the mapped columns have no place for."""
        mapping, turns = self.mapping, conversation.turns
        lost = [what for turn in turns for what in plain_turn_loss(turn)]
        if any(t.tool_calls for t in turns):
            lost.append("tool calls")
        if not mapping.messages:
            talk = (
                turns[1:] if mapping.system and turns and turns[0].role == "system" and turns[0].content else turns
            )
            if [t.role for t in talk] != ["user", "assistant"]:
                lost.append("turns beyond a prompt and an answer")
        columns = {getattr(mapping, name).split(".")[0] for name in _TEXT_COLUMNS} - {""}
        return list(dict.fromkeys(lost)) + clashes(conversation, sorted(columns))


def _take(rest: dict[str, Any], column: str) -> Any:
    """Take a column out of a row; objects that become empty go with it."""
    if not column:
        return None
    if column in rest or "." not in column:
        return rest.pop(column, None)
    first, inside = column.split(".", 1)
    if not isinstance(rest.get(first), Mapping):
        return None
    inner = dict(rest[first])
    value = _take(inner, inside)
    if inner:
        rest[first] = inner
    else:
        del rest[first]
    return value


def _put(row: dict[str, Any], column: str, value: Any) -> None:
    *path, last = column.split(".")
    for name in path:
        row = row.setdefault(name, {})
    row[last] = value


def _text(value: Any, column: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    raise DataError(f"`{column}` holds {described(value)} where text is expected")
