from __future__ import annotations

import pytest

from workbench.curate.query import format_query, parse_query
from workbench.domain.errors import QueryError
from workbench.domain.fields import FIELDS
from workbench.domain.query import FieldTerm, Query, TextTerm


def test_the_whole_language() -> None:
    text = 'source:gpt4,claude* class:none turns>2 tokens<=9 reward<0.5 -round:1 "exact words" word -"not it" -no'
    assert parse_query(text).terms == (
        FieldTerm("source", ":", ("gpt4", "claude*")),
        FieldTerm("class", ":", ("none",)),
        FieldTerm("turns", ">", ("2",)),
        FieldTerm("tokens", "<=", ("9",)),
        FieldTerm("reward", "<", ("0.5",)),
        FieldTerm("round", ":", ("1",), negated=True),
        TextTerm("exact words", phrase=True),
        TextTerm("word"),
        TextTerm("not it", phrase=True, negated=True),
        TextTerm("no", negated=True),
    )
    assert format_query(parse_query(text)) == text


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ('source:"gpt 4, turbo"', FieldTerm("source", ":", ("gpt 4, turbo",))),
        ("Status:KEPT", FieldTerm("status", ":", ("kept",))),
        ("class:ANY", FieldTerm("class", ":", ("any",))),
        ("来源", TextTerm("来源")),
        ("“天气 预报”", TextTerm("天气 预报", phrase=True)),
        ("lang：zh", FieldTerm("lang", ":", ("zh",))),
        ('"say \\"hi\\""', TextTerm('say "hi"', phrase=True)),
        ("10:30", TextTerm("10:30")),
        ("don't", TextTerm("don't")),
        ("a=b", TextTerm("a=b")),
    ],
)
def test_a_single_term(text: str, term: FieldTerm | TextTerm) -> None:
    assert parse_query(text) == Query((term,))


def test_nothing_matches_everything() -> None:
    assert parse_query("  ") == Query()


def test_a_lone_sign_between_words_is_passed_over() -> None:
    assert parse_query("7 + 4").terms == (TextTerm("7"), TextTerm("4"))


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        ("word tokns>3", 5, "did you mean tokens?"),
        ("foo:1", 0, "Known fields: class, status, source"),
        ("http://x.org/y", 0, 'quote it: "http://x.org/y"'),
        ("turns>x", 6, "'x' at 7 is not a whole number"),
        ("turns>2.5", 6, "whole number"),
        ("tokens:nan", 7, "whole number"),
        ("reward<inf", 7, "not a number"),
        ("tokens>99999999999999999999", 7, "whole number"),
        ("turns>1,2", 8, "compares with one number"),
        ("source>3", 0, "cannot be compared"),
        ("status:keep", 7, "pending, kept, dropped"),
        ("tokens:", 7, "lacks a value"),
        ("source:a,,b", 9, "lacks a value"),
        ('one "two', 4, "never closed"),
        ("a -", 2, "nothing behind it"),
        ("!!!", 0, "holds nothing to search for"),
        ("a”", 1, "without an opening one"),
    ],
)
def test_a_mistake_is_answered_with_place_and_remedy(text: str, position: int, said: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_query(text)
    assert caught.value.position == position
    assert said in str(caught.value)
    assert caught.value.remedy


def test_every_example_of_the_help_can_be_parsed() -> None:
    for name, field in FIELDS.items():
        (term,) = parse_query(field.example).terms
        assert isinstance(term, FieldTerm)
        assert term.field == name
