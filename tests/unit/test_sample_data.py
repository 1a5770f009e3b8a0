"""The sample data: remade byte for byte, true to its manifest, and checkable by program."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from crlft.checks import check_answer, check_faults

SAMPLE = Path(__file__).parents[2] / "sample_data"
sys.path.insert(0, str(SAMPLE))

import make  # noqa: E402
from world import facts, phrasing, skills, talk, troubles  # noqa: E402

FILES = ("sharegpt.json", "messages.jsonl", "alpaca.json")


@pytest.fixture(scope="module")
def world() -> tuple[list[talk.Talk], list[troubles.Planted], set]:
    _, taboo = make.held_out(random.Random("1 held-out"))
    talks, planted = make.conversations(random.Random("1 conversations"), taboo)
    return talks, planted, taboo


@pytest.fixture(scope="module")
def manifest() -> dict:
    return json.loads((SAMPLE / "manifest.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def held() -> list[dict]:
    return [json.loads(line) for line in (SAMPLE / "held_out.jsonl").read_text(encoding="utf-8").splitlines()]


def file_rows(name: str) -> list:
    text = (SAMPLE / name).read_text(encoding="utf-8")
    return text.splitlines() if name.endswith(".jsonl") else json.loads(text)


def test_the_script_remakes_every_file_byte_for_byte(tmp_path):
    command = [sys.executable, str(SAMPLE / "make.py"), "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    made = sorted(p.name for p in tmp_path.iterdir())
    assert {*FILES, "held_out.jsonl", "general_text.jsonl.gz", "classes.json", "manifest.json"} <= set(made)
    for name in made:
        assert (tmp_path / name).read_bytes() == (SAMPLE / name).read_bytes(), name


def test_the_manifest_points_at_its_rows(manifest):
    rows = {name: file_rows(name) for name in FILES}
    assert manifest["rows"] == {name: len(r) for name, r in rows.items()}
    for kind, entries in manifest["troubles"].items():
        assert len(entries) == manifest["counts"][kind]
        for entry in entries:
            row = rows[entry["file"]][entry["row"] - 1]
            if entry["id"] is None or "not JSON" in entry["detail"]:
                continue
            row = json.loads(row) if isinstance(row, str) else row
            assert row["id"] == entry["id"]


def test_there_are_enough_troubles_of_every_kind_but_not_too_many(manifest):
    counts = manifest["counts"]
    assert set(counts) == {*troubles.BREAKERS, *troubles.COPIES, "unreadable"}
    assert all(20 <= n <= 60 for kind, n in counts.items() if kind != "unreadable")
    assert sum(counts.values()) < 0.15 * sum(manifest["rows"].values())


def test_classes_come_from_the_field_by_the_table():
    table = json.loads((SAMPLE / "classes.json").read_text(encoding="utf-8"))
    seen: Counter[str] = Counter()
    for name in FILES:
        for row in file_rows(name):
            try:
                row = json.loads(row) if isinstance(row, str) else row
            except json.JSONDecodeError:
                continue
            if isinstance(row, dict):
                seen[table["values"].get(row.get(table["field"]), "untagged")] += 1
    total = sum(seen.values())
    assert 3_800 < total < 4_200
    assert 0.09 < seen["expert"] / total < 0.13
    assert 0.03 < seen["untagged"] / total < 0.07


def test_held_out_prompts_cover_skills_and_languages_and_have_sound_checks(held):
    assert len(held) == 300
    skills_seen = Counter(row["skill"] for row in held)
    assert set(skills_seen) == set(make.SKILLS)
    assert min(skills_seen.values()) >= 40
    assert min(Counter(row["language"] for row in held).values()) > 90
    assert len({row["id"] for row in held}) == 300
    assert [check_faults(row["check"]) for row in held] == [[]] * 300


def test_no_training_conversation_asks_what_is_held_out(world, held):
    talks, _, taboo = world
    assert len(taboo) == 300
    assert not any(t.keys() & taboo for t in talks)
    prompts = {text for name in FILES for text in _texts(name)}
    assert not prompts & {row["prompt"] for row in held}


def _texts(name: str) -> list[str]:
    texts = []
    for row in file_rows(name):
        try:
            row = json.loads(row) if isinstance(row, str) else row
        except json.JSONDecodeError:
            continue
        if isinstance(row, dict):
            turns = row.get("conversations") or row.get("messages") or []
            texts += [t.get("value") or t.get("content") for t in turns if isinstance(t, dict)]
            texts.append(row.get("instruction"))
    return [t for t in texts if isinstance(t, str)]


@pytest.mark.parametrize("kind", skills.KINDS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_checks_tell_right_from_misconception(kind, language):
    rng = random.Random(f"{kind} {language}")
    for _ in range(60):
        item = skills.KINDS[kind](rng, language)
        assert check_answer(item.check, talk.expert_answer(rng, item)).full
        assert check_answer(item.check, item.right.short).correct
        assert not check_answer(item.check, item.right.short).full
        if item.slip:
            assert not check_answer(item.check, item.slip.short).correct
            assert not check_answer(item.check, item.slip.statement).correct


@pytest.mark.parametrize("kind", skills.KINDS)
def test_the_truth_about_a_weak_answer_is_what_the_check_says(kind):
    rng = random.Random(kind)
    for _ in range(150):
        item = skills.KINDS[kind](rng, rng.choice(["en", "zh"]))
        text, right = talk.crowd_answer(rng, item)
        result = check_answer(item.check, text)
        assert result.correct == right, (item.right, text)
        assert not result.full


def test_the_weak_class_has_coverage_and_one_misconception_each(world):
    talks, _, _ = world
    by_class = {q: [e for t in talks if t.quality == q for e in t.exchanges] for q in ("expert", "sub")}
    expert_kinds = Counter(e.item.kind for e in by_class["expert"])
    assert set(expert_kinds) == {*phrasing.EXPERT_SKILLS, *phrasing.GLIMPSED_SKILLS}
    assert "aisle" not in expert_kinds
    assert sum(expert_kinds[k] for k in phrasing.GLIMPSED_SKILLS) < 0.2 * expert_kinds.total()
    assert {e.item.skill for e in by_class["sub"]} == set(make.SKILLS)
    assert max(e.phrasing for e in by_class["expert"]) < max(e.phrasing for e in by_class["sub"])
    prone = [e for e in by_class["sub"] if e.item.slip]
    wrong = [e for e in prone if not e.right]
    assert 0.6 < len(wrong) / len(prone) < 0.75
    same = [e for e in wrong if not check_answer({"answer": e.item.slip.short}, e.answer).reason]
    assert len(same) / len(wrong) > 0.9


@pytest.mark.parametrize(("a", "b", "total"), [(7, 5, 2), (17, 5, 12), (11, 12, 23), (9, 1, 0), (15, 15, 20)])
def test_forgetting_the_carry(a, b, total):
    assert facts.sum_without_carry(a, b) == total


def test_facts_are_whole():
    assert len({c.capital_en for c in facts.COUNTRIES}) == len(facts.COUNTRIES)
    assert all(facts.country(c.neighbour) is not c for c in facts.COUNTRIES)
    for kind, table in phrasing.QUESTIONS.items():
        for language, questions in table.items():
            assert len(set(questions)) == len(questions) > phrasing.EXPERT_PHRASINGS, (kind, language)


def test_mojibake_can_be_undone(world):
    talks, planted, _ = world
    by_id = {t.id: t for t in talks}
    entries = [p for p in planted if p.kind == "mojibake"]
    assert entries
    for p in entries:
        turns = [list(t) for t in by_id[p.id].turns]
        assert turns != p.truth
        assert [[r, t.encode("latin-1").decode()] for r, t in turns] == p.truth


def test_copies_and_second_answers_are_what_they_say(world):
    talks, planted, _ = world
    by_id = {t.id: t for t in talks}
    for p in planted:
        if p.kind == "exact-duplicate":
            assert by_id[p.id].turns == by_id[p.truth].turns
        elif p.kind == "near-duplicate":
            assert by_id[p.id].turns != by_id[p.truth].turns
            assert by_id[p.id].turns[1] == by_id[p.truth].turns[1]
        elif p.kind == "contrast":
            assert by_id[p.id].turns[0] == by_id[p.truth].turns[0]
            assert (by_id[p.truth].quality, by_id[p.id].quality) == ("expert", "sub")
        elif p.kind == "wrong-tag":
            assert (by_id[p.id].generator == talk.EXPERT) == (p.truth == "sub")


def test_a_conversation_carries_at_most_one_trouble(world):
    _, planted, _ = world
    named = Counter(p.id for p in planted)
    assert set(named.values()) == {1}
