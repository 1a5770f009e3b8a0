"""Conversations out: files, the dataset folder, and what is said to be lost."""

from __future__ import annotations

import gzip
import json

import pandas
import pytest
import yaml

from crlft.condition import OPENCHAT_SCHEME
from crlft.conversation import Conversation, Turn
from crlft.formats import FORMATS, WRITABLE
from crlft.formats.containers import open_rows
from workbench.domain.errors import WorkbenchError
from workbench.domain.record import Record
from workbench.services.exporting import EXPORT_FORMATS, Card, export_conversations, preview_export
from workbench.services.splitting import part_path

USER = Turn("user", "What is 2 + 3?")
GOOD = Conversation((USER, Turn("assistant", "5")), id="a", class_name="expert", source="ann", language="en")
WEAK = Conversation((USER, Turn("assistant", "6")), id="b", class_name="sub", source="a|<b>", language="en")
FREE = Conversation((USER, Turn("assistant", "4", reasoning="2 and 2", excluded=True)), metadata={"topic": "sums"})
ALL = [GOOD, WEAK, FREE]


def export(held, out, name, **options):
    return export_conversations(held, OPENCHAT_SCHEME, out, name, **options)


def rows_of(path):
    with open_rows(path) as file:
        return [row.value for row in file]


@pytest.mark.parametrize("name", WRITABLE)
@pytest.mark.parametrize("suffix", [".json", ".jsonl.gz"])
def test_files_read_back_but_for_what_is_said_to_be_lost(tmp_path, name, suffix):
    out = tmp_path / "deep" / f"out{suffix}"
    report = export(iter(ALL), out, name)
    back = [c for row in rows_of(out) for c in FORMATS[name].read(row)]
    assert back[:2] == ALL[:2]
    assert (back[2] == FREE) == (not report.lost)
    assert (report.rows, report.classes) == (3, {"expert": 1, "sub": 1, "none": 1})


def test_losses_are_counted_by_conversation(tmp_path):
    report = export([GOOD, FREE, FREE], tmp_path / "out.json", "sharegpt")
    assert report.lost == {"reasoning": 2, "answers excluded from the loss": 2}


def test_records_are_taken_as_well(tmp_path):
    export([Record(1, "u", GOOD)], tmp_path / "out.jsonl", "messages")
    assert rows_of(tmp_path / "out.jsonl") == [FORMATS["messages"].write(GOOD)]


def test_openchat_gets_condition_and_weight_of_the_class(tmp_path):
    own = Conversation(WEAK.turns, class_name="sub", coarse_reward=1.0)
    export([GOOD, WEAK, own, FREE], tmp_path / "out.jsonl", "openchat")
    rows = rows_of(tmp_path / "out.jsonl")
    assert [row.get("condition") for row in rows] == ["GPT4 Correct", "GPT3 Correct", "GPT3 Correct", None]
    assert [row["items"][1]["weight"] for row in rows] == pytest.approx([1, 0.1, 1, 0])


def test_the_dataset_folder_is_read_by_pandas_and_datasets(tmp_path):
    datasets = pytest.importorskip("datasets")
    export(iter(ALL), tmp_path / "set", "datasets", card=Card("Sums", "cc-by-4.0", ("drop 2: bad",)))
    frame = pandas.read_parquet(tmp_path / "set" / "data" / "train.parquet")
    assert list(frame["class"].fillna("none")) == ["expert", "sub", "none"]
    assert list(frame["loss_weight"])[:2] == pytest.approx([1, 0.1])
    assert [Conversation.from_dict(json.loads(text)) for text in frame["conversation"]] == ALL
    loaded = datasets.load_dataset(str(tmp_path / "set"), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded[0]["messages"] == [
        {"role": "user", "content": "What is 2 + 3?"},
        {"role": "assistant", "content": "5"},
    ]


def test_the_card_tells_classes_sources_and_decisions(tmp_path):
    export(ALL, tmp_path / "set", "datasets", card=Card('Sums "and" more', "cc-by-4.0", ("drop 2: <script>",)))
    card = (tmp_path / "set" / "README.md").read_text()
    header = yaml.safe_load(card.split("---")[1])
    assert (header["pretty_name"], header["license"], header["language"]) == (
        'Sums "and" more',
        "cc-by-4.0",
        ["en"],
    )
    assert "| sub | GPT3 Correct | 0.1 | 0.1 | 1 |" in card
    assert "| a\\|&lt;b> | 1 |" in card, "text from data cannot break the table or the page"
    assert "- drop 2: &lt;script>" in card


@pytest.mark.parametrize(
    ("out", "name", "message"),
    [
        ("out.json", "xml", f"unknown format 'xml'; use one of {', '.join(EXPORT_FORMATS)}"),
        ("out.xls", "messages", "out.xls does not say what to write"),
        ("taken.json", "messages", "is already there"),
        ("taken.json/x.json", "messages", "cannot be written"),
    ],
)
def test_what_cannot_be_written_is_refused_with_a_remedy(tmp_path, out, name, message):
    (tmp_path / "taken.json").write_text("mine")
    with pytest.raises(WorkbenchError) as caught:
        export(ALL, tmp_path / out, name)
    assert message in str(caught.value)
    assert caught.value.remedy
    assert [p.name for p in tmp_path.iterdir()] == ["taken.json"]
    assert (tmp_path / "taken.json").read_text() == "mine"


@pytest.mark.parametrize("name", ["messages", "datasets"])
def test_an_export_that_breaks_off_leaves_nothing(tmp_path, name):
    def breaking():
        yield GOOD
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        export(breaking(), tmp_path / "out.json", name)
    assert list(tmp_path.iterdir()) == []


PAIRS = [
    {"prompt": f"Why is it {i}?", "chosen": f"Since {i} is so.", "rejected": "No idea.", "topic": "why"}
    for i in range(40)
]
HALVES = [c for row in PAIRS for c in FORMATS["preference"].read(row)]


def test_a_pair_is_one_row_again_and_half_a_pair_is_named(tmp_path):
    report = export([*HALVES, GOOD], tmp_path / "out.jsonl", "preference")
    assert rows_of(tmp_path / "out.jsonl") == PAIRS
    assert (report.rows, report.left_out) == (40, {"it is no half of a preference pair": 1})


@pytest.mark.parametrize("name", ["preference", "messages", "datasets"])
def test_no_prompt_is_on_both_sides_of_a_split(tmp_path, name):
    out = tmp_path / ("set" if name == "datasets" else "out.jsonl.gz")
    report = export(HALVES, out, name, splits={"train": 0.7, "test": 0.3})
    paths = (
        {n: out / "data" / f"{n}.parquet" for n in ("train", "test")}
        if name == "datasets"
        else {n: tmp_path / f"out.{n}.jsonl.gz" for n in ("train", "test")}
    )
    form = FORMATS["workbench" if name == "datasets" else name]
    prompts = {n: [c.prompt for row in rows_of(path) for c in form.read(row)] for n, path in paths.items()}
    assert not set(prompts["train"]) & set(prompts["test"])
    assert sorted(prompts["train"] + prompts["test"]) == sorted(c.prompt for c in HALVES)
    assert 4 <= len(set(prompts["test"])) <= 20, "about three tenths of 40 prompts"
    assert sum(report.files.values()) == report.rows
    if name == "datasets":
        header = yaml.safe_load((out / "README.md").read_text().split("---")[1])
        assert [f["split"] for f in header["configs"][0]["data_files"]] == ["train", "test"]


def test_nearly_the_same_prompt_is_on_one_side(tmp_path):
    text = "which of the old blue lamps by gate {} can I still buy there today"
    asked = [text.format(n) + tail for n in range(40) for tail in ("", " please", "!")]
    held = [Conversation((Turn("user", one), Turn("assistant", "no")), class_name="sub") for one in asked]
    export(held, tmp_path / "out.jsonl", "messages", splits={"train": 0.6, "test": 0.4})
    gates = {
        part: {row["messages"][0]["content"].split()[8] for row in rows_of(tmp_path / f"out.{part}.jsonl")}
        for part in ("train", "test")
    }
    assert not gates["train"] & gates["test"]
    assert gates["train"] | gates["test"] == set(map(str, range(40)))
    assert min(map(len, gates.values())) > 3


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ({"train": 0.9, "test": 0.2}, "add up to 1.1"),
        ({"train": 1.5, "test": -0.5}, "share 1.5"),
        ({"../x": 1.0}, "no name for a part"),
    ],
)
def test_shares_that_make_no_sense_are_refused(tmp_path, splits, message):
    with pytest.raises(WorkbenchError, match=message):
        export(ALL, tmp_path / "out.jsonl", "messages", splits=splits)
    assert list(tmp_path.iterdir()) == []


def test_a_part_stands_in_the_name_before_what_it_is(tmp_path):
    assert part_path(tmp_path / "v1.2.jsonl.gz", "test").name == "v1.2.test.jsonl.gz"


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".csv", ".jsonl.gz"])
def test_the_preview_is_what_is_written(tmp_path, suffix):
    out = tmp_path / f"out{suffix}"
    shown = preview_export(iter(HALVES), OPENCHAT_SCHEME, out, "preference", limit=6)
    assert not out.exists()
    export(HALVES[:6], out, "preference")
    data = gzip.decompress(out.read_bytes()) if suffix.endswith(".gz") else out.read_bytes()
    assert shown.text.encode() == data.replace(b"\r\n", b"\n")


def test_the_preview_of_a_folder_is_its_card(tmp_path):
    shown = preview_export(ALL, OPENCHAT_SCHEME, tmp_path / "set", "datasets", card=Card("Sums", "mit"))
    assert "license: mit" in shown.text
    assert shown.report.classes == {"expert": 1, "sub": 1, "none": 1}


def test_csv_names_what_it_does_not_give_back_and_defuses_formulas(tmp_path):
    held = Conversation((USER, Turn("assistant", "=1+1")), metadata={"n": 3})
    report = export([held], tmp_path / "out.csv", "alpaca")
    assert report.lost == {"the field 'n' as it is": 1}
    assert "'=1+1" in (tmp_path / "out.csv").read_text()
    assert [c.answer for row in rows_of(tmp_path / "out.csv") for c in FORMATS["alpaca"].read(row)] == ["=1+1"]
