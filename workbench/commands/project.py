"""`init`, `demo`, `app`, `stats`, `log`, `undo`."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from workbench.commands.shell import Shell, plural, shell_of
from workbench.services import curation, demo
from workbench.services.project import Overview, create_project, project_overview
from workbench.ui import launch

PortOption = Annotated[int, typer.Option(help="The port; the next free one is taken if it is in use.")]
AddressOption = Annotated[str, typer.Option(help="Where to listen.")]
OpenOption = Annotated[bool, typer.Option("--open/--no-open", help="Open a browser window.")]


def init(
    context: typer.Context,
    directory: Annotated[Path | None, typer.Argument(help="The folder; default: --project.")] = None,
    name: Annotated[str | None, typer.Option(help="The project's name; default: the folder's.")] = None,
) -> None:
    """Make an empty project in a folder."""
    shell = shell_of(context)
    project = create_project(directory or shell.root, name)
    shell.finish(
        {"project": str(project.root.resolve()), "name": project.name},
        f"Made project {project.name!r} in {project.root.resolve()}.",
        f"Next: workbench {_at(directory)}import FILE…",
    )


def _at(directory: Path | None) -> str:
    """Return the option that leads to a folder; none where the next command looks there anyway."""
    return f"--project {shlex.quote(str(directory))} " if directory is not None else ""


def demo_command(
    context: typer.Context,
    directory: Annotated[Path | None, typer.Argument(help="The folder; default: --project.")] = None,
    port: PortOption = 8501,
    open_browser: OpenOption = True,
    app: Annotated[bool, typer.Option("--app/--no-app", help="Open the app afterwards.")] = True,
) -> None:
    """Make a project from the sample data if the folder has none, then open the app."""
    shell = shell_of(context)
    root = directory or shell.root
    with shell.progress("Making the sample project") as progress:
        report = demo.make_demo(root, actor=shell.actor, on_progress=progress)
    if report.made:
        line = f"Made a sample project of {plural(report.conversations, 'conversation')} in {root.resolve()}."
    else:
        line = f"Using the project that is already in {root.resolve()}."
    shell.finish({"project": str(root.resolve()), "made": report.made}, line)
    if app and not shell.as_json:
        launch.run_app(Shell(root, False).project().root, port=port, open_browser=open_browser)


def app_command(
    context: typer.Context,
    port: PortOption = 8501,
    address: AddressOption = "127.0.0.1",
    open_browser: OpenOption = True,
) -> None:
    """Open the app on the project."""
    shell = shell_of(context)
    project = shell.project()
    launch.run_app(project.root, port=port, address=address, open_browser=open_browser)


def stats(context: typer.Context) -> None:
    """Show the project's key numbers."""
    shell = shell_of(context)
    overview = project_overview(shell.project())
    shell.finish(dataclasses.asdict(overview), *_standing(overview))


_VALUES_SHOWN = 10


def _standing(overview: Overview) -> list[str]:
    """Return an overview as lines for people: a table of two columns."""

    def counts(of: Mapping[str, int]) -> str:
        shown = [f"{name} {n:,}" for name, n in list(of.items())[:_VALUES_SHOWN]]
        more = [f"{len(of) - _VALUES_SHOWN:,} more"] if len(of) > _VALUES_SHOWN else []
        return ", ".join(shown + more) or "none"

    done = [step for step, is_done in overview.steps.items() if is_done]
    rows = {
        "project": overview.name,
        "conversations": f"{overview.conversations:,} ({counts(overview.statuses)})",
        "classes": counts(overview.classes),
        "sources": counts(overview.sources),
        "languages": counts(overview.languages),
        "tokens": f"{overview.tokens:,}, learnt from {overview.supervised_tokens:,}",
        "quarantine": plural(overview.quarantined, "row"),
        "round": f"{overview.round} (done: {', '.join(done) or 'nothing'})",
        "next step": overview.next_step,
    }
    return [f"{name:<14} {value}" for name, value in rows.items()]


def log(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many entries, newest first.")] = 20,
) -> None:
    """Show what was done, newest first."""
    shell = shell_of(context)
    actions = curation.log(shell.project(), limit=limit)
    lines = []
    for action in actions:
        state = f" (undone by {action.undone_by})" if action.undone_by else ""
        lines.append(f"{action.id:>5}  {action.at[:16]}  {action.actor:<12} {action.title}{state}")
    shell.finish({"actions": [dataclasses.asdict(a) for a in actions]}, *(lines or ["Nothing was done yet."]))


def undo(
    context: typer.Context,
    action: Annotated[int | None, typer.Argument(help="The entry's number; default: your last one.")] = None,
) -> None:
    """Undo an entry of the log; undoing an undo does it again."""
    shell = shell_of(context)
    with shell.progress("Undoing") as progress:
        done = curation.undo(shell.project(), action, actor=shell.actor, on_progress=progress)
    shell.finish({"action": done.id, "affected": done.affected, "undoes": done.undoes}, f"{done.title}.")


COMMANDS = (
    ("init", init),
    ("demo", demo_command),
    ("app", app_command),
    ("stats", stats),
    ("log", log),
    ("undo", undo),
)
