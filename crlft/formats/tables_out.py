"""Rows into tables: CSV and TSV, safe from spreadsheets' formulas, and Parquet, as `datasets` and pandas read it.

A table's columns are known only when all rows are: rows are first written to a scratch file as JSON Lines while
the columns are noted, and then into the table. Memory does not grow with them.

CSV      texts as they are, everything else as JSON text. A text that begins like a formula gets a leading `'`,
         which reading takes away. `csv_loss` names what does not come back as it was.
Parquet  texts, numbers and booleans in columns of their type; lists of messages, with tool calls, as lists of
         structs, which is TRL's schema; anything else as JSON text in a column that says so, and is parsed again.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any

import orjson

from crlft.formats.fields import json_text
from crlft.formats.messages import LIST_FIELDS
from crlft.formats.table import column_name, unnested

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?\Z")
_LISTED = frozenset((*LIST_FIELDS, "items", "history", "turn_fields", "chosen_fields", "rejected_fields", "tools"))
_MESSAGES = frozenset(("prompt", "completion", "chosen", "rejected"))
_MESSAGE_TEXTS = frozenset({"role", "content", "from", "value", "name", "tool_call_id", "reasoning"})
_BATCH_ROWS = 1000


def cell_of(value: Any) -> str:
    """Return a value as the text of a CSV cell that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return json_text(value)
    if _FORMULA.match(value) and not _PLAIN_NUMBER.match(value):
        return "'" + value
    return value


def csv_loss(row: Mapping[str, Any]) -> list[str]:
    """Name the fields of a row whose values CSV does not give back as they were."""
    lost = [f"the field {name!r} as it is" for name, value in row.items() if _changes(name, value, row)]
    return lost + [f"the name of the field {name!r}" for name in row if column_name(name) != name]


def _changes(name: str, value: Any, row: Mapping[str, Any]) -> bool:
    if isinstance(value, str):
        if not value:
            return name not in ("input", "system")
        return "\x00" in value or unnested(name, value) != (value, ())
    if isinstance(value, bool):
        # A label is known for what it is beside an answer, see `crlft.formats.kto`.
        listed = any(isinstance(row.get(f), list) for f in LIST_FIELDS)
        return not (name == "label" and (listed or {"prompt", "completion"} <= row.keys()))
    if isinstance(value, int | float):
        return name != "coarse_reward"
    if name in _MESSAGES:
        return unnested(name, json_text(value)) != (value, ())
    return value is None or name not in _LISTED


def write_csv(rows: Iterable[Mapping[str, Any]], columns: Iterable[str], file: IO[bytes], delimiter: str) -> None:
    """Write a table with a header, UTF-8, lines ended by CRLF as RFC 4180 has it."""
    names = list(columns)
    text = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow([cell_of(name) for name in names])
    for row in rows:
        writer.writerow([cell_of(row.get(name)) for name in names])
    text.detach()


@dataclass(slots=True)
class Columns:
    """The columns that rows have shown so far, and which type holds all values of each."""

    kinds: dict[str, str] = field(default_factory=dict)
    message_keys: dict[str, set[str]] = field(default_factory=dict)

    def note(self, row: Mapping[str, Any]) -> None:
        """Take a row into account."""
        for name, value in row.items():
            kind = _kind(value)
            known = self.kinds.get(name)
            if known is None or known == kind:
                self.kinds[name] = kind
            else:
                self.kinds[name] = "json"
            if kind == "messages":
                self.message_keys.setdefault(name, set()).update(k for message in value for k in message)


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if -(2**63) <= value < 2**63 else "json"
    if isinstance(value, float):
        return "float"
    return "messages" if _plain_messages(value) else "json"


def _plain_messages(value: Any) -> bool:
    """Return whether a value is a list of messages of texts, with weights at most."""
    return isinstance(value, list) and all(isinstance(m, dict) and m and _plain_message(m) for m in value)


def _plain_message(message: Mapping[str, Any]) -> bool:
    return all(_plain_field(name, value) for name, value in message.items())


def _plain_field(name: str, value: Any) -> bool:
    if name in _MESSAGE_TEXTS:
        return isinstance(value, str)
    if name == "weight":
        return type(value) is float or value in (0, 1)
    return name == "tool_calls" and isinstance(value, list) and bool(value) and all(map(_plain_call, value))


def _plain_call(call: Any) -> bool:
    """Return whether a tool call is as `crlft.conversation.Turn.to_dict` writes it."""
    if not isinstance(call, dict) or not {"type", "function"} <= set(call) <= {"id", "type", "function"}:
        return False
    function = call["function"]
    texts = [v for k, v in call.items() if k != "function"]
    if not isinstance(function, dict) or set(function) != {"name", "arguments"}:
        return False
    return all(isinstance(text, str) for text in (*texts, *function.values()))


def write_parquet(rows: Iterable[Mapping[str, Any]], columns: Columns, path: Path) -> None:
    """Write a Parquet file with these columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from crlft.formats.columnar import JSON_MARK

    function = pa.struct([("name", pa.string()), ("arguments", pa.string())])
    calls = pa.list_(pa.struct([("id", pa.string()), ("type", pa.string()), ("function", function)]))
    special = {"weight": pa.float64(), "tool_calls": calls}
    plain = {"text": pa.string(), "bool": pa.bool_(), "int": pa.int64(), "float": pa.float64()}

    def arrow(name: str, kind: str) -> Any:
        if kind == "messages":
            keys = sorted(columns.message_keys[name] or {"role", "content"}, key=_message_order)
            types = [(k, special.get(k, pa.string())) for k in keys]
            return pa.field(name, pa.list_(pa.struct(types)))
        return pa.field(name, plain.get(kind, pa.string()), metadata=JSON_MARK if kind == "json" else None)

    schema = pa.schema([arrow(name, kind) for name, kind in columns.kinds.items()])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in _batches(rows):
            cells = [[_stored(row, name, kind) for row in batch] for name, kind in columns.kinds.items()]
            arrays = [pa.array(column, type=f.type) for column, f in zip(cells, schema, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def _message_order(key: str) -> tuple[int, str]:
    first = ("role", "from", "content", "value")
    return (first.index(key) if key in first else len(first)), key


def _stored(row: Mapping[str, Any], name: str, kind: str) -> Any:
    if name not in row:
        return None
    value = row[name]
    if kind == "json":
        return orjson.dumps(value).decode()
    return value


def _batches(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, _BATCH_ROWS)):
        yield batch
