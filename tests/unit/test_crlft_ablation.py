"""The ablation's maths by hand, its table, and the prompts it reads."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from crlft.ablation_cell import check_texts
from crlft.ablation_report import build_report, markdown
from crlft.checkedprompts import CheckedPrompt, read_checked_prompts
from crlft.conversation import Turn
from crlft.errors import DataError
from crlft.intervals import Interval, crossed_interval, student_interval

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
        ('{"prompt": "x", "check": {"reject": [1]}}', "none of `answer`, `all`, `matches`"),
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
