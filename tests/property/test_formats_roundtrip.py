"""Import after export is the identity where a format can hold a conversation, and no damage loses a row."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from crlft.condition import OPENCHAT_SCHEME
from crlft.conversation import ROLES, Conversation, ToolCall, Turn
from crlft.errors import DataError
from crlft.formats import FORMATS, READABLE, WRITABLE
from crlft.formats.containers import open_rows
from crlft.formats.detect import detect, read_mended, read_row
from crlft.formats.fields import OWN_FIELDS
from crlft.formats.rows_out import Outgoing, rows_out
from crlft.formats.writing import SUFFIXES, container_loss, write_rows

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
NAMES = st.text(st.characters(categories=["L", "N"], include_characters="_ -"), min_size=1, max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(-1e9, 1e9) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=4,
)  # fmt: skip
JSON_TEXTS = VALUES.map(lambda v: json.dumps(v, ensure_ascii=False)) | TEXTS
CALLS = st.builds(ToolCall, name=NAMES, arguments=JSON_TEXTS, id=st.none() | NAMES)


@st.composite
def turns(draw):
    role = draw(st.sampled_from(ROLES))
    answers = role == "assistant"
    return Turn(
        role,
        draw(TEXTS),
        reasoning=draw(st.none() | TEXTS) if answers else None,
        tool_calls=tuple(draw(st.lists(CALLS, max_size=2))) if answers and draw(st.integers(0, 3)) == 0 else (),
        tool_call_id=draw(st.none() | NAMES) if role == "tool" else None,
        name=draw(st.none() | NAMES) if draw(st.integers(0, 3)) == 0 else None,
        excluded=answers and draw(st.integers(0, 3)) == 0,
    )


@st.composite
def plain_talks(draw):
    """Questions and answers in turn, which every format can hold."""
    system = [Turn("system", text) for text in draw(st.lists(TEXTS.filter(bool), max_size=1))]
    pairs = draw(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3))
    return (*system, *(turn for q, a in pairs for turn in (Turn("user", q), Turn("assistant", a))))


@st.composite
def conversations(draw):
    talk = draw(plain_talks() | st.lists(turns(), min_size=1, max_size=4).map(tuple))
    metadata = draw(st.dictionaries(NAMES.filter(lambda n: n not in OWN_FIELDS), VALUES, max_size=3))
    if draw(st.booleans()):
        metadata["generator"] = draw(TEXTS)
    return Conversation(
        turns=talk,
        id=draw(st.just("") | NAMES),
        class_name=draw(st.none() | st.sampled_from(["expert", "sub"])),
        coarse_reward=draw(st.none() | st.floats(-2, 1)),
        tools=draw(st.none() | JSON_TEXTS.filter(bool)),
        source=draw(st.just("") | NAMES),
        language=draw(st.sampled_from(["", "en", "zh"])),
        metadata=metadata,
    )


@pytest.mark.parametrize("name", WRITABLE)
@given(held=conversations())
@settings(max_examples=80)
def test_reading_what_was_written_gives_the_same_conversation(name, held):
    form = FORMATS[name]
    lost = form.cannot_hold(held)
    event("held" if not lost else "lost something")
    known = held.class_name is not None
    row = form.write(
        held,
        condition=OPENCHAT_SCHEME[held.class_name].condition if known else "",
        loss_weight=OPENCHAT_SCHEME.loss_weight(held.class_name, held.coarse_reward) if known else 1.0,
    )
    row = json.loads(json.dumps(row))
    if lost:
        return
    assert form.matches(row)
    assert form.read(row) == [held]


@pytest.mark.parametrize("name", WRITABLE)
@given(talk=plain_talks())
@settings(max_examples=60)
def test_every_format_holds_questions_and_answers(name, talk):
    held = Conversation(talk, source="who", metadata={"topic": ["sums"]})
    assert FORMATS[name].cannot_hold(held) == []
    assert FORMATS[name].read(FORMATS[name].write(held)) == [held]


@pytest.mark.parametrize("name", WRITABLE)
@given(talks=st.lists(plain_talks(), min_size=1, max_size=5), suffix=st.sampled_from([".json", ".jsonl.gz"]))
@settings(max_examples=30)
def test_a_written_file_is_detected_and_read_back(name, talks, suffix):
    held = [Conversation(talk, id=str(i)) for i, talk in enumerate(talks)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"out{suffix}"
        with write_rows(path) as put:
            for conversation in held:
                put(FORMATS[name].write(conversation))
        with open_rows(path) as file:
            values = [row.value for row in file]
    found = detect(values)
    assert found.format == name
    assert [c for value in values for c in read_row(value, FORMATS[name])] == held


@st.composite
def pairs(draw):
    """Two conversations of one pair, alike in their prompt or not."""
    one, other = draw(conversations()), draw(conversations())
    if draw(st.booleans()):
        other = replace(one, turns=(*one.turns[:-1], draw(turns())), class_name=other.class_name)
    name = draw(NAMES)
    return [
        replace(c, metadata={**c.metadata, "pair": name, "preferred": side})
        for c, side in ((one, "chosen"), (other, "rejected"))
    ]


@given(held=pairs())
@settings(max_examples=80)
def test_a_pair_comes_back_as_a_pair(held):
    form = FORMATS["preference"]
    lost = [what for c in held for what in form.cannot_hold(c)]
    left = []
    (row,) = rows_out(form, map(Outgoing, held), lambda c, why: left.append(why))
    row = json.loads(json.dumps(row))
    event("held" if not lost else "lost something")
    assert left == []
    if not lost:
        assert form.matches(row)
        assert form.read(row) == held


@given(held=conversations(), label=st.booleans())
@settings(max_examples=100)
def test_a_label_comes_back(held, label):
    form = FORMATS["kto"]
    held = replace(held, metadata={**held.metadata, "label": label})
    row = json.loads(json.dumps(form.write(held)))
    if not form.cannot_hold(held):
        assert form.matches(row)
        assert form.read(row) == [held]


def labelled(name, held):
    """Make conversations that a format of labels and pairs can hold."""
    if name == "kto":
        return [replace(c, metadata={**c.metadata, "label": i % 2 == 0}) for i, c in enumerate(held)]
    if name == "preference":
        return [
            replace(c, metadata={**c.metadata, "pair": f"p{i // 2}", "preferred": ("chosen", "rejected")[i % 2]})
            for i, c in enumerate(held[: len(held) // 2 * 2])
        ]
    return held


@pytest.mark.parametrize("suffix", [".csv", ".tsv.gz", ".parquet"])
@pytest.mark.parametrize("name", READABLE)
@given(data=st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_format_comes_back_from_every_container(name, suffix, data):
    assert suffix in SUFFIXES
    form = FORMATS[name]
    every = conversations() | plain_talks().map(lambda t: Conversation(t, source="x", metadata={"a": "=1"}))
    held = labelled(name, data.draw(st.lists(every, min_size=2, max_size=4)))
    held = [c for c in held if not form.cannot_hold(c)]
    rows = list(rows_out(form, map(Outgoing, held), lambda c, why: None))
    rows = [row for row in rows if not container_loss(Path(f"x{suffix}"), row)]
    event(f"{len(rows)} rows")
    assume(rows)
    expected = [c for row in rows for c in form.read(row)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"out{suffix}"
        with write_rows(path) as put:
            for row in rows:
                put(row)
        with open_rows(path) as file:
            back = list(file)
    assert [row.error for row in back] == [None] * len(rows)
    assert [c for row in back for c in read_mended(row.value, form)[0]] == expected


GOOD = [
    {"id": f"row-{i}", "conversations": [{"from": "human", "value": f"{i} 你好?"}, {"from": "gpt", "value": "x"}]}
    for i in range(12)
]  # fmt: skip
FILES = {
    "lines": "\n".join(json.dumps(row, ensure_ascii=False) for row in GOOD).encode(),
    "array": json.dumps(GOOD, ensure_ascii=False).encode(),
    "indented": json.dumps(GOOD, indent=1).encode(),
}


@st.composite
def damages(draw):
    """Between one and three cuts, inserted bytes, or overwritten bytes."""
    data = FILES[draw(st.sampled_from(sorted(FILES)))]
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data) - 1))
        length = draw(st.integers(0, 12))
        piece = draw(
            st.binary(max_size=4) | st.sampled_from([b'"', b"{", b"}", b"[", b"]", b"\\", b",", b"\n", b"NaN"])
        )
        data = data[:at] + piece + data[at + length :]
    return data


@given(data=damages())
@settings(max_examples=300)
def test_no_damage_crashes_or_loses_a_row(data):
    assume(data.strip() and data[:2] not in (b"\xff\xfe", b"\xfe\xff", b"\x1f\x8b"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "damaged.json"
        path.write_bytes(data)
        try:
            with open_rows(path) as file:
                rows = list(file)
        except DataError:
            event("refused")
            return
    good, held, reasons = 0, "", []
    for row in rows:
        try:
            if row.error is not None:
                raise DataError(row.error)
            held += "".join(json.dumps(c.to_dict()) for c in read_row(row.value, FORMATS["sharegpt"]))
            good += 1
        except DataError as error:
            reasons.append(str(error))
            held += row.raw
        if row.raw.count('"conversations"') > 1:  # of a key that stands twice JSON keeps the last value
            held += row.raw
    event(f"{good // 4 * 4} or more of {len(GOOD)} rows read")
    assert all(reasons)
    for row in GOOD:
        assert f'"{row["id"]}"'.encode() not in data or row["id"] in held
