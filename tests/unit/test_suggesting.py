"""Suggestions: learnt from tags, honest about how sure they are, and never a decision by themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.store_world import make_project, make_record
from workbench.domain.errors import PlanError
from workbench.services import browsing, curation, queue, suggesting
from workbench.services.project import Project
from workbench.store.conversations import insert_records
from workbench.store.judgements import Judgement, replace_judgements
from workbench.store.suggestions import Suggestion


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Twenty polite experts, twenty curt ones, ten of each that nobody has tagged."""
    records = []
    for i in range(30):
        name = None if i >= 20 else "expert"
        records.append(make_record(f"q {i}", f"Gladly! The answer to that is {i}, of course.", class_name=name))
        records.append(make_record(f"r {i}", f"{i} i think", class_name=name and "sub"))
    return make_project(tmp_path / "p", records)


def test_it_learns_the_manner_and_decides_nothing(project: Project) -> None:
    seen: list[tuple[int, int | None]] = []
    report = suggesting.compute_suggestions(project, on_progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (60, 60)
    assert (report.tagged, report.suggested, report.classes, report.vectors) == (40, 20, ["expert", "sub"], False)
    assert report.accuracy == 1.0
    assert suggesting.last_report(project) == report
    found = {s.seq: s.class_name for s in suggesting.open_suggestions(project)}
    assert all(found[seq] == ("expert" if seq % 2 else "sub") for seq in found)
    assert browsing.search(project, "class:none").total == 20
    assert not curation.log(project)


def test_accepting_in_bulk_is_marked_planned_and_undone(project: Project) -> None:
    suggesting.compute_suggestions(project)
    found = suggesting.open_suggestions(project)
    least = found[len(found) // 2].confidence
    plan = suggesting.plan_accept(project, least=least, actor="ann")
    assert plan.affected == sum(s.confidence >= least for s in found)
    action = curation.apply_plan(project, plan, actor="ann")
    one = browsing.get_record(project, plan.changes[0].seq)
    assert one.tagged_by == f"ann (suggestions from {least:.2f})"
    assert len(suggesting.open_suggestions(project)) == len(found) - plan.affected
    curation.undo(project, action.id, actor="ann")
    assert suggesting.open_suggestions(project) == found
    chosen = suggesting.sample(project, 0.01)
    assert len(chosen) == suggesting.SAMPLE
    assert [s.confidence for s in chosen] == sorted(s.confidence for s in chosen)
    assert chosen[0].confidence == found[-1].confidence
    assert suggesting.count_open(project, least) == sum(s.confidence >= least for s in found)


def test_too_little_to_learn_from_is_said(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", [make_record("a", "b", class_name="expert"), make_record("c", "d")])
    with pytest.raises(PlanError, match="tag at least 5"):
        suggesting.compute_suggestions(project)
    with pytest.raises(PlanError, match="no probability"):
        suggesting.plan_accept(project, least=1.5, actor="ann")


def test_they_are_stale_once_many_tags_have_come(project: Project) -> None:
    assert not suggesting.stale(project)
    report = suggesting.compute_suggestions(project)
    curation.apply_plan(project, curation.plan_tag(project, "sub", query="class:none"), actor="ann")
    assert (suggesting.new_tags(project, report), suggesting.stale(project)) == (20, False)  # under thirty
    with project.database.write() as connection:
        insert_records(connection, [make_record(f"x {i}", "so?", class_name="sub") for i in range(10)])
    assert not suggesting.stale(project)  # nothing is left to suggest a class for
    with pytest.raises(PlanError, match="everything is tagged"):
        suggesting.compute_suggestions(project)
    with project.database.write() as connection:
        insert_records(connection, [make_record("y", "so!")])
    assert suggesting.stale(project)
    assert suggesting.new_tags(project, suggesting.compute_suggestions(project)) == 0


def test_where_nothing_is_like_it_the_model_is_asked(project: Project) -> None:
    said = {"expert": 0.7, "sub": 0.3}
    with project.database.write() as connection:
        judged = Judgement(41, "job", None, "pending", "expert", 0, 0.5, 1, 0.1, probabilities=said)
        replace_judgements(connection, [judged])
    item = queue.items(project, [41])[0]
    assert item.suggestion == Suggestion(41, "expert", 0.7, by_model=True)
    suggesting.compute_suggestions(project)
    learnt = queue.items(project, [41])[0].suggestion
    assert learnt is not None
    assert not learnt.by_model
