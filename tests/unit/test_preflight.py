"""Before a run: lengths, costs, weights from the data, exact counts by a short job."""

import json
import sys

import pytest

from crlft.config import RunConfig
from crlft.dataset import Dataset
from crlft.resolve import cpu_has_bf16, resolve
from tests.unit.loop_project import fake_base, loop_project, project_of, rows, until
from workbench.services import costs, curation, exact, training
from workbench.services.autos import auto_values
from workbench.services.lengths import BARS, binned
from workbench.services.snapshots import list_snapshots, make_snapshot
from workbench.services.training import TrainRequest
from workbench.services.trainset import current_train_set

COUNTER = """
import json, sys
print("a warning of some library")
print(json.dumps({"classes": [], "asked": sys.argv[1:]}))
"""
READS = """
import json, sys
import pyarrow.parquet
rows = pyarrow.parquet.read_table(sys.argv[2] + "/data.parquet").num_rows
print(json.dumps({"classes": [], "conversations": rows}))
"""
REFUSES = """
import json, sys
print(json.dumps({"error": "no tokenizer in there", "remedy": "choose another base"}))
sys.exit(1)
"""


def command(script):
    return lambda *arguments: [sys.executable, "-c", script, *arguments]


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_LOCK_DIR", str(tmp_path / "devices"))
    monkeypatch.setenv("CRLFT_OFFLINE_BASE", str(fake_base(tmp_path / "base")))
    monkeypatch.setattr(exact, "crlft_command", command(COUNTER))
    project = loop_project(tmp_path / "project")
    yield project
    project.close()


def counted(project, request):
    return until(lambda: (found := exact.exact_counts(project, request)) and not found.job.live and found)


def test_exact_counts_are_made_once_for_the_same_data_and_settings(project):
    request = TrainRequest("one", overrides={"max_tokens": "64"})
    assert exact.exact_counts(project, request) == exact.Exact(None, None)
    exact.start_exact(project, request)
    found = counted(project, request)
    assert found.counts["asked"][:2] == ["preview", str(project.snapshots / "one")]
    assert found.counts["asked"][-3:] == ["--set", "max_tokens=64", "--json"]
    again = exact.start_exact(project, request)
    assert (again.job.id, again.counts) == (found.job.id, found.counts)
    other = TrainRequest("one", overrides={"max_tokens": "32"})
    assert exact.exact_counts(project, other).job is None
    assert training.list_runs(project) == [], "counting is no run"


def test_what_is_kept_now_is_counted_without_making_a_snapshot(project, monkeypatch):
    monkeypatch.setattr(exact, "crlft_command", command(READS))
    request, before = TrainRequest(None), [s.name for s in list_snapshots(project)]
    exact.start_exact(project, request)
    found = counted(project, request)
    assert found.job.status == "done", found.job.error
    table = current_train_set(project)
    assert found.counts["conversations"] == sum(c.conversations for c in table.classes) > 0
    assert [s.name for s in list_snapshots(project)] == before
    assert not list((project.runs / exact.FOLDER / found.job.id).glob("kept-now*")), "nothing is left lying"
    again = exact.start_exact(project, request)
    assert (again.job.id, again.counts) == (found.job.id, found.counts)
    curation.apply_plan(project, curation.plan_status(project, "dropped", "x", seqs=[1]), actor="t")
    assert exact.exact_counts(project, request).job is None, "the data has changed"


def test_much_is_counted_only_when_asked_for(project, monkeypatch):
    monkeypatch.setattr(exact, "MUCH", 1)
    monkeypatch.setattr(exact, "crlft_command", command(READS))
    assert exact.start_exact(project, TrainRequest(None)).job is None
    assert exact.start_exact(project, TrainRequest(None), asked=True).job is not None
    counted(project, TrainRequest(None))


def test_counting_that_fails_says_why_and_is_not_tried_again(project, monkeypatch):
    monkeypatch.setattr(exact, "crlft_command", command(REFUSES))
    exact.start_exact(project, TrainRequest("one"))
    job = counted(project, TrainRequest("one")).job
    assert (job.status, job.error, job.remedy) == ("failed", "no tokenizer in there", "choose another base")
    assert exact.start_exact(project, TrainRequest("one")).job.pid == job.pid


def test_what_nobody_waits_for_is_given_up_and_counted_when_asked_for_again(project, monkeypatch):
    monkeypatch.setattr(exact, "crlft_command", command("import time; time.sleep(600)"))
    request = TrainRequest(None)
    job = exact.start_exact(project, request).job
    data = project.runs / exact.FOLDER / job.id / exact.KEPT_NOW
    until(lambda: data.is_dir())
    exact.give_up(project, job.id)
    until(lambda: not exact.still_counting(project, job))
    exact.give_up(project, job.id)  # once more does nothing
    monkeypatch.setattr(exact, "crlft_command", command(COUNTER))
    data.mkdir(exist_ok=True)
    exact.start_exact(project, TrainRequest("one"))
    assert not data.exists(), "the data of what was given up does not stay"
    assert exact.start_exact(project, request).job.live
    exact.give_up(project, job.id)
    counted(project, TrainRequest("one"))


def test_the_oldest_counts_go(project, monkeypatch):
    monkeypatch.setattr(exact, "KEPT", 1)
    for length in ("64", "32", "16"):
        exact.start_exact(project, TrainRequest("one", overrides={"max_tokens": length}))
        counted(project, TrainRequest("one", overrides={"max_tokens": length}))
    assert len(list((project.runs / exact.FOLDER).glob("counts-*"))) == 2


def test_weights_that_come_from_the_data_give_every_class_the_same_say(project):
    flight = training.preflight(project, TrainRequest("one", method="inverse-frequency"))
    assert [c.mass_share for c in flight.classes] == pytest.approx([0.5, 0.5])
    by_tokens = {c.name: c.supervised_tokens * c.loss_weight for c in flight.classes}
    assert by_tokens["expert"] == pytest.approx(by_tokens["sub"])
    assert max(c.loss_weight for c in flight.classes) == 1.0, "the rarest weighs 1"


def test_counting_conversations_instead_of_tokens_changes_the_shares(project):
    by_conversation = {"normalisation": "conversation"}
    flight = training.preflight(project, TrainRequest("one", overrides=by_conversation))
    shares = {c.name: c.mass_share for c in flight.classes}
    assert shares["expert"] == pytest.approx(6 / (6 + 0.1 * 10))


def test_adapters_learn_ten_times_as_fast_unless_a_rate_is_given(project):
    full, lora, given = (
        training.preflight(project, TrainRequest("one", overrides=o)).learning_rate
        for o in ({}, {"adapter": "lora"}, {"adapter": "lora", "learning_rate": "1e-4"})
    )
    assert lora == pytest.approx(10 * full, rel=0.05)
    assert given == 1e-4


def test_lengths_are_the_same_now_and_frozen_and_the_cut_is_counted(project):
    now, frozen = (
        training.preflight(project, TrainRequest(name, overrides={"max_tokens": "30"})) for name in (None, "one")
    )
    assert now.lengths == frozen.lengths
    assert now.max_tokens == now.lengths.cut_off == 30
    assert sum(sum(bars) for bars in now.lengths.bars.values()) == 16
    wide = training.preflight(project, TrainRequest("one"))
    assert set(wide.lengths.longer.values()) == {0}
    assert wide.max_tokens == 4096


def test_bars_hold_everybody_and_the_longest_share_the_last():
    found = binned({"a": {5: 2, 10: 1, 100_000: 3}, "b": {}}, cut_off=100)
    assert sum(found.bars["a"]) == 6
    assert found.bars["a"][-1] == 3
    assert len(found.bars["a"]) <= BARS
    assert len(found.bars["a"]) * found.width >= 200
    assert found.longer == {"a": 3, "b": 0}
    assert not any(binned({"a": {}}, cut_off=10).bars["a"])


def test_the_packing_and_the_command_are_those_of_the_run(project):
    assert training.preflight(project, TrainRequest("one", overrides={"packing": "on"})).packing
    assert not training.preflight(project, TrainRequest("one", overrides={"device": "cpu"})).packing
    two = training.preflight(project, TrainRequest("one", processes=2)).command
    assert " ".join(two[1:]).startswith("-m torch.distributed.run --standalone --nproc-per-node 2")
    assert two[-3:] == ("train", "--run", "DIR")


class TestCosts:
    def test_an_adapter_needs_less_memory_and_less_disk(self, project):
        full, lora, qlora = (
            costs.costs(project, RunConfig(adapter=a), 1_000_000_000, None) for a in ("none", "lora", "qlora")
        )
        assert full.memory_bytes == 16_000_000_000
        assert full.memory_bytes > lora.memory_bytes > qlora.memory_bytes
        assert full.disk_bytes > lora.disk_bytes

    def test_the_time_is_told_by_the_last_run_on_the_same_base(self, project):
        asked = RunConfig(base="/models/b")
        assert costs.costs(project, asked, None, 1000.0).seconds is None
        for name, base in (("2-new", "/models/b"), ("3-other", "/models/c")):
            folder = project.runs / name
            folder.mkdir()
            (folder / "job.json").write_text(json.dumps({"kind": "train"}))
            (folder / "config.json").write_text(json.dumps(RunConfig(base=base).to_dict()))
            step = {"time": 1, "event": "step", "step": 1, "total": 1, "tokens_per_second": 50.0}
            (folder / "events.jsonl").write_text(json.dumps(step) + "\n")
        found = costs.costs(project, asked, None, 1000.0)
        assert (found.seconds, found.paced_by) == (20.0, "2-new")
        assert costs.costs(project, RunConfig(base="/models/b", adapter="lora"), None, 1000.0).seconds is None

    def test_what_does_not_fit_is_said_with_its_remedy(self):
        tight = costs.Costs(2_000_000_000, 1_000_000_000, 5_000_000_000, 1_000_000_000)
        disk, memory = costs.cost_warnings(tight)
        assert "make room" in disk
        assert "adapter=lora" in memory
        assert costs.cost_warnings(costs.Costs(None, 1, None, 1)) == []


def test_a_class_without_conversations_has_no_share(tmp_path, project):
    single = project_of(tmp_path / "single", rows(expert=2, sub=0))
    make_snapshot(single, "s", actor="ann")
    flight = training.preflight(single, TrainRequest("s", method="inverse-frequency"))
    assert {c.name: round(c.mass_share, 3) for c in flight.classes} == {"expert": 1.0, "sub": 0.0}
    single.close()


def test_a_small_base_is_measured_by_one_step_and_a_large_one_where_asked(project, monkeypatch):
    request = TrainRequest("one")
    monkeypatch.setattr(exact, "count_parameters", lambda base: 10)
    exact.start_exact(project, request)
    small = counted(project, request)
    assert "--rehearse" in small.counts["asked"]
    assert not small.measurable
    monkeypatch.setattr(exact, "count_parameters", lambda base: exact.SMALL_PARAMETERS + 1)
    exact.start_exact(project, request)
    large = counted(project, request)
    assert "--rehearse" not in large.counts["asked"]
    assert large.measurable
    exact.start_exact(project, request, measure=True)
    assert exact.exact_counts(project, request, measure=True).job.id == small.job.id, "the same question"
    several = TrainRequest("one", processes=2)
    exact.start_exact(project, several, measure=True)
    assert not counted(project, several).measurable


def test_many_cut_conversations_are_warned_of_with_a_remedy(project):
    none = training.preflight(project, TrainRequest("one"))
    assert not any("lose their end" in w for w in none.warnings)
    many = training.preflight(project, TrainRequest("one", overrides={"max_tokens": "8"}))
    (said,) = [w for w in many.warnings if "lose their end" in w]
    assert "drop --where 'tokens>8'" in said


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_what_auto_is_said_to_be_is_what_the_trainer_takes(project, device):
    flight = training.preflight(project, TrainRequest("one", overrides={"device": device}))
    said = auto_values(flight)
    taken = resolve(
        RunConfig(snapshot="s", base="b"),
        Dataset(),
        "expert",
        parameters=flight.parameters or 1,
        max_tokens=flight.max_tokens,
        device=device,
        fast_bf16=cpu_has_bf16(),
    )
    assert said["micro_batch_tokens"] == f"{taken.micro_batch_tokens:,}"
    assert said["threads"] == f"{taken.threads:,}"
    assert said["packing"] == ("on" if taken.packing else "off")
    assert said.get("precision", taken.precision) == taken.precision
