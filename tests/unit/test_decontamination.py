"""Evaluation prompts in the data: what is a leak, what another question, where it stands; dropped and undone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.contract.store_world import make_project, make_record
from tests.unit.test_semantic import embed
from workbench.cli import run
from workbench.curate.contamination import Item, Needles, split_words
from workbench.domain.comparison import Prompt
from workbench.domain.errors import ImportFault, NotFound, PlanError
from workbench.services import comparing, curation, partvectors
from workbench.services.browsing import get_record
from workbench.services.decontamination import (
    LeakResult,
    find_leaks,
    leak_text,
    plan_decontamination,
    reason,
)
from workbench.services.evalitems import held_out_items, read_items
from workbench.services.leakfile import LEAKS, read_leaks, write_leaks
from workbench.services.project import Project
from workbench.store.vectors import save_vectors

CLIPS = "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May"
ITEMS = [
    Item("clips", CLIPS, "She sold 24 clips in May and so 72 clips in April and May together"),
    Item("capital", "What is the capital of France?"),
    Item("thanks", "Thank you"),
    Item("lamps", "请问北边仓库里还有没有旧的蓝色台灯"),
    Item("lorry", "where can I buy a big lorry in this old town"),
]
SAID = (
    # the prompt inside a longer turn, other case and punctuation
    ("Solve this: natalia sold clips to 48 of her friends in april -- and then she sold HALF as many clips", "ok"),
    (CLIPS.replace("48", "36"), "she sold 54"),  # another question
    ("Tell me: what is the capital of France?", "Paris"),
    ("What is the capital of Spain?", "Madrid"),
    ("Thank you for all this", "welcome"),
    ("thank you!", "welcome"),
    ("how many", "So she sold 24 clips in May and so 72 clips in April and May together, no more."),
    ("请问北边仓库里还有没有旧的蓝色台灯？谢谢", "有"),
    ("where can I purchase a large truck in this old town", "nowhere"),
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "project", [make_record(q, a) for q, a in SAID])


def embedded(project: Project, items: list[Item]) -> None:
    """Put a vector of every prompt into the store."""
    _, texts = partvectors.read_parts(project, "prompt")
    pieces = [*texts.pieces.missing.values(), *(p for item in items for p in partvectors.pieces(item.prompt))]
    by_hash = {partvectors.text_hash(p): embed(p).astype("<f2").tobytes() for p in pieces}
    with project.database.write() as connection:
        save_vectors(connection, "offline", by_hash)


def told(result: LeakResult, **at: float) -> dict[int, tuple[str, str]]:
    return {leak.seq: (result.items[leak.item].id, leak.way) for leak in result.at(**at)}


def test_runs_of_words_are_leaks_and_other_numbers_are_other_questions(project: Project) -> None:
    seen: list[tuple[int, int]] = []
    result = find_leaks(project, ITEMS, names="gsm", by_meaning=False, on_progress=lambda *p: seen.append(p))
    assert (result.considered, seen[-1]) == (9, (9, 9))
    words = {1: "clips", 3: "capital", 6: "thanks", 7: "clips", 8: "lamps"}
    assert told(result) == {seq: (item, "words") for seq, item in words.items()}
    by_seq = {leak.seq: leak for leak in result.at()}
    assert (by_seq[7].side, by_seq[1].side, by_seq[3].score) == ("answer", "prompt", 1.0)
    assert 0.8 < by_seq[1].score < 1
    assert 1 not in told(result, overlap=0.95)
    assert leak_text(project, [by_seq[3]]) == ["what is the capital of France"]
    (span,) = by_seq[8].spans
    assert get_record(project, 8).conversation.turns[span.turn].content[span.begin : span.end] == ITEMS[3].prompt


def test_by_meaning_other_words_are_found(project: Project) -> None:
    embedded(project, ITEMS)
    result = find_leaks(project, ITEMS, names="gsm")
    assert told(result)[9] == ("lorry", "meaning")
    assert set(told(result)) == {1, 3, 6, 7, 8, 9}  # not 2: another number; not 5: two words more
    (leak,) = [leak for leak in result.at() if leak.seq == 9]
    assert leak_text(project, [leak]) == ["where can I … a … in this old town"]
    assert 9 not in told(result, similarity=1.0) or leak.score == 1.0
    assert "same meaning" in reason(result, leak)


def test_they_are_dropped_with_the_reason_and_come_back(project: Project) -> None:
    result = find_leaks(project, ITEMS, names="gsm.jsonl", by_meaning=False)
    plan = plan_decontamination(project, result, leave=[6])
    assert plan.title == "drop 4 conversations that leak evaluation prompts"
    assert {c.seq: c.after["drop_reason"] for c in plan.changes}[3] == "leaks capital of gsm.jsonl: overlap 1.00"
    action = curation.apply_plan(project, plan, actor="ann")
    assert get_record(project, 3).status == "dropped"
    assert plan_decontamination(project, result, leave=[6]).affected == 0
    assert find_leaks(project, ITEMS, by_meaning=False).considered == 5
    curation.undo(project, action.id, actor="ann")
    assert get_record(project, 3).status == "pending"


def test_only_what_the_query_selects_is_searched_and_nothing_to_look_for_is_said(project: Project) -> None:
    assert find_leaks(project, ITEMS, query="France", by_meaning=False).considered == 1
    with pytest.raises(PlanError, match="no evaluation prompts"):
        find_leaks(project, [Item("empty", "  ")])


def test_items_come_from_any_file(tmp_path: Path, project: Project, sample_data: Path) -> None:
    rows = [{"question": "How many clips?", "answer": "72 clips"}, {"question": "How far?", "answer": "9 km"}]
    written = {
        "eval.jsonl": "\n".join(map(json.dumps, rows)),
        "eval.csv": "question,answer\nHow many clips?,72 clips\nHow far?,9 km\n",
        "plain.txt": "How many clips?\nHow far?\n",
        "prompts.jsonl": '{"id": "a", "prompt": "How many clips?"}\n{"id": "b", "prompt": "How far?"}',
        "sharegpt.json": json.dumps(
            [
                {"conversations": [{"from": "human", "value": q}, {"from": "gpt", "value": "x"}]}
                for q in ("How many clips?", "How far?")
            ]
        ),
    }
    for name, text in written.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        items = read_items(tmp_path / name)
        assert [item.prompt for item in items] == ["How many clips?", "How far?"], name
    assert [i.id for i in read_items(tmp_path / "prompts.jsonl")] == ["a", "b"]
    assert len(read_items(sample_data / "held_out.jsonl")) == 300
    (tmp_path / "half.csv").write_text("question,answer\nHow far?,9 km\n,8 km\n", encoding="utf-8")
    with pytest.raises(ImportFault, match="row 2 cannot be read"):
        read_items(tmp_path / "half.csv")
    assert read_items(tmp_path / "eval.csv")[0].answer == "72 clips"
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    for name in ("broken.json", "none.csv"):
        with pytest.raises(ImportFault):
            read_items(tmp_path / name)
    comparing.set_held_out(project, [Prompt("h1", ({"role": "user", "content": "How far?"},))], actor="ann")
    assert held_out_items(project) == [Item("h1", "How far?")]


def test_the_shell_shows_and_drops(project: Project, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    prompts = [Prompt(item.id, ({"role": "user", "content": item.prompt},)) for item in ITEMS]
    comparing.set_held_out(project, prompts, actor="ann")
    where = ["--project", str(project.root), "--json", "decontaminate", "--no-meaning"]
    assert run(where) == 0
    shown = json.loads(capsysbinary.readouterr().out)
    assert (shown["affected"], shown["action"], shown["items"]) == (4, None, 5)
    assert {row["text"] for row in shown["leaks"]} >= {"what is the capital of France"}
    assert run([*where, "--apply"]) == 0
    assert json.loads(capsysbinary.readouterr().out)["action"] is not None
    assert get_record(project, 3).drop_reason.startswith("leaks capital of the held-out prompts")


def test_many_suspects_are_found_as_one_by_one() -> None:
    chance = np.random.default_rng(3)
    words = [f"w{n}" for n in range(30)]
    items = [Item(str(i), " ".join(chance.choice(words, chance.integers(1, 14)))) for i in range(40)]
    texts = [" ".join(chance.choice(words, 30)) for _ in range(60)]
    texts[7] = f"{texts[7]} {items[3].prompt} and more"
    needles = Needles(items, run_words=3)
    found = set(needles.suspects(texts))
    for row, text in enumerate(texts):
        for number in range(len(items)):
            hit = needles.overlap(number, [split_words(text)])
            assert hit is None or (row, number) in found
    assert (7, 3) in found
    assert list(Needles([]).suspects(texts)) == []


def test_a_kept_search_is_the_search(project: Project, tmp_path: Path) -> None:
    embedded(project, ITEMS)
    found = find_leaks(project, ITEMS, names="gsm")
    assert {leak.way for leak in found.leaks} == {"words", "meaning"}
    write_leaks(found, tmp_path)
    assert read_leaks(tmp_path) == found
    (tmp_path / LEAKS).write_text("{", encoding="utf-8")
    with pytest.raises(NotFound, match="cannot be read"):
        read_leaks(tmp_path)
