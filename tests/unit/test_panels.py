"""Several curators: blind opinions, agreement, disagreements, adjudication, undo."""

from __future__ import annotations

import json
from pathlib import Path

import krippendorff
import numpy as np
import pytest

from tests.contract.store_world import make_project, numbered
from workbench import cli
from workbench.curate.agreement import agreement
from workbench.domain.errors import NotFound, PlanError
from workbench.services import browsing, curation, deciders, panels, queue
from workbench.services.decisions import Decision, decide
from workbench.services.project import Project

# Krippendorff's own example (2011, "Computing Krippendorff's Alpha-Reliability"): four observers, twelve units.
OBSERVED = """
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 ."""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "p", numbered(12))


def judge(project: Project, panel: int, by: dict[str, str]) -> None:
    """Give opinions: curator → one letter for each conversation (e, s; a blank is none)."""
    names = {"e": "expert", "s": "sub"}
    for who, letters in by.items():
        for seq, letter in enumerate(letters, 1):
            if letter != " ":
                panels.give_opinion(project, panel, seq, names[letter], actor=who)


class TestAgreement:
    def test_the_published_example(self) -> None:
        rows = [line.split() for line in OBSERVED.strip().splitlines()]
        found = {u: {str(o): row[u] for o, row in enumerate(rows) if row[u] != "."} for u in range(12)}
        made = agreement(found, ["1", "2", "3", "4", "5"])
        assert made.alpha == pytest.approx(0.743, abs=5e-4)
        assert made.graded == pytest.approx(0.815, abs=5e-4)
        assert (made.compared, made.opinions) == (11, 40)
        assert made.low is not None
        assert made.high is not None
        assert made.low < made.alpha < made.high

    def test_pairs_and_classes_are_those_of_the_library(self) -> None:
        found = {i: {"ann": a, "ben": b} for i, (a, b) in enumerate(zip("xxyyz", "xyyyz", strict=True))}
        made = agreement(found, ["x", "y", "z"])
        rows = np.array([[1, 1, 2, 2, 3], [1, 2, 2, 2, 3]], dtype=float)
        assert made.alpha == pytest.approx(krippendorff.alpha(rows, level_of_measurement="nominal"))
        assert [(p.first, p.second, p.both, p.same) for p in made.pairs] == [("ann", "ben", 5, 4)]
        assert made.pairs[0].alpha == pytest.approx(made.alpha)
        ones = krippendorff.alpha((rows == 1).astype(float), level_of_measurement="nominal")
        assert [(c.name, c.opinions) for c in made.classes] == [("x", 3), ("y", 5), ("z", 2)]
        assert made.classes[0].alpha == pytest.approx(ones)
        assert made.confused == [("x", "y", 1)]

    @pytest.mark.parametrize("found", [{}, {1: {"ann": "x"}}, {1: {"ann": "x", "ben": "x"}}])
    def test_what_cannot_be_measured_is_not(self, found: dict[int, dict[str, str]]) -> None:
        assert agreement(found, ["x", "y"]).alpha is None


class TestPanel:
    def test_opinions_are_blind_and_tag_nothing(self, project: Project) -> None:
        panel = panels.make_panel(project, "first", "class:none", sample=4, actor="ann")
        mine = panels.to_judge(project, panel.id, "ann")
        assert len(mine) == 4
        panels.give_opinion(project, panel.id, mine[1], "expert", actor="ann")
        assert panels.to_judge(project, panel.id, "ben")[0] == mine[1]  # what was begun is finished first
        page = queue.panel_page(project, panel.id, "ben", dispute=False, limit=9)
        assert all(item.blind and not item.opinions and item.suggestion is None for item in page.items)
        assert browsing.search(project, "class:none", limit=1).total == 12
        assert "expert" not in " ".join(a.title for a in curation.log(project))

    def test_no_more_than_were_asked_are_asked(self, project: Project) -> None:
        panel = panels.make_panel(project, "first", "", sample=12, actor="ann")
        judge(project, panel.id, {"ann": "e" * 12, "ben": "s" * 6})
        assert panels.to_judge(project, panel.id, "cid") == list(range(7, 13))

    def test_named_people_share_the_work_evenly(self, project: Project) -> None:
        who = ("ann", "ben", "cid")
        panel = panels.make_panel(project, "first", "", sample=12, curators=who, actor="ann")
        shares = [panels.to_judge(project, panel.id, name) for name in who]
        assert sorted(seq for share in shares for seq in share) == sorted(2 * list(range(1, 13)))
        assert panels.to_judge(project, panel.id, "dan") == []

    def test_agreed_ones_are_tagged_in_one_act_and_disputed_ones_are_decided(self, project: Project) -> None:
        panel = panels.make_panel(project, "first", "", sample=12, actor="ann")
        judge(project, panel.id, {"ann": "eesssseeeee", "ben": "eessseseee "})
        report = panels.panel_report(project, panel.id)
        assert [i.seq for i in report.disputed] == [6, 7]
        assert (report.complete, len(report.agreed), report.settled) == (10, 8, 0)
        assert report.by_curator == {"ann": 11, "ben": 10}
        action = curation.apply_plan(project, panels.plan_agreed(project, panel.id), actor="cid")
        assert browsing.get_record(project, 1).tagged_by == "ann + ben (agreed)"
        plan = panels.plan_adjudicate(project, panel.id, 6, "sub", actor="cid")
        decided = curation.apply_plan(project, plan, actor="cid")
        record = browsing.get_record(project, 6)
        assert (record.conversation.class_name, record.tagged_by) == ("sub", "cid (adjudicated)")
        assert decided.reason == "ann: sub, ben: expert"
        after = panels.panel_report(project, panel.id)
        assert ([i.seq for i in after.disputed], after.settled) == ([7], 9)
        curation.undo(project, decided.id, actor="cid")
        curation.undo(project, action.id, actor="cid")
        assert panels.panel_report(project, panel.id).settled == 0
        assert browsing.search(project, "class:none", limit=1).total == 12

    def test_an_opinion_is_undone_and_changed(self, project: Project) -> None:
        panel = panels.make_panel(project, "first", "", sample=12, actor="ann")
        panels.give_opinion(project, panel.id, 3, "expert", actor="ann")
        second = panels.give_opinion(project, panel.id, 3, "sub", actor="ann")
        assert panels.give_opinion(project, panel.id, 3, "sub", actor="ann") is None
        assert second is not None
        curation.undo(project, second.id, actor="ann")
        assert panels.panel_report(project, panel.id).items[2].opinions == {"ann": "expert"}
        curation.undo(project, actor="ann")
        assert panels.panel_report(project, panel.id).items[2].opinions == {}

    def test_a_panel_is_undone_while_nobody_judged(self, project: Project) -> None:
        panel = panels.make_panel(project, "first", "", actor="ann")
        making = curation.log(project, 1)[0].id
        judge(project, panel.id, {"ben": "e"})
        with pytest.raises(PlanError, match="holds 1 opinion"):
            curation.undo(project, making, actor="ann")
        curation.undo(project, actor="ben")
        undone = curation.undo(project, making, actor="ann")
        assert panels.list_panels(project) == []
        curation.undo(project, undone.id, actor="ann")
        assert panels.list_panels(project) == [panel]
        assert len(panels.to_judge(project, panel.id, "ann")) == 12

    @pytest.mark.parametrize(
        "wrong",
        [
            {"name": " "},
            {"people": 1},
            {"sample": 0},
            {"query": "source:nobody"},
            {"people": 3, "curators": ["ann", "ben", "ann"]},
        ],
    )
    def test_what_makes_no_sense_is_refused(self, project: Project, wrong: dict[str, object]) -> None:
        asked = {"name": "first", "query": "", **wrong}
        with pytest.raises(PlanError):
            panels.make_panel(project, **asked, actor="ann")  # type: ignore[arg-type]

    def test_only_what_is_in_the_panel_and_judged_is_decided(self, project: Project) -> None:
        made = panels.make_panel(project, "first", "", sample=1, actor="ann")
        inside = panels.to_judge(project, made.id, "ann")[0]
        outside = 1 if inside != 1 else 2
        with pytest.raises(NotFound):
            panels.give_opinion(project, made.id, outside, "sub", actor="ann")
        with pytest.raises(PlanError, match="0 of 2 people"):
            panels.plan_adjudicate(project, made.id, inside, "sub", actor="ann")
        with pytest.raises(PlanError, match="no class"):
            panels.give_opinion(project, made.id, inside, "nobody", actor="ann")


def test_the_queue_sends_opinions_and_decisions(project: Project) -> None:
    panel = panels.make_panel(project, "first", "", sample=12, actor="ann").id
    sent = Decision.from_dict(
        {"id": "a", "kind": "opinion", "seq": 2, "revision": 0, "value": "expert", "panel": panel, "actor": "ann"}
    )
    assert decide(project, sent, actor="x").ok
    assert decide(project, sent, actor="x").ok  # sent again
    curation.apply_plan(project, curation.plan_tag(project, "sub", seqs=[2]), actor="zoe")  # revision moves on
    assert decide(project, Decision("b", "opinion", 2, 0, "sub", panel=panel), actor="ben").ok
    page = queue.panel_page(project, panel, "cid", dispute=True, limit=9)
    assert [(i.record.seq, dict(i.opinions)) for i in page.items] == [(2, {"ann": "expert", "ben": "sub"})]
    late = decide(project, Decision("c", "adjudicate", 2, 0, "expert", panel=panel), actor="cid")
    assert (late.ok, late.conflict, late.by) == (False, True, "zoe")
    done = decide(project, Decision("d", "adjudicate", 2, 1, "expert", panel=panel), actor="cid")
    assert done.ok
    refused = decide(project, Decision("e", "opinion", 2, 2, "sub", panel=panel), actor="dan")
    assert "cid has settled it" in refused.message
    assert decide(project, Decision("f", "undo", 2, 2, "d"), actor="cid").ok
    assert decide(project, Decision("g", "undo", 2, 3, "b"), actor="ben").ok
    assert panels.panel_report(project, panel).items[1].opinions == {"ann": "expert"}


def test_who_decided_what(project: Project) -> None:
    curation.apply_plan(project, curation.plan_tag(project, "sub", query="class:none"), actor="ann")
    last = curation.apply_plan(project, curation.plan_status(project, "kept", seqs=[1]), actor="ann")
    curation.apply_plan(project, curation.plan_status(project, "dropped", "bad", seqs=[2, 3]), actor="ben")
    curation.undo(project, last.id, actor="ben")
    found = {d.name: (d.decisions, dict(d.by_kind)) for d in deciders.deciders(project)}
    assert found == {"ann": (1, {"tag": 12}), "ben": (1, {"drop": 2})}


def test_the_shell_does_all_of_it(project: Project, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    def shell(*words: str) -> dict[str, object]:
        assert cli.run(["--project", str(project.root), "--json", *words]) == 0
        made: dict[str, object] = json.loads(capsysbinary.readouterr().out)
        return made

    assert shell("panel", "first", "--sample", "12")["panel"] == 1
    one, two = browsing.get_record(project, 1).uid, browsing.get_record(project, 2).uid
    for uid, ben in ((one, "sub"), (two, "expert")):
        shell("opinion", "1", uid, "expert", "--curator", "ann")
        shell("opinion", "1", uid, ben, "--curator", "ben")
    listed = shell("panels")["panels"]
    assert isinstance(listed, list)
    assert listed[0]["disputed"] == [{"id": one, "opinions": {"ann": "expert", "ben": "sub"}}]
    assert shell("settle", "1", "--agreed")["affected"] == 1
    assert shell("settle", "1", one, "sub", "--curator", "cid")["affected"] == 1
    assert browsing.get_record(project, 1).tagged_by == "cid (adjudicated)"
    assert cli.run(["--project", str(project.root), "settle", "1"]) == 1
