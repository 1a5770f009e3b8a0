"""Rules of one's own, and recipes: which rules run, and what is then decided in bulk; kept, shared, replayed.

save_own_rule(project, OwnRule("sign-off", "Best regards, the bot"), actor="ann")
recipe = Recipe.of(cleaning.scan(project).rules)
save_recipe(project, "house", recipe, actor="ann")
cleaning.scan(other_project, **use_recipe(other_project, recipe, actor="ben"))
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypedDict

from workbench.curate.clean import RULES, ActiveRule
from workbench.curate.clean.own import OwnRule, own_rule
from workbench.domain.errors import NotFound, PlanError
from workbench.services.project import Project, get_setting, set_setting

_OWN, _RECIPES = "clean-own-rules", "clean-recipes"


class Choice(TypedDict):
    """What `cleaning.scan` takes."""

    rules: list[str]
    verdicts: dict[str, str]
    params: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class BulkDecision:
    """A decision over all that match a query.

    Attributes:
        kind: `tag`, `keep`, `drop`, `restore` or `reward`.
        query: Which conversations.
        value: The class (None takes the tag away) or the reward (None follows the class); None elsewhere.
        reason: Why.
    """

    kind: str
    query: str
    value: str | float | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if self.kind not in BULK_KINDS or not isinstance(self.query, str):
            raise ValueError(f"{self.kind!r} is no decision over all that match a query")


BULK_KINDS = ("tag", "keep", "drop", "restore", "reward")


@dataclass(frozen=True)
class Recipe:
    """Which rules run, and how; and what is decided then.

    Attributes:
        verdicts: Rule name → verdict, in the order they run.
        params: Rule name → parameters, of the rules that have some.
        own: The rules among them that somebody added.
        decisions: What is then decided over all that match a query, in order (`workbench.services.replay`).
    """

    verdicts: Mapping[str, str]
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    own: tuple[OwnRule, ...] = ()
    decisions: tuple[BulkDecision, ...] = ()

    @classmethod
    def of(cls, rules: Sequence[ActiveRule]) -> Recipe:
        """Return the recipe of rules that ran."""
        built_in = [a.rule for a in rules if a.rule.name in RULES]
        return cls(
            {a.rule.name: a.verdict for a in rules},
            {rule.name: dict(rule.params) for rule in built_in if rule.configure is not None},
            tuple(OwnRule.from_dict(a.rule.params) for a in rules if a.rule.name not in RULES),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        params = {name: dict(values) for name, values in self.params.items()}
        data = {"rules": dict(self.verdicts), "params": params, "own": [o.to_dict() for o in self.own]}
        return {**data, "decisions": [asdict(d) for d in self.decisions]} if self.decisions else data

    def to_json(self) -> str:
        """Return the recipe as a file holds it."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Read what `to_json` wrote.

        Raises:
            PlanError: It is no recipe.
        """
        try:
            data = json.loads(text)
            own = tuple(OwnRule.from_dict(o) for o in data.get("own", ()))
            decisions = tuple(BulkDecision(**d) for d in data.get("decisions", ()))
            recipe = cls(dict(data["rules"]), dict(data.get("params", {})), own, decisions)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise PlanError(
                f"not a recipe: {error}", "save one on the Clean page, or under Tag, In bulk, and share that"
            ) from error
        missing = [n for n in recipe.verdicts if n not in RULES and n not in {o.name for o in own}]
        if missing:
            raise PlanError(f"the recipe names a rule {missing[0]!r} that it does not hold", "save it anew")
        return recipe


def own_rules(project: Project) -> list[OwnRule]:
    """Return the rules that were added to the project."""
    return [OwnRule.from_dict(data) for data in get_setting(project, _OWN, [])]


def save_own_rule(project: Project, own: OwnRule, *, actor: str) -> None:
    """Add a rule, or change the one of its name; an entry of the log that undo takes back.

    Raises:
        PlanError: It makes no sense, or a built-in rule has its name.
    """
    if own.name in RULES:
        raise PlanError(f"{own.name!r} is a rule of the program", "give yours another name")
    own_rule(own)
    others = [o for o in own_rules(project) if o.name != own.name]
    set_setting(project, _OWN, [o.to_dict() for o in (*others, own)], actor=actor)


def remove_own_rule(project: Project, name: str, *, actor: str) -> None:
    """Remove an added rule.

    Raises:
        NotFound: There is none of this name.
    """
    known = own_rules(project)
    if name not in {o.name for o in known}:
        raise NotFound(f"there is no rule {name!r} of your own", "see the list on the Clean page")
    set_setting(project, _OWN, [o.to_dict() for o in known if o.name != name], actor=actor)


def recipes(project: Project) -> dict[str, Recipe]:
    """Return the project's recipes by name."""
    kept = get_setting(project, _RECIPES, {})
    return {name: Recipe.from_json(json.dumps(data)) for name, data in sorted(kept.items())}


def save_recipe(project: Project, name: str, recipe: Recipe, *, actor: str) -> None:
    """Keep a recipe under a name; one that is there is replaced.

    Raises:
        PlanError: The name is empty.
    """
    if not name.strip():
        raise PlanError("a recipe needs a name", "write one")
    kept = get_setting(project, _RECIPES, {})
    set_setting(project, _RECIPES, {**kept, name.strip(): recipe.to_dict()}, actor=actor)


def use_recipe(project: Project, recipe: Recipe, *, actor: str) -> Choice:
    """Bring a recipe's own rules into the project; return what `cleaning.scan` takes to run it."""
    there = {o.name: o for o in own_rules(project)}
    for own in recipe.own:
        if there.get(own.name) != own:
            save_own_rule(project, own, actor=actor)
    params = {name: dict(values) for name, values in recipe.params.items()}
    return {"rules": list(recipe.verdicts), "verdicts": dict(recipe.verdicts), "params": params}
