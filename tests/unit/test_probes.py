"""Plain text: the figure is the model's own, a job leaves it, and a round shows what its run has forgotten."""

import json
import sys

import pytest
import torch

from crlft.cli import main
from crlft.errors import DataError
from crlft.models import load_trained
from crlft.probes import plain_text
from crlft.runfolder import RunFolder
from tests.tiny import save_tiny_base
from tests.ui.loop_data import make_run
from tests.unit.loop_project import fake_base, loop_project
from workbench.cli import run as shell
from workbench.domain.errors import JobError
from workbench.services import jobs, probes, rounds

TEXTS = ["The shop opens at nine. It sells pens.", "五加三等于八。", "x"]

WORKER = """
import json, sys
from pathlib import Path
from crlft.runfolder import RunFolder
run = RunFolder(Path(sys.argv[1]))
models = run.read_json("request.json")["models"]
rows = [{"model": m, "nats_per_token": 2.5 - i, "tokens": 90, "documents": 3} for i, m in enumerate(models)]
run.write_json("probe.json", {"plain_text": rows})
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


def test_a_run_without_a_model_cannot_be_probed(project):
    make_run(project, "run-2", mark="failed", marker={"error": "x", "remedy": "y"})
    with pytest.raises(JobError, match="no finished model"):
        probes.start_probe(project, "run-2")
