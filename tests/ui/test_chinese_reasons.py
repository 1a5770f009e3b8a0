"""Reasons of rows and faults of files, as broken files give them, are said in Chinese; names stay as they are."""

from __future__ import annotations

import re

import pytest

from crlft.conversation import Conversation, ToolCall, Turn
from crlft.errors import CrlftError
from crlft.formats import FORMATS
from crlft.formats.containers import open_rows
from crlft.formats.tables_out import csv_loss
from workbench.services.inspecting import inspect_file, read_checked
from workbench.ui import i18n
from workbench.ui.catalogues.zh_reasons import FILE_FAULTS, ROW_REASONS

ROWS = {
    "sharegpt": [
        '{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt"}]}', '{"conversations": 3}',
        '{"conversations": []}', '{"conversations": [{"from": "nobody", "value": "a"}]}', '{"other": 1}', "[1]",
        '{"conversations": [{"value": "a"}]}', '{"conversations": ["a"]}', "{", '{"a": "b', '{"a": 1, "a": 2}',
        '{"a": nope}', "[" * 200 + "]" * 200, '{"conversations": [{"from": "gpt", "value": {"a": 1}}]}',
        "17", "{}",
        '{"conversations": [{"from": "gpt", "value": [{"type": "image"}]}]}', "null",
        '{"conversations": [{"from": "gpt", "value": "a", "tool_calls": 1}]}',
        '{"conversations": [{"from": "gpt", "value": "a", "tool_calls": [1]}]}',
    ],
    "alpaca": ['{"instruction": null, "output": "a"}', '{"output": "a"}', '{"instruction": "a", "output": [1]}',
               '{"instruction": "a", "output": "b", "history": [["a"]]}',
               '{"instruction": "a", "input": false, "output": "b"}'],
    "prompt-completion": ['{"prompt": "a"}', '{"prompt": "a", "completion": true}'],
    "preference": ['{"chosen": "a", "rejected": "b"}', '{"prompt": "a", "chosen": true, "rejected": "b"}',
                   '{"prompt": "a", "chosen": "a", "rejected": "b", "preferred": "c"}',
                   '{"prompt": "a", "chosen": "a", "rejected": "b", "pair": 3}'],
    "kto": ['{"prompt": "a", "completion": "b", "kto_tag": null}'],
    "openchat": ['{"items": "a"}', '{"items": []}'],
}  # fmt: skip
FILES = {
    "empty.json": b"", "blank.json": b" \n ", "picture.json": b"%PDF-1.4", "zip.jsonl": b"PK\x03\x04abc",
    "binary.jsonl": b"\x89PNG\x00\x00\x00", "words.txt": b"just words", "damaged.gz": b"\x1f\x8bnothing",
    "broken.jsonl": b'{"a": 1\n{"b":\n',
}  # fmt: skip


_ROLES = re.compile("true|false|null|system|user|assistant|tool")


def no_english(said: str) -> bool:
    """Whether what is left, without what is quoted and names of files, formats and fields, has no English word."""
    left = re.sub(r"`[^`]*`|'[^']*'|\"[^\"]*\"|/\S+|\(.*?\)|（.*?）", "", said)
    return not re.search(r"[a-z]{4,}", _ROLES.sub("", left))


@pytest.fixture(autouse=True)
def chinese():
    i18n.use_language("zh")
    yield
    i18n.use_language(None)


@pytest.mark.parametrize(("form", "text"), [(form, text) for form, texts in ROWS.items() for text in texts])
def test_a_row_that_cannot_be_read_says_so_in_chinese(tmp_path, form, text):
    path = tmp_path / "rows.jsonl"
    path.write_text(text + '\n{"good": 1}\n')
    with open_rows(path) as rows:
        row = next(iter(rows))
    with pytest.raises(CrlftError) as refused:
        read_checked(row, FORMATS[form])
    reason = str(refused.value)
    said = i18n.said(reason)
    assert said != reason
    assert no_english(said), (reason, said)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_read_says_so_in_chinese(tmp_path, name):
    (tmp_path / name).write_bytes(FILES[name])
    with pytest.raises(CrlftError) as refused:
        inspect_file(tmp_path / name)
    for text in (refused.value.message, refused.value.remedy):
        assert i18n.said(text) != text, text


def test_why_a_format_was_found_is_said_in_chinese(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"prompt": "a", "completion": "b"}\n' * 3)
    assert i18n.said(inspect_file(tmp_path / "a.jsonl").why) == "看过的 3 行都有 `prompt` 和 `completion`"


def test_what_is_quoted_stays_as_it_stands():
    reason = "the row has no `the value x`; its fields are `a`, `the text`"
    assert i18n.said(reason) == "该行没有 `the value x`；它的字段有 `a`, `the text`"
    assert i18n.said("the key 'true' stands twice, with different values") == "字段 'true' 出现两次且值不同"


def test_places_of_a_form_stand_in_both_languages():
    for english, chinese in {**ROW_REASONS, **FILE_FAULTS}.items():
        places = re.findall(r"\{(\w+)\}", english)
        assert sorted(places) == sorted(re.findall(r"\{(\w+)\}", chinese)), english
        assert len(places) == len(set(places)), english


EVERYTHING = Conversation(
    (
        Turn("tool", "late", tool_call_id="7"),
        Turn("assistant", "a", reasoning="r", excluded=True, reward=0.5, name="n"),
        Turn("assistant", "b", tool_calls=(ToolCall("f", "{}", id="7"),)),
        Turn("user", "c", tool_calls=(ToolCall("f", "{}"),)),
    ),
    metadata={"messages": 1, "prompt": 2, "kto_tag": 3},
)


@pytest.mark.parametrize("form", [form for form in FORMATS.values() if form.readable], ids=lambda form: form.name)
def test_what_a_format_cannot_hold_is_said_in_chinese(form):
    lost = [*form.cannot_hold(EVERYTHING), *csv_loss({"a": 1, "": "b"})]
    assert [what for what in lost if not re.search(r"[\u4e00-\u9fff]", i18n.said(what))] == []
    assert all(no_english(i18n.said(what)) for what in lost)
