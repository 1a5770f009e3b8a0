"""Preference pairs and labelled answers: two conversations or one, a class candidate, and a row again."""

from __future__ import annotations

import pytest

from crlft.conversation import Conversation, Turn
from crlft.errors import DataError
from crlft.formats import FORMATS, LABELLED
from crlft.formats.detect import detect, format_of, read_row
from crlft.formats.fields import class_values
from crlft.formats.rows_out import Outgoing, rows_out

PAIRS, KTO = FORMATS["preference"], FORMATS["kto"]
ASK, GOOD, BAD = Turn("user", "2 + 3?"), Turn("assistant", "5"), Turn("assistant", "6")
SYSTEM = Turn("system", "Add.")


def out(name, *held, weight=1.0):
    left = []
    rows = rows_out(FORMATS[name], [Outgoing(c, "", weight) for c in held], lambda c, why: left.append((c, why)))
    return list(rows), left


def human(text):
    return {"from": "human", "value": text}


def gpt(text):
    return {"from": "gpt", "value": text}


def message(turn):
    return {"role": turn.role, "content": turn.content}


STYLES = {
    "TRL, texts": ({"prompt": "2 + 3?", "chosen": "5", "rejected": "6"}, (ASK,)),
    "TRL, messages": (
        {"prompt": [message(SYSTEM), message(ASK)], "chosen": [message(GOOD)], "rejected": [message(BAD)]},
        (SYSTEM, ASK),
    ),
    "TRL, whole": ({"chosen": [message(ASK), message(GOOD)], "rejected": [message(ASK), message(BAD)]}, (ASK,)),
    "the prompt said again": (
        {"prompt": "2 + 3?", "chosen": [message(ASK), message(GOOD)], "rejected": [message(ASK), message(BAD)]},
        (ASK,),
    ),
    "ShareGPT": ({"conversations": [human("2 + 3?")], "chosen": gpt("5"), "rejected": gpt("6")}, (ASK,)),
    "Alpaca": (
        {"instruction": "2", "input": "+ 3?", "system": "Add.", "history": [["2 + 3?", "5"]],
         "chosen": "5", "rejected": "6"},
        (SYSTEM, ASK, GOOD, Turn("user", "2\n+ 3?")),
    ),
    "transcripts": (
        {"chosen": "\n\nHuman: 2 + 3?\n\nAssistant: 5", "rejected": "\n\nHuman: 2 + 3?\n\nAssistant: 6"},
        (ASK,),
    ),
}  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
def test_a_pair_is_two_conversations_that_share_prompt_and_name(style):
    row, asked = STYLES[style]
    assert detect([row]).format == "preference"
    chosen, rejected = read_row(row, PAIRS)
    assert (chosen.turns, rejected.turns) == ((*asked, GOOD), (*asked, BAD))
    assert (chosen.metadata["preferred"], rejected.metadata["preferred"]) == ("chosen", "rejected")
    assert chosen.metadata["pair"] == rejected.metadata["pair"]
    assert class_values(row, rejected)["preferred"] == "rejected"
    assert [chosen, rejected] == read_row(row, FORMATS["sharegpt"]), "never read as a question without an answer"
    (back,), left = out("preference", chosen, rejected)
    assert (PAIRS.read(back), left) == ([chosen, rejected], [])


def test_the_name_of_a_pair_follows_from_its_texts():
    row = STYLES["TRL, texts"][0]
    name = PAIRS.read(row)[0].metadata["pair"]
    assert PAIRS.read({**row, "note": "x"})[0].metadata["pair"] == name
    assert PAIRS.read({**row, "rejected": "7"})[0].metadata["pair"] != name
    assert PAIRS.read({**row, "pair": "p1"})[1].metadata["pair"] == "p1"


def test_texts_and_messages_are_written_as_trl_has_them():
    assert out("preference", *PAIRS.read(STYLES["ShareGPT"][0]))[0] == [STYLES["TRL, texts"][0]]
    assert out("preference", *PAIRS.read(STYLES["TRL, messages"][0]))[0] == [STYLES["TRL, messages"][0]]


def test_fields_of_one_side_stay_on_it_and_an_edited_half_stays_in_its_pair():
    chosen, rejected = PAIRS.read({**STYLES["TRL, texts"][0], "id": "r1", "topic": "sums"})
    edited = Conversation(
        (Turn("user", "2 + 3 = ?"), GOOD), id="r1", class_name="expert", source="ann", metadata=chosen.metadata
    )
    (row,), _ = out("preference", edited, rejected)
    assert "prompt" not in row
    assert row["chosen"][0] == {"role": "user", "content": "2 + 3 = ?"}
    assert (row["id"], row["topic"], row["pair"]) == ("r1", "sums", chosen.metadata["pair"])
    assert row["chosen_fields"] == {"class": "expert", "source": "ann"}
    assert PAIRS.read(row) == [edited, rejected]


def test_halves_find_each_other_in_any_order_and_lonely_ones_are_named():
    first, second = (PAIRS.read({"prompt": p, "chosen": "a", "rejected": "b"}) for p in "xy")
    lone = Conversation((ASK, GOOD))
    rows, left = out("preference", first[1], second[0], lone, second[0], first[0])
    assert [row["prompt"] for row in rows] == ["x"]
    assert [why for _, why in left] == [
        "it is no half of a preference pair",
        "another chosen answer of its pair stands before it",
        "the rejected half of its pair is not among the conversations",
    ]
    assert PAIRS.cannot_hold(lone) == ["conversations that are no half of a preference pair"]
    with pytest.raises(DataError, match="half a preference pair is no row"):
        PAIRS.write(first[0])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"chosen": "a", "rejected": "b"}, "says what was answered, but not what was asked"),
        ({"prompt": "q", "chosen": None, "rejected": "b"}, "`chosen` holds null where text or turns"),
        ({"prompt": 5, "chosen": "a", "rejected": "b"}, "`prompt` holds the number 5"),
        ({"prompt": "q", "chosen": "a", "rejected": []}, "`rejected` holds a list of 0"),
        ({"prompt": "q", "chosen": "a", "rejected": "b", "preferred": 1}, "a field `preferred`"),
        ({"prompt": "q", "chosen": "a", "rejected": "b", "pair": [1]}, "`pair` is a list of 1"),
        ({"instruction": "q", "history": ["x"], "chosen": "a", "rejected": "b"}, "`history`: entry 1"),
    ],
)
def test_pairs_that_cannot_be_read_say_why(row, reason):
    with pytest.raises(DataError) as caught:
        PAIRS.read(row)
    assert reason in str(caught.value)


LABELLED_ROWS = {
    "TRL": {"prompt": "2 + 3?", "completion": "5", "label": True},
    "TRL, messages": {"prompt": [message(ASK)], "completion": [message(GOOD)], "label": True},
    "CSV": {"prompt": "2 + 3?", "completion": "5", "label": "True"},
    "LLaMA-Factory, tag": {"conversations": [human("2 + 3?"), gpt("5")], "kto_tag": True},
    "LLaMA-Factory, label": {"messages": [message(ASK), message(GOOD)], "label": True},
    "Alpaca": {"instruction": "2 + 3?", "output": "5", "kto_tag": 1},
}


@pytest.mark.parametrize("style", LABELLED_ROWS)
def test_a_label_is_a_class_candidate_and_comes_back_out(style):
    row = LABELLED_ROWS[style]
    assert detect([row]).format == "kto"
    (held,) = read_row(row, KTO)
    assert held == Conversation((ASK, GOOD), metadata={"label": True})
    assert class_values(row, held)["label"] is True
    assert out("kto", held) == ([LABELLED_ROWS["TRL"]], [])


@pytest.mark.parametrize("row", [{"kto_tag": "maybe", "messages": []}, {"prompt": "a", "completion": "b"}])
def test_what_is_no_label_is_refused(row):
    with pytest.raises(DataError, match="not true or false"):
        KTO.read(row)


def test_a_class_stands_in_for_a_label_and_nothing_does_not():
    tagged = Conversation((ASK, GOOD), class_name="sub")
    free = Conversation((ASK, BAD))
    assert [row["label"] for row in out("kto", tagged, weight=0.1)[0]] == [False]
    assert [row["label"] for row in out("kto", tagged, weight=1.0)[0]] == [True]
    assert KTO.cannot_hold(tagged) == ["that the label was made from the class"]
    assert out("kto", free) == ([], [(free, "it has neither a label nor a class")])
    with pytest.raises(DataError, match="neither a label nor a class"):
        KTO.write(free)


def test_other_labels_are_metadata():
    row = {"prompt": "2 + 3?", "completion": "5", "label": 3}
    assert format_of(row) == "prompt-completion"
    assert read_row(row, FORMATS["prompt-completion"])[0].metadata == {"label": 3}
    assert set(LABELLED) == {"preference", "kto"}
