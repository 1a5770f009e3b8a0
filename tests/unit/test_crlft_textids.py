"""Tokenizers that put a space in front of texts: segments read like the whole, and come back as they were."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from crlft.conversation import Conversation, Turn
from crlft.template import TEMPLATES
from crlft.textids import make_text_coder
from crlft.tokens import add_controls, make_encoder
from tests.families import byte_level, sentence_piece

TALK = Conversation(
    (Turn("user", "one  two"), Turn("assistant", "three four"), Turn("user", " five\n"), Turn("assistant", "6"))
)


def wrapped(raw: Tokenizer):
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<s>", unk_token="<unk>", clean_up_tokenization_spaces=False
    )


def pieces_tokenizer(pre_tokenizer=None, normalizer=None):
    vocab, merges = sentence_piece(["<unk>", "<s>", "</s>"], ["\n", "é"])
    raw = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", byte_fallback=True))
    if pre_tokenizer is not None:
        raw.pre_tokenizer = pre_tokenizer
    if normalizer is not None:
        raw.normalizer = normalizer
    raw.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    raw.add_special_tokens(["<unk>", "<s>", "</s>"])
    return wrapped(raw)


def bytes_tokenizer(space: bool):
    vocab, merges = byte_level()
    raw = Tokenizer(models.BPE(vocab={**vocab, "<s>": len(vocab), "<unk>": len(vocab) + 1}, merges=merges))
    raw.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.ByteLevel(add_prefix_space=space)])
    raw.decoder = decoders.ByteLevel()
    raw.add_special_tokens(["<s>", "<unk>"])
    return wrapped(raw)


def metaspace(scheme: str, split: bool = False):
    return pieces_tokenizer(pre_tokenizers.Metaspace(prepend_scheme=scheme, split=split))


def prepended():
    return pieces_tokenizer(
        normalizer=normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    )


KINDS = {
    "metaspace-always": (lambda: metaspace("always"), True, True),
    "metaspace-first": (lambda: metaspace("first"), True, False),
    "metaspace-never": (lambda: metaspace("never"), False, False),
    "metaspace-split": (lambda: metaspace("always", split=True), True, True),
    "prepend": (prepended, True, True),
    "bytes-space": (lambda: bytes_tokenizer(True), True, True),
    "bytes": (lambda: bytes_tokenizer(False), False, False),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("start", [True, False])
def test_segments_read_like_the_whole(kind, template, start):
    make, spaced, each = KINDS[kind]
    tokenizer = make()
    if not start:
        tokenizer.bos_token = None
    add_controls(tokenizer, TEMPLATES[template])
    encoder = make_encoder(tokenizer, template)
    assert (encoder.coder.bare is not None, encoder.coder.each) == (spaced, each)
    for condition in ("GPT4 Correct", ""):
        text = "".join(s.text for s in encoder.segments(TALK, condition))
        got = encoder.encode(TALK, condition)
        assert tokenizer(text, add_special_tokens=False)["input_ids"] == got.ids.tolist()
        answer = got.ids[got.supervised & (got.turns == 1)][:-1]
        assert encoder.decode(answer.tolist()) == "three four"
        prompt = encoder.encode(Conversation(TALK.turns[:1]), condition, answer_next=True).ids.tolist()
        assert got.ids.tolist()[: len(prompt)] == prompt


def test_text_that_goes_on_gets_no_space():
    coder = make_text_coder(prepended())
    rows = [("one", False), ("one", True), (" one", True)]
    names = [coder.tokenizer.convert_ids_to_tokens(coder.ids(rows)[row]) for row in rows]
    assert names == [["▁one"], ["one"], ["▁one"]]
