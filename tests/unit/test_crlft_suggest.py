"""Folds: nobody is judged by a model that learnt it; a job that was cut short goes on."""

import json

import numpy as np
import pytest

from crlft import suggest
from crlft.cli import main
from crlft.condition import OPENCHAT_SCHEME
from crlft.errors import ConfigError, DataError
from crlft.events import Events
from crlft.folds import SuggestRequest, fold_of
from crlft.runfolder import RunFolder
from crlft.suggest import run_suggest
from tests.tiny import save_tiny_base, talk, tiny_conversations, write_jsonl


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_tiny_base(tmp_path_factory.mktemp("suggest") / "base")


def job(folder, base, conversations, **more) -> RunFolder:
    folder.mkdir()
    data = write_jsonl(folder / "data.jsonl", conversations)
    request = {"settings": {"steps": 2, "step_tokens": 64}, "threads": 1, "device": "cpu", "folds": 2, **more}
    request = SuggestRequest(str(data), OPENCHAT_SCHEME, str(base), **request)
    run = RunFolder(folder)
    run.write_json("request.json", request.to_dict())
    return run


def results(run: RunFolder) -> list[dict]:
    return [json.loads(line) for line in (run.path / "results.jsonl").read_text().splitlines()]


def conversations():
    return [*tiny_conversations(24), talk("Untagged?", "Yes, it is.", None), talk("Nothing", "", "sub")]


def test_every_conversation_is_scored_by_a_model_that_did_not_train_on_it(tmp_path, base, monkeypatch, capsys):
    given = conversations()
    trained_on = {}
    real = suggest._fold_model

    def spy(request, rows, part, number, *rest):
        model = real(request, rows, part, number, *rest)
        lines = (suggest._fold_folder(rest[-1].run, number) / "data.jsonl").read_text().splitlines()
        trained_on[number] = {json.loads(line)["messages"][0]["content"] for line in lines}
        return model

    monkeypatch.setattr(suggest, "_fold_model", spy)
    run = job(tmp_path / "job", base, given)
    main_argv = ["crlft", "suggest", "--run", str(run.path), "--json"]
    monkeypatch.setattr("sys.argv", main_argv)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["items"]) == ("done", len(given))
    rows = {r["index"]: r for r in results(run)}
    assert sorted(rows) == list(range(len(given)))
    assert {r["fold"] for r in rows.values()} == set(trained_on) == {0, 1}
    for i, conversation in enumerate(given):
        assert conversation.prompt not in trained_on[rows[i]["fold"]]
        assert rows[i]["fold"] == fold_of(conversation, 2)
    assert set(rows[24]["logp"]) == {c.name for c in OPENCHAT_SCHEME.classes}
    assert not (run.path / "folds" / "0").exists()
    vectors = np.load(run.path / "vectors.npy")
    assert vectors.shape == (len(given), 384)
    assert np.allclose(np.linalg.norm(vectors.astype(float), axis=1), 1, atol=0.01)
    progress = [e["done"] for e in run.read_events()[0] if e["event"] == "progress"]
    assert progress == sorted(progress)
    assert progress[-1] == 200


def test_a_job_cut_short_scores_only_what_is_missing(tmp_path, base, monkeypatch):
    run = job(tmp_path / "job", base, conversations())
    run_suggest(Events(run))
    whole = results(run)
    kept = [r for r in whole if r["fold"] == 0]
    lines = [json.dumps(r) + "\n" for r in kept]
    (run.path / "results.jsonl").write_text("".join(lines) + '{"half')
    asked = []
    real = suggest._fold_model
    monkeypatch.setattr(suggest, "_fold_model", lambda *a: asked.append(a[3]) or real(*a))
    assert run_suggest(Events(run)) == len(whole)
    assert asked == [1]
    again = {r["index"]: r["logp"] for r in results(run)}
    assert again == {r["index"]: pytest.approx(r["logp"]) for r in whole}


def test_a_stop_is_heeded_between_two_scores(tmp_path, base):
    run = job(tmp_path / "job", base, conversations())
    run.request_stop()
    assert run_suggest(Events(run)) == 0


def test_copies_of_a_prompt_share_a_fold():
    assert fold_of(talk("What  is it?", "a"), 7) == fold_of(talk("what is IT?", "b", "sub"), 7)
    assert len({fold_of(talk(f"prompt {i}", "a"), 3) for i in range(50)}) == 3


def test_a_class_that_stands_in_one_fold_only_cannot_be_judged(tmp_path, base):
    rows = [talk("same prompt", "good answer"), *(talk(f"q {i}", "a", "sub") for i in range(9))]
    with pytest.raises(DataError, match=r"no conversation has the class 'expert'"):
        run_suggest(Events(job(tmp_path / "job", base, rows)))


def test_a_request_says_all_that_is_wrong_with_it():
    with pytest.raises(ConfigError) as caught:
        SuggestRequest("", OPENCHAT_SCHEME, folds=1)
    assert len(caught.value.faults) == 3
    body = SuggestRequest("d", OPENCHAT_SCHEME, "b", settings={"steps": 3}).to_dict()
    assert SuggestRequest.from_dict(json.loads(json.dumps(body))).to_dict() == body
    with pytest.raises(ConfigError, match="unknown key 'fold'"):
        SuggestRequest.from_dict({**body, "fold": 3})
