"""`init`, `demo`, `app`, `stats`, `log`, `undo`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from workbench.commands.shell import Shell, plural, shell_of
from workbench.services import curation, demo
from workbench.services.project import create_project, project_overview
from workbench.ui import launch

PortOption = Annotated[int, typer.Option(help="The port; the next free one is taken if it is in use.")]
AddressOption = Annotated[str, typer.Option(help="Where to listen.")]
OpenOption = Annotated[bool, typer.Option("--open/--no-open", help="Open a browser window.")]


def init(
    context: typer.Context,
    name: Annotated[str | None, typer.Option(help="The project's name; default: the folder's.")] = None,
) -> None:
    """Make an empty project in the project folder."""
    shell = shell_of(context)
    project = create_project(shell.root, name)
    shell.finish(
        {"project": str(project.root.resolve()), "name": project.name},
        f"Made project {project.name!r} in {project.root.resolve()}.",
        "Next: workbench import FILE…",
    )


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
    data = dataclasses.asdict(overview)
    lines = [f"{key.replace('_', ' ')}: {value}" for key, value in data.items()]
    shell.finish(data, *lines)


def log(
    context: typer.Context,
    limit: Annotated[int, typer.Option(help="How many entries, newest first.")] = 20,
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
