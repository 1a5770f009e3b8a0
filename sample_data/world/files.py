"""Writing: rows in three formats, unreadable rows among them, all byte for byte the same each time."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from world.talk import Talk
from world.troubles import Planted

_SHAREGPT_ROLES: Final = {"user": "human", "assistant": "gpt", "system": "system"}


def sharegpt_row(talk: Talk) -> dict[str, object]:
    """Return the ShareGPT row of a conversation."""
    turns = [{"from": _SHAREGPT_ROLES[role], "value": text} for role, text in talk.turns]
    return {"id": talk.id, "conversations": turns, "generator": talk.generator}


def messages_row(talk: Talk) -> dict[str, object]:
    """Return the OpenAI messages row; an unknown generator is left out instead of left empty."""
    row: dict[str, object] = {
        "id": talk.id,
        "messages": [{"role": role, "content": text} for role, text in talk.turns],
    }
    return {**row, "generator": talk.generator} if talk.generator else row


def alpaca_row(talk: Talk) -> dict[str, object]:
    """Return the Alpaca row of a single exchange."""
    (_, question), (_, answer) = talk.turns
    return {
        "id": talk.id, "instruction": question, "input": "", "output": answer, "generator": talk.generator,
    }  # fmt: skip


ROWS: Final[dict[str, Callable[[Talk], dict[str, object]]]] = {
    "sharegpt.json": sharegpt_row,
    "messages.jsonl": messages_row,
    "alpaca.json": alpaca_row,
}

UNREADABLE: Final[dict[str, tuple[tuple[object, str], ...]]] = {
    "sharegpt.json": (
        ({"id": "bad-s1", "conversations": [], "generator": "crowd-a"}, "no turns"),
        ({"id": "bad-s2", "generator": "crowd-a"}, "no turns"),
        ({"id": "bad-s3", "conversations": [{"from": "narrator", "value": "Once upon a time."},
          {"from": "gpt", "value": "ok"}], "generator": "crowd-b"}, "unknown role narrator"),
        ({"id": "bad-s4", "conversations": "What is 3 plus 4?", "generator": "crowd-b"}, "text instead of turns"),
        ({"id": "bad-s5", "conversations": [{"from": "human", "value": 7}, {"from": "gpt", "value": "7"}],
          "generator": "small-model"}, "a number instead of text"),
        (None, "null instead of a conversation"),
        (["human", "hello"], "a list instead of a conversation"),
    ),
    "messages.jsonl": (
        ({"id": "bad-m1", "messages": [], "generator": "crowd-a"}, "no turns"),
        ({"id": "bad-m2", "messages": [{"role": "robot", "content": "hi"}], "generator": "crowd-b"},
         "unknown role robot"),
        ({"id": "bad-m3", "messages": [{"content": "What is 2 plus 9?"}], "generator": "crowd-b"}, "no role"),
        ({"id": "bad-m4", "messages": {"role": "user", "content": "hi"}}, "an object instead of a list of turns"),
        ('{"id": "bad-m5", "messages": [{"role": "user", "content": "What is the cap', "not JSON: cut off"),
        ("id,prompt,answer", "not JSON: a line of CSV"),
    ),
    "alpaca.json": (
        ({"id": "bad-a1", "instruction": None, "input": "", "output": "7", "generator": "crowd-a"},
         "no instruction"),
        ({"id": "bad-a2", "instruction": "What is 6 plus 5?", "input": "", "generator": "crowd-a"}, "no output"),
        ("What is 6 plus 5?", "text instead of an object"),
        ({"id": "bad-a4", "instruction": ["What", "is"], "input": "", "output": "?", "generator": "crowd-b"},
         "a list instead of text"),
    ),
}  # fmt: skip
"""Rows that no reader can take, with what is wrong; they belong in quarantine."""


def write_conversations(out: Path, by_file: dict[str, list[Talk]], planted: list[Planted]) -> dict[str, object]:
    """Write the three files and return the manifest that belongs to them."""
    places: dict[str, tuple[str, int]] = {}
    unreadable: list[dict[str, object]] = []
    counts: dict[str, int] = {}
    for name, talks in by_file.items():
        rows: list[object] = [ROWS[name](t) for t in talks]
        every = len(rows) // (len(UNREADABLE[name]) + 1)
        for number, (bad, _) in enumerate(UNREADABLE[name], start=1):
            rows.insert(number * every, bad)
        for place, row in enumerate(rows, start=1):
            if isinstance(row, dict):
                places[str(row["id"])] = (name, place)
        for bad, why in UNREADABLE[name]:
            place = next(i for i, row in enumerate(rows, start=1) if row is bad)
            known = bad["id"] if isinstance(bad, dict) else None
            unreadable.append({"file": name, "row": place, "id": known, "detail": why, "truth": "quarantine"})
        counts[name] = len(rows)
        _write_rows(out / name, rows)
    troubles: dict[str, list[dict[str, object]]] = {}
    for p in planted:
        file, row = places[p.id]
        troubles.setdefault(p.kind, []).append(
            {"file": file, "row": row, "id": p.id, "detail": p.detail, "truth": p.truth}
        )
    troubles["unreadable"] = unreadable
    return {"rows": counts, "counts": {k: len(v) for k, v in troubles.items()}, "troubles": troubles}


def _write_rows(path: Path, rows: list[object]) -> None:
    """Write a JSON array with one row a line, or JSONL; text among JSONL rows is written as it is."""
    lines = [r if isinstance(r, str) and path.suffix == ".jsonl" else dump(r) for r in rows]
    text = "\n".join(lines) if path.suffix == ".jsonl" else "[\n" + ",\n".join(lines) + "\n]"
    path.write_bytes((text + "\n").encode())


def dump(value: object) -> str:
    """Return `value` as one line of JSON."""
    return json.dumps(value, ensure_ascii=False)


def write_lines(path: Path, rows: Iterable[object]) -> None:
    """Write JSONL, gzipped without a time stamp if the name says so."""
    data = "".join(dump(r) + "\n" for r in rows).encode()
    if path.suffix == ".gz":
        packed = io.BytesIO()
        with gzip.GzipFile(filename="", mode="wb", fileobj=packed, compresslevel=9, mtime=0) as file:
            file.write(data)
        data = packed.getvalue()
    path.write_bytes(data)


def write_json(path: Path, value: object) -> None:
    """Write indented JSON."""
    path.write_bytes((json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode())
