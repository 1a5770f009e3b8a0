"""The ablation's cells on a tiny base: done, stopped, failed and gone on with; and the command."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from crlft.ablation import AblationRequest, cell_folder, finished_results, make_plan
from crlft.ablation_cell import run_cell
from crlft.cli import main
from crlft.commands.ablate import carry_out
from crlft.condition import OPENCHAT_SCHEME
from crlft.config import RunConfig
from crlft.crew import failure_of, run_ablation
from crlft.errors import ConfigError, CrlftError, RunError
from crlft.events import Events
from crlft.methods import METHODS
from crlft.modelfolder import ModelCard
from crlft.runfolder import RunFolder
from tests.tiny import save_tiny_base, tiny_conversations, write_jsonl


class Inline:
    """A cell carried out here, at once, instead of in a process of its own."""

    started: list[str]

    def __init__(self, spoil: str = "") -> None:
        self.started = []
        self.spoil = spoil

    def __call__(self, folder: Path, threads: int) -> Inline:
        self.started.append(folder.name)
        try:
            if self.spoil in (folder.name, "*"):
                config = folder / "config.json"
                config.write_text(config.read_text().replace('"fp32"', '"fp31"'))
            run_cell(folder)
        except CrlftError as error:
            RunFolder(folder).mark("failed", error=error.message, remedy=error.remedy, kind="crlft")
            self.status = 1
        else:
            self.status = 0
        return self

    def poll(self) -> int:
        return self.status

    def terminate(self) -> None:
        """Nothing works any more."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("ablation")
    base = save_tiny_base(root / "base")
    data = write_jsonl(root / "data.jsonl", tiny_conversations(36))
    prompts = root / "prompts.jsonl"
    rows = [{"id": f"p{i}", "prompt": f"What is {i} and one?", "check": {"answer": [i + 1]}} for i in range(5)]
    prompts.write_text("".join(json.dumps(r) + "\n" for r in rows))
    config = RunConfig(
        snapshot=str(data),
        base=str(base),
        steps=3,
        step_tokens=300,
        threads=1,
        held_out_share=0.2,
        precision="fp32",
    )
    return AblationRequest(config, prompts, ("c-rlft", "sft"), (1, 2), max_new_tokens=3)


def carried_out(request: AblationRequest, out: Path, launch: Inline) -> list[dict]:
    out.mkdir(exist_ok=True)
    return list(run_ablation(make_plan(request, out), Events(RunFolder(out)), launch=launch))


@pytest.fixture(scope="module")
def done(world, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    launch = Inline()
    return out, carried_out(world, out, launch), launch


def test_every_method_gets_every_seed_and_the_same_budget(world, done):
    _, results, launch = done
    assert launch.started == ["c-rlft-1", "sft-1", "c-rlft-2", "sft-2"]
    assert {r["steps"] for r in results} == {3}
    assert [set(r["answers"]) for r in results] == [{"best", "worst"}, {"best"}] * 2
    assert all(len(a["right"]) == 5 for r in results for a in r["answers"].values())
    assert results[0]["asked"] == {"best": "GPT4 Correct", "worst": "GPT3 Correct"}
    assert set(results[0]["swap"]) == {"expert", "sub"}
    assert not results[1]["swap"]


def test_finished_cells_keep_their_answers_but_no_model(done):
    out, _, _ = done
    for name in ("c-rlft-1", "sft-2"):
        kept = {p.name for p in (out / "cells" / name).iterdir()}
        assert {"result.json", "answers", "events.jsonl"} <= kept
        assert not kept & {"model", "checkpoints"}


def test_done_cells_are_not_done_again_and_seeds_may_grow(world, done):
    out, results, _ = done
    launch = Inline()
    assert carried_out(world, out, launch) == []
    assert carried_out(replace(world, seeds=(1, 2, 3), methods=("c-rlft",)), out, launch)[0]["seed"] == 3
    assert launch.started == ["c-rlft-3"]
    plan = make_plan(world, out)
    assert finished_results(plan, out) == results


@pytest.mark.parametrize("change", [{"max_new_tokens": 4}, {"steps": 4}, {"max_grad_norm": 2.0}])
def test_cells_of_other_settings_are_refused(world, done, change):
    out, _, _ = done
    asked = {k: v for k, v in change.items() if k == "max_new_tokens"}
    settings = {k: v for k, v in change.items() if k not in asked}
    request = replace(world, config=replace(world.config, **settings), **asked)
    with pytest.raises(RunError, match="other data, base, prompts or settings"):
        finished_results(make_plan(request, out), out)


def test_auto_is_worked_out_once_for_c_rlft(world, tmp_path):
    """Left to itself, training on the best class alone would take fewer steps an epoch."""
    request = replace(world, config=replace(world.config, steps=None), methods=("sft-best", "c-rlft"))
    plan = make_plan(request, tmp_path)
    both = make_plan(replace(request, methods=("c-rlft",)), tmp_path)
    assert plan.config.steps == both.config.steps
    assert plan.config.steps > 1
    assert plan.config.learning_rate is not None
    assert plan.leaked == 1  # "What is 0 and one?" is asked in the data, too


def test_each_condition_gets_its_own_answers(world, done, tmp_path, monkeypatch):
    """The model answers rightly under its best condition only; training is not needed to see that."""
    out, _, _ = done
    for name in ("cell.json", "config.json", "done.json", "events.jsonl"):
        (tmp_path / name).write_bytes((out / "cells" / "c-rlft-1" / name).read_bytes())
    card = ModelCard(OPENCHAT_SCHEME, "openchat", "both", "c-rlft", "GPT4 Correct")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "crlft.json").write_text(json.dumps(card.to_dict()))

    def answering(events: Events) -> int:
        request = events.run.read_json("request.json")
        rows = []
        for prompt in request["prompts"]:
            number = int(prompt["id"][1:])
            for column, asked in enumerate(request["columns"]):
                right = asked["condition"] == "GPT4 Correct" and number != 3
                text = f"It is {number + 1}." if right else "It is 77."
                rows.append({"prompt_id": prompt["id"], "column": column, "text": text})
        rows[-1]["error"] = "too long"
        (events.run.path / "results.jsonl").write_text("".join(json.dumps(r) + "\n" for r in reversed(rows)))
        return len(rows)

    monkeypatch.setattr("crlft.generation.run_generation", answering)
    assert run_cell(tmp_path)
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["answers"]["best"]["right"] == [1, 1, 1, 0, 1]
    assert result["answers"]["worst"]["right"] == [0] * 5
    assert (result["prompts"][0], result["unanswered"], result["steps"]) == ("p0", 1, 3)
    assert result["swap"]["sub"]["wrong"] > 0


def test_a_failed_cell_leaves_the_others_and_is_done_later(world, tmp_path):
    launch = Inline(spoil="c-rlft-1")
    request = replace(world, seeds=(1,))
    with pytest.raises(RunError, match=r"cell c-rlft-1 failed: .*fp31") as raised:
        carried_out(request, tmp_path, launch)
    assert "log.txt" in raised.value.remedy
    assert launch.started == ["c-rlft-1", "sft-1"]
    again = Inline()
    (result,) = carried_out(request, tmp_path, again)
    assert (result["method"], result["seed"], again.started) == ("c-rlft", 1, ["c-rlft-1"])


def test_a_cell_carries_out_nothing_while_another_holds_it(done, monkeypatch):
    """Its ablation was killed and started again: whoever comes second waits, finds the result, trains nothing."""
    out, _, _ = done
    folder = out / "cells" / "sft-1"
    lock = folder / "cell.lock"
    monkeypatch.setattr("crlft.ablation_cell._carry_out", lambda *_: pytest.fail("trained twice"))
    assert run_cell(folder)
    result = (folder / "result.json").read_bytes()
    (folder / "result.json").unlink()

    def refused(*_: object) -> bool:
        with pytest.raises(Timeout):
            FileLock(lock, timeout=0).acquire()
        return True

    monkeypatch.setattr("crlft.ablation_cell._carry_out", refused)
    assert run_cell(folder)
    (folder / "result.json").write_bytes(result)


def test_a_failure_is_told_by_who_knows_it(tmp_path):
    assert failure_of(tmp_path, -9) == "its process was killed, perhaps for lack of memory"
    assert failure_of(tmp_path, 1) == "its process ended with status 1"
    (tmp_path / "answers").mkdir()
    RunFolder(tmp_path).mark("done")
    RunFolder(tmp_path / "answers").mark("failed", error="the disk is full")
    assert failure_of(tmp_path, 1) == "the disk is full"
    RunFolder(tmp_path).mark("failed", error="the loss is not finite")
    assert failure_of(tmp_path, 1) == "the loss is not finite"


def test_two_failed_cells_end_it(world, tmp_path):
    launch = Inline(spoil="*")
    with pytest.raises(RunError, match=r"cell c-rlft-1 failed \(2 cells failed\)"):
        carried_out(world, tmp_path, launch)
    assert launch.started == ["c-rlft-1", "sft-1"]


def test_a_stop_ends_it_and_keeps_the_table(world, tmp_path):
    plan = make_plan(replace(world, keep_models=True), tmp_path)
    events = Events(RunFolder(tmp_path))
    found = []
    for result in run_ablation(plan, events, launch=Inline()):
        found.append(result)
        events.terminated = True
    assert len(found) == 1
    folder = cell_folder(tmp_path, plan.cells[0])
    assert (folder / "model" / "crlft.json").exists()
    events.terminated = False
    report = carry_out(replace(plan, cells=plan.cells[:1]), events, 1)
    assert (report["cells_done"], report["status"], report["seeds"]) == (1, "done", 1)
    assert RunFolder(tmp_path).marker()[0] == "done"
    assert json.loads((tmp_path / "ablation.json").read_text()) == report
    assert (tmp_path / "ablation.md").read_text().startswith("# Ablation")


def test_wrong_requests_name_every_fault(world):
    with pytest.raises(ConfigError) as raised:
        replace(world, methods=("c-rlft", "dpo", "c-rlft"), seeds=(), max_new_tokens=0)
    assert len(raised.value.faults) == 4


def crlft(monkeypatch, capsys, *args: object) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["crlft", "ablate", *map(str, args)])
    with pytest.raises(SystemExit) as ended:
        main()
    return (int(ended.value.code or 0), *capsys.readouterr())


def test_the_command_runs_cells_in_processes_of_their_own(world, tmp_path, monkeypatch, capsys):
    config = world.config
    common = (config.snapshot, "--base", config.base, "--prompts", world.prompts, "--out", tmp_path, "--seeds", 1)
    sets: list[str] = []
    for key in ("steps", "step_tokens", "threads", "held_out_share"):
        sets += ["--set", f"{key}={getattr(config, key)}"]
    code, out, err = crlft(
        monkeypatch, capsys, *common, *sets, "--methods", "no-reward", "--max-new-tokens", 3, "--json"
    )
    assert code == 0, out + err + (tmp_path / "cells" / "no-reward-1" / "log.txt").read_text()
    body = json.loads(out)
    assert [(r["method"], r["condition"]) for r in body["rows"]] == [("no-reward", "best"), ("no-reward", "worst")]
    assert body["rows"][0]["low"] is None
    assert err == ""


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 2, "--prompts"),
        (("--methods", "dpo"), 1, "unknown method 'dpo'"),
        (("--set", "seed=3"), 1, "seed cannot be set"),
        (("--set", "steps"), 2, "no key=value"),
        (("--set", "steps=0"), 1, "steps is 0"),
    ],
)
def test_wrong_use_of_the_command(world, tmp_path, monkeypatch, capsys, words, code, says):
    common = ("d.jsonl", "--base", "b", "--prompts", world.prompts, "--out", tmp_path) if words else ()
    found, _, err = crlft(monkeypatch, capsys, *common, *words)
    assert found == code
    assert says in " ".join(err.split())


def test_inverse_frequency_gives_every_class_the_same_say(world):
    from crlft.preview import preview_run

    assert METHODS["inverse-frequency"].conditioned
    body = preview_run(replace(world.config, method="inverse-frequency"))
    rows = {row["name"]: row for row in body["classes"]}
    assert rows["expert"]["mass_share"] == pytest.approx(0.5)
    assert rows["sub"]["mass_share"] == pytest.approx(0.5)
    ratio = rows["expert"]["supervised_tokens"] / rows["sub"]["supervised_tokens"]
    weights = rows["expert"]["weight"] / rows["sub"]["weight"]
    assert weights == pytest.approx(1 / ratio)
    assert max(rows["expert"]["weight"], rows["sub"]["weight"]) == 1
