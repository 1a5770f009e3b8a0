"""Where the reward mass lies, and what the page warns of."""

from __future__ import annotations

from pathlib import Path

import pytest

from crlft.condition import ClassScheme, ConditionClass
from crlft.conversation import Conversation, Turn
from crlft.errors import SchemeError
from tests.contract.store_world import make_project, make_record
from workbench.curate.rewardmass import Cell, mass_report, preset_rewards
from workbench.domain.errors import PlanError
from workbench.services import curation, rewardmass
from workbench.services.arrivals import make_records
from workbench.services.snapshotplan import plan_snapshot
from workbench.services.snapshots import make_snapshot
from workbench.services.trainset import read_train_set

SCHEME = ClassScheme((ConditionClass("best", "A", 1.0), ConditionClass("weak", "B", 0.1)))


def cell(name: str, n: int, tokens: int, source: str = "", topic: str = "", reward: float | None = None) -> Cell:
    return Cell(name, reward, source, "en", topic, n, tokens)


def test_mass_shares_and_effective_size() -> None:
    report = mass_report(SCHEME, [cell("best", 10, 100, "x"), cell("weak", 90, 900, "y")])
    by_source = {p.name: p for p in report.parts["source"]}
    assert by_source["x"].mass_share == pytest.approx(100 / 190)
    assert by_source["y"].token_share == pytest.approx(0.9)
    assert report.effective == pytest.approx((10 + 9) ** 2 / (10 + 0.9))
    assert report.leading == ("best", "x", pytest.approx(100 / 190))
    assert report.conversations == 100


def test_an_own_reward_counts_as_itself() -> None:
    report = mass_report(SCHEME, [cell("weak", 1, 100, "x", reward=1.0), cell("weak", 1, 100, "y")])
    assert [round(p.mass_share, 3) for p in report.parts["source"]] == [round(1 / 1.1, 3), round(0.1 / 1.1, 3)]


def test_warnings() -> None:
    topics = [
        cell("weak", 5, 600, topic="cakes"),
        cell("weak", 1, 9, topic="tiny"),
        cell("best", 5, 600, topic="sums"),
    ]
    codes = dict(mass_report(SCHEME, [cell("best", 5, 10), cell("weak", 900, 90_000)], topics).warnings)
    assert set(codes) == {"small", "best-small", "no-counterpart"}
    assert codes["small"]["name"] == "best"
    assert (codes["no-counterpart"]["topics"], codes["no-counterpart"]["n"]) == ("“cakes”", 1)
    equal = ClassScheme((ConditionClass("best", "A", 1.0), ConditionClass("weak", "B", 1.0)))
    found = mass_report(equal, [cell("best", 500, 500), cell("weak", 500, 500)]).warnings
    assert [code for code, _ in found] == ["equal"]
    assert [code for code, _ in mass_report(SCHEME, []).warnings] == ["empty", "empty"]


def test_presets() -> None:
    classes = [("weak", 0.1, 900), ("best", 1.0, 100), ("mid", 0.5, 300)]
    assert preset_rewards("openchat", classes, 0.4) == {"best": 1.0, "weak": 0.1, "mid": 0.1}
    assert preset_rewards("binary", classes, 0.4) == {"best": 1.0, "weak": 0.0, "mid": 0.0}
    assert preset_rewards("grades", classes, 0.4) == {"best": 1.0, "mid": 0.5, "weak": 0.0}
    rewards = preset_rewards("inverse-frequency", classes, 0.4)
    scheme = ClassScheme(tuple(ConditionClass(n, n, r) for n, r in rewards.items()), 0.4)
    masses = [tokens * scheme.loss_weight(name) for name, _, tokens in classes]
    assert masses == pytest.approx([100] * 3, rel=0.01)


def test_the_store_gives_the_same_counts_and_saving_is_one_action(tmp_path: Path) -> None:
    records = [
        make_record(f"q {i}", f"a {i}", class_name="expert" if i < 2 else "sub", source="s") for i in range(6)
    ]
    project = make_project(tmp_path / "p", records)
    curation.apply_plan(project, curation.plan_reward(project, 0.5, seqs=[3]), actor="ann")
    material = rewardmass.mass_material(project)
    assert {(c.class_name, c.reward, c.n) for c in material.cells} == {
        ("expert", None, 2),
        ("sub", None, 3),
        ("sub", 0.5, 1),
    }
    report = rewardmass.preview_mass(project, material)
    assert sum(p.mass_share for p in report.parts["source"]) == pytest.approx(1)
    shares = report.parts["source"][0].by_class
    assert [shares[c.name] for c in report.classes] == pytest.approx([c.mass_share for c in report.classes])
    assert report == rewardmass.preview_mass(project, rewardmass.mass_material(project))
    with pytest.raises(SchemeError, match="unknown class 'x'"):
        rewardmass.preview_mass(project, material, {"x": 1})
    shown = rewardmass.preview_mass(project, material, {"sub": 1.0}, 2.0)
    assert [c.loss_weight for c in shown.classes] == [1, 1]
    assert curation.class_scheme(project)["sub"].reward == 0.1  # a preview saves nothing
    examples = rewardmass.trained_examples(project)
    assert [e.class_name for e in examples] == ["expert", "sub"]
    assert "GPT4 Correct User:" in "".join(s.text for s in examples[0].segments)
    action = curation.set_rewards(project, {"expert": 0.9, "sub": 0.2}, 0.5, actor="ann")
    assert curation.class_scheme(project).beta == 0.5
    with pytest.raises(PlanError, match="so already"):
        curation.set_rewards(project, {"expert": 0.9}, actor="ann")
    curation.undo(project, action.id, actor="ann")
    scheme = curation.class_scheme(project)
    assert (scheme["expert"].reward, scheme["sub"].reward) == (1.0, 0.1)


def test_rewards_of_single_answers_count_everywhere_alike(tmp_path: Path) -> None:
    turns = (Turn("user", "q"), Turn("assistant", "one two."), Turn("user", "r"), Turn("assistant", "two one."))
    talks = [Conversation(turns, class_name="sub", source="s"), Conversation(turns[:2], class_name="expert")]
    records = make_records(talks, ["a", "b"], [{}, {}], round_number=1)
    project = make_project(tmp_path / "p", records)

    def masses() -> list[float]:
        report = rewardmass.preview_mass(project, rewardmass.mass_material(project))
        parts = report.parts["source"]
        by_class = [sum(p.by_class.get(name, 0.0) for p in parts) for name in ("expert", "sub")]
        table = [c.mass_share for c in report.classes]
        assert table == pytest.approx(by_class)
        assert [c.mass_share for c in plan_snapshot(project).classes] == pytest.approx(by_class)
        return table

    before = masses()
    assert before == pytest.approx([1 / 1.2, 0.2 / 1.2])  # answers of equal length
    action = curation.apply_plan(project, curation.plan_reward_turn(project, 1, 3, 1.0), actor="ann")
    assert masses() == pytest.approx([1 / 2.1, 1.1 / 2.1])
    frozen = read_train_set(make_snapshot(project, "one", actor="ann").path)
    assert frozen.classes[1].mass_share == pytest.approx(1.1 / 2.1)
    excluded = curation.apply_plan(project, curation.plan_exclude_turn(project, 1, 3, True), actor="ann")
    assert masses() == pytest.approx([1 / 1.1, 0.1 / 1.1])
    curation.undo(project, excluded.id, actor="ann")
    curation.undo(project, action.id, actor="ann")
    assert masses() == pytest.approx(before)
    with pytest.raises(PlanError, match="turn 1 is a user turn"):
        curation.plan_reward_turn(project, 1, 0, 1.0)
