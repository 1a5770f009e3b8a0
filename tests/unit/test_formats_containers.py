"""Files of rows: packing, broken places, and names for what cannot be read."""

from __future__ import annotations

import gzip
import json
import pprint
import tracemalloc

import pytest
import zstandard

from crlft.errors import DataError
from crlft.formats import containers, splitter
from crlft.formats.containers import open_rows
from crlft.formats.jsontext import parse
from crlft.formats.writing import SUFFIXES, write_rows

ROWS = [{"id": i, "text": f'a "quoted" {{bracket}} [{i}] \\ 你好\n'} for i in range(5)]


def rows_of(path):
    with open_rows(path) as file:
        return file.container, list(file)


def write(tmp_path, data, name="rows.json"):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


LINES = "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS)
PACKED = {
    "compact array": (json.dumps(ROWS), "json array"),
    "indented array": (json.dumps(ROWS, indent=2), "json array"),
    "array, one row a line": ("[\n" + LINES.replace("\n", ",\n") + "\n]\n", "json array"),
    "lines": (LINES, "json lines"),
    "lines with gaps and CRLF": ("\n\n" + LINES.replace("\n", "\r\n\r\n") + "\r\n", "json lines"),
    "indented objects in sequence": ("\n".join(json.dumps(r, indent=1) for r in ROWS), "json objects"),
    "byte order mark": (b"\xef\xbb\xbf" + LINES.encode(), "json lines, byte order mark"),
    "UTF-16": (json.dumps(ROWS, ensure_ascii=False).encode("utf-16"), "json array, UTF-16"),
    "gzip": (gzip.compress(LINES.encode()), "json lines, gzip"),
    "gzip in two members": (gzip.compress(LINES.encode() + b"\n") + gzip.compress(b""), "json lines, gzip"),
    "zstd": (zstandard.compress(json.dumps(ROWS).encode()), "json array, zstd"),
}


@pytest.mark.parametrize("packing", PACKED)
def test_every_packing_gives_the_same_rows(tmp_path, packing):
    data, expected = PACKED[packing]
    container, rows = rows_of(write(tmp_path, data, "named.anything"))
    assert container == expected
    assert [row.value for row in rows] == ROWS
    assert all(row.error is None and json.loads(row.raw) == row.value for row in rows)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_elements_are_found_wherever_the_reads_end(tmp_path, monkeypatch, size):
    monkeypatch.setattr(splitter, "_READ_BYTES", size)
    _, rows = rows_of(write(tmp_path, json.dumps(ROWS, ensure_ascii=False, indent=1)))
    assert [row.value for row in rows] == ROWS


@pytest.mark.parametrize("suffix", [s for s in SUFFIXES if s.startswith(".json")])
@pytest.mark.parametrize("rows", [ROWS, [], ROWS[:1]])
def test_written_files_read_back(tmp_path, suffix, rows):
    path = tmp_path / f"out{suffix}"
    with write_rows(path) as put:
        for row in rows:
            put(row)
    assert list(tmp_path.iterdir()) == [path]
    if rows or not suffix.startswith(".jsonl"):
        container, found = rows_of(path)
        assert [row.value for row in found] == rows
        assert container.startswith("json lines" if suffix.startswith(".jsonl") else "json array")


def test_a_broken_export_leaves_nothing_behind(tmp_path):
    def stop_halfway():
        with write_rows(tmp_path / "out.json") as put:
            put({"a": 1})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_halfway()
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_says_nothing_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"out\.xml does not say"), write_rows(tmp_path / "out.xml"):
        pass


BROKEN = {
    "no JSON": ("Dear all,\nplease find", "no JSON and no table: it begins with 'Dear all,'"),
    "empty": ("", "is empty"),
    "white space": ("  \n\n ", "only white space"),
    "Parquet": (b"PAR1\x15\x04", "a table that is damaged"),
    "zip": (b"PK\x03\x04....", "a zip archive or a spreadsheet"),
    "binary": (b"\x00\x01\x02\x03" * 20, "a binary file"),
    "damaged gzip": (b"\x1f\x8b\x08\x00" + b"\xff" * 50, "a compressed file that is damaged"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_files_that_are_no_rows_are_named_with_a_remedy(tmp_path, kind):
    data, message = BROKEN[kind]
    with pytest.raises(DataError) as caught:
        rows_of(write(tmp_path, data))
    assert message in caught.value.message
    assert caught.value.remedy


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(DataError, match="does not exist; check the path"):
        open_rows(tmp_path / "nothing.json")
    with pytest.raises(DataError, match="is a folder; name the files in it"):
        open_rows(tmp_path)


def test_a_broken_line_costs_itself_and_says_where(tmp_path):
    lines = [json.dumps(row) for row in ROWS]
    lines[2] = lines[2][:-8]
    lines[3] = '{"id": 3 "text": "x"}'
    _, rows = rows_of(write(tmp_path, "\n".join(lines)))
    assert [row.value for row in rows if row.error is None] == [ROWS[0], ROWS[1], ROWS[4]]
    cut, wrong = (row for row in rows if row.error is not None)
    assert (cut.line, cut.raw) == (3, lines[2])
    assert "cut off" in cut.error
    assert wrong.line == 4
    assert "expecting ',' delimiter at character 10" in wrong.error


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "damage", ['{"id": 2, "tags": [1, 2 }', '{"id": 2, "text": "no end }', '{"id": 2, "text": {"a": 1}']
)
def test_a_row_of_an_array_that_does_not_close_does_not_swallow_the_rest(tmp_path, indent, damage):
    rows = [json.dumps(row, indent=indent) for row in ROWS]
    rows[2] = damage
    _, found = rows_of(write(tmp_path, "[" + ", ".join(rows) + "]"))
    good = [row.value for row in found if row.error is None]
    assert [r for r in ROWS if r["id"] != 2] == [r for r in good if r in ROWS]
    assert any(row.error is not None and damage in row.raw for row in found)


TRICKY = [{"prompt": "what's {", "completion": 'say "hi" } ]'}, {"prompt": "it's [", "completion": "{{"}] * 3


@pytest.mark.parametrize(
    "text",
    [
        repr(TRICKY),
        pprint.pformat(TRICKY, sort_dicts=False, width=60),
        "[" + ",\n".join(repr(row) for row in TRICKY) + "]",
        repr(TRICKY).replace("'prompt'", "prompt"),
    ],
)
def test_arrays_as_python_and_javascript_write_them_are_cut_at_their_rows(tmp_path, text):
    container, rows = rows_of(write(tmp_path, text))
    assert (container, [row.value for row in rows]) == ("json array", TRICKY)
    assert all("single-quotes" in row.repairs for row in rows)


def test_a_broken_row_of_such_an_array_does_not_swallow_the_rest(tmp_path):
    text = repr(TRICKY).replace("say", "say' 'oops", 1)
    _, rows = rows_of(write(tmp_path, text))
    assert [row.value for row in rows if row.error is None] == TRICKY[1:]


def test_a_truncated_array_gives_all_but_its_last_row(tmp_path):
    _, rows = rows_of(write(tmp_path, json.dumps(ROWS)[:-20]))
    assert [row.value for row in rows[:-1]] == ROWS[:-1]
    assert "cut off" in rows[-1].error


def test_a_truncated_gzip_says_after_which_row(tmp_path):
    data = gzip.compress("\n".join(json.dumps({"i": i, "t": "x" * 50}) for i in range(5000)).encode())
    _, rows = rows_of(write(tmp_path, data[: len(data) // 2]))
    assert 0 < len(rows) < 5000
    assert "cut off or damaged after row" in rows[-1].error


def test_a_row_beyond_all_measure_ends_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(splitter, "MAX_ROW_BYTES", 1000)
    monkeypatch.setattr(splitter, "_READ_BYTES", 100)
    _, rows = rows_of(write(tmp_path, json.dumps(ROWS)[:-1] + ', {"text": "' + "x" * 5000))
    assert [row.value for row in rows[:-1]] == ROWS
    assert "longer than" in rows[-1].error


@pytest.mark.parametrize(
    ("text", "value", "repairs"),
    [
        ('{"a": NaN, "b": [Infinity, 1.5]}', {"a": None, "b": [None, 1.5]}, ("not-a-number",)),
        (r'{"a": "x\ud83dy"}', {"a": "x�y"}, ("lone-surrogate",)),
        (r'{"a": "\ud83d\ude00"}', {"a": "😀"}, ()),
        (r'{"a\u0000": "\u0000b"}', {"a�": "�b"}, ("nul",)),
        (r'{"a": "\u0000", "b": 99999999999999999999}',
         {"a": "�", "b": "99999999999999999999"}, ("huge-integer", "nul")),
    ],
)  # fmt: skip
def test_what_nothing_can_hold_is_mended_and_named(text, value, repairs):
    assert parse(text.encode()) == (value, repairs)


@pytest.mark.parametrize(("depth", "read"), [(90, True), (300, False), (1020, False), (100_000, False)])
def test_deep_nesting_is_an_error_of_the_row(tmp_path, depth, read):
    deep = "[" * depth + "]" * depth
    _, rows = rows_of(write(tmp_path, '{"a": 1}\n{"a": ' + deep + "}\n"))
    assert rows[0].error is None
    assert rows[1].error == (None if read else "the row is nested too deeply")


def test_a_line_beyond_all_measure_costs_only_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(containers, "MAX_ROW_BYTES", 1000)
    lines = [json.dumps(row) for row in ROWS]
    lines.insert(2, '{"text": "' + "x" * 5_000_000 + '"}')
    _, rows = rows_of(write(tmp_path, "\n".join(lines)))
    assert [row.value for row in rows if row.error is None] == ROWS
    assert (rows[2].line, len(rows[2].raw) < 30_000) == (3, True)
    assert "the row is 4 MB long" in rows[2].error


def test_memory_stays_flat_while_an_array_streams(tmp_path):
    path = tmp_path / "big.json"
    row = json.dumps({"text": "x" * 20_000})
    with path.open("w") as file:
        file.write("[" + ",".join([row] * 2000) + "]")
    tracemalloc.start()
    with open_rows(path) as rows:
        count = sum(row.error is None for row in rows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 2000
    assert peak < 12_000_000, "of 40 MB"


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz", "rows.json", "rows.csv", "rows.utf16.jsonl"])
def test_how_far_it_is_counts_rows_given_out_not_what_was_read_ahead(tmp_path, name):
    n = 8_000
    said = [f"answer {i * 7919 % 100_003:06d} " * 9 for i in range(n)]
    rows = [{"prompt": f"question {i:05d}", "completion": text} for i, text in enumerate(said)]
    path = tmp_path / name
    if name.endswith(".json"):
        text = json.dumps(rows)
    elif name.endswith(".csv"):
        text = "prompt,completion\n" + "".join(f"{r['prompt']},{r['completion']}\n" for r in rows)
    else:
        text = "\n".join(map(json.dumps, rows))
    data = text.encode("utf-16" if "utf16" in name else "utf-8")
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    expected = []
    with open_rows(path) as source:
        for number, _ in enumerate(source, 1):
            if number in (500, n // 2, n):
                expected.append(number * path.stat().st_size / source.bytes_read)
    assert expected == [pytest.approx(n, rel=0.35), pytest.approx(n, rel=0.1), pytest.approx(n, rel=0.01)]
