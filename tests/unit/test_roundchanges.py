"""What a round changed: from two snapshots and the log between them."""

from tests.unit.loop_project import loop_project
from workbench.domain.comparison import Prompt
from workbench.services import curation, rounds
from workbench.services.browsing import iterate_records, matching_seqs
from workbench.services.prompts import set_held_out
from workbench.services.roundchanges import round_changes
from workbench.services.snapshots import make_snapshot


def test_a_rounds_changes_are_counted_and_signed(tmp_path):
    project = loop_project(tmp_path / "project")
    experts, subs = matching_seqs(project, "class:expert"), matching_seqs(project, "class:sub")
    make_snapshot(project, "first", actor="ann")
    assert round_changes(project, 1) is None
    rounds.start_next_round(project, actor="ann")
    assert round_changes(project, 2) is None
    curation.apply_plan(project, curation.plan_tag(project, "sub", seqs=experts[:2]), actor="ann")
    dropped = curation.plan_status(project, "dropped", seqs=subs[:1], reason="wrong")
    curation.apply_plan(project, dropped, actor="bo")
    taken_back = curation.apply_plan(project, curation.plan_tag(project, "expert", seqs=subs[1:2]), actor="bo")
    curation.undo(project, taken_back.id, actor="bo")
    make_snapshot(project, "second", actor="ann")
    found = round_changes(project, 2)
    assert (found.before, found.after) == ("first", "second")
    assert (found.added, found.dropped, found.retagged) == (0, 1, 2)
    assert found.held_out == 0
    assert {(who, n) for who, _, n in found.decisions} == {("ann", 2), ("bo", 1)}
    project.close()


def test_what_was_held_out_since_is_said(tmp_path):
    project = loop_project(tmp_path / "project")
    rounds.start_next_round(project, actor="ann")
    gone = next(iter(iterate_records(project, "class:expert")))
    set_held_out(project, [Prompt("h", ({"role": "user", "content": gone.conversation.prompt},))], actor="ann")
    make_snapshot(project, "two", actor="ann")
    found = round_changes(project, 2)
    assert (found.before, found.after, found.dropped, found.held_out) == ("one", "two", 1, 1)
    project.close()
