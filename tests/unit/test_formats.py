"""Rows of every format to conversations and back, by example."""

from __future__ import annotations

import pytest

from crlft.conversation import Conversation, ToolCall, Turn
from crlft.errors import DataError
from crlft.formats import FORMATS, READABLE
from crlft.formats.detect import detect, format_of, read_row

USER, ANSWER = Turn("user", "What is 2 + 3?"), Turn("assistant", "5")
CALL = ToolCall("add", '{"a": 2, "b": 3}')


def read(name, row):
    (conversation,) = FORMATS[name].read(row)
    return conversation


@pytest.mark.parametrize(
    ("name", "row", "expected"),
    [
        (
            "sharegpt",
            {
                "id": 7,
                "system": "Be brief.",
                "conversations": [{"from": "human", "value": "What is 2 + 3?"}, {"from": "gpt", "value": "5"}],
                "model": "small",
                "topic": "sums",
            },
            Conversation(
                (Turn("system", "Be brief."), USER, ANSWER),
                id="7",
                source="small",
                metadata={"model": "small", "topic": "sums"},
            ),
        ),
        (
            "sharegpt",
            {
                "tools": '[{"name": "add"}]',
                "conversations": [
                    {"from": "human", "value": "What is 2 + 3?"},
                    {"from": "function_call", "value": '{"name": "add", "arguments": {"a": 2, "b": 3}}'},
                    {"from": "observation", "value": "5"},
                    {"from": "gpt", "value": "5"},
                ],
            },
            Conversation(
                (USER, Turn("assistant", "", tool_calls=(CALL,)), Turn("tool", "5"), ANSWER),
                tools='[{"name": "add"}]',
            ),
        ),
        (
            "messages",
            {
                "messages": [
                    {"role": "developer", "content": "Be brief."},
                    {"role": "user", "content": [{"type": "text", "text": "What is 2"}, {"text": " + 3?"}]},
                    {"role": "assistant", "content": "6", "weight": 0},
                    {"role": "user", "content": "No.", "name": "ann"},
                    {"role": "assistant", "content": "5", "reasoning_content": "2 and 3 more"},
                ],
                "class": "expert",
                "coarse_reward": 1,
                "source": "desk",
                "language": "en",
            },
            Conversation(
                (
                    Turn("system", "Be brief."),
                    USER,
                    Turn("assistant", "6", excluded=True),
                    Turn("user", "No.", name="ann"),
                    Turn("assistant", "5", reasoning="2 and 3 more"),
                ),
                class_name="expert",
                coarse_reward=1.0,
                source="desk",
                language="en",
            ),
        ),
        (
            "messages",
            {
                "tools": [{"type": "function", "function": {"name": "add"}}],
                "messages": [
                    {"role": "user", "content": "What is 2 + 3?"},
                    {
                        "role": "assistant",
                        "content": None,
                        "tool_calls": [{"id": "c1", "function": {"name": "add", "arguments": {"a": 2}}}],
                    },
                    {"role": "tool", "tool_call_id": "c1", "content": "5"},
                ],
            },
            Conversation(
                (
                    USER,
                    Turn("assistant", "", tool_calls=(ToolCall("add", '{"a": 2}', "c1"),)),
                    Turn("tool", "5", tool_call_id="c1"),
                ),
                tools='[{"type": "function", "function": {"name": "add"}}]',
            ),
        ),
        (
            "alpaca",
            {"instruction": "Add.", "input": "2 and 3", "output": "5", "history": [["Hi", "Hello"]], "system": ""},
            Conversation((Turn("user", "Hi"), Turn("assistant", "Hello"), Turn("user", "Add.\n2 and 3"), ANSWER)),
        ),
        (
            "alpaca",
            {"instruction": "What is 2 + 3?", "output": "5", "generator": "gpt4", "dataset": "sums"},
            Conversation((USER, ANSWER), source="gpt4", metadata={"generator": "gpt4", "dataset": "sums"}),
        ),
        (
            "openchat",
            {
                "items": [
                    {"role": "user", "content": "What is 2 + 3?", "weight": 0.0},
                    {"role": "assistant", "content": "5", "weight": 0.5},
                    {"role": "user", "content": "Sure?", "weight": 0.0},
                    {"role": "assistant", "content": "Yes", "weight": 0},
                ],
                "condition": "GPT4",
                "system": "",
            },
            Conversation(
                (USER, ANSWER, Turn("user", "Sure?"), Turn("assistant", "Yes", excluded=True)),
                metadata={"condition": "GPT4", "turn_fields": [None, {"weight": 0.5}, None, None]},
            ),
        ),
        ("prompt-completion", {"prompt": "What is 2 + 3?", "completion": "5"}, Conversation((USER, ANSWER))),
        (
            "prompt-completion",
            {"question": [{"role": "user", "content": "What is 2 + 3?"}], "answer": "5", "label": True},
            Conversation((USER, ANSWER), metadata={"label": True}),
        ),
    ],
)  # fmt: skip
def test_reading(name, row, expected):
    assert format_of(row) == name
    assert read(name, row) == expected


@pytest.mark.parametrize(
    ("name", "row", "reason"),
    [
        ("sharegpt", {"conversations": []}, "the conversation has no turns"),
        ("sharegpt", {"id": "x"}, "no list of turns; its fields are `id`"),
        ("sharegpt", {"conversations": "none"}, "`conversations` is the text 'none', not a list of turns"),
        ("sharegpt", {"conversations": [{"from": "narrator", "value": "Once"}]}, "the unknown role 'narrator'"),
        ("sharegpt", {"conversations": [{"from": "human"}]}, "turn 1 has no text"),
        ("sharegpt", {"conversations": [{"from": "human", "value": 5}]}, "turn 1 holds the number 5 where text"),
        ("sharegpt", {"conversations": ["Hi"]}, "turn 1 is the text 'Hi', not an object"),
        ("messages", {"messages": [{"content": "Hi"}]}, "turn 1 does not say whose it is"),
        ("messages", {"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "part of type 'image'"),
        ("messages", {"messages": [{"role": "gpt", "tool_calls": [{"id": "1"}]}]}, "calls a tool without a name"),
        ("alpaca", {"instruction": "Add"}, "the row has no `output`; its fields are `instruction`"),
        ("alpaca", {"instruction": ["a", "b"], "output": "x"}, "`instruction` holds a list of 2 where text"),
        ("alpaca", {"instruction": "a", "output": "x", "history": [["b"]]}, "`history`: entry 1 is a list of 1"),
        ("openchat", {"items": "none"}, "`items` is the text 'none', not a list"),
        ("prompt-completion", {"prompt": "Hi"}, "the row has no `completion`"),
    ],
)  # fmt: skip
def test_reasons_for_the_quarantine(name, row, reason):
    with pytest.raises(DataError) as caught:
        FORMATS[name].read(row)
    assert reason in str(caught.value)


def test_sharegpt_writes_system_and_calls_as_its_readers_expect():
    held = Conversation(
        (Turn("system", "S"), USER, Turn("assistant", "", tool_calls=(CALL, ToolCall("sub", "{broken")))),
        id="1",
        tools="[]",
    )
    assert FORMATS["sharegpt"].write(held) == {
        "system": "S",
        "conversations": [
            {"from": "human", "value": "What is 2 + 3?"},
            {
                "from": "function_call",
                "value": '[{"name": "add", "arguments": {"a": 2, "b": 3}},'
                ' {"name": "sub", "arguments": "{broken"}]',
            },
        ],
        "id": "1",
        "tools": "[]",
    }


def test_messages_write_exclusion_as_weight_and_tools_as_objects():
    held = Conversation((USER, Turn("assistant", "6", excluded=True)), tools='[{"name": "add"}]')
    assert FORMATS["messages"].write(held) == {
        "messages": [
            {"role": "user", "content": "What is 2 + 3?"},
            {"role": "assistant", "content": "6", "weight": 0},
        ],
        "tools": [{"name": "add"}],
    }


def test_openchat_writes_condition_and_weights_on_every_message():
    held = Conversation(
        (USER, Turn("assistant", "6", excluded=True), Turn("user", "No."), ANSWER), class_name="sub"
    )
    row = FORMATS["openchat"].write(held, condition="GPT3 Correct", loss_weight=0.1)
    assert [m["weight"] for m in row["items"]] == [0.0, 0.0, 0.0, 0.1]
    assert (row["condition"], row["system"], row["class"]) == ("GPT3 Correct", "", "sub")
    assert read("openchat", row) == held


def test_foreign_message_fields_return_to_their_turns_unless_the_turns_changed():
    row = {"conversations": [{"from": "human", "value": "Hi", "lang": "en"}, {"from": "gpt", "value": "Hello"}]}
    held = read("sharegpt", row)
    assert held.metadata == {"turn_fields": [{"lang": "en"}, None]}
    assert FORMATS["sharegpt"].write(held) == row
    edited = Conversation(held.turns[1:], metadata=held.metadata)
    assert FORMATS["sharegpt"].write(edited)["turn_fields"] == [{"lang": "en"}, None]


@pytest.mark.parametrize(
    ("name", "held", "lost"),
    [
        ("sharegpt", Conversation((USER, Turn("assistant", "5", reasoning="r", excluded=True))),
         ["reasoning", "answers excluded from the loss"]),
        ("sharegpt", Conversation((USER, Turn("assistant", "so:", tool_calls=(ToolCall("a", id="1"),)))),
         ["ids of tool calls", "text beside a tool call"]),
        ("messages", Conversation((USER, ANSWER), metadata={"messages": 1}), ["the metadata field 'messages'"]),
        ("messages", Conversation((USER, ANSWER), id="1", metadata={"id": [2]}), ["the metadata field 'id'"]),
        ("alpaca", Conversation((USER, ANSWER, Turn("user", "And?"))),
         ["turns that are not question and answer in turn"]),
        ("alpaca", Conversation((USER, ANSWER)), []),
        ("openchat", Conversation((USER, Turn("assistant", "5", excluded=True))), []),
        ("openchat", Conversation((USER, Turn("tool", "5"))),
         ["tool turns, and system turns that are empty or not the first"]),
        ("prompt-completion", Conversation((USER,)), ["conversations that do not end with an answer"]),
    ],
)  # fmt: skip
def test_what_a_format_cannot_hold_is_named(name, held, lost):
    assert FORMATS[name].cannot_hold(held) == lost


def test_a_source_that_was_never_given_is_not_invented_on_the_way_back():
    held = Conversation((USER, ANSWER), metadata={"model": "small"})
    assert read("messages", FORMATS["messages"].write(held)) == held


def test_detection_says_why():
    rows = [{"instruction": "a", "output": "b"}] * 3
    assert detect(rows).why == "all 3 rows looked at have `instruction` with `output`"
    mixed = detect([*rows, {"nothing": 1}])
    assert (mixed.format, mixed.why) == ("alpaca", "3 of 4 rows looked at have `instruction` with `output`")


def test_detection_gives_up_with_the_fields_it_saw():
    with pytest.raises(DataError) as caught:
        detect([{"a": 1, "b": 2}])
    assert "`a`, `b`" in str(caught.value)
    assert all(name in caught.value.remedy for name in READABLE)


def test_a_row_of_another_format_in_the_file_is_read_as_what_it_is():
    row = {"messages": [{"role": "user", "content": "What is 2 + 3?"}, {"role": "assistant", "content": "5"}]}
    assert read_row(row, FORMATS["alpaca"]) == [Conversation((USER, ANSWER))]
    with pytest.raises(DataError, match="a list of 1, not an object"):
        read_row([row], FORMATS["alpaca"])
