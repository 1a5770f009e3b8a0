"""Two thousand files damaged at random: nothing crashes, and every row is read or set aside with a reason."""

from __future__ import annotations

import csv
import io
import json
import random

import pytest

from crlft.errors import DataError
from crlft.formats import FORMATS
from crlft.formats.containers import open_rows
from crlft.formats.detect import read_mended

TALKS = [
    {
        "id": f"row-{i}",
        "conversations": [
            {"from": "human", "value": f'{i} 你好, "what" {{x}} is it?\nso'},
            {"from": "gpt", "value": "x, y [z] it's"},
        ],
    }
    for i in range(12)
]


def table():
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["id", "prompt", "completion"])
    writer.writerows([f"row-{i}", f'{i} 你好, "what"\nis it?', "x, y"] for i in range(12))
    return text.getvalue()


LINES = "\n".join(json.dumps(row, ensure_ascii=False) for row in TALKS)
FILES = {
    "lines": LINES.encode(),
    "array": json.dumps(TALKS, ensure_ascii=False).encode(),
    "indented": json.dumps(TALKS, indent=1).encode(),
    "printed by Python": "\n".join(map(repr, TALKS)).encode(),
    "GB18030": LINES.encode("gb18030"),
    "CSV": table().encode(),
}
PIECES = [b'"', b"{", b"}", b"[", b"]", b"\\", b",", b"\n", b"NaN", b"'", b"//", b"/*", b"#", b"\x00", b"\xff\xfe",
          b"\xe9", b"\r", b":", b"\t"]  # fmt: skip


def damaged(rng, data):
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data))
        piece = rng.choice(PIECES) if rng.random() < 0.7 else rng.randbytes(rng.randint(0, 4))
        data = data[:at] + piece + data[at + rng.choice([0, 0, 1, 2, 5, 12]) :]
    return data


def read_all(path, form):
    """Return the text of what was read, the raw text of what was not, and the reasons."""
    held, raw, reasons = [], [], []
    with open_rows(path) as rows:
        for row in rows:
            try:
                if row.error is not None:
                    raise DataError(row.error)
                conversations, _ = read_mended(row.value, form)
            except DataError as error:
                raw.append(row.raw)
                reasons.append(str(error))
            else:
                held += [json.dumps(c.to_dict()) for c in conversations]
    return held, raw, reasons


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("seed", range(5))
def test_random_damage_loses_no_row(tmp_path, kind, seed):
    rng = random.Random(f"{kind} {seed}")
    path = tmp_path / "damaged"
    form = FORMATS["prompt-completion" if kind == "CSV" else "sharegpt"]
    refused = 0
    for _ in range(67):
        data = damaged(rng, FILES[kind])
        path.write_bytes(data)
        try:
            held, raw, reasons = read_all(path, form)
        except DataError:
            refused += 1
            continue
        assert all(reasons)
        everything = "".join([*held, *raw])
        for i in range(12):
            name = f"row-{i}"
            intact = any(mark.encode() in data for mark in (f'"{name}"', f"'{name}'", f"\n{name},"))
            assert name in everything or not intact, (name, data)
    assert refused <= 12, "only damage at a table's header makes a whole file unreadable"


def test_most_rows_survive_one_wound(tmp_path):
    rng = random.Random(3)
    path = tmp_path / "damaged"
    read = 0
    for _ in range(200):
        data = FILES["array"]
        at = rng.randrange(1, len(data))
        path.write_bytes(data[:at] + rng.choice(PIECES) + data[at:])
        read += len(read_all(path, FORMATS["sharegpt"])[0])
    assert read >= 200 * 10.5, "of 12 rows in each file, a wound costs one or two"
