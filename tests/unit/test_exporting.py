"""Conversations out: files, the dataset folder, and what is said to be lost."""

from __future__ import annotations

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
from workbench.services.exporting import EXPORT_FORMATS, Card, export_conversations

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
        ("out.csv", "messages", "out.csv does not say what to write"),
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
