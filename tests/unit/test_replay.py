"""Bulk decisions as a recipe: taken from the log, shared, made again on other data, undone together."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contract.store_world import make_project, make_record
from workbench import cli
from workbench.domain.curation import Plan
from workbench.domain.errors import PlanError
from workbench.services import browsing, curation, recipes, replay
from workbench.services.project import Project
from workbench.services.recipes import BulkDecision, Recipe


def made(root: Path) -> Project:
    sources = ("gpt4", "crowd", "bot")
    records = [make_record(f"question {i}", f"answer {i}", source=sources[i % 3]) for i in range(12)]
    return make_project(root, records)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return made(tmp_path / "p")


def act(project: Project) -> None:
    """Four decisions by query, one by hand and one that is undone."""
    plans: list[Callable[[], Plan]] = [
        lambda: curation.plan_tag(project, "expert", query="source:gpt4"),
        lambda: curation.plan_tag(project, "sub", query="class:none source:crowd"),
        lambda: curation.plan_status(project, "dropped", "machine talk", query="class:none"),
        lambda: curation.plan_reward(project, 0.5, "half", query="class:sub"),
        lambda: curation.plan_tag(project, "expert", seqs=[2]),
    ]
    for plan in plans:
        curation.apply_plan(project, plan(), actor="ann")
    undone = curation.apply_plan(project, curation.plan_status(project, "kept", query="class:sub"), actor="ann")
    curation.undo(project, undone.id, actor="ann")


def state(project: Project) -> list[tuple[object, ...]]:
    return [
        (r.conversation.class_name, r.status, r.drop_reason, r.conversation.coarse_reward)
        for r in browsing.get_records(project, range(1, 13))
    ]


def test_the_log_gives_what_was_decided_by_query_and_stands(project: Project) -> None:
    act(project)
    assert [one.decision for one in replay.bulk_decisions(project)] == [
        BulkDecision("tag", "source:gpt4", "expert"),
        BulkDecision("tag", "class:none source:crowd", "sub"),
        BulkDecision("drop", "class:none", None, "machine talk"),
        BulkDecision("reward", "class:sub", 0.5, "half"),
    ]


def test_made_again_it_gives_the_same_and_one_undo_takes_all_back(project: Project, tmp_path: Path) -> None:
    act(project)
    curation.apply_plan(project, curation.plan_tag(project, "sub", seqs=[2]), actor="ann")
    recipe = replay.with_decisions(Recipe({}), [one.decision for one in replay.bulk_decisions(project)])
    recipes.save_recipe(project, "house", recipe, actor="ann")
    assert recipes.recipes(project)["house"] == recipe
    other = made(tmp_path / "other")
    before = state(other)
    read = Recipe.from_json(recipe.to_json())
    assert [s.matches for s in replay.preview(other, read.decisions)] == [4, 4, 12, 0]
    done = replay.replay(other, read.decisions, actor="ben")
    assert [a.affected for a in done] == [4, 4, 4, 4]
    assert state(other) == state(project)
    replay.undo_all(other, [a.id for a in done], actor="ben")
    assert state(other) == before


def test_one_that_cannot_be_leaves_everything_as_it_is(project: Project) -> None:
    steps = [BulkDecision("tag", "source:gpt4", "expert"), BulkDecision("tag", "source:bot", "nobody")]
    with pytest.raises(PlanError, match="no class 'nobody'"):
        replay.replay(project, steps, actor="ann")
    assert curation.log(project) == []


def test_what_another_project_reads_differently_is_named(project: Project) -> None:
    assert replay.local_fields("cluster:3 dup:any lang:zh") == ("cluster", "dup")


@pytest.mark.parametrize("text", ["[]", '{"rules": {}, "decisions": [{"kind": "erase", "query": ""}]}', "{"])
def test_what_is_no_recipe_is_refused(text: str) -> None:
    with pytest.raises(PlanError, match="not a recipe"):
        Recipe.from_json(text)


def test_from_a_shell(project: Project, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    act(project)
    file = tmp_path / "house.json"
    other = made(tmp_path / "other")
    assert cli.run(["save-recipe", str(file), "--name", "house", "--project", str(project.root)]) == 0
    capsysbinary.readouterr()
    for words, affected in (([], 0), (["--apply"], 16)):
        assert cli.run(["--json", "--project", str(other.root), "replay", str(file), *words]) == 0
        assert json.loads(capsysbinary.readouterr().out)["affected"] == affected
    assert state(other)[0] == ("expert", "pending", "", None)


def test_rewards_from_a_shell(project: Project, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    uid = browsing.get_record(project, 1).uid
    words = ["override", "0.3", "--where", f"id:{uid}", "--turn", "2", "--reason", "half right"]
    assert cli.run(["--project", str(project.root), *words]) == 0
    assert browsing.get_record(project, 1).conversation.turns[1].reward == 0.3
    assert curation.log(project, 1)[0].reason == "half right"
    assert cli.run(["--project", str(project.root), "override", "none", "--where", "source:gpt4"]) == 0
    assert cli.run(["--project", str(project.root), "override", "much", "--where", ""]) == 1
    assert "is no number" in capsysbinary.readouterr().err.decode()
