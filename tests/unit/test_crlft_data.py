"""Snapshots read, examples made, and the account that leaves no conversation unmentioned."""

from __future__ import annotations

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crlft.condition import OPENCHAT_SCHEME, ClassScheme
from crlft.config import RunConfig
from crlft.conversation import Conversation, Turn
from crlft.dataset import build_dataset, condition_for, is_held_out
from crlft.errors import DataError, SchemeError
from crlft.snapshot import read_data, read_scheme, read_snapshot, snapshot_hash
from crlft.tokens import make_encoder
from tests.tiny import talk, tiny_conversations, tiny_tokenizer, write_jsonl


@pytest.fixture(scope="module")
def encoder():
    return make_encoder(tiny_tokenizer(), "openchat")


def snapshot(folder, conversations, **manifest):
    folder.mkdir()
    rows = {"uid": [str(i) for i in range(len(conversations))]}
    rows["conversation"] = [json.dumps(c.to_dict(), ensure_ascii=False) for c in conversations]
    pq.write_table(pa.table(rows), folder / "data.parquet")
    body = {"scheme": OPENCHAT_SCHEME.to_dict(), "hash": "abc123", **manifest}
    (folder / "manifest.json").write_text(json.dumps({k: v for k, v in body.items() if v is not None}))
    return folder


def test_a_snapshot_comes_back_as_it_went_in(tmp_path):
    data = tiny_conversations(8)
    folder = snapshot(tmp_path / "s", data)
    assert read_snapshot(folder) == (OPENCHAT_SCHEME, data)
    assert snapshot_hash(folder) == "abc123"


def test_plain_lines_with_their_own_classes(tmp_path):
    data = tiny_conversations(4)
    path = write_jsonl(tmp_path / "d.jsonl", data)
    zipped = tmp_path / "d.jsonl.gz"
    zipped.write_bytes(gzip.compress(path.read_bytes()))
    scheme_file = tmp_path / "c.json"
    scheme_file.write_text(
        '{"classes": [{"name": "expert", "condition": "X", "reward": 2}], "field": "generator"}'
    )
    scheme = read_scheme(scheme_file)
    assert read_snapshot(zipped, scheme) == (scheme, data)
    before = snapshot_hash(path)
    write_jsonl(path, data[:3])
    assert snapshot_hash(path) != before


def test_what_is_no_snapshot_is_said_with_its_place(tmp_path):
    with pytest.raises(DataError, match="no such snapshot or file; make a snapshot"):
        read_snapshot(tmp_path / "none")
    with pytest.raises(DataError, match=r"no manifest\.json, so this is no snapshot"):
        read_snapshot(tmp_path)
    with pytest.raises(DataError, match="has no `scheme`"):
        read_snapshot(snapshot(tmp_path / "a", [talk("q", "a")], scheme=None))
    with pytest.raises(DataError, match="holds no conversation"):
        read_snapshot(snapshot(tmp_path / "b", []))
    broken = snapshot(tmp_path / "c", [talk("q", "a")])
    (broken / "data.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(DataError, match="cannot be read"):
        read_snapshot(broken)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "not JSON"),
        ("[1]", "list, not an object"),
        ('{"messages": 3}', "no list of messages"),
        ('{"messages": [{"role": "pope", "content": ""}]}', "unknown role 'pope'"),
        ('{"messages": [{"role": "user", "content": "", "tool_calls": [{}]}]}', "tool call cannot be read"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, words):
    path = tmp_path / "d.jsonl"
    path.write_text('{"messages": []}\n' + line + "\n")
    with pytest.raises(DataError, match=rf"d\.jsonl:2: .*{words}"):
        read_snapshot(path)


def test_a_scheme_that_is_none(tmp_path):
    path = tmp_path / "c.json"
    with pytest.raises(SchemeError, match="no such file"):
        read_scheme(path)
    path.write_text('{"classes": [{"name": "gpt3", "condition": "G"}]}')
    with pytest.raises(SchemeError, match="class 'gpt3' has no reward"):
        read_scheme(path)


def test_every_conversation_is_somewhere(encoder):
    data = [
        *tiny_conversations(60),
        Conversation((Turn("user", "unanswered"),), class_name="sub"),
        Conversation((Turn("user", "q"), Turn("assistant", "left out", excluded=True)), class_name="sub"),
        talk("q " * 200, "cut off before its answer", "expert"),
        talk("no class", "at all", None),
    ]
    got = build_dataset(data, OPENCHAT_SCHEME, RunConfig(held_out_share=0.3), encoder, 120)
    expert, sub = got.classes
    assert len(data) == len(got.train) + len(got.held_out) + got.untagged + expert.unsupervised + sub.unsupervised
    assert (expert.unsupervised, sub.unsupervised, got.untagged) == (1, 2, 1)
    assert len(got.held_out) == expert.held_out + sub.held_out > 0
    assert any("1 conversations have no class" in w for w in got.warnings)


def test_truncation_keeps_the_beginning_and_is_counted(encoder):
    got = build_dataset([talk("q", "long " * 50)], OPENCHAT_SCHEME, RunConfig(held_out_share=0), encoder, 40)
    assert len(got.train[0]) == 40
    assert got.train[0].truncated
    assert got.classes[0].truncated == 1


def test_an_unknown_class_is_refused(encoder):
    with pytest.raises(DataError, match="class 'gold' stands on conversations but has no reward"):
        build_dataset([talk("q", "a", "gold")], OPENCHAT_SCHEME, RunConfig(), encoder, 40)


def test_nothing_to_train_on_says_why(encoder):
    data = [talk("q", "a", None), talk("q", "a", "sub")]
    with pytest.raises(DataError, match="nothing to train on: 1 conversations have no class, 1 are left out by"):
        build_dataset(data, OPENCHAT_SCHEME, RunConfig(method="sft-best"), encoder, 40)


def test_an_answer_with_its_own_reward_weighs_by_it(encoder):
    def rewarded(*rewards, name="sub"):
        turns = [(Turn("user", "q"), Turn("assistant", "a b", reward=r)) for r in rewards]
        return Conversation(tuple(t for pair in turns for t in pair), class_name=name)

    def example(method, *rewards, **options):
        config = RunConfig(method=method, held_out_share=0, **options)
        return build_dataset([rewarded(*rewards), talk("q", "a")], OPENCHAT_SCHEME, config, encoder, 64).train[0]

    plain, mixed = example("c-rlft", None, None), example("c-rlft", None, 1.0)
    half = plain.supervised_tokens // 2
    weights = (mixed.share * mixed.loss_weight)[mixed.supervised]
    assert weights[:half] == pytest.approx(0.1)
    assert weights[half:] == pytest.approx(1.0)
    assert mixed.mass == pytest.approx(half * 1.1)
    assert example("no-reward", None, 1.0).mass == plain.supervised_tokens
    assert example("c-rlft", None, 1.0, normalisation="message").mass == pytest.approx(1.1)
    # too small for a float: only the answer with a reward of its own is left
    assert example("c-rlft", -400.0, 1.0).mass == pytest.approx(half)
    with pytest.raises(DataError, match=r"row 1 of the data, turn 4: reward 1000000000"):
        example("c-rlft", None, 1e9)


def test_one_prompt_is_on_one_side():
    sides = {is_held_out(talk(" Same prompt ", answer), 0.5) for answer in "abcdefgh"}
    assert len(sides) == 1
    held = sum(is_held_out(talk(f"prompt {i}", "a"), 0.2) for i in range(2000))
    assert 300 < held < 500


def test_condition_dropout():
    data = [talk(f"q{i}", "a") for i in range(500)]
    bare = [condition_for(c, "X", 0.3) for c in data].count("")
    assert 100 < bare < 200
    assert {condition_for(c, "X", 0.0) for c in data} == {"X"}


def test_many_classes_and_an_empty_one(encoder):
    scheme = ClassScheme.from_dict(
        {
            "classes": [
                {"name": n, "condition": n.upper(), "reward": r} for n, r in (("a", 1), ("b", 0.5), ("c", 0))
            ]
        }
    )
    got = build_dataset(
        [talk("q", "x", "a"), talk("r", "y", "b")], scheme, RunConfig(held_out_share=0), encoder, 64
    )
    assert [w for w in got.warnings if "'c'" in w] == [
        "no conversation of class 'c' is trained on: its condition stays unlearnt"
    ]
    assert sum(a.mass_share for a in got.classes) == pytest.approx(1)


def test_a_file_of_classes_tags_plain_data_by_a_field(tmp_path):
    rows = [{"instruction": f"q {i}", "output": f"a {i}", "generator": g} for i, g in enumerate("aab")]
    data = tmp_path / "answers.json"
    data.write_text(json.dumps(rows), encoding="utf-8")
    classes = tmp_path / "classes.json"
    body = {**OPENCHAT_SCHEME.to_dict(), "field": "generator", "values": {"a": "sub", "*": "expert"}}
    classes.write_text(json.dumps(body), encoding="utf-8")
    _, conversations = read_data(data, classes)
    assert [c.class_name for c in conversations] == ["sub", "sub", "expert"]
    classes.write_text(json.dumps({**body, "values": {"a": "crowd"}}), encoding="utf-8")
    with pytest.raises(SchemeError, match="generator 'a' stands for the class 'crowd', which is not among"):
        read_data(data, classes)
    classes.write_text(json.dumps({**body, "values": None}), encoding="utf-8")
    with pytest.raises(SchemeError, match="only together"):
        read_data(data, classes)


@pytest.mark.parametrize("reward", [float("nan"), float("inf"), "much", True, [1]])
def test_a_reward_that_is_no_number_is_refused_where_it_is_read(reward):
    with pytest.raises(DataError, match="no finite number"):
        Conversation.from_dict({"messages": [{"role": "user", "content": "q"}], "reward": reward})
