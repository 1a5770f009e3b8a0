"""Decisions as browsers send them: once each, in order, and never over somebody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.store_world import make_project, make_record
from workbench.domain.errors import PlanError
from workbench.services import browsing, curation, queue
from workbench.services.decisions import Decision, decide, moved_on
from workbench.services.project import Project
from workbench.store.suggestions import Suggestion, replace_suggestions


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "p", [make_record(f"question {i // 2}", f"answer {i}") for i in range(6)])


def test_sent_twice_it_is_done_once(project: Project) -> None:
    sent = Decision("a1", "tag", 1, 0, "expert")
    first = decide(project, sent, actor="ann")
    assert (first.ok, first.revision) == (True, 1)
    assert decide(project, sent, actor="ben") == first
    assert len(curation.log(project)) == 1
    assert browsing.get_record(project, 1).tagged_by == "ann"


def test_a_chain_of_ones_own_needs_no_answer_in_between(project: Project) -> None:
    decide(project, Decision("a", "tag", 1, 0, "expert"), actor="ann")
    assert decide(project, Decision("b", "edit", 1, 0, "new", turn=1, after="a"), actor="ann").revision == 2
    assert decide(project, Decision("c", "undo", 1, 0, "b", after="b"), actor="ann").revision == 3
    assert decide(project, Decision("d", "drop", 1, 0, "", after="c"), actor="ann").ok
    record = browsing.get_record(project, 1)
    assert (record.conversation.answer, record.status, record.drop_reason) == (
        "answer 0",
        "dropped",
        "dropped by hand",
    )


def test_whoever_comes_second_is_told_and_nothing_changes(project: Project) -> None:
    decide(project, Decision("a", "tag", 1, 0, "expert"), actor="ann")
    refused = decide(project, Decision("b", "tag", 1, 0, "sub"), actor="ben")
    assert (refused.ok, refused.conflict, refused.by) == (False, True, "ann")
    assert "ann was faster: tag 1 conversation as expert" in refused.message
    assert browsing.get_record(project, 1).conversation.class_name == "expert"
    assert decide(project, Decision("c", "tag", 1, 0, "expert"), actor="ben").ok  # they agree
    assert moved_on(project, [(1, 0), (2, 0)]) == [(1, "ann")]


def test_an_undo_that_names_nothing_takes_back_the_last_action_whatever_it_was(project: Project) -> None:
    curation.apply_plan(project, curation.plan_tag(project, "expert", query=""), actor="ann")
    decide(project, Decision("a", "drop", 2, 1, ""), actor="ann")
    decide(project, Decision("b", "drop", 3, 1, ""), actor="ben")
    first = decide(project, Decision("u", "undo", 2, 0), actor="ann")
    assert (first.ok, browsing.get_record(project, 2).status) == (True, "pending")
    assert decide(project, Decision("u", "undo", 2, 0), actor="ann") == first  # sent twice
    assert browsing.get_record(project, 2).conversation.class_name == "expert"
    assert decide(project, Decision("c", "tag", 2, 1, "sub", after="u"), actor="ann").ok
    assert decide(project, Decision("d", "comment", 2, 4, "seen", after="a"), actor="ann").ok  # the newer counts
    for key in ("v", "w", "x"):
        assert decide(project, Decision(key, "undo", 2, 0), actor="ann").ok
    refused = decide(project, Decision("y", "undo", 2, 0), actor="ann")
    assert (refused.ok, "ann has done nothing" in refused.message) == (False, True)
    assert browsing.matching_seqs(project, "class:expert") == []
    assert browsing.get_record(project, 3).status == "dropped"


def test_undo_of_what_was_refused_or_unknown_is_no_fault(project: Project) -> None:
    outcome = decide(project, Decision("u", "undo", 1, 0, "never came"), actor="ann")
    assert (outcome.ok, outcome.action_id) == (True, None)


@pytest.mark.parametrize(
    "sent",
    [
        Decision("a", "tag", 1, 0, "nobody"),
        Decision("a", "tag", 99, 0, "sub"),
        Decision("a", "edit", 1, 0, " ", turn=1),
    ],
)
def test_what_cannot_be_is_answered_in_words(project: Project, sent: Decision) -> None:
    outcome = decide(project, sent, actor="ann")
    assert not outcome.ok
    assert outcome.message


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"id": "x", "kind": "erase", "seq": 1, "revision": 0},
        {"id": "x" * 99, "kind": "tag", "seq": 1, "revision": 0},
    ],
)
def test_what_is_no_decision_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(PlanError, match="not a decision"):
        Decision.from_dict(data)


def test_a_ranked_queue_leaves_out_what_was_handed_out(project: Project) -> None:
    with project.database.write() as connection:
        replace_suggestions(connection, [Suggestion(i, "expert", 0.5 + i / 20) for i in range(1, 7)])
    first = queue.queue_page(project, "class:none", "uncertain", limit=2)
    assert [i.record.seq for i in first.items] == [1, 2]
    assert first.items[0].suggestion == Suggestion(1, "expert", 0.55)
    decide(project, Decision("a", "tag", 1, 0, "sub"), actor="ann")
    following = queue.queue_page(project, "class:none", "uncertain", limit=2, after=first.after, handed={1, 2})
    assert [i.record.seq for i in following.items] == [3, 4]
    mass = queue.queue_page(project, "", "mass", limit=6)
    assert {i.record.seq for i in mass.items} == set(range(1, 7))


def test_rewards_of_an_answer_and_of_a_conversation(project: Project) -> None:
    sent = Decision("a", "reward-turn", 1, 0, 0.3, turn=1, reason="half right")
    assert decide(project, sent, actor="ann").ok
    assert decide(project, Decision("b", "reward", 1, 0, "0.5", after="a"), actor="ann").ok
    record = browsing.get_record(project, 1)
    assert (record.conversation.turns[1].reward, record.conversation.coarse_reward) == (0.3, 0.5)
    assert curation.log(project)[1].reason == "half right"
    assert decide(project, Decision("c", "undo", 1, 0, "a", after="b"), actor="ann").ok
    assert browsing.get_record(project, 1).conversation.turns[1].reward is None
    assert "is no number" in decide(project, Decision("d", "reward", 2, 0, "much"), actor="ann").message
    refused = decide(project, Decision("e", "reward-turn", 2, 0, 1, turn=0), actor="ann")
    assert "only assistant turns" in refused.message
