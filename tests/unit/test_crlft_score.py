"""Scores: against the model's own logits, batched, cut short, resumed, and from the command line."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import torch

from crlft.cli import main
from crlft.condition import OPENCHAT_SCHEME
from crlft.conversation import Conversation, Turn
from crlft.dataset import Example
from crlft.errors import ConfigError, SchemeError
from crlft.events import Events
from crlft.modelfolder import ModelCard
from crlft.models import load_base, load_encoder, save_model
from crlft.prefix import SharedPrefix, common_prefix, prefix_pays
from crlft.runfolder import RunFolder
from crlft.scores import Score, ScoreRequest, summary
from crlft.scoring import Scorer, run_scoring, score_conversations
from tests.families import FAMILIES
from tests.tiny import save_tiny_base, talk, tiny_conversations, write_jsonl


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A base, and model folders that carry the condition on both sides or on the assistant's."""
    root = tmp_path_factory.mktemp("score")
    base = save_tiny_base(root / "base")
    for placement in ("both", "assistant"):
        encoder, _ = load_encoder(str(base), "openchat", placement)
        card = ModelCard(OPENCHAT_SCHEME, "openchat", placement, "c-rlft", "GPT4 Correct")
        save_model(load_base(str(base), encoder), encoder, card, root / placement)
    return root


def scorer(models, name: str, **more: object) -> Scorer:
    return Scorer.load(ScoreRequest(str(models / name), "memory", threads=1, **more))


def conversations() -> list[Conversation]:
    """Long and short, several turns, an excluded turn."""
    several = Conversation(
        (
            Turn("user", "one two three " * 5),
            Turn("assistant", "one", excluded=True),
            Turn("user", "two?"),
            Turn("assistant", "three"),
        ),
        id="several",
        class_name="sub",
    )
    return [*tiny_conversations(14), several, talk("one two " * 12, "three")]


def by_hand(loaded, conversation: Conversation, condition: str, max_tokens: int = 256) -> float:
    """The definition: one rendering, all logits, no padding."""
    encoded = loaded.encoder.encode(conversation, condition)
    ids = torch.from_numpy(encoded.ids[:max_tokens].astype(np.int64))
    with torch.no_grad():
        logp = loaded.model(input_ids=ids[None]).logits[0].double().log_softmax(-1)
    places = [t for t in range(1, len(ids)) if encoded.supervised[t]]
    return sum(float(logp[t - 1, ids[t]]) for t in places)


@pytest.mark.parametrize("placement", ["both", "assistant"])
def test_scores_are_the_definition_however_they_are_batched(models, placement):
    made = scorer(models, placement)
    data = conversations()
    together = {s.index: s for s in made.score(list(enumerate(data)))}
    assert sorted(together) == list(range(len(data)))
    for i, conversation in enumerate(data):
        (alone,) = made.score([(i, conversation)])
        assert alone.tokens == together[i].tokens == made.loaded.encoder.encode(conversation, "").supervised.sum()
        for c in OPENCHAT_SCHEME.classes:
            wanted = by_hand(made.loaded, conversation, c.condition)
            assert together[i].logp[c.name] == pytest.approx(wanted, abs=1e-4)
            assert alone.logp[c.name] == pytest.approx(wanted, abs=1e-4)
    assert together[0].logp["expert"] != together[0].logp["sub"]


def test_the_common_beginning_is_computed_once_where_that_pays(models, monkeypatch):
    used: list[int] = []
    plain = SharedPrefix.log_likelihoods

    def counting(self, rows):
        used.append(len(rows))
        return plain(self, rows)

    data = [talk("one two three " * 6, "one"), talk("three two one " * 4, "two three")]
    found = {}
    for placement in ("both", "assistant"):
        made = scorer(models, placement)
        monkeypatch.setattr(SharedPrefix, "log_likelihoods", counting)
        found[placement] = list(made.score(list(enumerate(data))))
        monkeypatch.undo()
    assert used == [2]  # placement `assistant`, one batch
    made = scorer(models, "assistant")
    for score in found["assistant"]:
        assert score.logp["sub"] == pytest.approx(
            by_hand(made.loaded, data[score.index], "GPT3 Correct"), abs=1e-4
        )


def example(ids: list[int], first_supervised: int) -> Example:
    supervised = np.arange(len(ids)) >= first_supervised
    return Example(np.array(ids, dtype=np.int32), supervised, supervised.astype(np.float32), 1.0, "", 0)


@pytest.mark.parametrize(
    ("rows", "length"),
    [
        ([[1, 2, 3, 4, 5], [1, 2, 9, 4, 5]], 2),
        ([[1, 2, 3, 4, 5], [1, 2, 3, 4, 5]], 2),  # the first supervised token's predictor is not in it
        ([[1, 2, 3, 4], [1, 2, 3, 4, 5]], 2),
        ([[7, 2, 3, 4, 5], [1, 2, 3, 4, 5]], 0),
    ],
)
def test_the_common_beginning_ends_before_the_answer(rows, length):
    assert common_prefix([example(ids, 3) for ids in rows]) == length


def test_what_saves_little_is_not_shared():
    long = [example([*range(20), c, 30, 31], 21) for c in (50, 51)]
    short = [example([1, c, 30, 31], 2) for c in (50, 51)]
    assert prefix_pays([long])
    assert not prefix_pays([short])
    assert not prefix_pays([[example([7, 1, 2], 1), example([8, 1, 2], 1)]])


def test_a_model_that_cannot_go_on_from_a_cache_is_found_out(models, monkeypatch):
    made = scorer(models, "assistant")
    model = made.loaded.model
    assert SharedPrefix.of(model, 0) is not None
    monkeypatch.setattr("crlft.prefix.head_logits", lambda model, hidden: model.lm_head(hidden) * 1.5)
    assert SharedPrefix.of(model, 0) is None


def test_the_same_tokens_count_under_every_condition_when_cut(models):
    made = scorer(models, "both", max_tokens=40)
    long = talk("one", "two three " * 20)
    cut, whole = made.score([(0, long), (1, talk("one", "two"))])
    assert (cut.index, cut.truncated, whole.truncated) == (0, True, False)
    lengths = {c: len(made.loaded.encoder.encode(long, c)) for c in made.conditions.values()}
    answer = made.loaded.encoder.encode(long, "").supervised.sum()
    assert 0 < cut.tokens < answer
    assert cut.tokens == min(40 - (n - answer) for n in lengths.values())


def test_what_has_no_score_says_why(models):
    unanswered = Conversation((Turn("user", "hello?"),), id="u", class_name="expert")
    excluded = Conversation((Turn("user", "hello?"), Turn("assistant", "yes", excluded=True)))
    data = [unanswered, excluded, talk("one two " * 40, "three")]
    rows = {s.index: s for s in scorer(models, "both", max_tokens=30).score(list(enumerate(data)))}
    assert rows[0].to_dict() == {
        "index": 0, "id": "u", "class": "expert", "tokens": 0, "logp": {}, "error": "no assistant turn to score",
    }  # fmt: skip
    assert rows[1].error == "no assistant turn to score"
    assert rows[2].error == "no answer within 30 tokens"
    assert summary(rows.values())["unscored"] == 3


@pytest.mark.parametrize(
    ("wanted", "names"),
    [((), ["expert", "sub"]), (("sub",), ["sub"]), (("GPT3 Correct", ""), ["sub", ""])],
)
def test_conditions_by_name_or_text(models, wanted, names):
    (found,) = scorer(models, "both", conditions=wanted).score([(0, talk("one", "two"))])
    assert list(found.logp) == names


def test_unknown_conditions_and_models_without_classes(models):
    with pytest.raises(SchemeError, match="unknown condition 'best'"):
        scorer(models, "both", conditions=("best",))
    with pytest.raises(SchemeError, match="no classes of its own"):
        scorer(models, "base")
    (found,) = scorer(models, "base", conditions=("Anything",)).score([(0, talk("one", "two"))])
    assert list(found.logp) == ["Anything"]


def test_a_summary_counts_by_class_and_condition():
    rows = [
        Score(0, "", "good", 2, {"good": -2.0, "bad": -4.0}),
        Score(1, "", "good", 2, {"good": -4.0, "bad": -2.0}, truncated=True),
        Score(2, "", None, 1, {"good": -1.0, "bad": -3.0}),
        Score(3, "", "bad", 0, {}, error="no assistant turn to score"),
    ]
    found = summary(rows)
    assert (found["scored"], found["truncated"], found["unscored"]) == (3, 1, 1)
    assert found["classes"]["good"] == {
        "conversations": 2,
        "tokens": 4,
        "mean_logp": {"good": -1.5, "bad": -1.5},
        "likeliest": {"good": 1, "bad": 1},
    }
    assert set(found["classes"]) == {"", "good"}
    assert [Score.from_dict(r.to_dict()) for r in rows] == rows


def test_requests_name_every_fault():
    with pytest.raises(ConfigError) as raised:
        ScoreRequest.from_dict({"model": "", "conditions": ["a", "a"], "max_tokens": 1})
    assert len(raised.value.faults) == 4
    with pytest.raises(ConfigError, match="unknown key 'modle'"):
        ScoreRequest.from_dict({"modle": "m", "data": "d"})
    request = ScoreRequest("m", "d", ("a",), max_tokens=9)
    assert ScoreRequest.from_dict(request.to_dict()) == request


# ── as a job


@pytest.fixture
def job(models, tmp_path):
    data = write_jsonl(tmp_path / "data.jsonl", tiny_conversations(12))
    folder = tmp_path / "job"
    folder.mkdir()
    request = ScoreRequest(str(models / "both"), str(data), threads=1)
    RunFolder(folder).write_json("request.json", request.to_dict())
    return folder


def indices(folder) -> list[int]:
    return [json.loads(line)["index"] for line in (folder / "results.jsonl").read_text().splitlines()]


def test_a_job_stopped_and_cut_goes_on_with_the_rest(job):
    assert run_scoring(Events(RunFolder(job))) == 12
    whole = (job / "results.jsonl").read_bytes()
    lines = whole.splitlines(keepends=True)
    (job / "results.jsonl").write_bytes(b"".join(lines[:5]) + lines[5][:20])
    events = Events(RunFolder(job))
    events.terminated = True
    assert run_scoring(events) == 6
    assert run_scoring(Events(RunFolder(job))) == 12
    assert sorted(indices(job)) == list(range(12))
    first = {r["index"]: r["logp"] for r in map(json.loads, lines)}
    for line in (job / "results.jsonl").read_text().splitlines():
        row = json.loads(line)
        assert row["logp"] == pytest.approx(first[row["index"]], abs=1e-4)
    before = (job / "results.jsonl").read_bytes()
    assert run_scoring(Events(RunFolder(job))) == 12
    assert (job / "results.jsonl").read_bytes() == before


def crlft(monkeypatch, capsys, *args: object) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["crlft", "score", *map(str, args)])
    with pytest.raises(SystemExit) as ended:
        main()
    return (int(ended.value.code or 0), *capsys.readouterr())


def test_the_command(models, job, tmp_path, monkeypatch, capsys):
    data, model = tmp_path / "data.jsonl", models / "both"
    code, out, _ = crlft(monkeypatch, capsys, model, data, "--threads", 1, "--json")
    body = json.loads(out)
    assert (code, body["scored"], len(body["results"])) == (0, 12, 12)
    assert body["classes"]["sub"]["conversations"] == 10

    code, out, _ = crlft(monkeypatch, capsys, model, data, "--threads", 1, "--condition", "expert")
    rows = [json.loads(line) for line in out.splitlines()]
    assert (code, {tuple(r["logp"]) for r in rows}) == (0, {("expert",)})

    code, out, _ = crlft(monkeypatch, capsys, model, data, "--threads", 1, "--out", tmp_path / "s.jsonl")
    assert (code, out.startswith("12 scored, 0 of them cut short, 0 without a score")) == (0, True)
    assert len((tmp_path / "s.jsonl").read_text().splitlines()) == 12

    assert crlft(monkeypatch, capsys, "--run", job)[:2] == (0, "done\n")
    assert RunFolder(job).marker()[0] == "done"
    (job / "request.json").write_text('{"model": "m"}')
    code, out, _ = crlft(monkeypatch, capsys, "--run", job, "--json")
    assert (code, json.loads(out)["error"]) == (1, "no data is named")
    assert crlft(monkeypatch, capsys, model)[0] == 2


def test_scoring_without_data_reads_no_file(models):
    request = ScoreRequest(str(models / "both"), "nowhere", threads=1)
    assert len(list(score_conversations(request, [talk("one", "two")]))) == 1


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_family_goes_on_from_a_common_beginning(family, tmp_path, monkeypatch):
    """Windows, soft caps, learnt positions, beginnings of different lengths."""
    monkeypatch.setattr("crlft.scoring.prefix_pays", lambda rows: True)
    base = str(FAMILIES[family].save(tmp_path / "base"))
    template = "auto" if FAMILIES[family].chat else "chatml"
    encoder, _ = load_encoder(base, template, "assistant")
    card = ModelCard(OPENCHAT_SCHEME, template, "assistant", "c-rlft", "GPT4 Correct")
    save_model(load_base(base, encoder), encoder, card, tmp_path / "model")
    made = Scorer.load(ScoreRequest(str(tmp_path / "model"), "memory", threads=1))
    data = [talk("What is 7 and 4, please? " * n, "Of course! 12 and one.") for n in (1, 3, 9)]
    assert made.prefix is not None
    for found in made.score(list(enumerate(data))):
        wanted = by_hand(made.loaded, data[found.index], "GPT3 Correct", made.max_tokens)
        assert found.logp["sub"] == pytest.approx(wanted, abs=1e-4)
        assert found.logp["expert"] != found.logp["sub"]
