"""The ablation: its maths by hand, its table, its cells on a tiny base, stopped, failed and gone on with."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock, Timeout

from crlft.ablation import AblationRequest, cell_folder, finished_results, make_plan
from crlft.ablation_cell import CheckedPrompt, check_texts, read_checked_prompts, run_cell
from crlft.ablation_report import build_report, markdown
from crlft.cli import main
from crlft.commands.ablate import carry_out
from crlft.condition import OPENCHAT_SCHEME
from crlft.config import RunConfig
from crlft.conversation import Turn
from crlft.crew import failure_of, run_ablation
from crlft.errors import ConfigError, CrlftError, DataError, RunError
from crlft.events import Events
from crlft.intervals import Interval, crossed_interval, student_interval
from crlft.methods import METHODS
from crlft.modelfolder import ModelCard
from crlft.runfolder import RunFolder
from tests.tiny import save_tiny_base, tiny_conversations, write_jsonl

T_95 = {1: 12.7062047, 2: 4.3026527, 3: 3.1824463, 4: 2.7764451, 9: 2.2621572}
"""Quantiles of Student's t at 0.975, from a printed table."""


# ── the maths


def test_a_mean_of_seeds_has_students_interval():
    found = student_interval([0.6, 0.62, 0.58, 0.64, 0.56])  # s² = 0.001, s/√5 = 0.0141421
    assert found.mean == pytest.approx(0.6)
    assert found.low == pytest.approx(0.6 - T_95[4] * math.sqrt(0.001 / 5))
    assert found.high == pytest.approx(0.6 + T_95[4] * math.sqrt(0.001 / 5))
    assert student_interval([0.4]) == Interval(0.4)
    with pytest.raises(ValueError, match="no value"):
        student_interval([])


def test_crossed_differences_by_hand():
    """Seeds 2, prompts 3: rows (4, 0, 2) and (2, 0, 4): no seed part, prompt means 3, 0, 3."""
    d = np.array([[4.0, 0.0, 2.0], [2.0, 0.0, 4.0]])
    # mean 2; MS_seeds = 0/1; MS_prompts = 2·(1+4+1)/2 = 6; rest ±1, 0, ±1: MS_rest = 4/2 = 2
    # 0 + 6 - 2 < 6: the largest part alone, 6/6 = 1, with 2 degrees of freedom
    found = crossed_interval(d)
    assert (found.mean, found.low, found.high) == pytest.approx((2, 2 - T_95[2], 2 + T_95[2]))


def test_crossed_differences_add_both_variances():
    seed, prompt = np.array([-1.0, 1.0]), np.array([-1.0, 0.0, 1.0])
    d = 5 + seed[:, None] + prompt[None, :]  # no rest at all
    # MS_seeds = 3·2/1 = 6, MS_prompts = 2·2/2 = 2: Var = 1 + 1/3, df = (4/3)² / (1²/1 + (1/3)²/2)
    variance, df = 4 / 3, (16 / 9) / (1 + 1 / 18)
    found = crossed_interval(d)
    half = (found.high - found.low) / 2
    assert found.mean == pytest.approx(5)
    assert T_95[2] < half / math.sqrt(variance) < T_95[1]  # 1 < df < 2
    from scipy.stats import t

    assert half == pytest.approx(t.ppf(0.975, df) * math.sqrt(variance))


def test_one_seed_leaves_the_prompts_and_one_prompt_the_seeds():
    values = [1.0, 0.0, -1.0, 0.0]
    for shape in ((1, 4), (4, 1)):
        assert crossed_interval(np.array(values).reshape(shape)) == student_interval(values)


def test_an_interval_knows_its_sides():
    assert Interval(0.5, 0.1, 0.9).excludes_zero
    assert Interval(-0.5, -0.9, -0.1).excludes_zero
    assert not Interval(0.1, -0.1, 0.3).excludes_zero
    assert not Interval(0.1).excludes_zero
    assert Interval(0.9, 0.7, 1.1).clipped(0, 1) == Interval(0.9, 0.7, 1)


# ── the table


def result(method: str, seed: int, best: list[int], worst: list[int] | None = None, gap: float = 0.5):
    answers = {"best": {"right": best, "full": [0] * len(best)}}
    asked = {"best": "GPT4 Correct" if worst else ""}
    if worst:
        answers["worst"] = {"right": worst, "full": [0] * len(worst)}
        asked["worst"] = "GPT3 Correct"
    return {
        "method": method,
        "seed": seed,
        "asked": asked,
        "prompts": ["a", "b", "c", "d"],
        "groups": ["sum", "sum", "day", "day"],
        "answers": answers,
        "unanswered": 0,
        "swap": {"expert": {"right": 1.0, "wrong": 1.0 + gap}} if worst else {},
        "steps": 10,
        "epochs": 2.0,
        "tokens": 1000,
        "supervised_tokens": 300,
        "classes": {"expert": {"supervised_tokens": 100, "mass_share": 0.8}},
        "seconds": 4.0,
    }


ABOUT = {
    "base": "b", "data": "d", "data_hash": "0" * 16, "cells": 4, "cells_done": 4, "steps": 10, "step_tokens": 100,
    "learning_rate": 0.001, "prompts": 4, "prompts_unchecked": 0, "prompts_in_data": 0,
}  # fmt: skip


@pytest.fixture
def report():
    results = [
        result("c-rlft", 1, [1, 1, 1, 0], [0, 0, 1, 0], gap=0.4),
        result("c-rlft", 2, [1, 1, 0, 0], [0, 0, 0, 0], gap=0.6),
        result("sft", 1, [1, 0, 0, 0]),
        result("sft", 2, [0, 1, 0, 0]),
    ]
    return build_report(results, ABOUT)


def test_the_report_has_what_scripts_rely_on(report):
    rows = {(r["method"], r["condition"]): r for r in report["rows"]}
    assert report["seeds"] == 2
    assert list(rows) == [("c-rlft", "best"), ("c-rlft", "worst"), ("sft", "best")]
    best = rows["c-rlft", "best"]
    assert best["mean"] == pytest.approx(0.625)
    assert (best["low"], best["high"]) == (0, 1)  # t(1) over .75 and .5 is wider than what shares can be
    assert rows["c-rlft", "worst"]["mean"] == pytest.approx(0.125)
    assert rows["sft", "best"]["asked"] == ""
    assert (rows["sft", "best"]["low"], rows["sft", "best"]["high"]) == (0.25, 0.25)
    json.dumps(report)


def test_differences_are_paired_by_seed_and_prompt(report):
    found = {(d["method"], d["condition"]): d for d in report["differences"]}
    assert set(found) == {("c-rlft", "worst"), ("sft", "best")}
    by_hand = crossed_interval(np.array([[0, 1, 1, 0], [1, 0, 0, 0]], dtype=float))
    assert found["sft", "best"]["mean"] == pytest.approx(0.375)
    assert found["sft", "best"]["low"] == by_hand.clipped(-1, 1).low
    assert found["sft", "best"]["high"] == pytest.approx(1)


def test_a_seed_that_only_one_method_has_is_not_paired(report):
    results = [result("c-rlft", 1, [1, 1, 1, 1], [0, 0, 0, 0]), result("sft", 2, [0, 0, 0, 0])]
    found = build_report(results, ABOUT)
    assert [d["method"] for d in found["differences"]] == ["c-rlft"]
    assert len(found["rows"]) == 3


def test_swap_budget_and_groups(report):
    (swap,) = report["swap"]
    assert swap["classes"]["expert"]["mean"] == pytest.approx(0.5)
    budget = report["budget"][0]
    assert (budget["tokens_per_step"], budget["supervised_tokens_per_step"]) == (100, 30)
    assert budget["classes"]["expert"]["supervised_tokens_seen"] == 200
    groups = {(g["method"], g["condition"]): g["right"] for g in report["groups"]}
    assert groups["c-rlft", "best"] == {"day": 0.25, "sum": 1.0}


def test_markdown_says_the_same(report):
    text = markdown(report)
    assert "| c-rlft | GPT4 Correct (best) | 62.5 % [0.0, 100.0] | 0.0 % [0.0, 0.0] |" in text
    assert "| sft | no condition | 25.0 % [25.0, 25.0] |" in text
    assert "10 steps of about 100 tokens" in text
    assert "| c-rlft | +0.500 [" in text
    assert "| day | sum |" in text


def test_an_empty_report_can_be_read():
    report = build_report([], {**ABOUT, "cells_done": 0})
    assert (report["seeds"], report["rows"]) == (0, [])
    assert "0 of 4 cells done" in markdown(report)


# ── prompts


def test_prompts_with_checks_are_read_and_others_counted(tmp_path):
    path = tmp_path / "p.jsonl"
    lines = [
        '{"id": "a", "prompt": "1+1?", "check": {"answer": [2]}, "skill": "sum"}',
        "",
        "hello",
        '{"prompt": "x"}',
    ]
    path.write_text("\n".join(lines))
    (prompt,), unchecked = read_checked_prompts(path, "skill")
    assert (prompt.id, prompt.turns, prompt.group, unchecked) == ("a", (Turn("user", "1+1?"),), "sum", 2)
    assert check_texts([prompt], {"a": "It is 2."}) == {"right": [1], "full": [1]}
    polite = CheckedPrompt("a", prompt.turns, {"answer": [2], "polite": ["Sure!"]})
    assert check_texts([polite], {"a": "It is 2."}) == {"right": [1], "full": [0]}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('{"prompt": "x"}', "no prompt has a check"),
        ('{"prompt": "x", "check": {"reject": [1]}}', "neither `answer` nor `all`"),
        ('{"id": "a", "prompt": "x"}\n{"id": "a", "prompt": "y"}', "'a' stands twice"),
        ('{"id": "a",', "not JSON"),
    ],
)
def test_unusable_prompts_are_refused_with_the_place(tmp_path, lines, words):
    path = tmp_path / "p.jsonl"
    path.write_text(lines)
    with pytest.raises(DataError, match=words) as raised:
        read_checked_prompts(path)
    assert "p.jsonl" in raised.value.message


# ── the cells


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
