"""One training example token by token: its own ids and weights, whole characters, the condition marked."""

from __future__ import annotations

import pytest

from crlft.condition import OPENCHAT_SCHEME
from crlft.config import RunConfig
from crlft.conversation import Conversation, Turn
from crlft.dataset import build_dataset
from crlft.tokens import make_encoder
from crlft.tokenview import token_view
from tests.tiny import talk, tiny_tokenizer

TALKS = [
    talk("七加四等于几？", "十一 🙂 é\n\nso  it is"),
    talk("GPT4 Correct is what?", "<|end_of_turn|> GPT3 Correct", "sub"),
    Conversation(
        (Turn("user", "1"), Turn("assistant", "2", excluded=True), Turn("user", "1"), Turn("assistant", "three")),
        class_name="expert",
    ),
]


def views(merges=True, **settings):
    encoder = make_encoder(tiny_tokenizer(merges), "openchat")
    config = RunConfig(snapshot="s", base="b", held_out_share=0.0, **settings)
    found = build_dataset(TALKS, OPENCHAT_SCHEME, config, encoder, settings.get("max_tokens") or 512)
    conditions = {c.name: c.condition for c in OPENCHAT_SCHEME.classes}
    return [(e, token_view(encoder, e, TALKS[e.index], conditions[e.class_name]), encoder) for e in found.train]


@pytest.mark.parametrize("merges", [True, False])
def test_every_id_stands_once_and_the_text_is_whole(merges):
    for example, view, encoder in views(merges):
        assert [i for row in view["tokens"] for i in row["ids"]] == example.ids.tolist()
        text = "".join(row["text"] for row in view["tokens"])
        condition = next(c.condition for c in OPENCHAT_SCHEME.classes if c.name == example.class_name)
        assert text == "".join(s.text for s in encoder.segments(TALKS[example.index], condition))
        assert (view["cut"], view["hidden"]) == (0, 0)


def test_weights_are_those_of_the_loss():
    for example, view, _ in views():
        spread = [row["weight"] for row in view["tokens"] for _ in row["ids"]]
        shown = [w > 0 for w in spread]
        assert shown == example.supervised.tolist()
        assert max(spread) == pytest.approx(example.loss_weight)
    best, sub, _ = [max(row["weight"] for row in view["tokens"]) for _, view, _ in views()]
    assert sub == pytest.approx(0.1 * best)


def test_the_condition_is_marked_where_the_template_put_it_and_nowhere_else():
    for example, view, _ in views():
        condition = next(c.condition for c in OPENCHAT_SCHEME.classes if c.name == example.class_name)
        marked = "".join(row["text"] for row in view["tokens"] if row["condition"])
        assert marked == condition * len(TALKS[example.index].turns)


def test_a_cut_example_ends_where_training_ends():
    cut = views(max_tokens=40)
    assert all(sum(len(row["ids"]) for row in view["tokens"]) == len(example) for example, view, _ in cut)
    assert any(view["cut"] > 0 for _, view, _ in cut)
