"""Random sequences of decisions: the counts stay right, and undoing everything gives back the beginning."""

from __future__ import annotations

import atexit
import contextlib
import functools
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.store_world import counts_agree, make_project, make_record
from workbench.curate.rewardmass import ClassPart
from workbench.domain.curation import Plan
from workbench.domain.errors import WorkbenchError
from workbench.domain.record import Record
from workbench.services import browsing, curation, panels, rewardmass
from workbench.services.project import Project, open_project

SIZE = 6
PANEL = 1
SOURCES = ("gpt4", "", "crowd")

seq_lists = st.lists(st.integers(1, SIZE), min_size=1, max_size=SIZE)
decisions = st.one_of(
    st.tuples(st.just("tag"), st.sampled_from(["expert", "sub", None]), seq_lists),
    st.tuples(st.just("status"), st.sampled_from(["kept", "dropped", "pending"]), seq_lists),
    st.tuples(st.just("reward"), st.sampled_from([None, 0.5, -1.0]), seq_lists),
    st.tuples(st.just("edit"), st.sampled_from(["short", "天气 better", "a b c d e"]), seq_lists),
    st.tuples(st.just("exclude"), st.booleans(), seq_lists),
    st.tuples(st.just("turn-reward"), st.sampled_from([None, 0.3, 1.0]), seq_lists),
    st.tuples(st.just("opinion"), st.sampled_from(["ann expert", "bob expert", "bob sub"]), seq_lists),
    st.tuples(st.just("agree"), st.none(), seq_lists),
    st.tuples(st.just("adjudicate"), st.sampled_from(["expert", "sub"]), seq_lists),
    st.tuples(st.just("crash"), st.sampled_from(["expert", "sub"]), seq_lists),
    st.tuples(st.just("comment"), st.sampled_from(["", "see this"]), seq_lists),
    st.tuples(st.just("undo"), st.none(), seq_lists),
    st.tuples(st.just("redo"), st.integers(1, 12), seq_lists),
)


def plan_of(project: Project, kind: str, value: object, seqs: list[int]) -> Plan:
    one = seqs[0]
    if kind == "tag":
        return curation.plan_tag(project, value, seqs=seqs)  # type: ignore[arg-type]
    if kind == "status":
        return curation.plan_status(project, str(value), "because", seqs=seqs)
    if kind == "reward":
        return curation.plan_reward(project, value, seqs=seqs)  # type: ignore[arg-type]
    if kind == "edit":
        return curation.plan_edit(project, one, 1, str(value))
    if kind == "exclude":
        return curation.plan_exclude_turn(project, one, 1, bool(value))
    if kind == "turn-reward":
        return curation.plan_reward_turn(project, one, 1, value)  # type: ignore[arg-type]
    if kind == "agree":
        return panels.plan_agreed(project, PANEL)
    if kind == "adjudicate":
        return panels.plan_adjudicate(project, PANEL, one, str(value), actor="ann")
    return curation.plan_comment(project, one, str(value))


def decide(project: Project, kind: str, value: object, seqs: list[int]) -> None:
    with contextlib.suppress(WorkbenchError):  # an impossible decision is refused and changes nothing
        if kind == "undo":
            curation.undo(project, actor="ann")
        elif kind == "redo":
            curation.undo(project, int(str(value)), actor="ann")
        elif kind == "opinion":
            who, name = str(value).split()
            panels.give_opinion(project, PANEL, seqs[0], name, actor=who)
        elif kind == "crash":
            crash(project, str(value), seqs)
        else:
            plan = plan_of(project, kind, value, seqs)
            action = curation.apply_plan(project, plan, actor="ann")
            assert action.affected == plan.affected


class Killed(Exception):
    """The process ends here."""


def crash(project: Project, name: str, seqs: list[int]) -> None:
    """End in the middle: all is written, nothing is committed."""
    before = state(project)
    with contextlib.suppress(Killed), project.database.write() as connection:
        curation.apply_within(connection, curation.plan_tag(project, name, seqs=seqs), "ann")
        raise Killed
    assert state(project) == before


def state(project: Project) -> list[tuple[object, ...]]:
    """Everything that curation can change or that follows from it."""
    return [
        (
            r.conversation,
            r.status,
            r.drop_reason,
            r.comment,
            r.tagged_by,
            r.n_tokens,
            r.supervised_tokens,
            r.answer_hash,
        )
        for r in browsing.get_records(project, range(1, SIZE + 1))
    ] + judged(project)


def judged(project: Project) -> list[tuple[object, ...]]:
    """What the panel holds; nothing while it is undone."""
    if not panels.list_panels(project):
        return []
    return [(item.opinions, item.settled_by) for item in panels.panel_report(project, PANEL).items]


@functools.cache
def template() -> Path:
    """A project that every example begins with a copy of."""
    folder = Path(tempfile.mkdtemp(prefix="actions"))
    atexit.register(shutil.rmtree, folder)
    records: list[Record] = [
        make_record(f"question {i}", f"answer 天 {i}", source=SOURCES[i % 3], class_name=["expert", None][i % 2])
        for i in range(SIZE)
    ]
    project = make_project(folder / "project", records)
    panels.make_panel(project, "all", "", actor="ann")
    project.close()
    return folder / "project"


def mass_of(project: Project) -> tuple[ClassPart, ...]:
    return rewardmass.preview_mass(project, rewardmass.mass_material(project)).classes


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(decisions, max_size=14))
def test_counts_stay_right_and_undo_leads_back(sequence: list[tuple[str, object, list[int]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = open_project(shutil.copytree(template(), Path(folder) / "project"))
        before, mass = state(project), mass_of(project)
        words = {w: browsing.matching_seqs(project, w) for w in ("answer", "天", "better", "short")}
        for kind, value, seqs in sequence:
            decide(project, kind, value, seqs)
            with project.database.read() as connection:
                assert counts_agree(connection)
        # The actions in force, newest first; each undo is possible once everything after it is undone.
        log = curation.log(project, 200)
        for action in log:
            if action.kind not in ("undo", "panel") and action.undone_by is None and action.undoable:
                curation.undo(project, action.id, actor="bob")
        for action in log:
            if action.kind == "panel" and action.undone_by is not None:  # nobody had judged, and it was undone
                curation.undo(project, action.undone_by, actor="bob")
        assert state(project) == before
        assert mass_of(project) == mass
        assert {w: browsing.matching_seqs(project, w) for w in words} == words
        project.close()
