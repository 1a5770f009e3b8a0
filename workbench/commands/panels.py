"""`panel`, `panels`, `opinion`, `settle`: several curators."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from workbench.commands.shell import plural, shell_of
from workbench.domain.errors import PlanError
from workbench.services import browsing, curation, deciders, panels
from workbench.services.project import Project

NumberArgument = Annotated[int, typer.Argument(metavar="PANEL", help="The panel's number.")]
WhoOption = Annotated[str, typer.Option("--curator", help="In whose name; default: yours.")]


def panel(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What to call it.")],
    where: Annotated[str, typer.Option("--where", help="The conversations, as a query.")] = "class:none",
    people: Annotated[int, typer.Option(help="How many judge each conversation.")] = 2,
    sample: Annotated[int, typer.Option(help="Conversations at most, drawn at random.")] = 200,
    curator: Annotated[list[str] | None, typer.Option(help="Who is asked; default: whoever comes.")] = None,
) -> None:
    """Let several people judge the same conversations, blind to each other."""
    shell = shell_of(context)
    made = panels.make_panel(
        shell.project(),
        name,
        where,
        people=people,
        sample=sample,
        curators=curator or (),
        actor=shell.actor,
    )
    shell.finish({"panel": made.id, **asdict(made)}, f"Panel {made.id}: {made.name}.")


def list_all(context: typer.Context) -> None:
    """List the panels: how far they are, how far people agree, and who decided what."""
    shell = shell_of(context)
    project = shell.project()
    reports = [panels.panel_report(project, p.id) for p in panels.list_panels(project)]
    lines = []
    for r in reports:
        alpha = "not measured" if r.agreement.alpha is None else f"{r.agreement.alpha:.3f}"
        lines.append(
            f"{r.panel.id:>3}  {r.panel.name}: {r.complete:,} of {len(r.items):,} judged by all,"
            f" {len(r.agreed):,} agreed, {len(r.disputed):,} disputed, {r.settled:,} settled; alpha {alpha}"
        )
        lines += [f"     {p.first} · {p.second}: {p.same:,} of {p.both:,} the same" for p in r.agreement.pairs]
    who = deciders.deciders(project)
    lines += [f"{d.name}: {plural(d.decisions, 'decision')}, last {d.last}" for d in who]
    data = [
        {
            **asdict(r.panel),
            "conversations": len(r.items),
            "complete": r.complete,
            "agreed": len(r.agreed),
            "disputed": [{"id": _uid(project, i.seq), "opinions": dict(i.opinions)} for i in r.disputed],
            "settled": r.settled,
            "by_curator": dict(r.by_curator),
            "agreement": asdict(r.agreement),
        }
        for r in reports
    ]
    shell.finish({"panels": data, "deciders": [asdict(d) for d in who]}, *(lines or ["There is no panel yet."]))


def opinion(
    context: typer.Context,
    panel_id: NumberArgument,
    conversation: Annotated[str, typer.Argument(metavar="ID", help="The conversation.")],
    class_name: Annotated[str, typer.Argument(metavar="CLASS", help="The class.")],
    curator: WhoOption = "",
) -> None:
    """Say what one thinks of a conversation of a panel; it tags nothing."""
    shell = shell_of(context)
    project = shell.project()
    seq = _seq(project, conversation)
    action = panels.give_opinion(project, panel_id, seq, class_name, actor=curator or shell.actor)
    number = action.id if action else None
    shell.finish({"action": number}, "Noted." if action else "You thought so already.")


def settle(
    context: typer.Context,
    panel_id: NumberArgument,
    conversation: Annotated[str, typer.Argument(metavar="[ID", help="A disputed conversation.")] = "",
    class_name: Annotated[str, typer.Argument(metavar="CLASS]", help="What it is.")] = "",
    agreed: Annotated[bool, typer.Option("--agreed", help="Tag everything on which all agree.")] = False,
    curator: WhoOption = "",
) -> None:
    """Decide a conversation on which people differ, or tag all on which they agree."""
    shell = shell_of(context)
    project = shell.project()
    who = curator or shell.actor
    if agreed == bool(conversation) or bool(conversation) != bool(class_name):
        raise PlanError("what is to be settled?", "give a conversation and its class, or --agreed")
    if agreed:
        plan = panels.plan_agreed(project, panel_id)
    else:
        plan = panels.plan_adjudicate(project, panel_id, _seq(project, conversation), class_name, actor=who)
    action = curation.apply_plan(project, plan, actor=who) if plan.affected else None
    number = action.id if action else None
    done = f"Done: {plan.title} (workbench undo {number} takes it back)." if action else "Nothing to settle."
    shell.finish({"action": number, "affected": plan.affected}, done)


def _seq(project: Project, uid: str) -> int:
    return browsing.get_record(project, uid).seq


def _uid(project: Project, seq: int) -> str:
    return browsing.get_record(project, seq).uid


COMMANDS = (("panel", panel), ("panels", list_all), ("opinion", opinion), ("settle", settle))
