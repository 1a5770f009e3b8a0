from __future__ import annotations

from pathlib import Path

import pytest

from crlft.condition import OPENCHAT_SCHEME
from crlft.conversation import Turn
from crlft.errors import SchemeError
from tests.contract.store_world import counts_agree, make_project, make_record, numbered
from workbench.curate.rewards import ClassCount, OwnReward, reward_mass, with_rewards
from workbench.domain.curation import Change, Plan
from workbench.domain.errors import NotFound, PlanError
from workbench.services import browsing, classes, curation
from workbench.services.project import Project, get_setting, set_setting
from workbench.store.actions import record_action
from workbench.store.conversations import insert_records


@pytest.fixture
def project(tmp_path: Path) -> Project:
    records = [
        make_record("hello there", "general answer", source="gpt4", class_name="expert", tagged_by="import"),
        make_record("第二个问题", "天气很好", source="crowd"),
        make_record("third", "one two three", source="crowd", class_name="sub"),
    ]
    return make_project(tmp_path / "project", records)


def tag(project: Project, class_name: str | None, actor: str = "ann", **which: object) -> int:
    plan = curation.plan_tag(project, class_name, **which)  # type: ignore[arg-type]
    return curation.apply_plan(project, plan, actor=actor).id


def test_a_tag_says_who_and_leaves_what_is_so_already(project: Project) -> None:
    plan = curation.plan_tag(project, "expert", query="")
    assert plan.title == "tag 2 conversations as expert"
    assert plan.unchanged == 1
    assert plan.summary() == [("class_name", "none", "expert", 1), ("class_name", "sub", "expert", 1)]
    action = curation.apply_plan(project, plan, actor="ann")
    assert (action.kind, action.affected, action.actor, action.params["query"]) == ("tag", 2, "ann", "")
    assert [browsing.get_record(project, s).tagged_by for s in (1, 2, 3)] == ["import", "ann", "ann"]
    tag(project, None, seqs=[1])
    assert browsing.get_record(project, 1).tagged_by == ""


def test_a_plan_whose_conversations_moved_on_does_nothing(project: Project) -> None:
    stale = curation.plan_tag(project, "expert", query="")
    tag(project, "sub", "bob", seqs=[2])
    log = curation.log(project)
    with pytest.raises(PlanError, match="1 of 2 conversations were changed by somebody else"):
        curation.apply_plan(project, stale, actor="ann")
    assert browsing.get_record(project, 3).conversation.class_name == "sub"
    assert curation.log(project) == log


def test_a_change_of_a_fixed_field_is_refused_whole(project: Project) -> None:
    changes = (Change(1, 0, {"comment": ""}, {"comment": "x"}), Change(2, 0, {"uid": "a"}, {"uid": "b"}))
    with pytest.raises(PlanError, match="'uid' cannot be changed"):
        curation.apply_plan(project, Plan("edit", "forged", changes), actor="ann")
    assert browsing.get_record(project, 1).comment == ""


def test_dropping_needs_a_reason_and_keeps_it(project: Project) -> None:
    with pytest.raises(PlanError, match="needs a reason"):
        curation.plan_status(project, "dropped", "  ", query="")
    plan = curation.plan_status(project, "dropped", "off topic", query="source:crowd")
    action = curation.apply_plan(project, plan, actor="ann")
    assert (action.kind, action.reason) == ("drop", "off topic")
    assert browsing.matching_seqs(project, 'reason:"off topic"') == [2, 3]
    again = curation.plan_status(project, "dropped", "another reason", query="")
    assert (again.affected, again.unchanged) == (1, 2)
    restored = curation.plan_status(project, "pending", query="status:dropped")
    curation.apply_plan(project, restored, actor="ann")
    assert browsing.get_record(project, 2).drop_reason == ""


def test_an_edit_moves_counts_hashes_heads_and_index(project: Project) -> None:
    before = browsing.get_record(project, 2)
    plan = curation.plan_edit(project, 2, 1, "明天下雨 and a good deal more text")
    curation.apply_plan(project, plan, actor="ann")
    after = browsing.get_record(project, 2)
    assert after.conversation.answer == "明天下雨 and a good deal more text"
    assert after.supervised_tokens > before.supervised_tokens
    assert after.answer_hash != before.answer_hash
    assert after.prompt_hash == before.prompt_hash
    assert after.revision == 1
    assert browsing.matching_seqs(project, "天气") == []
    assert browsing.matching_seqs(project, "下雨") == [2]
    assert browsing.summaries(project, [2])[0].answer.startswith("明天下雨")
    curation.undo(project, actor="ann")
    assert browsing.get_record(project, 2).conversation == before.conversation
    assert browsing.matching_seqs(project, "天气") == [2]


def test_an_excluded_turn_is_not_trained_on_but_stays(project: Project) -> None:
    before = browsing.get_record(project, 1)
    curation.apply_plan(project, curation.plan_exclude_turn(project, 1, 1, True), actor="ann")
    after = browsing.get_record(project, 1)
    assert after.conversation.turns[1] == Turn("assistant", "general answer", excluded=True)
    assert (after.n_tokens, after.supervised_tokens) == (before.n_tokens, 0)
    assert curation.plan_exclude_turn(project, 1, 1, True).affected == 0
    with project.database.read() as connection:
        assert counts_agree(connection)


def test_impossible_plans_say_what_to_do(project: Project) -> None:
    with pytest.raises(PlanError, match=r"no class 'best'; use one of expert, sub"):
        curation.plan_tag(project, "best", query="")
    with pytest.raises(PlanError, match="either a query or row numbers"):
        curation.plan_tag(project, "expert")
    with pytest.raises(PlanError, match="no turn 9; it has turns 1 to 2"):
        curation.plan_edit(project, 1, 8, "x")
    with pytest.raises(PlanError, match="is a user turn"):
        curation.plan_exclude_turn(project, 1, 0, True)
    with pytest.raises(PlanError, match="new text is empty"):
        curation.plan_edit(project, 1, 1, " \n")
    with pytest.raises(PlanError, match="no status 'gone'"):
        curation.plan_status(project, "gone", query="")
    with pytest.raises(PlanError, match="not a finite number"):
        curation.plan_reward(project, 1000.0, query="")
    with pytest.raises(NotFound, match="no conversation 99"):
        curation.plan_comment(project, 99, "x")
    with pytest.raises(PlanError, match="nothing to change"):
        curation.apply_plan(project, curation.plan_tag(project, "expert", seqs=[1]), actor="ann")


def test_ranking_answers_is_one_action_with_one_undo(project: Project) -> None:
    def tags() -> list[str | None]:
        return [browsing.get_record(project, seq).conversation.class_name for seq in (1, 2, 3)]

    before = tags()
    plan = curation.plan_ranking(project, 2, [1, 2, 3], winner="expert", loser="sub")
    action = curation.apply_plan(project, plan, actor="ann")
    assert tags() == ["sub", "expert", "sub"]
    assert "rank one answer above 2" in action.title
    curation.undo(project, actor="ann")
    assert tags() == before
    with pytest.raises(PlanError, match="there is no class"):
        curation.plan_ranking(project, 2, [1], winner="best", loser="sub")


def test_undo_refuses_where_the_same_fields_moved_on_and_names_why(project: Project) -> None:
    first = tag(project, "sub", query="")
    comment = curation.apply_plan(project, curation.plan_comment(project, 1, "look"), actor="ann")
    second = tag(project, None, "bob", seqs=[2])
    with pytest.raises(PlanError, match=rf"1 of its .* by action {second} \(take the tag off 1 conversation\)"):
        curation.undo(project, first, actor="ann")
    curation.undo(project, second, actor="bob")
    undone = curation.undo(project, first, actor="ann")
    assert undone.undoes == first
    assert browsing.get_record(project, 1).comment == "look"  # another field: not in the way, not touched
    assert curation.get_action(project, comment.id).undone_by is None
    with pytest.raises(PlanError, match=f"undone already, by action {undone.id}"):
        curation.undo(project, first, actor="ann")


def test_undo_walks_back_and_redo_brings_back(project: Project) -> None:
    first, second = tag(project, "sub", seqs=[1]), tag(project, "expert", seqs=[2])
    tag(project, "expert", "bob", seqs=[3])
    assert curation.undo(project, actor="ann").undoes == second
    back = curation.undo(project, actor="ann")
    assert back.undoes == first
    with pytest.raises(PlanError, match="ann has done nothing that can be undone"):
        curation.undo(project, actor="ann")
    redone = curation.undo(project, back.id, actor="ann")
    assert redone.title == "redo: tag 1 conversation as sub"
    assert browsing.get_record(project, 1).conversation.class_name == "sub"
    assert curation.get_action(project, first).undone_by is None
    assert curation.undo(project, actor="ann").undoes == first
    assert browsing.get_record(project, 1).conversation.class_name == "expert"


def test_redoing_a_redo_flips_the_whole_chain(project: Project) -> None:
    action = tag(project, "sub", seqs=[1])
    undo = curation.undo(project, action, actor="ann")
    redo = curation.undo(project, undo.id, actor="ann")
    again = curation.undo(project, redo.id, actor="ann")
    assert again.title == "undo: tag 1 conversation as sub"
    assert [curation.get_action(project, i).undone_by for i in (action, undo.id, redo.id)] == [
        undo.id,
        None,
        again.id,
    ]


def test_undoing_an_import_drops_its_conversations_with_the_reason(project: Project) -> None:
    with project.database.write() as connection:
        brought = record_action(connection, "import", "import f", "ann", affected=2, undoable=True)
        seqs = insert_records(connection, numbered(2), action_id=brought.id).seqs
    tag(project, "sub", "bob", seqs=seqs[:1])
    with pytest.raises(PlanError, match=f"undo {brought.id}"):
        curation.undo(project, actor="ann")
    undone = curation.undo(project, brought.id, actor="ann")
    dropped = [browsing.get_record(project, s) for s in seqs]
    assert [(r.status, r.drop_reason) for r in dropped] == [("dropped", f"import {brought.id} undone")] * 2
    curation.undo(project, undone.id, actor="ann")
    assert [browsing.get_record(project, s).status for s in seqs] == ["pending"] * 2
    titles = [a.title for a, _ in browsing.history(project, seqs[0])]
    assert titles == ["import f", "tag 1 conversation as sub", "undo: import f", "redo: import f"]


def test_a_bulk_act_takes_one_action_and_little_memory(tmp_path: Path) -> None:
    project = make_project(tmp_path / "many", numbered(300, source="a"))
    plan = curation.plan_tag(project, "sub", query="source:a")
    assert len({id(c.before) for c in plan.changes}) == len({id(c.after) for c in plan.changes}) == 1
    action = curation.apply_plan(project, plan, actor="ann")
    assert browsing.search(project, "class:sub by:ann").total == action.affected == 300
    curation.undo(project, actor="ann")
    assert browsing.search(project, "class:none").total == 300


# Classes, rewards, beta


def test_weights_follow_rewards_and_dropped_conversations_do_not_count(project: Project) -> None:
    expert, sub = curation.class_table(project)
    assert (expert.conversations, sub.conversations) == (1, 1)
    assert (expert.loss_weight, sub.loss_weight) == pytest.approx((1, 0.1))
    curation.apply_plan(project, curation.plan_status(project, "dropped", "x", seqs=[1]), actor="ann")
    assert [r.conversations for r in curation.class_table(project)] == [0, 1]


def test_reward_mass_counts_own_rewards() -> None:
    scheme = with_rewards(OPENCHAT_SCHEME, beta=1.0)
    counts = {"expert": ClassCount(2, 100), "sub": ClassCount(1, 50)}
    expert, sub = reward_mass(scheme, counts, [OwnReward("expert", 0.1, 40)])
    assert expert.mass == pytest.approx(60 + 40 * scheme.loss_weight("sub"))
    assert sub.mass == pytest.approx(50 * scheme.loss_weight("sub"))
    assert expert.share + sub.share == pytest.approx(1)
    assert [m.share for m in reward_mass(scheme, {})] == [0, 0]


def test_classes_are_made_changed_removed_and_undone(project: Project) -> None:
    with pytest.raises(SchemeError, match=r"unknown class 'mid'.*or give a reward to make it"):
        curation.set_class(project, "mid", actor="ann")
    curation.set_class(project, "mid", condition="Mid Correct", reward=0.5, actor="ann")
    mid = curation.class_table(project)[2]
    assert (mid.key, mid.condition) == ("3", "Mid Correct")
    assert len({r.colour for r in curation.class_table(project)}) == 3
    curation.set_class(project, "mid", reward=2.0, actor="ann")
    assert curation.class_scheme(project).best.name == "mid"
    curation.undo(project, actor="ann")
    assert curation.class_scheme(project)["mid"].reward == 0.5
    curation.remove_class(project, "mid", actor="ann")
    assert "mid" not in curation.class_scheme(project)
    curation.undo(project, actor="ann")
    assert curation.class_table(project)[2] == mid


def test_a_class_that_is_so_already_makes_no_entry(project: Project) -> None:
    assert curation.set_class(project, "sub", reward=0.1, actor="ann").id == 0
    assert curation.log(project) == []


def test_classes_that_contradict_each_other_are_refused(project: Project) -> None:
    with pytest.raises(SchemeError, match="stands for two classes"):
        curation.set_class(project, "mid", condition="GPT4 Correct", reward=0.5, actor="ann")
    with pytest.raises(SchemeError, match="finite"):
        curation.set_class(project, "sub", reward=float("nan"), actor="ann")
    with pytest.raises(PlanError, match="key 1 tags with class 'expert' already"):
        curation.set_class(project, "sub", key="1", actor="ann")
    with pytest.raises(SchemeError, match="cannot be a class's name"):
        curation.set_class(project, "two words", reward=1, actor="ann")
    with pytest.raises(PlanError, match=r"1 conversation carries it; .*class:sub"):
        curation.remove_class(project, "sub", actor="ann")
    with pytest.raises(NotFound, match="no class 'x'"):
        curation.remove_class(project, "x", actor="ann")
    with pytest.raises(SchemeError, match="beta is -1"):
        curation.set_beta(project, -1, actor="ann")
    assert curation.class_scheme(project) == OPENCHAT_SCHEME
    assert curation.log(project) == []


def test_beta_that_makes_an_own_reward_infinite_is_refused(project: Project) -> None:
    curation.apply_plan(project, curation.plan_reward(project, 3.0, query="class:sub"), actor="ann")
    with pytest.raises(SchemeError, match="not a finite number"):
        curation.set_beta(project, 0.01, actor="ann")
    assert curation.class_table(project)[1].loss_weight == pytest.approx(0.1)


def test_undoing_a_class_that_is_in_use_is_refused(project: Project) -> None:
    made = curation.set_class(project, "mid", reward=0.5, actor="ann")
    tag(project, "mid", seqs=[2])
    with pytest.raises(PlanError, match="1 conversation carries it"):
        curation.undo(project, made.id, actor="ann")


def test_settings_are_logged_only_with_a_name(project: Project) -> None:
    set_setting(project, "page", {"size": 20})
    assert curation.log(project) == []
    set_setting(project, "language", "zh", actor="ann")
    set_setting(project, "language", "en", actor="ann")
    curation.undo(project, actor="ann")
    assert (get_setting(project, "language"), get_setting(project, "page")) == ("zh", {"size": 20})
    curation.undo(project, actor="ann")
    assert get_setting(project, "language", "none set") == "none set"


def test_five_grades_make_room_and_one_undo_takes_all_back(project: Project) -> None:
    curation.apply_plan(project, curation.plan_tag(project, "sub", seqs=[1]), actor="ann")
    before = curation.class_table(project)
    made = curation.make_grades(project, actor="ann")
    rows = {row.name: row for row in curation.class_table(project)}
    assert {name: row.reward for name, row in rows.items() if name != "sub"} == classes.GRADES
    assert "expert" not in rows  # nothing carried it
    keys = [row.key for row in rows.values() if row.key]
    assert len(keys) == len(set(keys)) == 6
    with pytest.raises(PlanError, match="there already"):
        curation.make_grades(project, actor="ann")
    curation.undo(project, made.id, actor="ann")
    assert curation.class_table(project) == before
