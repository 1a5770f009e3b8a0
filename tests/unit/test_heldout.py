"""Held-out prompts never enter training: what asks them, or nearly, stays out of snapshots."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest

from crlft.conversation import Turn
from crlft.runfolder import RunFolder
from crlft.snapshot import read_snapshot
from tests.contract.store_world import make_project, make_record, numbered
from workbench.curate.dedupe import NearSettings
from workbench.curate.dedupe.across import nearest_of
from workbench.curate.dedupe.corpus import sign_block
from workbench.curate.dedupe.pairs import near_of
from workbench.curate.questions import ask_the_same
from workbench.domain.comparison import Prompt
from workbench.domain.errors import PlanError
from workbench.services import browsing, curation, heldout, judging, snapshots
from workbench.services.lengths import lengths
from workbench.services.prompts import held_out_prompts, parse_prompts, set_held_out
from workbench.services.promptsets import draw_prompts
from workbench.services.snapshotfiles import read_manifest
from workbench.services.trainset import current_train_set, read_train_set

LONG = "Please tell me in a few words how far the harbour lies from the old market place of the town"
HELD = [LONG, "What is 7 plus 4?", "In every week of the year name the day that comes right after Monday"]
ASKED = {
    "copy": f"  {LONG.upper()}",
    "near": f"{LONG}, thank you",
    "reworded": "In every week of the year name the day that comes right after Friday",
    "other number": "What is 7 plus 5?",
    "elsewhere": "Write a poem about the sea and the wind",
}


def prompts_of(*texts):
    return [Prompt(f"h{n}", ({"role": "user", "content": text},)) for n, text in enumerate(texts)]


@pytest.fixture
def project(tmp_path):
    records = [
        make_record(text, f"an answer to {name}", class_name="sub" if n % 2 else "expert")
        for n, (name, text) in enumerate(ASKED.items())
    ]
    turns = (
        Turn("user", "Hello there"),
        Turn("assistant", "Hello!"),
        Turn("user", LONG),
        Turn("assistant", "Two miles."),
    )
    records += [
        make_record("", "", turns=turns, class_name="expert"),
        make_record(LONG, "untagged"),
        make_record(LONG, "gone", class_name="sub", status="dropped", drop_reason="bad"),
    ]
    made = make_project(tmp_path / "project", records)
    set_held_out(made, prompts_of(*HELD), actor="ann")
    yield made
    made.close()


def asked_in(snapshot):
    return {c.turns[-2].content for c in read_snapshot(snapshot.path)[1]}


def test_a_snapshot_leaves_out_copies_and_near_copies_and_says_so(project):
    plan = snapshots.plan_snapshot(project)
    assert plan.held_out.ways == {"copy": 2, "near": 1, "reworded": 1}  # the copy within a longer talk, too
    assert (plan.held_out.out, plan.held_out.staying, plan.held_out.prompts) == (3, 1, 3)
    assert (plan.conversations, plan.left_out_untagged, plan.left_out_dropped) == (3, 1, 1)
    made = snapshots.make_snapshot(project, "one", actor="ann")
    assert made.conversations == plan.conversations
    assert asked_in(made) == {ASKED["reworded"], ASKED["other number"], ASKED["elsewhere"]}
    written = read_manifest(made.path)["held_out"]
    assert written["left_out"] == {"copy": 2, "near": 1}
    assert (written["staying"], written["prompts"]) == ({"reworded": 1}, 3)
    assert snapshots.get_snapshot(project, "one").held_out == written
    (told,) = snapshots.held_out_told(written)
    assert told.startswith(
        "3 conversations left out because they ask one of 3 held-out prompts (2 copy and 1 near)"
    )
    out = project.root / "exports" / "card"
    snapshots.export_snapshot(project, "one", out, "datasets")
    assert told in (out / "README.md").read_text(encoding="utf-8")


def test_what_is_kept_now_counts_as_the_snapshot_does(project):
    curation.apply_plan(project, curation.plan_reward(project, 0.4, "x", seqs=[1, 2, 5]), actor="ann")
    now = current_train_set(project)
    frozen = read_train_set(snapshots.make_snapshot(project, "one", actor="ann").path)
    assert now.tokens == frozen.tokens
    for mine, theirs in zip(now.classes, frozen.classes, strict=True):
        assert (mine.conversations, mine.supervised_tokens) == (theirs.conversations, theirs.supervised_tokens)
        assert mine.mass_share == pytest.approx(theirs.mass_share)
    plan = snapshots.plan_snapshot(project)
    assert [c.mass_share for c in plan.classes] == pytest.approx([c.mass_share for c in now.classes])
    aside = project.root / "cache" / "aside"
    snapshots.write_aside(project, aside)
    assert read_manifest(aside)["hash"] == read_manifest(project.snapshots / "one")["hash"]


def test_what_stays_out_is_decided_on_purpose_and_can_be_undone(project):
    heldout.leave_out(project, "copy", actor="ann", reason="templates")
    assert curation.log(project)[0].reason == "templates"
    kept = snapshots.make_snapshot(project, "kept", actor="ann")
    assert (kept.conversations, kept.held_out["ways_left_out"]) == (4, ["copy"])
    assert kept.held_out["staying"] == {"near": 1, "reworded": 1}
    heldout.leave_out(project, "reworded", actor="ann")
    assert snapshots.plan_snapshot(project).conversations == 2
    curation.undo(project, actor="ann")
    curation.undo(project, actor="ann")
    assert snapshots.plan_snapshot(project).conversations == 3
    with pytest.raises(PlanError, match="already"):
        heldout.leave_out(project, "near", actor="ann")
    with pytest.raises(PlanError, match="use one of copy, near, reworded"):
        heldout.leave_out(project, "none", actor="ann")


def test_browse_finds_them_and_each_says_why(project):
    def found(query):
        return {item.seq for item in browsing.search(project, query).items}

    assert found("heldout:any") == {1, 2, 3, 6, 7, 8}
    assert found("heldout:near") == {2}
    assert found("heldout:copy -status:dropped class:any") == {1, 6}
    assert found("-heldout:any") == found("heldout:none") == {4, 5}
    held = heldout.held_out_conversations(project)
    assert [(h.seq, h.prompt_id, h.way) for h in held] == [
        (1, "h0", "copy"),
        (6, "h0", "copy"),
        (2, "h0", "near"),
        (3, "h2", "reworded"),
    ]
    assert all(0.8 <= h.similarity <= 1 for h in held)


def test_prompts_that_come_later_are_compared_and_old_ones_only_once(project, monkeypatch):
    read = []
    inner = heldout.duplicates.iterate_turns
    monkeypatch.setattr(
        heldout.duplicates, "iterate_turns", lambda c, seqs: (read.extend(seqs), inner(c, seqs))[1]
    )
    heldout.compare_prompts(project)
    assert len(read) == len(ASKED) + 1  # untagged and dropped ones ask the first one's prompt
    curation.apply_plan(project, curation.plan_tag(project, "expert", query="class:none"), actor="ann")
    assert snapshots.plan_snapshot(project).held_out.ways["copy"] == 3
    assert len(read) == len(ASKED) + 1
    curation.apply_plan(project, curation.plan_edit(project, 5, 0, HELD[1]), actor="ann")
    assert snapshots.plan_snapshot(project).held_out.ways["copy"] == 4
    assert read[len(ASKED) + 1 :] == [5]
    curation.undo(project, actor="ann")
    assert snapshots.plan_snapshot(project).held_out.ways["copy"] == 3


def test_other_held_out_prompts_are_compared_anew_and_undo_brings_the_old_ones_back(project):
    assert snapshots.plan_snapshot(project).held_out.out == 3
    set_held_out(project, parse_prompts("Write a poem about the sea and the wind"), actor="ann")
    assert heldout.count_waiting(project) == len(ASKED) + 1
    assert snapshots.plan_snapshot(project).held_out.ways == {"copy": 1, "near": 0, "reworded": 0}
    curation.undo(project, actor="ann")
    assert [p.id for p in held_out_prompts(project)] == ["h0", "h1", "h2"]
    assert snapshots.plan_snapshot(project).held_out.out == 3
    set_held_out(project, [], actor="ann")
    assert snapshots.make_snapshot(project, "all", actor="ann").conversations == 6


def test_a_prompt_of_one_word_is_a_copy_only_as_the_whole_prompt(tmp_path):
    turns = (
        Turn("user", "Hello"),
        Turn("assistant", "Hi"),
        Turn("user", "Tell me a tale"),
        Turn("assistant", "Once"),
    )
    records = [
        make_record("hello", "Hi!", class_name="expert"),
        make_record("", "", turns=turns, class_name="sub"),
    ]
    project = make_project(tmp_path / "p", records)
    set_held_out(project, prompts_of("Hello"), actor="ann")
    assert [h.seq for h in heldout.held_out_conversations(project)] == [1]
    project.close()


def test_a_held_out_talk_is_found_as_a_whole(tmp_path):
    asked = (
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Who wrote the oldest map of the moon?"},
    )
    talk = (
        *asked,
        {"role": "assistant", "content": "I forgot."},
        {"role": "user", "content": "Try once more, please"},
    )
    turns = [
        Turn("user", "Who wrote the oldest map of the moon?"),
        Turn("assistant", "No idea."),
        Turn("user", "Try once more, please"),
        Turn("assistant", "Harriot"),
    ]
    part = [Turn("user", "Try once more, please"), Turn("assistant", "What?")]
    records = [make_record("", "", turns=tuple(t), class_name="expert") for t in (turns, part)]
    project = make_project(tmp_path / "p", records)
    set_held_out(project, [Prompt("talk", talk)], actor="ann")
    assert [(h.seq, h.way) for h in heldout.held_out_conversations(project)] == [(1, "copy")]
    project.close()


def test_when_all_is_held_out_the_fault_says_so(tmp_path):
    project = make_project(tmp_path / "p", [make_record(LONG, "a", class_name="expert")])
    set_held_out(project, prompts_of(LONG), actor="ann")
    (fault,) = snapshots.plan_snapshot(project).faults
    assert "1 matching conversations ask held-out prompts" in fault
    with pytest.raises(PlanError, match="held-out"):
        snapshots.make_snapshot(project, "s", actor="ann")
    project.close()


def test_prompts_are_drawn_from_the_project_the_same_each_time(tmp_path):
    twin = make_record("question number 3", "another answer", class_name="sub")
    records = [*numbered(30, class_name="sub"), twin]
    project = make_project(tmp_path / "p", records)
    drawn = draw_prompts(project, 12)
    assert drawn == draw_prompts(project, 12)
    assert len({str(p.messages) for p in drawn}) == 12
    assert len(draw_prompts(project, 500)) == 30
    set_held_out(project, drawn, actor="ann")
    made = snapshots.make_snapshot(project, "rest", actor="ann")
    held = {p.messages[-1]["content"] for p in drawn}
    assert not held & asked_in(made)
    assert made.conversations == 31 - sum(r.conversation.prompt in held for r in browsing.iterate_records(project))
    with pytest.raises(PlanError, match="widen the query"):
        draw_prompts(project, 5, "source:nobody")
    project.close()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("the day before Monday, please", "the day before Tuesday, please", False),
        ("the day before Monday", "the day before Monday, please", True),
        ("How much is 7 plus 4, dear clerk of the shop", "How much is 7 plus 5, dear clerk of the shop", False),
        (f"{LONG} {LONG}", f"{LONG} {LONG.replace('harbour', 'haven')}", True),
        ("店在星期一的后一天休息，那是哪天？我赶时间。", "店在星期四的后一天休息，那是哪天？我赶时间。", False),
        ("", "", True),
    ],
)
def test_words_may_be_added_but_not_replaced(one, other, same):
    assert ask_the_same(one, other) is same
    assert ask_the_same(other, one) is same


def test_a_few_against_many_finds_what_comparing_all_with_all_finds():
    chance = random.Random(5)
    words = [f"w{n}" for n in range(400)]
    many = [" ".join(chance.choices(words, k=chance.randint(1, 30))) for _ in range(300)]
    few = [
        many[n] if n % 3 == 0 else " ".join([*many[n].split(), "more"][chance.randint(0, 1) :])
        for n in range(0, 120, 2)
    ]
    settings = NearSettings(floor=0.8, threads=1)
    ours, theirs = (sign_block(np.arange(len(t)), [t], settings) for t in (many, few))
    found = nearest_of(ours, theirs, settings, 0.8)
    both = sign_block(np.arange(len(many) + len(few)), [[*many, *few]], settings)
    all_pairs = near_of(both, settings, threshold=0.8)
    reps = all_pairs.members.as_dict()
    best = [0.0] * len(many)
    scores = {(p.a, p.b): p.score for p in all_pairs.pairs}
    for mine in range(len(many)):
        for other in range(len(many), len(many) + len(few)):
            a, b = sorted((reps.get(mine, mine), reps.get(other, other)))
            equal = a == b and mine in reps and len(many[mine].split()) > 1
            best[mine] = max(best[mine], 1.0 if equal else scores.get((a, b), 0.0))
    assert found.scores.tolist() == best
    assert sum(found.equal) >= 10
    assert sum((found.scores > 0) & ~found.equal) >= 10


def test_lengths_are_those_of_what_the_snapshot_holds(project):
    found = lengths(project, current_train_set(project), 100, {})
    assert sum(map(sum, found.bars.values())) == snapshots.plan_snapshot(project).conversations == 3


def test_the_folds_that_judge_the_tags_learn_from_none_of_them(project, tmp_path):
    folder = RunFolder(tmp_path / "judging")
    folder.path.mkdir()
    judging._write_data(project, folder, curation.class_scheme(project), 0.0, 1)
    lines = (folder.path / "data.jsonl").read_text(encoding="utf-8").splitlines()
    assert {int(json.loads(line)["id"]) for line in lines} == {3, 4, 5}
