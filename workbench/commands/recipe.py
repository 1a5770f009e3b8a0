"""`save-recipe`, `replay`: the decisions over all that match a query, made again on other data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.commands.shell import plural, shell_of
from workbench.domain.errors import PlanError
from workbench.services import cleaning, curation, recipes, replay


def save_recipe(
    context: typer.Context,
    output: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")],
    name: Annotated[str, typer.Option(help="Keep it in the project under this name too.")] = "",
    rules: Annotated[str, typer.Option(help="Begin with the cleaning rules of this kept recipe.")] = "",
) -> None:
    """Write the bulk decisions that are in force as a recipe."""
    shell = shell_of(context)
    project = shell.project()
    kept = recipes.recipes(project)
    if rules and rules not in kept:
        raise PlanError(f"there is no recipe {rules!r}", f"use one of {', '.join(kept) or 'none is kept yet'}")
    logged = replay.bulk_decisions(project)
    recipe = replay.with_decisions(kept.get(rules, recipes.Recipe({})), [one.decision for one in logged])
    output.write_text(recipe.to_json(), encoding="utf-8")
    if name:
        recipes.save_recipe(project, name, recipe, actor=shell.actor)
    local = sorted({field for one in logged for field in one.local})
    lines = [f"{plural(len(logged), 'decision')} in {output}."]
    if local:
        lines.append(f"What is named by {', '.join(local)} means something else in another project.")
    shell.finish({"decisions": len(logged), "file": str(output), "local": local}, *lines)


def run_again(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A recipe's file.")],
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without this it is only shown.")] = False,
) -> None:
    """Run a recipe: its cleaning rules, then its decisions; each is one entry of the log."""
    shell = shell_of(context)
    project = shell.project()
    try:
        recipe = recipes.Recipe.from_json(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise PlanError(f"{source} cannot be read: {error.strerror}", "name a recipe's file") from error
    except UnicodeDecodeError as error:
        raise PlanError(f"{source} is no text file", "name a recipe's file") from error
    steps = replay.preview(project, recipe.decisions)
    actions = []
    cleaned = 0
    if recipe.verdicts:
        with shell.progress("Looking for troubles") as progress:
            chosen = recipes.use_recipe(project, recipe, actor=shell.actor)
            found = cleaning.scan(
                project,
                chosen["rules"],
                verdicts=chosen["verdicts"],
                params=chosen["params"],
                on_progress=progress,
            )
        plan = cleaning.plan_clean(project, found)
        cleaned = plan.affected
        if apply and plan.affected:
            actions.append(curation.apply_plan(project, plan, actor=shell.actor))
    if apply:
        with shell.progress("Deciding") as progress:
            actions += replay.replay(project, recipe.decisions, actor=shell.actor, on_progress=progress)
    lines = [f"  {cleaned:>9,}  cleaned"] if recipe.verdicts else []
    lines += [
        f"  {s.matches:>9,}  {s.decision.kind} {'' if s.decision.value is None else s.decision.value}"
        f"  {s.decision.query}"
        for s in steps
    ]
    numbers = [action.id for action in actions]
    end = f"Done: actions {', '.join(map(str, numbers))}." if apply else "Add --apply to do it."
    data = {
        "actions": numbers,
        "affected": sum(a.affected for a in actions),
        "cleaned": cleaned,
        "steps": [{"kind": s.decision.kind, "query": s.decision.query, "matches": s.matches} for s in steps],
    }
    shell.finish(data, *lines, end)


COMMANDS = (("save-recipe", save_recipe), ("replay", run_again))
