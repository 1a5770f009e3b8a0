from __future__ import annotations

from pathlib import Path

import pytest

from crlft.conversation import Turn
from tests.contract.store_world import counts_agree, make_project, make_record
from workbench.domain.errors import NotFound, PlanError
from workbench.services import browsing, cleaning, curation
from workbench.services.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    records = [
        make_record("Where is it?", "<p>In the cafÃ© on the left.</p>"),
        make_record("Where is it?", "I'm sorry, but I can't help with that.\n\n"),
        make_record("Where is it?", " … "),
        make_record("Where is it?", "It is behind the church."),
        make_record("Write to a@b.org", "Gladly, a@b.org it is."),
    ]
    return make_project(tmp_path / "project", records)


def answer(project: Project, seq: int) -> str:
    return browsing.get_record(project, seq).conversation.answer


def test_one_change_for_each_conversation_and_undo_restores_it(project: Project) -> None:
    before = [browsing.get_record(project, seq).conversation for seq in range(1, 6)]
    found = cleaning.scan(project)
    hit = {name: n for name, n in found.counts().items() if n}
    assert hit == {"mojibake": 1, "html": 1, "personal-data": 1, "white-space": 2, "empty-answer": 1, "refusal": 1}
    assert found.considered == 5
    assert found.seqs() == [1, 2, 3, 5]
    plan = cleaning.plan_clean(project, found)
    assert (plan.kind, plan.title) == ("clean", "clean 4 conversations: fix 3, flag 0, drop 1")
    action = curation.apply_plan(project, plan, actor="ann")
    assert answer(project, 1) == "In the café on the left."
    assert browsing.get_record(project, 2).flags == ("refusal",)
    dropped = browsing.get_record(project, 3)
    assert (dropped.status, dropped.drop_reason) == ("dropped", "empty-answer: the answer is empty")
    assert dropped.conversation == before[2]
    assert browsing.matching_seqs(project, "flag:refusal") == [2]
    assert browsing.matching_seqs(project, "[EMAIL]") == [5]
    assert set(cleaning.scan(project).counts().values()) == {0}
    with project.database.read() as connection:
        assert counts_agree(connection)
    curation.undo(project, action.id, actor="ann")
    assert [browsing.get_record(project, seq).conversation for seq in range(1, 6)] == before
    assert cleaning.scan(project).hits == found.hits


def test_what_is_unticked_is_shown_but_not_done(project: Project) -> None:
    found = cleaning.scan(project)
    exclude = {(1, "html"), *((hit.seq, hit.rule) for hit in found.hits if hit.seq in (2, 3))}
    shown = cleaning.preview(project, found, 1, exclude=exclude)
    assert [(s.rule, s.applied) for s in shown.steps] == [("mojibake", True), ("html", False)]
    assert shown.outcome == "fix"
    assert shown.after.answer == "<p>In the café on the left.</p>"
    assert shown.steps[0].diffs[0].pieces[1:3] == [("delete", "cafÃ©"), ("insert", "café")]
    assert cleaning.preview(project, found, 3, exclude=exclude).outcome == "none"
    plan = cleaning.plan_clean(project, found, exclude=exclude)
    assert {c.seq for c in plan.changes} == {1, 5}
    assert plan.unchanged == 2
    curation.apply_plan(project, plan, actor="ann")
    assert answer(project, 1) == shown.after.answer


def test_the_plan_is_what_was_shown_even_if_somebody_edits_meanwhile(project: Project) -> None:
    found = cleaning.scan(project)
    edit = curation.plan_edit(project, 1, 1, "As an AI language model I like <b>cake</b>.")
    curation.apply_plan(project, edit, actor="bob")
    plan = cleaning.plan_clean(project, found)
    assert 1 not in {c.seq for c in plan.changes}
    curation.apply_plan(project, curation.plan_tag(project, "expert", query=""), actor="bob")
    with pytest.raises(PlanError, match="changed by somebody else"):
        curation.apply_plan(project, plan, actor="ann")
    assert curation.apply_plan(project, cleaning.plan_clean(project, found), actor="ann").affected == 3


def test_rules_verdicts_and_selection_are_the_callers(project: Project) -> None:
    seen: list[tuple[int, int]] = []
    found = cleaning.scan(
        project,
        ["refusal", "html"],
        query="-church",
        verdicts={"refusal": "drop"},
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(4, 4)]
    assert found.counts() == {"html": 1, "refusal": 1}
    assert [(h.seq, h.verdict, h.turn) for h in found.by_rule("refusal")] == [(2, "drop", 1)]
    plan = cleaning.plan_clean(project, found)
    assert plan.changes[1].after == {"status": "dropped", "drop_reason": "refusal: the answer declines"}
    assert plan.params["rules"] == {"html": "fix", "refusal": "drop"}
    with pytest.raises(PlanError, match="no cleaning rule"):
        cleaning.scan(project, ["grammar"])
    with pytest.raises(NotFound, match="no conversation 99"):
        cleaning.preview(project, found, 99)


def test_flags_add_up_and_fixes_keep_everything_else(tmp_path: Path) -> None:
    turns = (
        Turn("system", "Be brief.  \n"),
        Turn("user", "hello there"),
        Turn("user", "hello again"),
        Turn("assistant", "Of course! It is in the", reasoning="hm <p>", excluded=True),
    )
    project = make_project(tmp_path / "p", [make_record("", "", turns=turns, flags=("loop",), class_name="sub")])
    curation.apply_plan(project, cleaning.plan_clean(project, cleaning.scan(project)), actor="ann")
    record = browsing.get_record(project, 1)
    assert record.flags == ("loop", "role-fault", "truncated")
    assert record.conversation.turns[0].content == "Be brief."
    assert record.conversation.turns[3] == turns[3]
    assert record.conversation.class_name == "sub"


def test_an_edit_measures_the_language_again_and_undo_restores_it(tmp_path: Path) -> None:
    german = "Der Laden ist hinter der Kirche, und er macht morgen früh um neun Uhr wieder auf."
    records = [
        make_record("Wo ist der Laden?", german, language="de"),
        make_record("Wo ist der Laden?", german + " Gut.", language="nl"),  # as the source stated
    ]
    project = make_project(tmp_path / "project", records)
    english = "The shop is behind the church, and it will be open again tomorrow at nine in the morning."
    for seq, language in ((1, "en"), (2, "nl")):
        edit = curation.plan_edit(project, seq, 1, english)
        action = curation.apply_plan(project, edit, actor="ann")
        assert browsing.get_record(project, seq).conversation.language == language
    with project.database.read() as connection:
        assert counts_agree(connection)
    first = next(a for a in curation.log(project, limit=10) if a.id == action.id - 1)
    curation.undo(project, first.id, actor="ann")
    assert browsing.get_record(project, 1).conversation.language == "de"
    assert browsing.matching_seqs(project, "lang:de") == [1]
    with project.database.read() as connection:
        assert counts_agree(connection)
