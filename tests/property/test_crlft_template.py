"""What is trained is what is served: the saved chat template gives the ids of `render()`, for any text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crlft.chat_template import chat_template
from crlft.conversation import Conversation, ToolCall, Turn
from crlft.template import get_template, guard, unguard
from crlft.tokens import add_controls, make_encoder
from tests.tiny import tiny_tokenizer

PIECES = [
    "<s>",
    "<pad>",
    "<|end_of_turn|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|",
    "|>",
    "<s<s>>",
    "User:",
    "GPT4 Correct",
]
texts = st.lists(
    st.one_of(
        st.sampled_from(PIECES), st.text(max_size=8), st.sampled_from(["\n", " ", "  ", "\t", "你好", "\u2060"])
    ),
    max_size=6,
).map("".join)
calls = st.builds(ToolCall, name=texts, arguments=st.sampled_from(["{}", '{"x": "<|im_end|>"}', "broken {"]))
answers = st.builds(
    Turn,
    role=st.just("assistant"),
    content=texts,
    reasoning=st.none() | texts,
    tool_calls=st.lists(calls, max_size=2).map(tuple),
    excluded=st.booleans(),
)
others = st.builds(Turn, role=st.sampled_from(["user", "system", "tool"]), content=texts)
conversations = st.builds(
    Conversation,
    turns=st.lists(st.one_of(answers, others), min_size=1, max_size=5).map(tuple),
    tools=st.none() | st.just('[{"type": "function", "function": {"name": "f<s>", "parameters": {}}}]'),
)
conditions = st.sampled_from(["", "GPT4 Correct", "专家", "x <|im_end|>"])


def make(template: str, placement: str):
    tokenizer = tiny_tokenizer()
    add_controls(tokenizer, get_template(template))
    encoder = make_encoder(tokenizer, template, placement)
    tokenizer.chat_template = chat_template(
        encoder.template,
        default_condition="GPT4 Correct",
        start=encoder.start,
        reserved=encoder.reserved,
        placement=placement,
    )
    return encoder


ENCODERS = {(t, p): make(t, p) for t in ("openchat", "chatml") for p in ("both", "assistant")}


@pytest.mark.parametrize("key", ENCODERS, ids="-".join)
@settings(max_examples=60, deadline=None)
@given(conversation=conversations, condition=conditions)
def test_the_saved_template_gives_the_trained_ids(key, conversation, condition):
    encoder = ENCODERS[key]
    trained = encoder.encode(conversation, condition)
    served = encoder.tokenizer.apply_chat_template(
        conversation.to_dict()["messages"],
        tools=json.loads(conversation.tools) if conversation.tools else None,
        condition=condition,
        return_dict=True,
        return_assistant_tokens_mask=True,
    )
    assert served["input_ids"] == trained.ids.tolist()
    assert [bool(m) for m in served["assistant_masks"]] == trained.supervised.tolist()


@pytest.mark.parametrize("key", ENCODERS, ids="-".join)
@settings(max_examples=40, deadline=None)
@given(conversation=conversations, condition=conditions, answer=answers)
def test_the_prompt_is_a_prefix_of_what_was_trained(key, conversation, condition, answer):
    encoder = ENCODERS[key]
    prompt = encoder.encode(conversation, condition, answer_next=True).ids.tolist()
    longer = Conversation((*conversation.turns, answer), tools=conversation.tools)
    assert encoder.encode(longer, condition).ids.tolist()[: len(prompt)] == prompt


@settings(max_examples=60, deadline=None)
@given(conversation=conversations, condition=conditions)
def test_no_text_becomes_a_control_token(conversation, condition):
    encoder = ENCODERS["chatml", "both"]
    ids = encoder.encode(conversation, condition).ids.tolist()
    turns = len(conversation.turns)
    turns += bool(conversation.tools) and conversation.turns[0].role != "system"
    specials = encoder.tokenizer.all_special_ids
    assert [i for i in ids if i in specials] == [
        encoder.tokenizer.bos_token_id,
        *[encoder.tokenizer.convert_tokens_to_ids(c) for c in ("<|im_start|>", "<|im_end|>")] * turns,
    ]


@given(text=texts.filter(lambda t: "\u2060" not in t))
def test_guarding_can_be_undone_and_leaves_nothing_reserved(text):
    reserved = ENCODERS["chatml", "both"].reserved
    guarded = guard(text, reserved)
    assert not any(token in guarded for token in reserved)
    assert unguard(guarded, reserved) == text
