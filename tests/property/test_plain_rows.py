"""A row that is read the short way says what it says when it is read the long way."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crlft.conversation import Turn
from crlft.formats import FORMATS
from crlft.formats.plain import plain_exchange
from crlft.formats.rawrow import RawRow
from workbench.services.inspecting import read_checked

TEXTS = st.sampled_from(["", " ", "how far is it?", "not very", "灯"])
ODD = st.sampled_from([None, 3, ["a"], {"a": 1}])
ROLES = st.sampled_from(["user", "assistant", "system", "human", "nobody"])
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {}, optional={"role": ROLES, "content": TEXTS | ODD, "from": ROLES, "weight": st.just(0)}
    ),
    max_size=3,
)
NAMES = ("prompt", "completion", "question", "answer", "instruction", "output", "response", "input", "context")
MORE = ("system", "id", "label", "chosen", "tools", "generator")
ROWS = st.fixed_dictionaries(
    {},
    optional={name: TEXTS | ODD for name in (*NAMES, *MORE)}
    | {"messages": MESSAGES, "conversations": MESSAGES, "history": st.just([["a", "b"]])},
)
GOOD = st.sampled_from(
    [
        {"prompt": "how far is it?", "completion": "not very"},
        {"instruction": "how far is it?", "output": "not very"},
        {"messages": [{"role": "user", "content": "how far?"}, {"role": "assistant", "content": ""}]},
    ]
)


@given(ROWS, GOOD, st.sampled_from(["prompt-completion", "alpaca", "messages", "sharegpt"]))
def test_the_short_way_is_the_long_way(row: dict[str, Any], good: dict[str, Any], form: str) -> None:
    for mixed in (row, {**row, **good}, {**good, **row}):
        plain = plain_exchange(mixed, form)
        if plain is not None:
            turns = read_checked(RawRow(1, mixed, b""), FORMATS[form]).conversations[0].turns
            assert turns == (Turn("user", plain[0]), Turn("assistant", plain[1]))


def test_plain_rows_go_the_short_way() -> None:
    plain = {"prompt": "a", "completion": "b", "id": "1"}
    assert plain_exchange(plain, "prompt-completion") == ("a", "b")
    assert plain_exchange({**plain, "system": "c"}, "prompt-completion") is None
    assert plain_exchange({"instruction": "a", "output": "b", "generator": "x"}, "alpaca") == ("a", "b")
    assert plain_exchange({"instruction": "a", "output": "b", "input": "more"}, "alpaca") is None
    talk = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    assert plain_exchange({"messages": talk}, "messages") == ("a", "b")
    assert plain_exchange({"messages": [*talk, talk[0]]}, "messages") is None
    assert plain_exchange([1], "messages") is None
