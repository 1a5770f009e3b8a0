"""Judging as a curator meets it: canaries, the report, the queue, decisions and their undo."""

import json
import sys

import pytest

from tests.ui.loop_data import make_run
from tests.unit.loop_project import project_of
from workbench.cli import run as shell
from workbench.domain.errors import JobError, PlanError
from workbench.services import agreement, curation, judging
from workbench.services.browsing import get_record, iterate_records

# Finds the real class likelier by half a nat a token, whatever the tag says: "Sure!" is the expert's.
WORKER = """
import json, sys
from pathlib import Path
from crlft.runfolder import RunFolder
run = RunFolder(Path(sys.argv[1]))
request = run.read_json("request.json")
with (run.path / "results.jsonl").open("w") as out:
    for i, line in enumerate(open(request["data"])):
        row = json.loads(line)
        answer = row["messages"][-1]["content"]
        n = len(answer.split()) + 1
        expert = answer.startswith("Sure")
        logp = {"expert": -n - (0 if expert else n / 2), "sub": -n - (n / 2 if expert else 0)}
        score = {"index": i, "id": row["id"], "class": row.get("class"), "tokens": n, "logp": logp}
        if "unscorable" in answer:
            score |= {"tokens": 0, "logp": {}, "error": "no answer"}
        print(json.dumps(score), file=out)
run.mark("done", metrics={"items": i + 1})
"""


def data():
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"What is {i} plus {i}?"},
                {"role": "assistant", "content": f"Sure! {i} plus {i} is {2 * i}." if i % 2 else f"{2 * i} ok"},
            ],
            "model": "clerk" if i % 2 else "crowd",
        }
        for i in range(120)
    ]
    rows[3]["model"] = "crowd"  # an expert's answer, credited to the crowd
    rows[5]["model"] = "nobody"
    rows[6]["messages"][1]["content"] = "unscorable"
    return rows


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setattr(judging, "crlft_command", lambda *_: [sys.executable, "-c", WORKER, "{run}"])
    base = tmp_path / "base"
    base.mkdir()
    for name in ("config.json", "model.safetensors", "vocab.json"):
        (base / name).write_text("{}")
    (base / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    monkeypatch.setenv("CRLFT_OFFLINE_BASE", str(base))
    made = project_of(tmp_path / "project", data())
    (make_run(made, "run-1", mark="done", model=True) / "config.json").write_text('{"template": "chatml"}')
    yield made
    made.close()


def seq_of(project, number):
    return next(r.seq for r in iterate_records(project) if f"What is {number} " in r.conversation.prompt)


def judged(project, **more):
    job = judging.start_suggest(project, "run-1", actor="ann", **more)
    return job, judging.wait_for_suggest(project, job.id)


def test_a_wrong_tag_stands_first_and_the_detectors_are_measured(project):
    job, report = judged(project)
    folder = project.root / "runs" / job.id
    request = json.loads((folder / "request.json").read_text())
    assert request["settings"] == {"template": "chatml"}
    swapped = json.loads((folder / "judged.json").read_text())["swapped"]
    assert report.canaries == len(swapped) == 10
    assert report.detector == "likelihood"
    assert {d.detector for d in report.detections} == {"likelihood", "words", "both", "perplexity", "length"}
    assert report.detections[0].auc > 0.95
    assert (report.judged, report.unscored, report.untagged) == (119, 1, 1)
    first = judging.review_queue(project)[0]
    assert (first.seq, first.tag, first.proposal) == (seq_of(project, 3), "sub", "expert")
    assert first.evidence == pytest.approx(0.5)
    # A canary's own tag is judged by what it really is: none of them is suspected for having been swapped.
    assert not any(str(j.seq) in swapped for j in judging.review_queue(project, issues_only=True))
    (untagged,) = judging.review_queue(project, tagged=False, order="uncertainty")
    assert (untagged.seq, untagged.tag, untagged.proposal) == (seq_of(project, 5), None, "expert")


def test_embeddings_of_the_job_are_measured_like_the_other_evidence(project, monkeypatch):
    embedding = WORKER.replace(
        "run.mark(",
        "import numpy\nsaid = [json.loads(x)['messages'][-1]['content'] for x in open(request['data'])]\n"
        "numpy.save(run.path / 'vectors.npy', [[float(text[0] == 'S'), 1.0] for text in said])\n"
        "run.mark(",
    )
    monkeypatch.setattr(judging, "crlft_command", lambda *_: [sys.executable, "-c", embedding, "{run}"])
    _, report = judged(project)
    (found,) = [d for d in report.detections if d.detector == "embedding"]
    assert found.auc > 0.95


def test_agreement_is_kept_from_one_judging_to_the_next(project):
    assert agreement.agreement_history(project) == []
    judged(project)
    (first,) = agreement.agreement_history(project)
    assert (first.run, first.tags - first.same, first.decided) == ("run-1", 1, 0)
    wrong, right = judging.review_queue(project)[:2]
    curation.apply_plan(project, judging.plan_proposals(project, [wrong.seq]), actor="ann")
    judging.confirm_tags(project, [right.seq], actor="ann")
    unlike = seq_of(project, 8)
    curation.apply_plan(project, curation.plan_tag(project, "expert", seqs=[unlike]), actor="ann")
    (now,) = agreement.agreement_history(project)
    assert (now.decided, now.agreed, now.same, now.same_now) == (3, 2, first.same, first.same)
    judged(project)
    first, second = agreement.agreement_history(project)
    assert (first.decided, first.agreed) == (3, 2)
    assert (second.tags - second.same, second.decided) == (1, 0)


def test_decisions_leave_the_queue_and_undo_brings_them_back(project):
    judged(project)
    wrong, other = judging.review_queue(project)[:2]
    plan = judging.plan_proposals(project, [wrong.seq])
    action = curation.apply_plan(project, plan, actor="ann")
    assert get_record(project, wrong.seq).conversation.class_name == "expert"
    assert wrong.seq not in [j.seq for j in judging.review_queue(project, limit=500)]
    curation.undo(project, action.id, actor="ann")
    assert judging.review_queue(project)[0].seq == wrong.seq
    kept = curation.apply_plan(project, curation.plan_status(project, "kept", seqs=[wrong.seq]), actor="ann")
    assert judging.review_queue(project)[0].seq == other.seq
    curation.undo(project, kept.id, actor="ann")
    judging.confirm_tags(project, [wrong.seq], actor="ann")
    assert judging.review_queue(project)[0].seq == other.seq
    judging.reopen_tags(project, [wrong.seq], actor="ann")
    assert judging.review_queue(project)[0].seq == wrong.seq


def test_mass_orders_by_what_a_wrong_tag_would_weigh(project):
    judged(project)
    masses = [j.mass for j in judging.review_queue(project, order="mass", limit=500)]
    assert masses == sorted(masses, reverse=True)
    assert masses[0] > 0
    with pytest.raises(PlanError, match="no order 'luck'"):
        judging.review_queue(project, order="luck")


def test_in_sample_is_said_and_nothing_is_measured(project):
    job, report = judged(project, in_sample=True)
    request = json.loads((project.root / "runs" / job.id / "request.json").read_text())
    assert request["model"].endswith("run-1/model")
    assert (report.in_sample, report.canaries, report.detections) == (True, 0, ())


def test_what_cannot_be_judged_is_refused_with_a_remedy(project):
    with pytest.raises(PlanError, match=r"canaries is 0\.5"):
        judging.start_suggest(project, "run-1", canaries=0.5, actor="ann")
    make_run(project, "run-2", mark="failed", marker={"error": "x", "remedy": "y"})
    with pytest.raises(JobError, match="no finished model"):
        judging.start_suggest(project, "run-2", actor="ann")
    assert judging.suggest_report(project) is None


def test_the_command_ranks_applies_and_says_how_far_to_believe_it(project, capsysbinary):
    assert shell(["--project", str(project.root), "suggest", "run-1", "--apply", "1", "--json"]) == 0
    told = json.loads(capsysbinary.readouterr().out)
    assert (told["detector"], told["affected"]) == ("likelihood", 1)
    assert told["queue"][0]["proposal"] == "expert"
    assert get_record(project, told["queue"][0]["seq"]).conversation.class_name == "expert"
