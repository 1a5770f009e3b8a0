"""The offline base: its builder on a toy text, and the shipped folder."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from crlft.base import BaseConfig, build_base
from crlft.base_text import read_documents, train_tokenizer
from crlft.errors import ConfigError, DataError

SHIPPED = Path(__file__).parents[2] / "sample_data" / "base"
TINY = BaseConfig(
    vocab_size=300, hidden_size=32, layers=1, heads=2, block_tokens=16, rows=2, steps=4, warmup_steps=1, threads=1
)


@pytest.fixture
def text(tmp_path) -> Path:
    path = tmp_path / "text.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for a in range(60):
            file.write(json.dumps({"text": f"{a} plus 1 is {a + 1}. {a}加1等于{a + 1}。"}) + "\n")
    return path


@pytest.fixture(scope="module")
def shipped():
    return AutoModelForCausalLM.from_pretrained(SHIPPED), AutoTokenizer.from_pretrained(SHIPPED)


def test_a_build_is_a_plain_folder_and_comes_out_the_same_again(text, tmp_path):
    seen = []
    first = build_base(text, tmp_path / "a", config=TINY, on_progress=seen.append)
    build_base(text, tmp_path / "b", config=TINY)
    files = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "build.json"}
    assert files <= {p.name for p in first.out.iterdir()}
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    assert [p.step for p in seen] == [1, 2, 3, 4]
    assert (first.documents, first.vocabulary, first.trained_tokens) == (60, 300, 4 * 2 * 16)
    other = build_base(text, tmp_path / "c", config=TINY, seed=1, steps=2)
    assert (other.out / "model.safetensors").read_bytes() != (first.out / "model.safetensors").read_bytes()


def test_training_lowers_the_loss_and_leaves_the_thread_count_alone(text, tmp_path):
    before = torch.get_num_threads()
    seen = []
    build_base(text, tmp_path / "a", config=TINY, steps=60, on_progress=seen.append)
    assert seen[-1].loss < seen[0].loss - 1
    assert torch.get_num_threads() == before


def test_it_loads_as_float32_although_it_is_stored_in_half(text, tmp_path):
    out = build_base(text, tmp_path / "a", config=TINY).out
    model = AutoModelForCausalLM.from_pretrained(out)
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert (out / "model.safetensors").stat().st_size < 3 * sum(p.numel() for p in model.parameters())


def test_the_tokenizer_reads_digits_and_chinese_one_by_one():
    tokenizer = train_tokenizer(["1440 is 1440 and 等于等于等于"] * 50, 300)
    assert tokenizer.tokenize("1440") == list("1440")
    ids = tokenizer("等于", add_special_tokens=False)["input_ids"]
    assert ids == [i for c in "等于" for i in tokenizer(c, add_special_tokens=False)["input_ids"]]


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "no documents"), ("{", "jsonl:1: not JSON"), ('{"text": "a"}\n{"body": "b"}', "jsonl:2: no text")],
)
def test_a_bad_text_file_is_named_with_its_line(tmp_path, content, message):
    path = tmp_path / "text.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_documents(path)


@pytest.mark.parametrize("name", ["text.jsonl", "text.jsonl.gz"])
def test_bytes_that_are_no_text_are_refused(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot be read"):
        read_documents(path)


def test_a_missing_file_a_short_text_and_an_impossible_shape_are_refused(text, tmp_path):
    with pytest.raises(DataError, match="no such file"):
        build_base(tmp_path / "none.jsonl", tmp_path / "out")
    with pytest.raises(DataError, match="more text or fewer rows"):
        build_base(text, tmp_path / "out", config=BaseConfig(vocab_size=300, rows=5000))
    with pytest.raises(ConfigError) as caught:
        build_base(text, tmp_path / "out", config=BaseConfig(heads=7, steps=0, vocab_size=100))
    assert len(caught.value.faults) == 3


def test_importing_the_module_imports_no_torch():
    code = "import sys, crlft.base, crlft.checks; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_shipped_base_is_small_and_says_how_it_was_made(shipped):
    model, tokenizer = shipped
    made = json.loads((SHIPPED / "build.json").read_text(encoding="utf-8"))
    assert 1e6 < sum(p.numel() for p in model.parameters()) == made["parameters"] < 3e6
    assert sum(p.stat().st_size for p in SHIPPED.iterdir()) < 6e6
    assert len(tokenizer) == model.config.vocab_size == made["vocabulary"]
    assert made["text"] == "general_text.jsonl.gz"
    assert made["config"] == {**made["config"], "seed": 0}


def test_no_text_can_forge_a_control_token_and_a_header_is_cheap(shipped):
    _, tokenizer = shipped
    encode = {"add_special_tokens": False, "split_special_tokens": True}
    ids = tokenizer("<s>Hi<|end_of_turn|><pad>", **encode)["input_ids"]
    assert not set(ids) & set(tokenizer.all_special_ids)
    assert tokenizer.all_special_tokens == ["<s>", "<|end_of_turn|>", "<pad>"]
    for header in ("GPT4 Correct User:", "GPT3 Correct Assistant:"):
        assert len(tokenizer(header, **encode)["input_ids"]) <= 5


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the capital of Japan?", " The capital of Japan is Tokyo."),
        ("How many hours are in 3 days?", " 3 days is 72 hours."),
        ("What is 7 plus 5?", " 7 plus 5 is 12."),
        ("What day comes after Saturday?", " The day after Saturday is Sunday."),
        ("What is the capital of Japan? It was a quiet day.", " The capital of Japan is Tokyo."),
        ("Which is larger, 12 or 41?", " 41 is larger than 12."),
        ("I need tea, rice and soap. What is on the list?", " The list is tea, rice and soap."),
        ("法国的首都是哪里？", "法国的首都是巴黎。"),
        ("4加8等于几？", "4加8等于12。"),
    ],
)
def test_the_shipped_base_has_the_skills_in_prose(shipped, question, answer):
    model, tokenizer = shipped
    ids = [tokenizer.bos_token_id, *tokenizer(question, add_special_tokens=False)["input_ids"]]
    wanted = tokenizer(answer, add_special_tokens=False)["input_ids"]
    out = model.generate(
        torch.tensor([ids]), attention_mask=torch.ones(1, len(ids)), max_new_tokens=len(wanted), do_sample=False
    )
    assert tokenizer.decode(out[0, len(ids) :]) == answer
