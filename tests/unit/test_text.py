"""Hashes, ids, languages and token counts."""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from crlft.conversation import Conversation, ToolCall, Turn
from workbench.curate.text import (
    answer_hash,
    content_uid,
    count_tokens,
    detect_language,
    language_of,
    measure,
    measure_many,
    normalise,
    prompt_hash,
)
from workbench.curate.tokens import EstimatedTokens, TokenizerTokens, default_counter

ASKED = Conversation((Turn("user", "What is the  capital of Peru?"), Turn("assistant", "Lima.")), source="a")


def test_normalise_folds_width_case_and_space():
    assert normalise(" Ｈello\n\tSTRASSE  straße ") == "hello strasse strasse"


@given(st.text(st.characters(max_codepoint=0x17F) | st.sampled_from(" \t\n\x1c\x1f\x85\xa0A")))
def test_an_answer_is_hashed_as_it_is_normalised(text):
    asked = Conversation((Turn("user", "a"), Turn("assistant", text)))
    said = Conversation((Turn("user", "a"), Turn("assistant", normalise(text))))
    assert answer_hash(asked) == answer_hash(said)
    assert answer_hash(asked) == blake2b(normalise(text).encode(), digest_size=8).hexdigest()


def test_prompt_hash_looks_past_case_and_space_but_not_words():
    same = replace(ASKED, turns=(Turn("user", "what is the capital of peru?"), Turn("assistant", "Cusco")))
    other = replace(ASKED, turns=(Turn("user", "What is the capital of Chile?"), Turn("assistant", "Lima.")))
    assert prompt_hash(same) == prompt_hash(ASKED) != prompt_hash(other)
    assert len(prompt_hash(same)) == 16


def test_prompt_hash_sees_earlier_turns_and_roles():
    earlier = Conversation((Turn("user", "Hi"), Turn("assistant", "Hello"), *ASKED.turns))
    as_system = replace(ASKED, turns=(Turn("system", ASKED.prompt), ASKED.turns[1]))
    assert len({prompt_hash(c) for c in (ASKED, earlier, as_system)}) == 3


def test_answer_hash_is_empty_without_answer():
    assert answer_hash(Conversation((Turn("user", "Hi"),))) == ""
    assert answer_hash(ASKED) == answer_hash(replace(ASKED, turns=(Turn("assistant", "LIMA."),)))


def test_answers_that_call_different_tools_differ():
    one, two = (Conversation((Turn("assistant", "", tool_calls=(ToolCall(name),)),)) for name in ("add", "sub"))
    assert answer_hash(one) != answer_hash(two)


@pytest.mark.parametrize(
    "other",
    [
        replace(ASKED, source="b"),
        replace(ASKED, id="7"),
        replace(ASKED, tools="[]"),
        replace(ASKED, metadata={"dataset": "x"}),
        replace(ASKED, turns=(ASKED.turns[0], Turn("assistant", "lima."))),
        replace(ASKED, turns=(ASKED.turns[0], Turn("assistant", "Lima.", reasoning="Peru…"))),
        replace(ASKED, turns=(Turn("user", "What is the  capital of Peru?"), Turn("user", "Lima."))),
    ],
)
def test_uid_tells_apart_what_the_row_says(other):
    assert content_uid(other) != content_uid(ASKED)


@pytest.mark.parametrize(
    "other",
    [
        replace(ASKED, class_name="expert", coarse_reward=0.4, language="en"),
        replace(ASKED, metadata={"class": "unheard-of"}),
        replace(ASKED, turns=(ASKED.turns[0], Turn("assistant", "Lima.", excluded=True))),
    ],
)
def test_uid_looks_past_what_curators_decide(other):
    assert content_uid(other) == content_uid(ASKED)


def test_uid_of_text_that_utf8_cannot_hold():
    a, b = (content_uid(replace(ASKED, metadata={"cut": text})) for text in ("\ud83d", "\ud83e"))
    assert a != b


def test_uid_does_not_depend_on_the_order_of_metadata():
    a, b = (replace(ASKED, metadata=m) for m in ({"x": 1, "y": {"a": 1, "b": 2}}, {"y": {"b": 2, "a": 1}, "x": 1}))
    assert content_uid(a) == content_uid(b)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The shop opens at nine and you can pay at the counter.", "en"),
        ("It’s the café that you have seen — not this one.", "en"),
        ("Der Laden öffnet um neun Uhr, und bezahlt wird an der Kasse.", "de"),
        ("La tienda abre a las nueve y se paga en la caja.", "es"),
        ("商店九点开门，请在柜台付款。", "zh"),
        ("Python 的列表推导式是什么？请举例说明。", "zh"),
        ("お店は九時に開きます。レジでお支払いください。", "ja"),
        ("가게는 아홉 시에 엽니다. 계산대에서 지불하세요.", "ko"),
        ("Магазин открывается в девять часов утра.", "ru"),
        ("12 + 30 = 42", ""),
        ("", ""),
    ],
)
def test_detect_language(text, language):
    assert detect_language(text) == language


def test_a_quotation_in_the_request_does_not_decide_the_language():
    asked = Conversation(
        (Turn("user", "翻译：早上好"), Turn("assistant", "It means that you wish them a good morning."))
    )
    assert language_of(asked) == "en"


def test_estimate_counts_chinese_by_sign():
    assert EstimatedTokens().count_batch(["", "abcd", "abcde", "你好吗", "你好abcd"]) == [0, 1, 2, 3, 3]


@pytest.fixture
def tokenizer_file(tmp_path):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<end>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )  # fmt: skip
    tokenizer.train_from_iterator(["the shop opens at nine and the shop closes at six"] * 5, trainer)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    return tmp_path / "tokenizer.json"


def test_counting_by_words_equals_encoding_whole_texts(tokenizer_file):
    texts = ["the shop  opens\n\nat nine", " leading", "trailing \n", "", "商店 nine，the", "x\ty\r\nz", "   "]
    whole = Tokenizer.from_file(str(tokenizer_file))
    expected = [len(whole.encode(t, add_special_tokens=False).ids) for t in texts]
    counter = TokenizerTokens(tokenizer_file)
    assert counter.count_batch(texts) == expected
    assert counter.count_batch(texts) == expected, "the second time from memory"


def test_a_control_token_in_a_text_is_counted_as_text(tokenizer_file):
    assert TokenizerTokens(tokenizer_file).count_batch(["<end>"])[0] > 1


def test_default_counter_follows_the_offline_base(tokenizer_file, monkeypatch, tmp_path):
    monkeypatch.setenv("CRLFT_OFFLINE_BASE", str(tokenizer_file.parent))
    assert count_tokens("the the") == TokenizerTokens(tokenizer_file).count_batch(["the the"])[0]
    monkeypatch.setenv("CRLFT_OFFLINE_BASE", str(tmp_path / "nothing"))
    assert isinstance(default_counter(), EstimatedTokens)


def test_measures_supervise_only_answers_that_count():
    turns = (
        Turn("user", "abcd"),
        Turn("assistant", "abcdefgh"),
        Turn("user", "你好"),
        Turn("assistant", "你", excluded=True),
    )
    got = measure(Conversation(turns), EstimatedTokens())
    assert (got.n_turns, got.n_tokens, got.supervised_tokens) == (4, 1 + 2 + 2 + 1 + 4, 2 + 1)


def test_measures_keep_a_stated_language_and_the_order():
    stated = replace(ASKED, language="fr")
    got = measure_many([ASKED, stated, Conversation((Turn("user", "安静"),))], EstimatedTokens())
    assert [m.language for m in got] == ["en", "fr", "zh"]
    assert got[0].prompt_hash == prompt_hash(ASKED)
    assert got[0].answer_hash == answer_hash(ASKED)
