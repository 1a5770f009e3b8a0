"""Every family of models: prepared, trained for two steps, saved, loaded by plain transformers, asked."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from crlft.config import RunConfig
from crlft.conversation import Conversation, ToolCall, Turn
from crlft.dataset import Example
from crlft.decode import decode_batch
from crlft.errors import TemplateError
from crlft.folder_layout import folder_template
from crlft.generation import Column, PromptRow, Request, Sampling, generate
from crlft.loss import collate, knows_head
from crlft.modelfolder import read_card
from crlft.models import load_base, load_encoder, load_trained, save_model
from crlft.runfolder import RunFolder
from crlft.template import MARKUP, TEMPLATES
from crlft.training import run_training
from tests.families import FAMILIES
from tests.tiny import tiny_conversations, write_jsonl

TEMPLATE = {name: "auto" if family.chat else "chatml" for name, family in FAMILIES.items()}
ASKED = [
    Conversation((Turn("user", "What is 7 + 4?"),)),
    Conversation(
        (
            Turn("system", " Be kind. "),
            Turn("user", "Hi <|im_end|><eos></s>[/INST] <end_of_turn>\n<|eot_id|>"),
            Turn("assistant", " 你好, </s>!\n", reasoning="so <think>"),
            Turn("user", "  Find it.\n"),
            Turn("assistant", "", tool_calls=(ToolCall("find", '{"x": 1}'),)),
            Turn("tool", "</tool_response>42"),
            Turn("assistant", "It is 42.", excluded=True),
            Turn("user", "Thanks"),
        ),
        tools='[{"type": "function", "function": {"name": "find", "parameters": {}}}]',
    ),
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """One run a family, made when it is first asked for."""
    done: dict[str, tuple] = {}

    def make(name: str):
        if name not in done:
            folder = tmp_path_factory.mktemp(name)
            base = FAMILIES[name].save(folder / "base")
            config = RunConfig(
                snapshot=str(write_jsonl(folder / "data.jsonl", tiny_conversations(24))),
                base=str(base),
                template=TEMPLATE[name],
                steps=2,
                step_tokens=256,
                held_out_share=0.2,
                sample_count=1,
                sample_tokens=4,
                threads=1,
            )
            outcome = run_training(config, folder / "run")
            done[name] = (outcome, RunFolder(folder / "run").model, base)
        return done[name]

    return make


@pytest.mark.parametrize("name", FAMILIES)
def test_trains_saves_and_answers(name, trained):
    outcome, model, _ = trained(name)
    assert outcome.status == "done", outcome.error
    assert outcome.metrics["loss"] > 0

    plain = AutoModelForCausalLM.from_pretrained(model)
    tokenizer = AutoTokenizer.from_pretrained(model)
    assert plain.config.get_text_config().vocab_size >= len(tokenizer)
    loaded = load_trained(str(model))
    ids = torch.tensor([loaded.encoder.encode(ASKED[1], "GPT4 Correct").ids.tolist()[:200]])
    with torch.no_grad():
        assert torch.equal(plain.eval()(ids).logits, loaded.model(ids).logits)
    ends = plain.generation_config.eos_token_id
    first = ends[0] if isinstance(ends, list) else ends  # behind it, what the base itself ends with
    assert first == loaded.encoder.close_id == tokenizer.eos_token_id

    request = Request(
        columns=(Column(str(model), "expert"), Column(str(model), "")),
        prompts=(PromptRow("a", (Turn("user", "What is 7 + 4?"),)), PromptRow("b", (Turn("user", "Hi"),))),
        sampling=Sampling(max_new_tokens=4),
        threads=1,
    )
    answers = list(generate(request))
    assert [a.error for a in answers] == [""] * 4


@pytest.mark.parametrize("name", FAMILIES)
def test_batched_answers_are_those_of_plain_transformers(name, trained):
    """Left padding, learnt positions, sliding windows, softcapping: greedy answers as `generate` gives them."""
    loaded = load_trained(str(trained(name)[1]))
    texts = ["Hi", "one two three four five six seven " * 8, "What is 7 + 4?"]
    prompts = [
        loaded.encoder.encode(Conversation((Turn("user", t),)), "GPT4 Correct", answer_next=True).ids.tolist()
        for t in texts
    ]
    assert max(map(len, prompts)) > 70  # beyond the sliding windows of the small models
    stop, pad = loaded.encoder.close_id, loaded.encoder.tokenizer.pad_token_id
    ours = decode_batch(loaded.model, prompts, Sampling(max_new_tokens=8), stop_ids=frozenset({stop}), pad_id=pad)
    assert all(ours)
    for prompt, answer in zip(prompts, ours, strict=True):
        ids = torch.tensor([prompt])
        plain = loaded.model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=8, do_sample=False, pad_token_id=pad
        )
        assert plain[0, len(prompt) :].tolist()[: len(answer)] == answer


@pytest.mark.parametrize("name", FAMILIES)
def test_picked_positions_give_the_models_own_likelihoods(name, trained):
    """Softcapped and scaled heads are known, so that no family needs full logits."""
    loaded = load_trained(str(trained(name)[1]))
    examples = [
        Example(e.ids, e.supervised, e.supervised.astype("float32"), 1.0, "a", i)
        for i, e in enumerate(loaded.encoder.encode(c, "GPT4 Correct") for c in tiny_conversations(4))
    ]
    assert knows_head(loaded.model, collate(examples, {"a": 0}, loaded.encoder.tokenizer.pad_token_id))


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("condition", [None, "GPT3 Correct", ""])
def test_the_saved_tokenizer_gives_the_trained_ids(name, trained, condition):
    _, model, _ = trained(name)
    tokenizer = AutoTokenizer.from_pretrained(model)
    encoder = load_trained(str(model)).encoder
    shown = "GPT4 Correct" if condition is None else condition
    for conversation in ASKED:
        body = conversation.to_dict()
        given = {} if condition is None else {"condition": condition}
        tools = json.loads(body["tools"]) if "tools" in body else None
        served = tokenizer.apply_chat_template(
            body["messages"],
            tools=tools,
            add_generation_prompt=True,
            return_dict=True,
            return_assistant_tokens_mask=True,
            **given,
        )
        ours = encoder.encode(conversation, shown, answer_next=True)
        assert served["input_ids"] == ours.ids.tolist()
        assert [bool(m) for m in served["assistant_masks"]] == ours.supervised.tolist()


@pytest.mark.parametrize("name", FAMILIES)
def test_the_prompt_is_a_prefix_of_what_was_trained(name, trained):
    encoder = load_trained(str(trained(name)[1])).encoder
    for answer in ("Hello", " two  spaces", "\n\nbreak", "你好", ")", "7"):
        for conversation in ASKED:
            prompt = encoder.encode(conversation, "GPT4 Correct", answer_next=True).ids.tolist()
            whole = Conversation((*conversation.turns, Turn("assistant", answer)), tools=conversation.tools)
            got = encoder.encode(whole, "GPT4 Correct")
            assert got.ids.tolist()[: len(prompt)] == prompt
            learnt = got.ids[len(prompt) :]
            assert got.supervised[len(prompt) :][: len(learnt)].any()
            end = learnt.tolist().index(encoder.close_id)
            assert encoder.decode(learnt[:end].tolist()) == encoder.template.trim("assistant", answer)


@pytest.mark.parametrize("name", [n for n in FAMILIES if FAMILIES[n].chat])
def test_unconditioned_text_is_the_models_own(name, trained):
    """Without a condition, plain conversations read exactly as the base's own chat template writes them."""
    base = FAMILIES[name].make_tokenizer()
    encoder = load_trained(str(trained(name)[1])).encoder
    if name == "llama3":
        base.chat_template = LLAMA_ON_ITS_DATE
    talk = (Turn("user", " Hi\n"), Turn("assistant", "Yes."), Turn("user", "7?"))
    for turns in (talk, talk[:1], (Turn("system", "Be kind."), *talk[2:])):
        if name.startswith("gemma") and turns[0].role == "system":
            continue
        own = base.apply_chat_template([t.to_dict() for t in turns], tokenize=False, add_generation_prompt=True)
        segments = encoder.segments(Conversation(turns), "", answer_next=True)
        assert "".join(s.text for s in segments) == own


LLAMA_ON_ITS_DATE = (FAMILIES["llama3"].chat or "").replace("strftime_now('%d %b %Y')", "'26 Jul 2024'")


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("template", ["openchat", "chatml", "llama3"])
def test_built_in_templates_fit_every_tokenizer(name, template, trained):
    encoder, added = load_encoder(str(trained(name)[2]), template, "assistant")
    assert set(added) <= set(encoder.template.controls)
    ids = encoder.encode(ASKED[1], "GPT4 Correct").ids.tolist()
    start = encoder.tokenizer.bos_token_id
    assert start is None or (ids[0] == start and ids[1] != start)
    assert ids.count(encoder.close_id) == len(ASKED[1].turns)


@pytest.mark.parametrize("name", ["llama3", "gpt2", "gemma2"])
def test_new_tokens_begin_at_the_mean_of_the_old(name, trained):
    """Tied and untied tables alike."""
    base = str(trained(name)[2])
    encoder, added = load_encoder(base, "openchat", "both")
    assert len(added) == 1
    before = AutoModelForCausalLM.from_pretrained(base)
    after = load_base(base, encoder)
    for old, new in (
        (before.get_input_embeddings().weight, after.get_input_embeddings().weight),
        (before.get_output_embeddings().weight, after.get_output_embeddings().weight),
    ):
        assert len(new) == len(encoder.tokenizer) == len(old) + 1
        assert torch.equal(new[:-1], old)
        assert torch.allclose(new[-1], old.mean(dim=0), atol=1e-7)
    tied = after.get_input_embeddings().weight is after.get_output_embeddings().weight
    assert tied == (name != "llama3")


@pytest.mark.parametrize("name", ["mistral", "gemma2", "llama3"])
def test_training_again_keeps_the_layout(name, trained):
    """The saved chat template is ours; `auto` on a trained folder is the layout that was trained."""
    _, model, base = trained(name)
    first = load_encoder(str(base), "auto", "both")[0]
    again, added = load_encoder(str(model), "auto", "both")
    assert again.template == first.template
    assert added == []
    assert read_card(model).layout == first.template


@pytest.mark.parametrize("name", [n for n in FAMILIES if FAMILIES[n].chat])
def test_a_preview_without_the_tokenizer_has_the_same_layout(name, trained):
    """The interface reads the folder's files only; markup tokens are the tokenizer's to know."""
    _, model, base = trained(name)
    encoder = load_encoder(str(base), "auto", "both")[0]
    seen = folder_template(str(base), "auto")
    assert seen is not None
    markup = tuple(t for t in encoder.template.controls if t not in seen.controls)
    assert set(markup) <= set(MARKUP)
    assert replace(seen, controls=(*seen.controls, *markup)) == encoder.template
    assert folder_template(str(model), "auto") == encoder.template


def test_a_preview_of_what_has_no_layout(trained):
    with pytest.raises(TemplateError, match="no chat template; use --set template=chatml"):
        folder_template(str(trained("gpt2")[2]), "auto")
    assert folder_template("some/hub-name", "auto") is None
    assert folder_template("some/hub-name", "llama3") == TEMPLATES["llama3"]
    # trained with a template of ours: that one
    assert folder_template(str(trained("gpt2")[1]), "auto") == TEMPLATES["chatml"]


def test_a_layout_survives_the_loss_of_its_card(trained, tmp_path):
    """Our own chat template, taken apart, is the layout again."""
    loaded = load_trained(str(trained("llama3")[1]))
    save_model(loaded.model, loaded.encoder, loaded.card, tmp_path / "m")
    (tmp_path / "m" / "crlft.json").unlink()
    again = load_encoder(str(tmp_path / "m"), "auto", "both")[0]
    talk = Conversation((Turn("system", "Be kind."), Turn("user", "Hi"), Turn("assistant", "Yo")))
    for condition in ("GPT4 Correct", ""):
        assert again.encode(talk, condition).ids.tolist() == loaded.encoder.encode(talk, condition).ids.tolist()


def test_gpt2_gets_the_tokens_it_lacks(trained):
    base = trained("gpt2")[2]
    encoder, added = load_encoder(str(base), "openchat", "both")
    assert added == ["<|end_of_turn|>"] == list(encoder.added)
    assert encoder.tokenizer.pad_token == "<|end_of_turn|>"
    with pytest.raises(TemplateError, match=r"no chat template; use --set template=chatml"):
        load_encoder(str(base), "auto", "both")
