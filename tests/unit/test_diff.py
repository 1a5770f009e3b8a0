from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.curate import diff
from workbench.curate.diff import changed, word_diff

texts = st.lists(st.sampled_from(["a", "cat", " ", "  ", "\n", "天", "气", ",", "é", "<b>"]), max_size=25).map(
    "".join
)


@pytest.mark.parametrize(
    ("before", "after", "pieces"),
    [
        (
            "the cat sat",
            "the dog sat",
            [("equal", "the "), ("delete", "cat"), ("insert", "dog"), ("equal", " sat")],
        ),
        ("a b c d", "a x y d", [("equal", "a "), ("delete", "b c"), ("insert", "x y"), ("equal", " d")]),
        ("今天很好", "今天不好", [("equal", "今天"), ("delete", "很"), ("insert", "不"), ("equal", "好")]),
        ("word  ", "word", [("equal", "word"), ("delete", "  ")]),
        ("", "", []),
        ("", "new", [("insert", "new")]),
    ],
)
def test_pieces(before: str, after: str, pieces: list[tuple[str, str]]) -> None:
    assert word_diff(before, after) == pieces


@given(texts, texts)
def test_both_texts_can_be_read_back(before: str, after: str) -> None:
    pieces = word_diff(before, after)
    assert "".join(text for op, text in pieces if op != "insert") == before
    assert "".join(text for op, text in pieces if op != "delete") == after
    assert changed(pieces) == (before != after)
    assert all(text for _, text in pieces)


def test_very_long_changes_are_one_replacement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diff, "MOST_CELLS", 3)
    assert word_diff("x a b c y", "x c d a y") == [
        ("equal", "x "),
        ("delete", "a b c"),
        ("insert", "c d a"),
        ("equal", " y"),
    ]
