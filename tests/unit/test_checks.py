"""What counts as a right, a complete and a polite answer, and what only looks like one."""

from __future__ import annotations

import pytest

from crlft import checks
from crlft.checks import check_answer, check_faults
from crlft.errors import DataError

CAPITAL = {
    "answer": ["Canberra"],
    "reject": ["Sydney"],
    "complete": ["capital of Australia is Canberra"],
    "polite": ["Sure!", "Of course!"],
}
SUM = {"answer": ["12"], "given": ["7", "5"]}


def correct(check: dict[str, object], text: str) -> bool:
    return check_answer(check, text).correct


def test_a_full_answer_is_everything_that_was_asked_for():
    result = check_answer(CAPITAL, "Sure! The capital of Australia is Canberra.")
    assert (result.correct, result.complete, result.polite, result.full) == (True, True, True, True)
    assert result.reason == ""


@pytest.mark.parametrize(
    ("text", "complete", "polite"),
    [
        ("canberra", False, False),
        ("Sure! Canberra.", False, True),
        ("The capital of Australia is Canberra.", True, False),
        ("Canberra, sure!", False, False),
    ],
)
def test_a_right_answer_may_lack_the_rest(text, complete, polite):
    result = check_answer(CAPITAL, text)
    assert result.correct
    assert (result.complete, result.polite) == (complete, polite)
    assert not result.full


def test_what_was_not_asked_for_is_none_and_does_not_count_against_an_answer():
    result = check_answer({"answer": "Canberra"}, "Canberra")
    assert (result.complete, result.polite, result.full) == (None, None, True)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("Canberra", "CANBERRA!"),
        ("12", "It is 12kg."),
        ("12", "一共１２个。"),
        ("12", "12."),
        ("1440", "That makes 1,440 minutes."),
        ("1,440", "1440"),
        ("New Delhi", "new\n delhi"),
        ("北京", "首都是 北京。"),
        ("72小时", "等于72 小时"),
        ("it's", "it’s"),
        ("7.5", "7.5"),
        (12, "12"),
    ],
)
def test_spelling_width_and_spacing_do_not_matter(answer, text):
    assert correct({"answer": answer}, text)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("12", "112"),
        ("12", "120"),
        ("12", "12.5"),
        ("12", "3.12"),
        ("12", "-12"),
        ("12", "12,345"),
        ("Rome", "Romeo"),
        ("Oman", "Roman"),
        ("tea", "tea2"),
        ("12", ""),
    ],
)
def test_a_part_of_a_word_or_number_is_not_the_value(answer, text):
    assert not correct({"answer": answer}, text)


@pytest.mark.parametrize(
    "text",
    [
        "12 or 21",
        "21 or 12",
        "It is 12/21.",
        "12还是21",
        "可能是21或者12",
        "not 12",
        "It isn't 12.",
        "不是12",
        "7 plus 5 is 12, no, 13.",
        "12 13 14 15",
    ],
)
def test_hedging_denying_and_listing_are_no_way_to_be_right(text):
    assert not correct(SUM, text)


def test_alternatives_that_are_all_accepted_may_be_joined():
    assert correct({"answer": ["Delhi", "New Delhi"]}, "Delhi or New Delhi")


def test_repeating_the_question_is_no_hedge():
    assert correct({"answer": "34", "given": ["12"]}, "12 or 34? 34 is larger than 12.")


def test_a_rejected_value_is_wrong_unless_it_is_denied():
    assert not correct(CAPITAL, "Sydney, that is Canberra.")
    assert not correct(CAPITAL, "Canberra or Sydney")
    assert correct(CAPITAL, "Canberra, not Sydney.")
    assert check_answer(CAPITAL, "Canberra (Sydney)").reason == "states Sydney"


def test_numbers_beyond_the_given_ones_compete():
    assert correct(SUM, "7 plus 5 is 12.")
    assert check_answer(SUM, "7 plus 5 is 12 and 2").reason == "states 2"
    assert correct({"answer": "12"}, "7 plus 5 is 12.")
    assert not correct({"answer": "4", "given": []}, "aisle 4, shelf 2")


def test_all_needs_every_entry_and_takes_alternatives():
    check = {"all": ["tea", ["lamp", "lamps"], "rice"]}
    assert correct(check, "rice, tea and lamps")
    assert check_answer(check, "tea and rice").reason == "does not state lamp or lamps"


def test_an_opening_must_open():
    check = {"answer": "12", "polite": ["好的！"]}
    assert check_answer(check, "好的,12。").polite
    assert not check_answer(check, "12好的").polite
    assert not check_answer({"answer": "12", "polite": ["Sure!"]}, "Surely 12").polite


@pytest.mark.parametrize(
    ("check", "fault"),
    [
        ("Canberra", "an object"),
        ({}, "none of"),
        ({"answer": []}, "`answer` is empty"),
        ({"answer": "x", "anwser": "x"}, "unknown key 'anwser'"),
        ({"answer": {"a": 1}}, "`answer` is dict"),
        ({"answer": [None]}, "`answer` holds NoneType"),
        ({"answer": True}, "`answer` is bool"),
        ({"answer": " . "}, "empty text"),
        ({"all": [[]]}, "empty list"),
        ({"all": [["a", 1], {}]}, "`all` holds dict"),
        ({"answer": ["a", ["b"]]}, "`answer` holds list"),
        ({"answer": "1", "given": ["seven"]}, "no number"),
        ({"matches": [r"\d+", "("]}, "'(' is no pattern"),
        ({"matches": "a*"}, "matches the empty text"),
        ({"matches": r"(\w+\s?)+$"}, "avoid (a+)+"),
        ({"matches": [["a"]]}, "`matches` holds list"),
        ({"lacks": " "}, "`lacks` holds an empty text"),
    ],
)
def test_a_bad_check_says_what_is_wrong_with_it(check, fault):
    assert any(fault in sentence for sentence in check_faults(check))


def test_every_fault_is_reported_and_a_bad_check_cannot_be_used():
    check = {"answer": [], "complete": 3.5j, "polite": None}
    assert len(check_faults(check)) == 3
    with pytest.raises(DataError, match="`complete` is complex"):
        check_answer(check, "x")


@pytest.mark.parametrize(
    ("check", "text", "reason"),
    [
        ({"matches": r"^\d{1,2}:\d\d$"}, "It opens at\n9:30", ""),
        ({"matches": r"^\d{1,2}:\d\d$"}, "It opens at 9:30", r"does not match ^\d{1,2}:\d\d$"),
        ({"matches": ["yes", "是"]}, "YES.", ""),
        ({"lacks": ["as an AI", "!"]}, "The shop opens at nine.", ""),
        ({"lacks": ["as an AI", "!"]}, "Nine!", "holds !"),
        ({"lacks": "as an AI"}, "Not as  an ai.", "holds as an AI"),
        ({"lacks": "sell"}, "He sells pens.", "holds sell"),
        ({"answer": "nine", "matches": "opens?", "lacks": "ten"}, "Opens at nine.", ""),
        ({"answer": "nine", "matches": "opens?"}, "Opens at ten.", "does not state nine"),
    ],
)
def test_patterns_and_what_must_not_stand_there(check, text, reason):
    assert not check_faults(check)
    assert check_answer(check, text).reason == reason


def test_a_pattern_that_runs_away_on_an_answer_is_stopped_and_not_right(monkeypatch):
    check = {"matches": "(b|bb)+c"}
    monkeypatch.setattr(checks, "_HOSTILE", 3)  # what is tried beforehand does not show it
    assert not check_faults(check)
    assert check_answer(check, "b" * 5000).reason == "keeps a pattern busy for more than 0.25 s"
