"""`dedupe`, `clean`, `tag`, `reward`, `keep`, `drop`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from workbench.commands.shell import Shell, plural, shell_of
from workbench.domain.curation import Plan
from workbench.domain.errors import PlanError
from workbench.services import browsing, cleaning, curation, duplicates, recipes, rewardmass
from workbench.services.clusterdedupe import dedupe_parquet
from workbench.services.filededupe import FileReport, FileSearch, dedupe_file
from workbench.services.project import Project

WhereOption = Annotated[str, typer.Option("--where", help="The conversations, as a query.")]
ApplyOption = Annotated[bool, typer.Option("--apply", help="Do it; without this the plan is only shown.")]


def _plan_lines(plan: Plan) -> list[str]:
    lines = [f"Plan: {plan.title}."]
    lines += [f"  {n:>7,} × {field}: {before} → {after}" for field, before, after, n in plan.summary()[:12]]
    return lines


def _apply(shell: Shell, project: Project, plan: Plan) -> None:
    action = None
    if plan.affected:
        with shell.progress("Applying") as progress:
            action = curation.apply_plan(project, plan, actor=shell.actor, on_progress=progress)
    number = action.id if action else None
    done = f"Done: {plan.title} (workbench undo {number} takes it back)." if action else "Nothing to change."
    shell.finish({"action": number, "affected": plan.affected, "unchanged": plan.unchanged}, done)


def dedupe(
    context: typer.Context,
    method: Annotated[str, typer.Option(help="exact, near or semantic (by embeddings).")] = "near",
    part: Annotated[str, typer.Option(help="conversation, prompt or answer.")] = "conversation",
    threshold: Annotated[
        float | None, typer.Option(help="Least similarity; default 0.8 for near, 0.95 for semantic.")
    ] = None,
    keep: Annotated[str, typer.Option(help="Which to keep: best, longest, newest or first.")] = "best",
    where: WhereOption = "",
    apply: ApplyOption = False,
    source: Annotated[Path | None, typer.Option("--input", help="A file instead of the project.")] = None,
    output: Annotated[Path | None, typer.Option(help="Where the file's parts go: kept, dropped.")] = None,
    punctuation: Annotated[bool, typer.Option(help="Whether it makes texts unequal, for exact.")] = True,
    shingles: Annotated[str, typer.Option(help="What near compares: words or characters.")] = "words",
    engine: Annotated[str, typer.Option(help="local or ray (reads Parquet files, or the project).")] = "local",
    ray_address: Annotated[str | None, typer.Option(help="A Ray cluster; default: start one here.")] = None,
) -> None:
    """Find duplicates and drop all but one of each group; with --input and --output those of a file."""
    shell = shell_of(context)
    if source is not None or output is not None:
        if where or apply:
            raise PlanError("--where and --apply are for a project", "leave them out: a file is only read")
        run: Callable[..., FileReport] = dedupe_file
        if duplicates.on_ray(engine, ray_address):
            run = partial(dedupe_parquet, address=ray_address)
        least = 0.8 if threshold is None else threshold
        search = FileSearch(
            duplicates.known_method(method), duplicates.known_part(part), least, keep, punctuation, shingles
        )
        _dedupe_file(shell, source, output, partial(run, search=search))
        return
    project = shell.project()
    with shell.progress("Looking for duplicates") as progress:
        result = duplicates.find_duplicates(
            project,
            method=method,
            part=part,
            threshold=threshold,
            query=where,
            shingles=shingles,
            punctuation=punctuation,
            engine=engine,
            ray_address=ray_address,
            actor=shell.actor,
            on_progress=progress,
        )
    plan = duplicates.plan_dedupe(project, result, keep=keep)
    if apply:
        _apply(shell, project, plan)
        return
    data = {
        "action": None,
        "affected": plan.affected,
        "groups": len(result.groups),
        "contrasts": len(result.contrasts),
        "conflicts": len(result.conflicts),
    }
    shell.finish(data, f"{plural(len(result.groups), 'group')}.", *_plan_lines(plan), "Add --apply to do it.")


def _dedupe_file(
    shell: Shell, source: Path | None, output: Path | None, run: Callable[..., FileReport]
) -> None:
    if source is None or output is None:
        raise PlanError("--input and --output go together", "name both the file and a folder for its parts")
    with shell.progress("Looking for duplicates") as progress:
        report = run(source, output, on_progress=progress)
    data = {"action": None, "affected": report.dropped, **asdict(report)}
    shell.finish(
        data,
        f"{report.kept:,} of {report.rows:,} rows stay, {report.dropped:,} go.",
        f"{plural(report.groups, 'group')} of duplicates.",
        *([f"{report.unread:,} could not be read."] if report.unread else []),
        *report.files,
    )


def clean(
    context: typer.Context,
    rule: Annotated[list[str] | None, typer.Option(help="A rule's name; default: those on by default.")] = None,
    where: WhereOption = "",
    recipe: Annotated[Path | None, typer.Option(help="Run a saved recipe: rules, verdicts, parameters.")] = None,
    save_recipe: Annotated[Path | None, typer.Option(help="Write what ran as a recipe.")] = None,
    apply: ApplyOption = False,
) -> None:
    """Find troubles in the texts, and fix, flag or drop them."""
    shell = shell_of(context)
    project = shell.project()
    chosen: recipes.Choice = {"rules": rule or [], "verdicts": {}, "params": {}}
    if recipe is not None:
        try:
            text = recipe.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PlanError(f"{recipe} cannot be read: {error}", "name a recipe's file") from error
        chosen = recipes.use_recipe(project, recipes.Recipe.from_json(text), actor=shell.actor)
    with shell.progress("Looking for troubles") as progress:
        scan = cleaning.scan(
            project,
            chosen["rules"] or None,
            query=where,
            verdicts=chosen["verdicts"],
            params=chosen["params"],
            on_progress=progress,
        )
    if save_recipe is not None:
        save_recipe.write_text(recipes.Recipe.of(scan.rules).to_json(), encoding="utf-8")
    plan = cleaning.plan_clean(project, scan)
    if apply:
        _apply(shell, project, plan)
        return
    counts = scan.counts()
    lines = [f"  {count:>7,}  {name}" for name, count in counts.items()]
    data = {"action": None, "affected": plan.affected, "rules": counts}
    shell.finish(data, *lines, *_plan_lines(plan), "Add --apply to do it.")


def tag(
    context: typer.Context,
    class_name: Annotated[str, typer.Argument(metavar="CLASS", help="The class; 'none' takes the tag away.")],
    where: WhereOption,
) -> None:
    """Tag every conversation that matches."""
    shell = shell_of(context)
    project = shell.project()
    plan = curation.plan_tag(project, None if class_name == "none" else class_name, query=where)
    _apply(shell, project, plan)


def reward(
    context: typer.Context,
    class_name: Annotated[str, typer.Argument(metavar="CLASS", help="The class.")],
    value: Annotated[float, typer.Argument(help="Its coarse reward.")],
    beta: Annotated[float | None, typer.Option(help="The temperature β for all classes.")] = None,
) -> None:
    """Set a class's coarse reward, or make the class; shows the loss weights and shares that follow."""
    shell = shell_of(context)
    project = shell.project()
    action = curation.set_class(project, class_name, reward=value, actor=shell.actor)
    done = [action.title]
    if beta is not None:
        action = curation.set_beta(project, beta, actor=shell.actor)
        done.append(action.title)
    rows = rewardmass.preview_mass(project, rewardmass.mass_material(project)).classes
    table = [
        {"class": r.name, "reward": r.reward, "loss_weight": r.loss_weight, "mass_share": r.mass_share}
        for r in rows
    ]
    lines = [
        f"{r.name:<12} reward {r.reward:<8g} loss weight {r.loss_weight:<8.4g} reward mass {r.mass_share:.1%}"
        for r in rows
    ]
    shell.finish({"action": action.id, "affected": 1, "classes": table}, f"Done: {'; '.join(done)}.", *lines)


def grades(context: typer.Context) -> None:
    """Make five classes, from excellent (reward 1) to bad (0); empty other classes make room."""
    shell = shell_of(context)
    action = curation.make_grades(shell.project(), actor=shell.actor)
    shell.finish({"action": action.id}, f"Done: {action.title} (workbench undo {action.id} takes it back).")


def override(
    context: typer.Context,
    value: Annotated[str, typer.Argument(metavar="REWARD", help="A number; 'none' follows the class again.")],
    where: WhereOption,
    reason: Annotated[str, typer.Option(help="Why; it is kept in the log.")] = "",
    turn: Annotated[
        int | None, typer.Option(help="Only this turn's answer, counted from 1; --where names one conversation.")
    ] = None,
) -> None:
    """Give conversations, or one answer, a reward of their own instead of their class's."""
    shell = shell_of(context)
    project = shell.project()
    try:
        reward = None if value == "none" else float(value)
    except ValueError as error:
        raise PlanError(f"the reward {value!r} is no number", "give one such as 0.5, or none") from error
    if turn is None:
        _apply(shell, project, curation.plan_reward(project, reward, reason, query=where))
        return
    found = browsing.matching_seqs(project, where)
    if len(found) != 1:
        raise PlanError(
            f"--turn is about one conversation, and {len(found):,} match {where!r}", "name it: --where id:…"
        )
    _apply(shell, project, curation.plan_reward_turn(project, found[0], turn - 1, reward, reason))


def _status(context: typer.Context, status: str, where: str, reason: str) -> None:
    shell = shell_of(context)
    project = shell.project()
    _apply(shell, project, curation.plan_status(project, status, reason, query=where))


def keep(
    context: typer.Context,
    where: WhereOption,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Keep every conversation that matches."""
    _status(context, "kept", where, reason)


def drop(
    context: typer.Context,
    where: WhereOption,
    reason: Annotated[str, typer.Option(help="Why; it is stored with each conversation.")],
) -> None:
    """Drop every conversation that matches: a label with a reason, never a loss."""
    _status(context, "dropped", where, reason)


COMMANDS = (
    ("dedupe", dedupe),
    ("clean", clean),
    ("tag", tag),
    ("reward", reward),
    ("override", override),
    ("grades", grades),
    ("keep", keep),
    ("drop", drop),
)
