"""Folders, globs, datasets on disk and on the hub; any file as training data."""

from __future__ import annotations

import json

import datasets
import pytest

from crlft.condition import OPENCHAT_SCHEME
from crlft.conversation import Conversation, Turn
from crlft.errors import DataError
from crlft.formats import FORMATS
from crlft.formats.containers import open_rows
from crlft.formats.conversations import class_of
from crlft.formats.sources import find_files, is_hub_name, open_hub
from crlft.formats.writing import write_rows
from crlft.snapshot import read_snapshot, snapshot_hash

ROW = {"prompt": "2 + 3?", "completion": "5"}
TURNS = (Turn("user", "2 + 3?"), Turn("assistant", "5"))


def lines(path, *rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_folders_and_globs_give_each_data_file_once(tmp_path):
    wanted = [lines(tmp_path / name, ROW) for name in ("a.jsonl", "deep/b.json", "deep/c.csv.gz")]
    for name in ("README.md", "deep/.hidden.jsonl", ".git/x.json", "deep/dataset_info.json", "notes.txt"):
        lines(tmp_path / name, ROW)
    assert find_files([tmp_path]) == wanted
    assert find_files([tmp_path / "*.jsonl", str(wanted[0]), tmp_path / "**" / "*.json"])[:2] == wanted[:2]
    assert find_files(["not/there.json"])[0].name == "there.json", "opening it says what is wrong"
    lines(tmp_path / "empty" / "README.md", ROW)
    for nothing in (tmp_path / "*.parquet", tmp_path / "empty"):
        with pytest.raises(DataError) as caught:
            find_files([nothing])
        assert caught.value.remedy


def test_a_name_with_brackets_is_the_file_of_that_name(tmp_path):
    path = lines(tmp_path / "a[1].jsonl", ROW)
    assert find_files([path]) == [path]


def test_datasets_saved_to_disk_are_read_without_their_library(tmp_path):
    data = datasets.Dataset.from_list([{"messages": [{"role": "user", "content": str(i)}]} for i in range(7)])
    datasets.DatasetDict({"train": data, "test": data.select([0])}).save_to_disk(tmp_path / "set")
    files = find_files([tmp_path / "set"])
    assert [path.parent.name for path in files] == ["test", "train"]
    with open_rows(files[1]) as rows:
        found = list(rows)
    assert rows.container == "arrow"
    assert [row.value["messages"][0]["content"] for row in found] == [str(i) for i in range(7)]


def test_hub_datasets_are_streamed_by_name(tmp_path):
    asked = {}

    def load(name, **options):
        asked.update(name=name, **options)
        return iter([{**ROW, "gone": None}, {"prompt": "q", "completion": "a", "n": 1}])

    with open_hub("hub:owner/some-set:test", loader=load) as rows:
        found = list(rows)
        assert (rows.container, str(rows.path), rows.bytes_read) == ("hub dataset", "owner/some-set:test", 2)
    assert asked == {"name": "owner/some-set", "split": "test", "streaming": True}
    assert [row.value for row in found] == [ROW, {"prompt": "q", "completion": "a", "n": 1}]


def test_a_folder_loads_through_the_real_library(tmp_path):
    lines(tmp_path / "train.jsonl", ROW, ROW)

    def load(name, **options):
        return datasets.load_dataset(str(tmp_path), cache_dir=str(tmp_path / "cache"), **options)

    with open_hub("hub:any", loader=load) as rows:
        assert [row.value for row in rows] == [ROW, ROW]


def test_hub_faults_are_named_with_a_remedy():
    def refuse(name, **options):
        raise FileNotFoundError(f"no dataset {name}")

    def break_off(name, **options):
        yield ROW
        raise ConnectionError("gone")

    with pytest.raises(
        DataError, match=r"hub dataset owner/x \(split train\) cannot be opened: no dataset owner/x"
    ):
        open_hub("hub:owner/x", loader=refuse)
    with pytest.raises(DataError, match="no hub dataset"):
        open_hub("owner/x")
    *_, last = open_hub("hub:owner/x", loader=break_off)
    assert last.error == "the download broke off after row 1: gone"
    assert [is_hub_name(n) for n in ("hub:a/b", "hub:a", "hub:a/b:train[:10%]", "a/b", "hub:a/b/c", "hub:")] == [
        True, True, True, False, False, False]  # fmt: skip


def test_training_reads_any_format_and_container(tmp_path):
    held = [Conversation(TURNS, class_name="expert"), Conversation((TURNS[0], Turn("assistant", "6")))]
    for name, suffix in (
        ("messages", ".csv"),
        ("sharegpt", ".json.gz"),
        ("alpaca", ".parquet"),
        ("workbench", ".tsv"),
    ):
        path = tmp_path / f"{name}{suffix}"
        with write_rows(path) as put:
            for c in held:
                put(FORMATS[name].write(c))
        assert read_snapshot(path) == (OPENCHAT_SCHEME, held), name
    scheme, everything = read_snapshot(tmp_path)
    assert (len(everything), scheme) == (8, OPENCHAT_SCHEME)
    assert len(read_snapshot(tmp_path / "*.csv")[1]) == 2
    before = snapshot_hash(tmp_path)
    lines(tmp_path / "more.jsonl", ROW)
    assert snapshot_hash(tmp_path) != before


def test_pairs_and_labels_train_as_best_and_worst_class(tmp_path):
    pair = {"prompt": "2 + 3?", "chosen": "5", "rejected": "6"}
    _, held = read_snapshot(lines(tmp_path / "pairs.jsonl", pair))
    assert [(c.answer, c.class_name) for c in held] == [("5", "expert"), ("6", "sub")]
    _, held = read_snapshot(lines(tmp_path / "kto.jsonl", {**ROW, "label": False}))
    assert [c.class_name for c in held] == ["sub"]


@pytest.mark.parametrize(
    ("held", "name"),
    [
        (Conversation(TURNS, metadata={"condition": "GPT3 Correct"}), "sub"),
        (Conversation(TURNS, metadata={"condition": "Math"}), None),
        (Conversation(TURNS, source="expert"), "expert"),
        (Conversation(TURNS, metadata={"model": "sub"}), "sub"),
        (Conversation(TURNS, class_name="other", metadata={"model": "sub"}), "other"),
        (Conversation(TURNS), None),
    ],
)
def test_where_a_class_comes_from(held, name):
    assert class_of(held, OPENCHAT_SCHEME) == name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"prompt": "a", "completion": "b"}\n{"prompt": "a"}\n', r"rows:2: the row has no `completion`"),
        ('{"prompt": "a", "completion": "b"}\n{"prompt": \n', r"rows:2: not JSON .*cut off.*puts such rows aside"),
        ('{"text": "general"}\n{"text": "prose"}\n', "plain text"),
        ('{"a": 1}\n{"a": 2}\n', "rows:1: "),
    ],
)
def test_a_row_that_cannot_be_trained_on_is_named(tmp_path, text, words):
    (tmp_path / "rows").write_text(text)
    with pytest.raises(DataError, match=words):
        read_snapshot(tmp_path / "rows")
