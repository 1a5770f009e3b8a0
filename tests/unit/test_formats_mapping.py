"""Columns mapped by hand: a format made from data, remembered by the columns' fingerprint."""

from __future__ import annotations

import pytest

from crlft.conversation import Conversation, Turn
from crlft.errors import DataError
from crlft.formats.mapping import ColumnMapping, MappedColumns, columns_of, fingerprint, guess

ASK, REPLY = Turn("user", "2 + 3?"), Turn("assistant", "5")


@pytest.mark.parametrize(
    ("mapping", "row", "expected"),
    [
        (
            ColumnMapping(prompt="ask", answer="reply", class_field="grade", source="who", id="nr"),
            {"ask": "2 + 3?", "reply": 5, "grade": "A", "who": "ann", "nr": 7, "topic": "sums"},
            Conversation((ASK, REPLY), id="7", class_name="A", source="ann", metadata={"topic": "sums"}),
        ),
        (
            ColumnMapping(prompt="x.q", answer="x.a", system="x.s"),
            {"x": {"q": "2 + 3?", "a": "5", "s": "Add.", "more": 1}},
            Conversation((Turn("system", "Add."), ASK, REPLY), metadata={"x": {"more": 1}}),
        ),
        (
            ColumnMapping(
                messages="log", role_field="who", text_field="said", roles={"A": "user", "B": "assistant"}
            ),
            {"log": [{"who": "A", "said": "2 + 3?", "at": 3}, {"who": "B", "said": "5"}]},
            Conversation((ASK, REPLY), metadata={"turn_fields": [{"at": 3}, None]}),
        ),
        (ColumnMapping(messages="log"), {"log": ["2 + 3?", "5"]}, Conversation((ASK, REPLY))),
    ],
)
def test_mapped_columns_are_read(mapping, row, expected):
    form = MappedColumns(mapping)
    assert form.matches(row)
    assert form.read(row) == [expected]
    if "x" not in expected.metadata:  # half an object cannot go back beside the other half
        assert form.cannot_hold(expected) == []
        assert form.read(form.write(expected)) == [expected]
    assert ColumnMapping.from_dict(mapping.to_dict()) == mapping


def test_what_the_columns_cannot_hold_is_named():
    form = MappedColumns(ColumnMapping(prompt="q", answer="a"))
    held = Conversation((ASK, REPLY, ASK), metadata={"q": "x"})
    assert form.cannot_hold(held) == ["turns beyond a prompt and an answer", "the metadata field 'q'"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"q": "2"}, "the row has no `a`; its fields are `q`"),
        ({"q": "2", "a": ["x"]}, "`a` holds a list of 1 where text is expected"),
    ],
)
def test_rows_that_do_not_fit_say_why(row, reason):
    with pytest.raises(DataError) as caught:
        MappedColumns(ColumnMapping(prompt="q", answer="a")).read(row)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("mapping", "fault"),
    [
        (ColumnMapping(), "name the column of the turns"),
        (ColumnMapping(prompt="q"), "name the column of the turns"),
        (ColumnMapping(messages="m", prompt="q"), "not both"),
        (ColumnMapping(prompt="q", answer="q"), "the column 'q' is mapped 2 times"),
        (ColumnMapping(messages="m", roles={"A": "boss"}), "'boss' is no role"),
    ],
)
def test_mappings_without_sense_are_refused(mapping, fault):
    with pytest.raises(DataError, match=fault):
        MappedColumns(mapping)


@pytest.mark.parametrize("data", [{"promt": "q"}, {"prompt": 3}, {"roles": "user"}])
def test_a_stored_mapping_that_is_none_is_refused(data):
    with pytest.raises(DataError):
        ColumnMapping.from_dict(data)


def test_files_of_one_schema_share_their_fingerprint():
    rows = [{"ask": "a", "reply": "b", "meta": {"n": 1}}, {"reply": "d", "ask": "c", "meta": {"n": 2}, "rare": 1}]
    assert columns_of([*rows, rows[0]]) == ["ask", "reply", "meta.n"]
    assert fingerprint([*rows, rows[0]]) == fingerprint([rows[0]])
    assert fingerprint(rows) != fingerprint([{"ask": "a"}])


def test_a_first_proposal_goes_by_names_and_then_by_lengths():
    rows = [{"Question": "q", "body": "a long answer", "tag": "x", "uuid": "1", "model": "m"}]
    assert guess(rows) == ColumnMapping(prompt="Question", answer="body", source="model", id="uuid")
    assert guess([{"log": ["a", "b"], "quality": "good"}]) == ColumnMapping(messages="log", class_field="quality")
    assert guess([]) == ColumnMapping()


def test_texts_that_differ_are_proposed_in_their_order():
    rows = [{"note": "the same long note", "frage": f"question {i}?", "antwort": f"a {i}"} for i in range(5)]
    assert guess(rows) == ColumnMapping(prompt="frage", answer="antwort")


def test_turns_under_foreign_names_are_proposed():
    talk = [{"who": "caller", "says": "open?"}, {"who": "desk", "says": "until nine"}, {"who": "bot", "says": "x"}]
    found = guess([{"talk": talk}, {"talk": talk[:2]}])
    roles = {"caller": "user", "desk": "user"}
    assert found == ColumnMapping(messages="talk", role_field="who", text_field="says", roles=roles)
    assert guess([{"log": [{"role": "user", "content": "a"}]}]) == ColumnMapping(messages="log")
