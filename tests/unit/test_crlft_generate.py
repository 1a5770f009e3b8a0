"""Generation: batched = single, seeds per prompt, jobs that stream, stop and go on."""

from __future__ import annotations

import json
import os

import pytest
import torch

from crlft.condition import OPENCHAT_SCHEME
from crlft.decode import decode_batch
from crlft.errors import ConfigError, DataError, SchemeError
from crlft.events import Events
from crlft.generation import generate, run_generation
from crlft.growing import Growing
from crlft.modelfolder import ModelCard
from crlft.models import load_trained, save_model
from crlft.request import Request, Sampling, read_prompts
from crlft.runfolder import RunFolder
from crlft.shelf import Shelf
from tests.tiny import save_tiny_base, tiny_model

PROMPTS = [[1, 40, 41], [1] + [50] * 30, [1, 60, 61, 62, 63, 64, 65], [1, 70]]


@pytest.fixture(scope="module")
def model():
    return tiny_model(320, seed=3, initializer_range=0.3).eval()


def decode(model, prompts, **sampling):
    return decode_batch(
        model, prompts, Sampling(**{"max_new_tokens": 20, **sampling}), stop_ids=frozenset({2}), pad_id=0
    )


def test_batched_is_single(model):
    together = decode(model, PROMPTS)
    assert together == [decode(model, [p])[0] for p in PROMPTS]
    assert len({tuple(a) for a in together}) == len(PROMPTS)


def test_greedy_is_what_the_model_says(model):
    ids = list(PROMPTS[2])
    with torch.no_grad():
        for _ in range(8):
            ids.append(int(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
    assert decode(model, [PROMPTS[2]], max_new_tokens=8)[0] == ids[len(PROMPTS[2]) :]


def test_finished_rows_leave_and_the_others_stay_right(model):
    free = decode(model, PROMPTS, max_new_tokens=20)
    stop = frozenset({2, free[0][1], free[1][2], free[2][0]})
    got = decode_batch(model, PROMPTS, Sampling(max_new_tokens=20), stop_ids=stop, pad_id=0)
    for row, whole in zip(got, free, strict=True):
        cut = next((i for i, token in enumerate(whole) if token in stop), len(whole))
        assert row == whole[:cut]


def test_a_sampled_answer_depends_on_its_seed_not_on_its_neighbours(model):
    sampling = {"temperature": 1.0, "top_p": 0.9, "seed": 5}
    together = decode(model, PROMPTS, **sampling)
    alone = decode_batch(
        model,
        [PROMPTS[3]],
        Sampling(max_new_tokens=20, **sampling),
        stop_ids=frozenset({2}),
        pad_id=0,
        numbers=[3],
    )
    assert together[3] == alone[0]
    assert decode(model, PROMPTS, **{**sampling, "seed": 6}) != together


def test_top_p_leaves_out_the_unlikely(model):
    greedy = decode(model, PROMPTS)
    assert decode(model, PROMPTS, temperature=1.0, top_p=1e-6) == greedy


def test_answers_end_at_the_context(model):
    got = decode_batch(
        model, PROMPTS, Sampling(max_new_tokens=50), stop_ids=frozenset(), pad_id=0, context_tokens=33
    )
    assert [len(p) + len(a) for p, a in zip(PROMPTS, got, strict=True)] == [33, 33, 33, 33]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    base = save_tiny_base(root / "base", seed=4)
    loaded = load_trained(str(base))
    card = ModelCard(OPENCHAT_SCHEME, "openchat", "both", "c-rlft", "GPT4 Correct", base=str(base))
    save_model(loaded.model, loaded.encoder, card, root / "model")
    return {"base": str(base), "model": str(root / "model")}


def request(folders, **more):
    return {
        "columns": [
            {"model": folders["model"], "condition": "expert"},
            {"model": folders["model"], "condition": "GPT3 Correct"},
            {"model": folders["base"], "condition": ""},
        ],
        "prompts": [
            {"id": "a", "messages": [{"role": "user", "content": "hi"}]},
            {"id": "b", "prompt": "one two"},
        ],
        "max_new_tokens": 5,
        **more,
    }


def test_a_job_streams_and_goes_on_where_it_was(folders, tmp_path):
    run = RunFolder(tmp_path)
    run.write_json("request.json", request(folders))
    assert run_generation(Events(run)) == 6
    path = tmp_path / "results.jsonl"
    whole = path.read_text().splitlines(keepends=True)
    rows = [json.loads(line) for line in whole]
    assert {(r["prompt_id"], r["column"]) for r in rows} == {(p, c) for p in "ab" for c in range(3)}
    hashes = {(r["prompt_id"], r["column"]): r["rendered_hash"] for r in rows}
    assert len(set(hashes.values())) == 6
    events = run.read_events()[0]
    assert [e["done"] for e in events if e["event"] == "progress"][-1] == 6
    assert (events[-1]["event"], events[-1]["asked"], events[-1]["same"]) == ("self-check", 6, 6)
    named = {e["model"]: e["fingerprint"] for e in events if e["event"] == "model"}
    assert len({*named.values()}) == len(named) == 2

    path.write_text("".join(whole[:2]) + whole[2][:10])
    assert run_generation(Events(run)) == 6
    assert sorted(json.loads(line)["text"] for line in path.read_text().splitlines()) == sorted(
        r["text"] for r in rows
    )


def test_a_stop_request_keeps_what_is_there(folders, tmp_path):
    run = RunFolder(tmp_path)
    run.write_json("request.json", request(folders))
    run.request_stop()
    assert run_generation(Events(run)) == 1
    assert len((tmp_path / "results.jsonl").read_text().splitlines()) == 1


def test_an_unknown_condition_is_refused_by_the_model_that_knows_its_classes(folders):
    body = request(folders, columns=[{"model": folders["model"], "condition": "GPT5"}])
    with pytest.raises(SchemeError, match=r"unknown condition 'GPT5'; use one of expert \(GPT4 Correct\)"):
        list(generate(Request.from_dict(body)))
    foreign = request(folders, columns=[{"model": folders["base"], "condition": "GPT5"}])
    assert len(list(generate(Request.from_dict(foreign)))) == 2


def test_a_prompt_that_does_not_fit_says_so(folders):
    body = request(folders, prompts=[{"id": "long", "prompt": "x" * 400}, {"id": "short", "prompt": "x"}])
    got = {r.prompt_id: r for r in generate(Request.from_dict(body)) if r.column == 0}
    assert "the model takes 256" in got["long"].error
    assert got["short"].error == ""


def test_all_faults_of_a_request_at_once():
    with pytest.raises(ConfigError) as caught:
        Request.from_dict(
            {
                "columns": [{}],
                "prompts": [
                    {"id": "a", "prompt": "x"},
                    {"id": "a", "prompt": "y"},
                    {"text": "x"},
                    {"messages": [{"role": "x"}]},
                ],
                "top_p": 2,
            }
        )
    assert len(caught.value.faults) == 5


def test_prompts_from_a_file(tmp_path):
    path = tmp_path / "p.txt"
    path.write_text(
        'plain one\n\n{"id": "x", "prompt": "two", "check": {}}\n'
        '{"messages": [{"role": "user", "content": "3"}]}\n'
    )
    got = read_prompts(path)
    assert [(p.id, p.turns[0].content) for p in got] == [("line-1", "plain one"), ("x", "two"), ("line-4", "3")]
    path.write_text('ok\n{"prompt": \n')
    with pytest.raises(DataError, match=r"p\.txt:2: not JSON"):
        read_prompts(path)
    path.write_text('{"messages": [{"role": "assistant", "content": "3"}]}')
    with pytest.raises(DataError, match="does not end with a user turn"):
        read_prompts(path)


def test_a_growing_answer_is_shown_at_once_then_seldom(tmp_path):
    run = RunFolder(tmp_path)
    growing, written = Growing(Events(run)), []
    for n in range(1, 40):
        growing.show(lambda ids: "-".join(map(str, ids)), [("p", 2)], [list(range(n))])
        written.append((tmp_path / "partial.json").read_text())
    assert json.loads(written[0]) == {"rows": [["p", 2, "0"]]}
    assert len(set(written)) < 10
    assert [e["event"] for e in run.read_events()[0]] == ["first-token"]
    growing.end()
    assert not (tmp_path / "partial.json").exists()


def test_a_shelf_keeps_models_and_loads_a_changed_folder_anew(tmp_path):
    names = [str(save_tiny_base(tmp_path / name)) for name in ("a", "b", "c")]
    shelf = Shelf("cpu", kept=2)
    first, second = shelf.take(names[0]), shelf.take(names[1])
    assert shelf.take(names[0]) is first
    shelf.take(names[2])  # the second was used longest ago
    assert shelf.take(names[0]) is first
    assert shelf.take(names[1]) is not second
    config = tmp_path / "b" / "config.json"
    before = shelf.take(names[1])
    os.utime(config, ns=(1, 1))
    assert shelf.take(names[1]) is not before
