"""CSV, TSV, Parquet and Arrow: dialects found out, streamed, safe on the way out."""

from __future__ import annotations

import csv
import json

import datasets
import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crlft.conversation import Conversation, ToolCall, Turn
from crlft.errors import DataError
from crlft.formats import FORMATS
from crlft.formats.containers import open_rows
from crlft.formats.detect import detect, read_mended
from crlft.formats.writing import container_loss, write_rows

ROWS = [{"prompt": f"What, is {i}?\nTell", "completion": f'It is "{i}".', "generator": "a"} for i in range(5)]


def read(path):
    with open_rows(path) as rows:
        return rows.container, list(rows)


def values(path):
    return [row.value for row in read(path)[1]]


def write(path, rows):
    with write_rows(path) as put:
        for row in rows:
            put(row)
    return path


def csv_text(delimiter=",", **options):
    lines = [["Prompt", " completion ", "generator"], *(list(row.values()) for row in ROWS)]
    out = "".join(
        delimiter.join('"' + cell.replace('"', options.get("quote", '""')) + '"' for cell in line) + "\r\n"
        for line in lines
    )
    return out


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quote", ['""', '\\"'])
def test_dialect_and_header_are_found_out(tmp_path, delimiter, quote):
    (tmp_path / "t").write_text(csv_text(delimiter, quote=quote), newline="")
    container, rows = read(tmp_path / "t")
    assert container == ("tsv" if delimiter == "\t" else "csv")
    assert [row.value for row in rows] == ROWS
    assert [row.line for row in rows] == [2, 4, 6, 8, 10]
    assert detect([row.value for row in rows]).format == "prompt-completion"


def test_unknown_and_missing_headers_are_left_to_the_mapping(tmp_path):
    (tmp_path / "a.csv").write_text("ask,reply\nHi there,Hello\nBye now,Ciao\n")
    assert values(tmp_path / "a.csv") == [
        {"ask": "Hi there", "reply": "Hello"},
        {"ask": "Bye now", "reply": "Ciao"},
    ]
    (tmp_path / "b.csv").write_text("Who are you?,I am a bot.\nWhere?,Here.\n")
    assert values(tmp_path / "b.csv")[0] == {"column_1": "Who are you?", "column_2": "I am a bot."}


def test_prose_with_commas_is_no_table(tmp_path):
    (tmp_path / "prose.txt").write_text(
        "Dear all, and others,\nplease find this, that and more, attached.\nYours\n"
    )
    with pytest.raises(DataError, match="no JSON and no table"):
        read(tmp_path / "prose.txt")


def test_a_record_that_does_not_close_costs_only_itself(tmp_path):
    good = "".join(f'"q {i}","a {i}"\n' for i in range(4))
    (tmp_path / "t.csv").write_text('prompt,completion\n"q","a"\n"broken,x\n' + good + "one,two,three\nonly\n")
    _, rows = read(tmp_path / "t.csv")
    assert [row.error is None for row in rows] == [True, False, True, True, True, True, False, False]
    assert [row.line for row in rows] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert rows[1].raw == '"broken,x'
    assert rows[1].error == "the row is cut off, or a quotation mark is missing: a cell does not end"
    assert rows[6].error == "the row has 3 cells where the header names 2 columns"


@pytest.mark.parametrize("end", ['"q","cut', '"q","cut\noff\nin the middle', '"q'])
def test_a_cut_off_end_is_one_row_for_the_quarantine(tmp_path, end):
    (tmp_path / "t.csv").write_text('prompt,completion\n"a","b\nc"\n' + end)
    first, last = read(tmp_path / "t.csv")[1]
    assert first.value == {"prompt": "a", "completion": "b\nc"}
    assert (last.value, last.raw) == (None, end)
    assert "cut off" in last.error


def test_a_quotation_mark_in_a_plain_cell_is_text(tmp_path):
    (tmp_path / "t.csv").write_text('prompt,completion\nhow wide,5" or so\nand high,6"\nlong,7\n')
    assert [value["completion"] for value in values(tmp_path / "t.csv")] == ['5" or so', '6"', "7"]


def test_cells_that_hold_turns_are_parsed_also_as_python_prints_them(tmp_path):
    turns = [{"role": "user", "content": "it's"}, {"role": "assistant", "content": "so"}]
    frame = pandas.DataFrame({"messages": [turns, json.dumps(turns)], "n": [1, 2]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    _, rows = read(tmp_path / "t.csv")
    assert [row.value["messages"] for row in rows] == [turns, turns]
    assert [row.repairs for row in rows] == [("single-quotes",), ()]


NASTY = ["=1+1", "+1", "-x", "@cmd", "\tx", "\rx", "'=1", "''=1", "-5", "'quoted'", "- a list\n- of things"]


def test_no_cell_is_a_formula_and_every_text_comes_back(tmp_path):
    rows = [{"prompt": text, "completion": text, "=note": "x"} for text in NASTY]
    path = write(tmp_path / "t.csv", rows)
    with path.open(newline="", encoding="utf-8") as file:
        cells = [cell for line in csv.reader(file) for cell in line]
    assert not [c for c in cells if c[:1] in ("=", "+", "@", "\t", "\r") or (c[:1] == "-" and c != "-5")]
    assert values(path) == rows


def test_what_csv_does_not_give_back_is_named(tmp_path):
    row = {"prompt": "x", "completion": "", "n": 1, "tags": ["a"], "Label": "x", "coarse_reward": 0.5, "input": ""}
    assert container_loss(tmp_path / "t.csv", row) == [
        "the field 'completion' as it is",
        "the field 'n' as it is",
        "the field 'tags' as it is",
        "the name of the field 'Label'",
    ]
    assert container_loss(tmp_path / "t.parquet", row) == []


MIXED = [
    {"prompt": "a", "n": 1, "x": 1.5, "ok": True, "tags": ["t"], "mixed": 1, "none": None},
    {"prompt": "b", "n": 2, "mixed": "two", "messages": [{"role": "user", "content": "q", "name": "ann"}]},
    {"prompt": "c", "messages": [{"role": "user", "content": "q"}, {"role": "tool", "content": "", "weight": 0}]},
    {"prompt": "d", "messages": []},
]  # fmt: skip


def test_parquet_gives_back_every_type_and_shows_pandas_and_datasets_plain_columns(tmp_path):
    path = write(tmp_path / "t.parquet", MIXED)
    container, rows = read(path)
    assert (container, [row.value for row in rows]) == ("parquet", MIXED)
    frame = pandas.read_parquet(path)
    assert (list(frame["prompt"]), list(frame["n"])[:2]) == (["a", "b", "c", "d"], [1, 2])
    loaded = datasets.load_dataset(
        "parquet", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert loaded[1]["messages"][0]["content"] == "q"


def test_trl_reads_its_schemas_from_our_parquet(tmp_path):
    rows = [{"prompt": [{"role": "user", "content": "q"}], "chosen": [{"role": "assistant", "content": "a"}],
             "rejected": [{"role": "assistant", "content": "b"}]}]  # fmt: skip
    path = write(tmp_path / "pairs.parquet", rows)
    loaded = datasets.load_dataset(
        "parquet", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert loaded[0] == rows[0]


def test_tool_calls_are_plain_columns_too(tmp_path):
    held = Conversation(
        (
            Turn("user", "q"),
            Turn("assistant", "", tool_calls=(ToolCall("add", '{"a": 1}', "c1"), ToolCall("sub"))),
            Turn("tool", "3", tool_call_id="c1"),
        )
    )
    path = write(tmp_path / "t.parquet", [FORMATS["messages"].write(held)])
    assert FORMATS["messages"].read(values(path)[0]) == [held]
    calls = pandas.read_parquet(path)["messages"][0][1]["tool_calls"]
    assert [call["function"]["name"] for call in calls] == ["add", "sub"]


def test_foreign_tables_lose_their_nulls_and_odd_types_become_text(tmp_path):
    table = pa.table(
        {
            "messages": [[{"role": "user", "content": "q", "name": None}]],
            "when": [pandas.Timestamp("2024-01-02")],
            "raw": [b"\xff"],
            "score": [float("nan")],
            "gone": pa.array([None], pa.string()),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    (row,) = read(tmp_path / "t.parquet")[1]
    assert row.value == {
        "messages": [{"role": "user", "content": "q"}],
        "when": "2024-01-02 00:00:00",
        "raw": "\\xff",
        "score": None,
    }
    assert row.repairs == ("not-a-number",)
    assert json.loads(row.raw) == row.value


def test_parquet_is_read_in_batches_and_says_how_far(tmp_path):
    table = pa.table({"prompt": [str(i) for i in range(5000)], "completion": ["x"] * 5000})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=700)
    with open_rows(tmp_path / "t.parquet") as rows:
        iterator = iter(rows)
        next(iterator)
        assert 0 <= rows.bytes_read < (tmp_path / "t.parquet").stat().st_size
        assert [int(row.value["prompt"]) for row in iterator] == list(range(1, 5000))
        assert rows.bytes_read == (tmp_path / "t.parquet").stat().st_size


def test_arrow_files_and_streams(tmp_path):
    table = pa.table({"prompt": ["a", "b"], "completion": ["c", "d"]})
    with pa.ipc.new_file(tmp_path / "file.arrow", table.schema) as out:
        out.write_table(table)
    with pa.ipc.new_stream(tmp_path / "stream.arrow", table.schema) as out:
        out.write_table(table)
    for name in ("file.arrow", "stream.arrow"):
        container, rows = read(tmp_path / name)
        assert (container, [row.value for row in rows]) == ("arrow", table.to_pylist())


def test_a_damaged_table_is_named(tmp_path):
    path = write(tmp_path / "t.parquet", ROWS)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DataError, match="a table that is damaged"):
        read(path)


def test_a_table_broken_in_the_middle_says_after_which_row(tmp_path):
    table = pa.table({"prompt": [f"{i} " + "x" * 200 for i in range(3000)]})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=1000, compression="zstd", use_dictionary=False)
    data = bytearray((tmp_path / "t.parquet").read_bytes())
    half = len(data) // 2
    data[half : half + 200] = b"\x00" * 200
    (tmp_path / "t.parquet").write_bytes(data)
    _, rows = read(tmp_path / "t.parquet")
    assert "the table is damaged after row" in rows[-1].error
    assert 1 < len(rows) < 3000


@pytest.mark.parametrize("suffix", [".csv", ".tsv.zst", ".parquet", ".csv.gz"])
def test_conversations_of_several_turns_come_back_from_tables(tmp_path, suffix):
    held = [
        Conversation((Turn("system", "Be =brief"), Turn("user", "-a"), Turn("assistant", "b, \"c\"")), id="1"),
        Conversation((Turn("user", "q"), Turn("assistant", "r"), Turn("user", "s")), class_name="expert"),
    ]  # fmt: skip
    path = write(tmp_path / f"t{suffix}", [FORMATS["messages"].write(c) for c in held])
    assert [c for value in values(path) for c in read_mended(value, FORMATS["messages"])[0]] == held
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
