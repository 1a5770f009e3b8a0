"""What a plan's summary says."""

from __future__ import annotations

from workbench.domain.curation import MOST_KINDS, Change, Plan


def changes(field: str, values: list[tuple[object, object]]) -> list[Change]:
    return [Change(i, 0, {field: before}, {field: after}) for i, (before, after) in enumerate(values)]


def test_equal_changes_are_counted_together_most_frequent_first() -> None:
    plan = Plan("tag", "", changes("class_name", [(None, "expert"), ("sub", "expert"), (None, "expert")]))
    assert plan.summary() == [("class_name", "none", "expert", 2), ("class_name", "sub", "expert", 1)]


def test_a_field_with_many_different_values_is_one_line_with_what_they_share() -> None:
    many = [("", f"duplicate of {i:04x} at 0.9") for i in range(MOST_KINDS + 1)]
    plan = Plan("dedupe", "", changes("drop_reason", many))
    assert plan.summary() == [("drop_reason", "…", "duplicate of … (9 different)", 9)]


def test_lists_read_as_words_and_texts_are_not_shown() -> None:
    flags = Plan("clean", "", changes("flags", [([], ["refusal", "truncated"])]))
    assert flags.summary() == [("flags", "none", "refusal, truncated", 1)]
    assert Plan("edit", "", changes("turns", [([1], [2])])).summary() == [("turns", "…", "…", 1)]
