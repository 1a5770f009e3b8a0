from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.store_world import make_project, make_record
from workbench.domain.errors import NotFound, PlanError
from workbench.services import browsing, curation, duplicates
from workbench.services.project import Project

ASKED = "which of the two warehouses by the harbour keeps the old blue lamps in stock"
ANSWERED = "the northern warehouse keeps a few dozen of the old blue lamps on its upper floor"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    records = [
        make_record(ASKED, ANSWERED, class_name="sub", source="a"),
        make_record(ASKED, ANSWERED, class_name="expert", source="b"),
        make_record(ASKED, f"{ANSWERED} indeed", class_name="sub", source="c"),
        make_record(ASKED, "no idea, ask somebody else about that", class_name="sub", source="d"),
        make_record("what is the capital of the northern island", "it is the old harbour town", source="e"),
        make_record("what is the capital of the northern island", "it is the old harbour town", source="f"),
    ]
    return make_project(tmp_path / "project", records)


def statuses(project: Project) -> list[str]:
    return [browsing.get_record(project, seq).status for seq in range(1, 7)]


def test_the_plan_says_of_whom_each_is_a_copy(project: Project) -> None:
    seen: list[tuple[int, int]] = []
    result = duplicates.find_duplicates(project, on_progress=lambda done, total: seen.append((done, total)))
    assert (result.considered, seen[-1]) == (6, (6, 6))
    assert [g.seqs for g in result.groups] == [(1, 2, 3), (5, 6)]
    assert result.conflicts == (1,)
    assert result.contrasts == ((1, 2, 3, 4),)
    plan = duplicates.plan_dedupe(project, result)
    uid = browsing.get_record(project, 2).uid
    reasons = {c.seq: c.after["drop_reason"] for c in plan.changes}
    assert reasons[1] == f"duplicate of {uid} at 1.00"
    assert reasons[3].startswith(f"duplicate of {uid} at 0.9")
    assert set(reasons) == {1, 3, 5}
    assert (plan.kind, plan.title, plan.unchanged) == ("dedupe", "drop 3 duplicates in 2 groups", 2)


def test_applied_nothing_is_left_and_undone_all_is_back(project: Project) -> None:
    result = duplicates.find_duplicates(project)
    action = curation.apply_plan(project, duplicates.plan_dedupe(project, result), actor="ann")
    assert statuses(project) == ["dropped", "pending", "dropped", "pending", "dropped", "pending"]
    assert duplicates.load_duplicates(project, result.id).groups == ()
    assert duplicates.plan_dedupe(project, result).affected == 0
    again = duplicates.find_duplicates(project)
    assert (again.considered, again.groups) == (3, ())
    curation.undo(project, action.id, actor="ann")
    assert statuses(project) == ["pending"] * 6
    loaded = duplicates.load_duplicates(project, result.id)
    assert (loaded.groups, loaded.conflicts, loaded.contrasts) == (
        result.groups,
        result.conflicts,
        result.contrasts,
    )


def test_a_person_chooses_who_stays_and_which_groups(project: Project) -> None:
    result = duplicates.find_duplicates(project)
    plan = duplicates.plan_dedupe(project, result, overrides={1: 3}, groups=[1])
    assert {c.seq for c in plan.changes} == {1, 2}
    assert duplicates.plan_dedupe(project, result, skip_conflicts=True).affected == 1
    view = duplicates.view_group(project, result, 1, by_hand=3)
    assert (view.members[0].record.seq, view.members[0].kept) == (3, True)
    assert view.members[0].why == "chosen by hand"
    assert view.conflict
    with pytest.raises(PlanError, match="is not in group 1"):
        duplicates.plan_dedupe(project, result, overrides={1: 5})
    with pytest.raises(PlanError, match="no keep policy 'oldest'"):
        duplicates.plan_dedupe(project, result, keep="oldest")
    with pytest.raises(NotFound, match="no duplicate group 2"):
        duplicates.view_group(project, result, 2)


def test_a_group_may_follow_a_rule_of_its_own(project: Project) -> None:
    result = duplicates.find_duplicates(project)
    plan = duplicates.plan_dedupe(project, result, keep="newest", policies={5: "first"})
    assert {c.seq for c in plan.changes} == {1, 2, 6}
    assert plan.params["policies"] == {"5": "first"}
    assert duplicates.view_group(project, result, 1).members[0].reward == 1.0
    with pytest.raises(PlanError, match="no keep policy 'oldest'"):
        duplicates.plan_dedupe(project, result, policies={5: "oldest"})
    with pytest.raises(NotFound, match="no duplicate group 2"):
        duplicates.plan_dedupe(project, result, policies={2: "first"})


def test_what_is_compared_can_be_chosen(tmp_path: Path) -> None:
    answers = ("The lamps are in the harbour!", "the lamps are in the harbour", "the lamps are in the harbours")
    made = make_project(tmp_path / "p", [make_record("where are the lamps now", a) for a in answers])
    assert duplicates.find_duplicates(made, method="exact").groups == ()
    loose = duplicates.find_duplicates(made, method="exact", punctuation=False)
    assert [g.seqs for g in loose.groups] == [(1, 2)]
    assert duplicates.load_duplicates(made, loose.id).params == {"punctuation": False}
    words = duplicates.find_duplicates(made, part="answer", threshold=0.8)
    assert [g.seqs for g in words.groups] == [(1, 2)]  # one pair of words in five differs
    signs = duplicates.find_duplicates(made, part="answer", threshold=0.8, shingles="characters")
    assert [g.seqs for g in signs.groups] == [(1, 2, 3)]
    assert signs.params == {"shingles": "characters"}
    with pytest.raises(PlanError, match="use one of words, characters"):
        duplicates.find_duplicates(made, shingles="letters")


@pytest.mark.parametrize(
    ("part", "groups", "dropped"),
    [
        ("conversation", [(1, 2), (5, 6)], {1, 5}),
        ("answer", [(1, 2), (5, 6)], {1, 5}),
        # 1, 3 and 4 share prompt and class; 2 is the expert's contrast to them.
        ("prompt", [(1, 2, 3, 4), (5, 6)], {3, 4, 5}),
    ],
)
def test_exact_by_part(project: Project, part: str, groups: list[tuple[int, ...]], dropped: set[int]) -> None:
    result = duplicates.find_duplicates(project, method="exact", part=part)
    assert [g.seqs for g in result.groups] == groups
    plan = duplicates.plan_dedupe(project, result, keep="longest")
    if part == "prompt":
        assert 2 not in {c.seq for c in plan.changes}
        assert len(plan.changes) == 3
    else:
        assert {c.seq for c in plan.changes} == dropped


def test_the_query_field_follows_the_threshold(project: Project) -> None:
    result = duplicates.find_duplicates(project)
    assert browsing.matching_seqs(project, "dup:1") == [1, 2, 3]
    duplicates.set_threshold(project, result.rethreshold(1.0))
    assert browsing.matching_seqs(project, "dup:1") == [1, 2]
    assert duplicates.load_duplicates(project).threshold == 1.0


def test_only_what_the_query_selects_is_compared(project: Project) -> None:
    result = duplicates.find_duplicates(project, query="source:a,c,d")
    assert [g.seqs for g in result.groups] == [(1, 3)]


def test_bad_requests_say_what_to_do(project: Project) -> None:
    assert duplicates.latest_duplicates(project) is None
    with pytest.raises(NotFound, match="no search for duplicates is stored"):
        duplicates.load_duplicates(project)
    with pytest.raises(PlanError, match="use one of exact, near, semantic"):
        duplicates.find_duplicates(project, method="fuzzy")
    with pytest.raises(PlanError, match=r"outside 0\.3 to 1"):
        duplicates.find_duplicates(project, threshold=8)


def test_only_the_newest_results_are_kept(project: Project) -> None:
    first = duplicates.find_duplicates(project).id
    for _ in range(5):
        duplicates.find_duplicates(project, method="exact")
    with pytest.raises(NotFound, match=f"no search {first}"):
        duplicates.load_duplicates(project, first)
