"""What is trained is what is served: the saved chat template gives the ids of `render()`, for any text."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crlft.chat_template import chat_template
from crlft.conversation import Conversation, ToolCall, Turn
from crlft.derive import own_template
from crlft.template import MARKUP, TEMPLATES, get_template, guard, unguard
from crlft.tokens import add_controls, make_encoder, reserved_strings
from tests.families import FAMILIES
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
    "<|eot_id|>",
    "<|start_header_id|>user<|end_header_id|>\n\n",
    "</s>",
    "[INST]",
    "[/INST]",
    "<</SYS>>",
    "<end_of_turn>\n<start_of_turn>model\n",
    "<think>",
    "</tool_call>",
    "</tool_response>",
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


def make(tokenizer, template, placement: str):
    """An encoder whose tokenizer carries the chat template that would be saved."""
    add_controls(tokenizer, template)
    encoder = make_encoder(tokenizer, template, placement)
    tokenizer.chat_template = chat_template(
        encoder.template,
        default_condition="GPT4 Correct",
        start=encoder.start,
        reserved=encoder.reserved,
        placement=placement,
    )
    return encoder


def make_auto(name: str, placement: str):
    tokenizer = FAMILIES[name].make_tokenizer()
    return make(tokenizer, own_template(tokenizer, reserved_strings(tokenizer), name), placement)


SIDES = ("both", "assistant")
ENCODERS = {(t, p): make(tiny_tokenizer(), get_template(t), p) for t in TEMPLATES for p in SIDES}
# one tokenizer of each kind: a space behind every control token, at the beginning only, never
OTHERS = {
    (t, n): make(FAMILIES[n].make_tokenizer(), get_template(t), "both")
    for t, n in [
        ("openchat", "llama2"),
        ("chatml", "llama2"),
        ("chatml", "mistral"),
        ("llama3", "gemma2"),
        ("openchat", "qwen2"),
    ]
}
AUTO = {(n, p): make_auto(n, p) for n in FAMILIES if FAMILIES[n].chat and n != "gemma3" for p in SIDES}
ENCODERS |= OTHERS | AUTO


@pytest.mark.parametrize("key", ENCODERS, ids="-".join)
@settings(max_examples=30, deadline=None)
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
@settings(max_examples=20, deadline=None)
@given(conversation=conversations, condition=conditions, answer=answers)
def test_the_prompt_is_a_prefix_of_what_was_trained(key, conversation, condition, answer):
    encoder = ENCODERS[key]
    prompt = encoder.encode(conversation, condition, answer_next=True).ids.tolist()
    longer = Conversation((*conversation.turns, answer), tools=conversation.tools)
    assert encoder.encode(longer, condition).ids.tolist()[: len(prompt)] == prompt


@pytest.mark.parametrize("key", ENCODERS, ids="-".join)
@settings(max_examples=30, deadline=None)
@given(conversation=conversations, condition=conditions)
def test_no_text_becomes_a_control_token(key, conversation, condition):
    """The control tokens of a conversation are those of the same conversation without a word in it."""
    encoder = ENCODERS[key]
    tokens = {encoder.tokenizer.convert_tokens_to_ids(t) for t in encoder.reserved}
    tokens &= set(encoder.tokenizer.added_tokens_decoder)

    def controls(c: Conversation, under: str) -> list[int]:
        return [i for i in encoder.encode(c, under).ids.tolist() if i in tokens]

    silent = Conversation(
        tuple(
            replace(
                turn,
                content="x" if turn.content.strip() else "",
                reasoning="x" if turn.reasoning is not None else None,
                tool_calls=tuple(ToolCall("f", "{}") for _ in turn.tool_calls),
            )
            for turn in conversation.turns
        ),
        tools="[]" if conversation.tools else None,
    )
    assert controls(conversation, condition) == controls(silent, "x" if condition else "")
    shown = "".join(s.text for s in encoder.segments(conversation, condition) if not s.control)
    for tag in (*encoder.template.markers, *(set(MARKUP) & set(encoder.reserved))):
        assert shown.count(tag) == "".join(
            s.text for s in encoder.segments(silent, "x" if condition else "") if not s.control
        ).count(tag)


@given(text=texts.filter(lambda t: "\u2060" not in t))
def test_guarding_can_be_undone_and_leaves_nothing_reserved(text):
    reserved = ENCODERS["chatml", "both"].reserved
    guarded = guard(text, reserved)
    assert not any(token in guarded for token in reserved)
    assert unguard(guarded, reserved) == text
