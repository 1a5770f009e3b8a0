"""Plain text: the figure is the model's own, a job leaves it, and a round shows what its run has forgotten."""

import json
import sys

import pytest
import torch

from crlft.cli import main
from crlft.errors import DataError
from crlft.events import Events
from crlft.generation import Result
from crlft.models import load_trained
from crlft.probes import plain_text, questions, run_probe
from crlft.runfolder import RunFolder
from tests.tiny import save_tiny_base
from tests.ui.loop_data import make_run
from tests.unit.loop_project import fake_base, loop_project
from workbench.cli import run as shell
from workbench.domain.errors import JobError
from workbench.services import jobs, probes, rounds
from workbench.ui.views.rounds import rounds_table

TEXTS = ["The shop opens at nine. It sells pens.", "五加三等于八。", "x"]

WORKER = """
import json, sys
from pathlib import Path
from crlft.runfolder import RunFolder
run = RunFolder(Path(sys.argv[1]))
models = run.read_json("request.json")["models"]
rows = [{"model": m, "nats_per_token": 2.5 - i, "tokens": 90, "documents": 3} for i, m in enumerate(models)]
found = {"plain_text": rows}
if run.read_json("request.json").get("questions"):
    topics = [{"": [3, 4], "memory": [1, 2]}, {"": [1, 4], "memory": [0, 2]}]
    found["questions"] = [
        {"model": m, "condition": "", "asked": 6, "right": 4 - 3 * i, "topics": topics[i]}
        for i, m in enumerate(models)
    ]
run.write_json("probe.json", found)
run.mark("done", metrics={"items": len(rows)})
"""


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.jsonl"
    path.write_text("".join(json.dumps({"text": t}) + "\n" for t in TEXTS), encoding="utf-8")
    return path


def test_the_figure_is_the_mean_over_all_tokens_of_each_document_alone(tmp_path, text):
    base = str(save_tiny_base(tmp_path / "base"))
    found = plain_text(base, text, threads=1, device="cpu")
    loaded = load_trained(base)
    tokenizer, nats = loaded.encoder.tokenizer, []
    for words in TEXTS:
        ids = [tokenizer.bos_token_id, *tokenizer(words, add_special_tokens=False)["input_ids"]]
        with torch.inference_mode():
            logp = loaded.model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
        nats += [-float(logp[i - 1, ids[i]]) for i in range(1, len(ids))]
    assert (found.tokens, found.documents) == (len(nats), 3)
    assert found.nats_per_token == pytest.approx(sum(nats) / len(nats), abs=1e-4)


def test_the_command_and_its_job_say_the_same(tmp_path, text, monkeypatch, capsys):
    base = str(save_tiny_base(tmp_path / "base"))
    run = RunFolder(tmp_path / "job")
    run.path.mkdir()
    run.write_json("request.json", {"models": [base, base], "text": str(text), "device": "cpu"})

    def told(*argv):
        monkeypatch.setattr("sys.argv", ["crlft", "probe", *argv, "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
        return json.loads(capsys.readouterr().out)

    direct = told(base, "--text", str(text))["plain_text"]
    assert told("--run", str(run.path))["items"] == 2
    assert run.read_json("probe.json")["plain_text"] == [*direct, *direct]


QUESTIONS = [
    {"id": "echo", "prompt": "Say a.", "check": {"answer": ["a"]}, "topic": "memory"},
    {
        "id": "talk",
        "messages": [
            {"role": "system", "content": "Answer with one number."},
            {"role": "user", "content": "What is 1 plus 1?"},
            {"role": "assistant", "content": "2"},
            {"role": "user", "content": "And one more?"},
        ],
        "check": {"answer": ["3"]},
    },
    {"id": "unchecked", "prompt": "Tell me a tale."},
]


@pytest.fixture
def asked(tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(q) + "\n" for q in QUESTIONS), encoding="utf-8")
    return path


def test_questions_are_asked_with_all_their_turns_and_checked_by_program(tmp_path, asked, monkeypatch):
    base = str(save_tiny_base(tmp_path / "base"))
    seen = []

    def answered(request):
        seen.append(request)
        texts = {"echo": "b", "talk": "It is 3."}
        return [Result(p.id, 0, texts[p.id], 1, 0.1, "h") for p in request.prompts]

    monkeypatch.setattr("crlft.probes.generate", answered)
    found = questions(base, asked)
    assert (found.asked, found.right, found.condition) == (2, 1, "")
    assert found.topics == {"memory": (0, 1), "": (1, 1)}
    assert [t.role for t in seen[0].prompts[1].turns] == ["system", "user", "assistant", "user"]


def test_a_job_asks_them_of_every_model(tmp_path, asked, text):
    base = str(save_tiny_base(tmp_path / "base"))
    run = RunFolder(tmp_path / "job")
    run.path.mkdir()
    run.write_json("request.json", {"models": [base], "text": str(text), "questions": str(asked), "device": "cpu"})
    assert run_probe(Events(run)) == 1
    (found,) = run.read_json("probe.json")["questions"]
    assert found["asked"] == 2
    assert sum(n for _, n in found["topics"].values()) == 2


def test_text_that_cannot_be_read_is_refused(tmp_path):
    base = str(save_tiny_base(tmp_path / "base"))
    with pytest.raises(DataError, match="no such file"):
        plain_text(base, tmp_path / "nothing.jsonl")


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setattr(probes, "crlft_command", lambda *_: [sys.executable, "-c", WORKER, "{run}"])
    monkeypatch.setenv("CRLFT_OFFLINE_BASE", str(fake_base(tmp_path / "base")))
    made = loop_project(tmp_path / "project")
    make_run(made, "run-1", mark="done", model=True)
    yield made
    made.close()


def test_a_round_shows_what_its_run_has_forgotten(project, capsysbinary):
    assert rounds.rounds(project)[0].forgotten is None
    job = jobs.wait_for(project, probes.start_probe(project, "run-1").id)
    request = RunFolder(project.runs / job.id).read_json("request.json")
    assert request["models"][0].endswith("run-1/model")
    assert request["text"].endswith("sample_data/probe_text.jsonl")
    assert probes.probes(project)["run-1"] == probes.Probe(2.5, 1.5, 90)
    assert rounds.rounds(project)[0].forgotten == 1.0
    own = project.root / "probe_text.jsonl"
    own.write_text('{"text": "mine"}\n')
    assert shell(["--project", str(project.root), "probe", "run-1", "--json"]) == 0
    assert json.loads(capsysbinary.readouterr().out)["forgotten"] == 1.0
    (newest,) = [j for j in jobs.all_jobs(project, probes.KIND) if j.id != job.id]
    assert RunFolder(project.runs / newest.id).read_json("request.json")["text"] == str(own.resolve())


def test_questions_of_the_project_are_asked_and_shown(project, asked, capsysbinary):
    (project.root / "probe_questions.jsonl").write_bytes(asked.read_bytes())
    job = jobs.wait_for(project, probes.start_probe(project, "run-1").id)
    request = RunFolder(project.runs / job.id).read_json("request.json")
    assert request["questions"].endswith("probe_questions.jsonl")
    found = rounds.rounds(project)[0].probed
    assert (found.asked, found.right, found.base_right) == (6, 4, 1)
    assert found.topics == {"": (3, 1, 4), "memory": (1, 0, 2)}
    assert rounds_table(rounds.rounds(project))["probe questions"] == ["4 of 6 (base 1)"]
    assert shell(["--project", str(project.root), "probe", "run-1"]) == 0
    assert b"memory: 1 of 2 right, its base 0" in capsysbinary.readouterr().out
    (project.root / "probe_questions.jsonl").write_text('{"prompt": "x", "check": {"nothing": 1}}\n')
    with pytest.raises(DataError, match="check"):
        probes.start_probe(project, "run-1")


def test_a_run_without_a_model_cannot_be_probed(project):
    make_run(project, "run-2", mark="failed", marker={"error": "x", "remedy": "y"})
    with pytest.raises(JobError, match="no finished model"):
        probes.start_probe(project, "run-2")
