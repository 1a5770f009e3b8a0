"""The Import page in Chinese, and what repairs and faults are called in plain words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import crlft.conversation
from crlft.conversation import Conversation, Turn, validate
from crlft.formats.jsontext import parse
from workbench.ui import i18n
from workbench.ui.catalogues.zh import TEXTS
from workbench.ui.views import import_words
from workbench.ui.views.import_words import in_words


def test_every_repair_and_fault_has_a_name_in_both_languages():
    source = Path(crlft.conversation.__file__)
    codes = set(re.findall(r'repairs\.(?:add|update)\(\(?"([a-z-]+)"', "".join(
        path.read_text("utf-8") for path in (source.parent / "formats").glob("*.py"))))  # fmt: skip
    codes |= set(re.findall(r'Fault\(\s*"([a-z-]+)"', source.read_text("utf-8"))) - {"no-turns"}
    assert len(codes) > 18
    assert codes <= set(import_words._WORDS)
    assert set(import_words._WORDS.values()) <= set(TEXTS)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b'{"a": 1,}', "comma too many"),
        (b"{'a': 'b'}", "single quotation marks"),
        (b'{"a": NaN}', "NaN made empty"),
    ],
)
def test_repairs_are_named_in_plain_words(data, word):
    assert [in_words(name) for name in parse(data)[1]] == [word]


def test_words_for_an_encoding_and_for_what_has_none():
    assert in_words("encoding-gb18030") == "read as GB18030"
    assert in_words("no-such-thing") == "no-such-thing"


def test_talk_in_turn_has_no_fault_and_the_rest_is_looked_at():
    said = Conversation((Turn("system", "s"), Turn("user", "q"), Turn("assistant", "a")))
    assert validate(said) == []
    blank = Conversation((Turn("user", "q"), Turn("assistant", " \n")))
    assert [fault.code for fault in validate(blank)] == ["empty-turn"]


def test_the_page_is_shown_in_chinese(empty_project, open_page, monkeypatch, source_file):
    monkeypatch.setitem(i18n.CATALOGUES, "en", i18n.CATALOGUES["zh"])
    app = open_page("import_")
    app.text_area(key="import-path-text").set_value(str(source_file))
    next(b for b in app.button if b.label == "查看").click().run()
    assert "导入此文件" in [b.label for b in app.button]
    assert not app.exception
