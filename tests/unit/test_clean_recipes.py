"""Rules with parameters, rules of one's own with patterns that run away, recipes shared and replayed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crlft.conversation import Conversation, Turn
from tests.contract.store_world import make_project, make_record
from workbench.cli import run
from workbench.curate.clean import RULES, active_rules, run_rules
from workbench.curate.clean.own import OwnRule, own_rule
from workbench.domain.errors import NotFound, PlanError
from workbench.services import browsing, cleaning, curation, recipes
from workbench.services.recipes import Recipe


def talk(answer: str, question: str = "Tell me about it, please.") -> Conversation:
    return Conversation((Turn("user", question), Turn("assistant", answer)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Like so: ```python\nx = 1\n```\nDone.", "Like so:\n```python\nx = 1\n```\nDone."),
        ("```\nx = 1```", "```\nx = 1\n```"),
        ("```\nx = 1\n```\nDone.", None),
        ("Use `x` and ```y``` here.", None),
        ("Cut off: ```python\nx = ", None),
    ],
)
def test_fences(before: str, after: str | None) -> None:
    finding = RULES["fences"].check(talk(before))
    assert (None if finding is None or finding.turns is None else finding.turns[1].content) == after


@pytest.mark.parametrize(
    ("rule", "question", "answer", "hit"),
    [
        ("placeholder", "What should I call you?", "My name is [name].", True),
        ("placeholder", "What is new?", "Dear {{customer_name}}, lots.", True),
        ("placeholder", "怎么称呼？", "我叫【请输入姓名】。", True),
        ("placeholder", "Write a letter to my landlord.", "Dear [Name], …", False),
        ("placeholder", "What is a list?", "See [this page](a) and `[name]`.", False),
        ("language", "法国的首都是什么？", "The capital is Paris.", True),
        ("language", "What is the capital of France?", "法国的首都是巴黎。", True),
        ("language", "法国的首都用英语怎么说？", "It is Paris, of course.", False),
        ("language", "12 加 30 等于几？", "42", False),
        ("language", "What is the capital?", "Paris", False),
    ],
)
def test_flags(rule: str, question: str, answer: str, hit: bool) -> None:
    assert (RULES[rule].check(talk(answer, question)) is not None) is hit


def test_parameters() -> None:
    short = active_rules(["length"], params={"length": {"least": 10, "most": 20}})
    reasons = [
        [s.finding.reason for s in run_rules(talk(a), short)] for a in ("tiny", "just right, yes", "x" * 21)
    ]
    assert reasons == [
        ["the answer has 4 characters, fewer than 10"],
        [],
        ["the answer has 21 characters, more than 20"],
    ]
    mail = active_rules(["personal-data"], params={"personal-data": {"kinds": ["e-mail"]}})
    after = run_rules(talk("a@b.org or 13800000309"), mail)[0].after
    assert after.answer == "[EMAIL] or 13800000309"
    words = active_rules(["words"], params={"words": {"words": ["dar*", "傻"]}})
    assert run_rules(talk("well, darn it"), words)[0].finding.reason == "holds “darn”"
    assert not run_rules(talk("a radar"), words)
    for params in (
        {"length": {"size": 1}},
        {"refusal": {"size": 3}},
            {"echo": {"head_characters": 3}},
        {"personal-data": {"kinds": ["shoe"]}},
    ):
        with pytest.raises(PlanError):
            active_rules(list(params), params=params)
    with pytest.raises(PlanError, match="least ≤ most"):
        active_rules(["length"], params={"length": {"least": 9, "most": 3}})


def test_own_rules() -> None:
    def fixed(own: OwnRule, answer: str) -> str:
        finding = own_rule(own).check(talk(answer))
        return answer if finding is None or finding.turns is None else finding.turns[1].content

    assert fixed(OwnRule("a", "colour", "color", whole_words=True), "Colour, colours") == "color, colours"
    assert fixed(OwnRule("a", "a.b", "\\1"), "a.b axb") == "\\1 axb"  # words are words
    assert fixed(OwnRule("a", r"(\d+) ?kgs", r"\1 kg", pattern=True), "5kgs and 6 kgs") == "5 kg and 6 kg"
    flag = own_rule(OwnRule("a", "bot", verdict="flag")).check(talk("I am a Bot"))
    assert flag is not None
    assert flag.reason == "holds “Bot”"


def test_a_pattern_that_runs_away_is_stopped() -> None:
    runaway = own_rule(OwnRule("slow", r"(?:a|aa|a?a)+[^a]$", pattern=True))
    with pytest.raises(PlanError, match="needs more than"):
        runaway.check(talk("a" * 4000))


@pytest.mark.parametrize(
    "own",
    [
        OwnRule("Two Words", "x"),
        OwnRule("a", ""),
        OwnRule("a", "(", pattern=True),
        OwnRule("a", "x*", pattern=True),
        OwnRule("a", "x", r"\2", pattern=True),
        OwnRule("a", "x", verdict="burn"),  # type: ignore[arg-type]
    ],
)
def test_own_rules_that_make_no_sense_are_refused(own: OwnRule) -> None:
    with pytest.raises(PlanError):
        own_rule(own)


def test_a_recipe_is_kept_shared_and_replayed(tmp_path: Path) -> None:
    records = [make_record("Where?", "Over there, dear. Yours, Bot"), make_record("Why?", "no")]
    one = make_project(tmp_path / "one", records)
    recipes.save_own_rule(one, OwnRule("sign-off", " Yours, Bot"), actor="ann")
    found = cleaning.scan(
        one, ["sign-off", "length"], verdicts={"length": "drop"}, params={"length": {"least": 4}}
    )
    assert found.counts() == {"sign-off": 1, "length": 1}
    recipe = Recipe.of(found.rules)
    recipes.save_recipe(one, "house", recipe, actor="ann")
    assert recipes.recipes(one) == {"house": recipe}
    two = make_project(tmp_path / "two", records)
    again = Recipe.from_json(recipe.to_json())
    replay = cleaning.scan(two, **recipes.use_recipe(two, again, actor="ben"))
    assert replay.hits == found.hits
    plan = cleaning.plan_clean(two, replay)
    assert plan.params["recipe"] == recipe.to_dict()
    curation.apply_plan(two, plan, actor="ben")
    assert browsing.get_record(two, 1).conversation.answer == "Over there, dear."
    assert browsing.get_record(two, 2).status == "dropped"
    recipes.remove_own_rule(two, "sign-off", actor="ben")
    curation.undo(two, actor="ben")
    assert [o.name for o in recipes.own_rules(two)] == ["sign-off"]
    with pytest.raises(NotFound):
        recipes.remove_own_rule(two, "other", actor="ben")
    for text in ("[]", "{}", '{"rules": {"nothing": "fix"}}', '{"rules": {}, "own": [{"x": 1}]}'):
        with pytest.raises(PlanError):
            Recipe.from_json(text)


def test_recipes_from_the_shell(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    project = make_project(tmp_path / "p", [make_record("Where?", "<p>Here</p>")])
    project.close()

    def shell(*words: str) -> tuple[int, dict[str, Any]]:
        code = run(["--project", str(tmp_path / "p"), "--json", "clean", *words])
        return code, json.loads(capsysbinary.readouterr().out)

    file = str(tmp_path / "r.json")
    assert shell("--rule", "html", "--save-recipe", file)[1]["rules"] == {"html": 1}
    assert shell("--recipe", file, "--apply")[1]["affected"] == 1
    code, answer = shell("--recipe", str(tmp_path / "none.json"))
    assert (code, "cannot be read" in answer["error"]) == (1, True)
