"""A file of pairs, labels or prompts has rows of one shape, and says the same in every one."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest
from datasets import load_dataset

from crlft.condition import OPENCHAT_SCHEME
from crlft.conversation import Conversation, Turn
from crlft.formats import FORMATS
from workbench.services.exporting import SHAPE_LOOK, export_conversations, preview_export

SCHEME = OPENCHAT_SCHEME
BARE = (Turn("user", "what is 7 x 9?"), Turn("assistant", "63"))
LONG = (Turn("system", "be kind"), *BARE, Turn("user", "and 8 x 9?"), Turn("assistant", "72"))


def talks(*turns):
    names = [SCHEME.classes[i % 2].name for i in range(len(turns))]
    return [Conversation(t, class_name=n, language="en") for t, n in zip(turns, names, strict=True)]


def pairs(*turns):
    return [
        Conversation((*t[:-1], Turn("assistant", answer)), metadata={"pair": f"p{i}", "preferred": side})
        for i, t in enumerate(turns)
        for side, answer in (("chosen", t[-1].content), ("rejected", f"not {t[-1].content}"))
    ]


MADE = {"preference": pairs, "kto": talks, "prompt-completion": talks}


def written(tmp_path, format, conversations, name="out.jsonl"):
    export_conversations(conversations, SCHEME, tmp_path / name, format)
    return [json.loads(line) for line in (tmp_path / name).read_text().splitlines()] if "jsonl" in name else None


@pytest.mark.parametrize("format", MADE)
@pytest.mark.parametrize(("turns", "shape"), [((BARE, BARE), str), ((BARE, LONG), list), ((LONG, BARE), list)])
def test_all_rows_have_one_shape_and_come_back_as_they_were(tmp_path, format, turns, shape):
    conversations = MADE[format](*turns)
    rows = written(tmp_path, format, conversations)
    texts = FORMATS[format].texts
    assert {type(row[name]) for row in rows for name in texts} == {shape}
    back = [held for row in rows for held in FORMATS[format].read(row)]
    if format == "kto":  # it adds a label to the metadata
        back = [replace(held, metadata={}) for held in back]
    assert back == conversations


def test_pairs_without_a_common_prompt_make_all_sides_whole(tmp_path):
    other = [
        replace(c, metadata={**c.metadata, "pair": "q"}, turns=(Turn("user", side), c.turns[1]))
        for side, c in zip("ab", pairs(BARE), strict=True)
    ]
    rows = written(tmp_path, "preference", [*pairs(BARE), *other])
    assert [row.keys() & {"prompt", "chosen", "rejected"} for row in rows] == [{"chosen", "rejected"}] * 2
    assert rows[0]["chosen"] == [{"role": t.role, "content": t.content} for t in BARE]
    assert [held for row in rows for held in FORMATS["preference"].read(row)] == [*pairs(BARE), *other]


@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet"])
def test_datasets_reads_numbers_as_the_texts_they_are(tmp_path, name):
    written(tmp_path, "preference", pairs(BARE, LONG), name)
    kind = "json" if "json" in name else "parquet"
    read = load_dataset(kind, data_files=str(tmp_path / name), split="train", cache_dir=str(tmp_path / "cache"))
    assert [row["chosen"][0]["content"] for row in read] == ["63", "72"]
    assert [row["prompt"][-1]["role"] for row in read] == ["user", "user"]


def test_cells_of_a_table_stay_texts_where_they_can(tmp_path):
    written(tmp_path, "prompt-completion", talks(BARE, LONG), "out.csv")
    assert pd.read_csv(tmp_path / "out.csv", dtype=str)["completion"][0] == "63"


def test_a_preview_shows_the_shape_that_a_later_conversation_causes(tmp_path):
    conversations = [*talks(*[BARE] * 30), *talks(LONG)]
    assert SHAPE_LOOK > 30
    shown = preview_export(conversations, SCHEME, tmp_path / "out.jsonl", "kto", limit=3).text
    whole = written(tmp_path, "kto", conversations)
    assert [json.loads(line) for line in shown.splitlines()] == whole[:3]
