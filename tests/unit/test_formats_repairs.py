"""What is mended, under which name, and what is set aside because nobody knows what was meant."""

from __future__ import annotations

import json

import pytest

from crlft.conversation import Conversation, Turn
from crlft.errors import DataError
from crlft.formats import FORMATS
from crlft.formats.containers import open_rows
from crlft.formats.detect import detect, read_mended
from crlft.formats.jsontext import parse
from crlft.formats.lenient import MAX_TEXT

TALK = Conversation((Turn("user", "2 + 3?"), Turn("assistant", "5")))
MESSAGES = [{"role": "user", "content": "2 + 3?"}, {"role": "assistant", "content": "5"}]


@pytest.mark.parametrize(
    ("text", "value", "repairs"),
    [
        ('{"a": 1,}', {"a": 1}, ["trailing-comma"]),
        ('{"a": [1, 2,],},', {"a": [1, 2]}, ["trailing-comma"]),
        ('{"a": 1 /* one */, // two\n "b": 2 # three\n}', {"a": 1, "b": 2}, ["comment"]),
        ("{'a': 'it\\'s', 'b': \"x\"}", {"a": "it's", "b": "x"}, ["single-quotes"]),
        ("{'a': True, 'b': [False, None]}", {"a": True, "b": [False, None]}, ["python-literal", "single-quotes"]),
        ("{a: 1, $b: undefined}", None, None),
        ("{a: 1, b_2: undefined}", {"a": 1, "b_2": None}, ["bare-key", "python-literal"]),
        ("{'a': nan, 'b': -inf}", {"a": None, "b": None}, ["not-a-number", "single-quotes"]),
        ('{"a": "50\\% \\_x\\_"}', {"a": "50\\% \\_x\\_"}, ["bad-escape"]),
        ('{"a": "one\ntwo\tthree"}', {"a": "one\ntwo\tthree"}, ["control-character"]),
        ("[{'a': 1}\n {'a': 2}]", [{"a": 1}, {"a": 2}], ["missing-comma", "single-quotes"]),
        ('{"a": 1, "a": 1}', {"a": 1}, ["duplicate-key"]),
        ('{"a": 1, "a" : 1,}', {"a": 1}, ["duplicate-key", "trailing-comma"]),
        ("{'a': '\\x41\\u00e9\\ud83d\\ude00'}", {"a": "Aé😀"}, ["single-quotes"]),
        ('{"a": "\\ud83d", }', {"a": "\ufffd"}, ["lone-surrogate", "trailing-comma"]),
        ('{"a": "x\\":y", "b": {"c": "\\"d\\":"}}', {"a": 'x":y', "b": {"c": '"d":'}}, []),
        ("{'a': -1.5e3, 'b': +2}", {"a": -1500.0, "b": 2}, ["single-quotes"]),
    ],
)
def test_repairs_by_name(text, value, repairs):
    if repairs is None:
        with pytest.raises(ValueError):
            parse(text.encode())
    else:
        assert parse(text.encode()) == (value, tuple(repairs))


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        '{"x": [{"from": "human", "value": "q", "from": "gpt"}]}',
        '{"a": 1 "b": 2}',
        '{"a": [1, 2}',
        '{"a": 1} {"b": 2}',
        '{"a": "no end}',
        "{'a': 'it's'}",
        '{"a": 1, # "b": 2\n}',
        '{"a": tomorrow}',
        "{'a': 1.2.3}",
        '{"a": }',
        "{1: 2}",
    ],
)
def test_what_is_not_clear_is_not_guessed(text):
    with pytest.raises(ValueError):
        parse(text.encode())


def test_a_key_that_says_two_things_is_named(tmp_path):
    (tmp_path / "rows").write_text('{"a": 1}\n{"prompt": "x", "completion": "y", "prompt": "z"}\n')
    with open_rows(tmp_path / "rows") as rows:
        assert [row.error for row in rows] == [None, "the key 'prompt' stands twice, with different values"]


def test_long_rows_are_not_mended():
    with pytest.raises(ValueError):
        parse(b'{"a": "' + b"x" * MAX_TEXT + b'",}')


@pytest.mark.parametrize("depth", [50, 3000])
def test_deep_nesting_is_refused_before_it_costs(depth):
    text = ("{'a': " * depth + "1" + "}" * depth).encode()
    if depth < 100:
        assert parse(text)[1] == ("single-quotes",)
    else:
        with pytest.raises(RecursionError):
            parse(text)


def test_comments_between_rows_are_no_rows(tmp_path):
    row = json.dumps({"prompt": "x", "completion": "y"})
    for kind, text in {
        "json lines": f"# exported\n{row}\n// half\n{row}\n",
        "json array": f"// exported\n[\n{row}, // first\n/* then */ {row}\n# end\n]\n",
    }.items():
        (tmp_path / "rows").write_text(text)
        with open_rows(tmp_path / "rows") as rows:
            found = list(rows)
            assert rows.container == kind
        assert [r.value for r in found] == [json.loads(row)] * 2
        assert kind == "json array" or found[1].repairs == ("comment",)


def test_a_row_that_was_commented_out_is_shown_not_skipped(tmp_path):
    (tmp_path / "rows").write_text('{"a": 1}\n// {"a": 2}\n{"a": 3}\n')
    with open_rows(tmp_path / "rows") as rows:
        assert [(r.value, r.raw) for r in rows][1] == (None, '// {"a": 2}')


@pytest.mark.parametrize(
    ("row", "form", "repairs"),
    [
        ({"messages": json.dumps(MESSAGES)}, "messages", ("nested-json",)),
        ({"messages": str(MESSAGES)}, "messages", ("nested-json", "single-quotes")),
        ({"messages": [json.dumps(m) for m in MESSAGES]}, "messages", ("nested-json",)),
        (json.dumps({"messages": MESSAGES}), "messages", ("nested-json",)),
        ({"messages": {"role": ["user", "gpt"], "content": ["2 + 3?", "5"]}}, "messages", ("turned-columns",)),
        ({"messages": [MESSAGES[0], {"role": "assistant", "content": 5}]}, "messages", ("number-as-text",)),
        ({"conversations": [{"from": "human", "value": "2 + 3?"}, {"from": "gpt", "value": 5}]}, "sharegpt",
         ("number-as-text",)),
        ({"instruction": "2 + 3?", "output": 5}, "alpaca", ("number-as-text",)),
        ({"prompt": "2 + 3?", "completion": 5}, "prompt-completion", ("number-as-text",)),
        ({"items": json.dumps(MESSAGES)}, "openchat", ("nested-json",)),
    ],
)  # fmt: skip
def test_rows_of_the_wrong_types_are_mended_and_the_repair_is_named(row, form, repairs):
    assert detect([row]).format == form
    assert read_mended(row, FORMATS[form]) == ([TALK], repairs)


def test_a_pair_of_numbers_is_mended():
    held, repairs = read_mended({"prompt": "2 + 3?", "chosen": 5, "rejected": 6}, FORMATS["preference"])
    assert ([c.answer for c in held], repairs) == (["5", "6"], ("number-as-text",))


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [{"role": "user", "content": {"deep": 1}}]},
        {"messages": "no turns"},
        {"messages": "[broken"},
        {"messages": {"role": ["user"], "content": ["a", "b"]}},
        {"prompt": "x", "completion": True},
        [1],
        "text",
    ],
)
def test_what_cannot_be_mended_keeps_its_reason(row):
    with pytest.raises(DataError) as caught:
        read_mended(row, FORMATS["messages"])
    assert caught.value.message


def test_text_that_looks_like_json_stays_text():
    row = {"prompt": '[{"role": "user"}]', "completion": "{}"}
    (held,), repairs = read_mended(row, FORMATS["prompt-completion"])
    assert (held.prompt, held.answer, repairs) == ('[{"role": "user"}]', "{}", ())
