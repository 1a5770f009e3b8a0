"""Measures of many texts at once say what one by one says: tokens by words, languages by a table of states."""

from __future__ import annotations

import random
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py3langid.langid import MODEL_FILE, LanguageIdentifier
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from workbench.curate import bytepairs, langbatch, language, wordmemory
from workbench.curate import text as text_module
from workbench.curate.langbatch import identifier
from workbench.curate.language import LANGUAGES, detect_languages
from workbench.curate.text import _digest, _hash_texts, normalise
from workbench.curate.tokens import TokenizerTokens
from workbench.curate.wordmemory import WordMemory

TRAINING = ["the cat's hat, (a hat) cost 12.50 in 1999", "naïve café — “quoted” text", "if x_1 == 4: f('n')"] * 9
SIGNS = st.sampled_from([*"ab Z09.,'’\"(_-\n\t", "  ", "é", "漢", "\u3000", "🙂", "\x00", "<s>"])
TROUBLE = " \t\n\x0b\x1c\x1f\x00AbZ.9éÉßſﬁ²’…\u0301\u0327\u20d7\xa0\u3000漢豈가\u1161🙂\ud800K"
TEXTS = st.lists(st.lists(SIGNS, max_size=30).map("".join), max_size=8)


def tokenizer(path, *pre, split=True):
    made = Tokenizer(models.BPE())
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=split)
    made.pre_tokenizer = pre_tokenizers.Sequence([*pre, byte_level])
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        TRAINING, trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, special_tokens=["<s>"])
    )
    made.save(str(path))
    return TokenizerTokens(path)


@pytest.fixture(scope="module")
def counters(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizers")
    joins_marks = pre_tokenizers.Split(Regex(r"[^\s\p{L}\p{N}]?\p{L}+| ?[^\s\p{L}]+|\s+(?!\S)|\s+"), "isolated")
    return {
        "gpt2": tokenizer(folder / "gpt2.json"),
        "digits": tokenizer(folder / "digits.json", pre_tokenizers.Digits(individual_digits=True)),
        "joining": tokenizer(folder / "joining.json", joins_marks, split=False),
    }


@pytest.mark.parametrize("name", ["gpt2", "digits", "joining"])
@settings(deadline=None, max_examples=60)
@given(texts=TEXTS)
def test_counts_are_those_of_whole_texts(counters, name, texts):
    counter = counters[name]
    whole = counter._tokenizer.encode_batch(texts, add_special_tokens=False)
    assert counter.count_batch(texts) == [len(e.ids) for e in whole]


def test_cuts_are_tried_on_each_tokenizer_not_supposed(counters):
    assert ("mark", "letter") in counters["gpt2"]._cuts()
    assert ("mark", "letter") not in counters["joining"]._cuts()
    assert ("digit", "digit") in counters["digits"]._cuts()
    assert ("digit", "digit") not in counters["gpt2"]._cuts()


def test_a_word_is_asked_for_once_and_neighbours_are_told_apart():
    asked = []

    def lengths(words):
        asked.extend(words)
        return [len(word) for word in words]

    memory = WordMemory(lengths)
    texts = ["lost most cost", "a", "b", "", "most lost", "x\0", "x", " x ", "é"]
    for _ in range(2):
        assert memory.count(texts) == [len(text) for text in texts]
    assert len(asked) == len(set(asked))


def test_words_that_differ_in_their_last_sign_only_are_told_apart(monkeypatch):
    words = [f"{stem}{chr(c)}" for stem in ("", "lon", "wor") for c in range(97, 123)]
    for bits in (4, 14):
        monkeypatch.setattr(wordmemory, "_NEAR_BITS", bits)
        memory = WordMemory(lambda asked: [ord(word[-1]) for word in asked])
        for _ in range(3):
            assert memory.count(words) == [ord(word[-1]) for word in words]


@settings(deadline=None, max_examples=100)
@given(words=st.lists(st.text(st.sampled_from("thecaosn"), min_size=1, max_size=70), max_size=20))
def test_plain_words_are_merged_as_the_library_merges_them(counters, words):
    tokenizer = counters["gpt2"]._tokenizer
    pairs = bytepairs.read_pairs(tokenizer)
    work = np.empty((2, bytepairs.LONGEST), dtype=np.uint64)
    for word in [*words, *(f" {word}" for word in words)]:
        n = bytepairs.count_pairs(np.frombuffer(word.encode(), np.uint8), 0, len(word), *pairs, work)
        assert n == (len(tokenizer.encode(word).ids) if len(word) <= bytepairs.LONGEST else 0)


def test_what_is_no_plain_word_and_no_plain_merging_is_left_to_the_library(counters):
    pairs = bytepairs.read_pairs(counters["gpt2"]._tokenizer)
    work = np.empty((2, bytepairs.LONGEST), dtype=np.uint64)
    for word in (" ", "a b", "x1", "é", "a ", "it's"):
        data = np.frombuffer(word.encode(), np.uint8)
        assert bytepairs.count_pairs(data, 0, len(data), *pairs, work) == 0
    for other in (models.BPE(ignore_merges=True), models.BPE(continuing_subword_prefix="##"), models.WordLevel()):
        assert bytepairs.read_pairs(Tokenizer(other)) is bytepairs.NONE


def test_the_last_of_several_spaces_is_parted_only_where_the_tokenizer_does_so(counters):
    assert counters["gpt2"]._spaced() == ["letter", "digit", "mark", "apostrophe"]
    assert "digit" not in counters["digits"]._spaced()


def test_slots_that_are_taken_cost_time_not_truth(monkeypatch):
    monkeypatch.setattr(wordmemory, "_SLOT_BITS", 3)
    memory = WordMemory(lambda words: [len(word) for word in words])
    words = [f"w{i:04d}{'x' * (i % 7)}" for i in range(500)]
    for text in (" ".join(words), " ".join(reversed(words))):
        assert memory.count([text]) == [len(text)]


def test_texts_longer_than_what_is_worked_on_at_once(monkeypatch):
    monkeypatch.setattr(wordmemory, "_AT_ONCE_BYTES", 64)
    memory = WordMemory(lambda words: [len(word) for word in words])
    texts = ["one two three " * 3, "line\nline\n\n line " * 20, "end"]
    assert memory.count(texts) == [len(text) for text in texts]


SAMPLES = [
    "The weather will be fine tomorrow, they say.", "Das Wetter wird morgen schön, sagen sie.",
    "Il fera beau demain, disent-ils, et nous irons à la plage.", "Завтра будет хорошая погода.", "明天天气很好。",
    "明日は天気がいいです。", "내일은 날씨가 좋습니다", "Mañana hará buen tiempo en toda la región.", "its 20",
    "2 + 2 = 4", "", "NEIN!",
]  # fmt: skip


def test_the_batch_says_what_the_library_says_of_each_text():
    model = LanguageIdentifier.from_model_file(MODEL_FILE)
    model.set_languages(LANGUAGES)
    texts = [sample * n for sample in SAMPLES if sample for n in (1, 3, 8)]
    assert identifier(LANGUAGES).classify(texts) == [model.classify(one)[0] for one in texts]


def test_scores_do_not_depend_on_the_texts_beside(monkeypatch):
    batch = identifier(LANGUAGES)
    encoded = sorted((batch._encode(text) for text in SAMPLES if text), key=len, reverse=True)
    together = batch._scores(encoded)
    alone = np.concatenate([batch._scores([text]) for text in encoded])
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-3)


def test_scripts_and_texts_without_letters_are_settled_first():
    assert detect_languages(SAMPLES)[4:8] == ["zh", "ja", "ko", "es"]
    assert detect_languages(["", "123 + 4", "・・・", "你好 world"]) == ["", "", "", "zh"]


def test_english_words_are_all_found_and_counted_as_words():
    words, english = language._count_words([*sorted(language._ENGLISH), "The cat's NOT, hé".replace("é", "e"), ""])
    assert words[:-2] == english[:-2] == [1] * len(language._ENGLISH)
    assert (words[-2:], english[-2:]) == ([5, 0], [3, 0])


@settings(deadline=None, max_examples=60)
@given(texts=st.lists(st.text(st.sampled_from("the Cat's o\n\t 1,é漢"), max_size=40), max_size=9))
def test_english_is_settled_as_word_by_word(texts):
    plain = [text for text in texts if text.isascii()]
    words, english = language._count_words(plain)
    for text, n, found in zip(plain, words, english, strict=True):
        assert (n > 0 and found >= language._ENGLISH_SHARE * n) == (n > 0 and language._is_english(text))


@settings(deadline=None, max_examples=100)
@given(texts=st.lists(st.text(st.sampled_from(TROUBLE), max_size=30), max_size=9))
def test_texts_folded_together_have_the_hashes_of_texts_normalised_alone(at_once, texts):
    expected = [_digest(normalise(text).encode("utf-8", "replace")) for text in texts]
    assert _hash_texts(texts) == expected


@pytest.fixture(scope="module", params=[8, 1 << 18])
def at_once(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_module, "_AT_ONCE_BYTES", request.param)
        yield


def test_a_word_of_more_tokens_than_an_entry_holds_is_asked_for_each_time():
    asked = []

    def lengths(words):
        asked.extend(words)
        return [len(word) for word in words]

    memory = WordMemory(lengths)
    for _ in range(2):
        assert memory.count(["x" * 5000 + " y", "z" * 4095]) == [5002, 4095]
    assert sorted(map(len, asked)) == [2, 4095, 5000, 5000]


def test_a_damaged_copy_of_the_model_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(langbatch, "__file__", str(tmp_path / "langbatch.py"))
    first = langbatch._arrays(("de", "en", "fr"))
    (kept,) = (tmp_path / "__pycache__").iterdir()
    again = langbatch._arrays(("de", "en", "fr"))
    kept.write_bytes(kept.read_bytes()[:1000])
    mended = langbatch._arrays(("de", "en", "fr"))
    for name, array in first.items():
        np.testing.assert_array_equal(again[name], array)
        np.testing.assert_array_equal(mended[name], array)
    assert langbatch.BatchIdentifier(("de", "en", "fr")).classify(["Das ist ein schönes Haus"]) == ["de"]


def test_the_model_is_read_where_nothing_can_be_kept(tmp_path, monkeypatch):
    (tmp_path / "__pycache__").write_text("a file where the folder would be")
    monkeypatch.setattr(langbatch, "__file__", str(tmp_path / "langbatch.py"))
    assert langbatch.BatchIdentifier(("de", "fr")).classify(["Où est la gare, s'il vous plaît ?"]) == ["fr"]


def test_signs_folded_alone_become_the_same_beside_any_other():
    signs = [chr(c) for c in range(128, 0x20000) if not 0xD800 <= c < 0xE000]
    forms = {sign: form for sign in signs if (form := text_module._form(sign)) is not None}
    assert len(forms) > 20_000
    assert not any(unicodedata.combining(sign) for sign in forms)
    assert [forms[sign] for sign in "É…²\xa0"] == ["é", "...", "2", " "]
    chance = random.Random(1)
    known, changed = list(forms), [sign for sign, form in forms.items() if sign != form]
    for _ in range(6_000):
        mixed = "".join(chance.choice(chance.choice([known, changed, "aZ."])) for _ in range(12))
        assert normalise(mixed) == " ".join("".join(forms.get(s, s.lower()) for s in mixed).split())
        assert _hash_texts([mixed]) == [_digest(normalise(mixed).encode())]
