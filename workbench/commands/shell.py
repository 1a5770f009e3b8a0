"""What every command shares: which project, how to print, how to show progress."""

from __future__ import annotations

import contextlib
import getpass
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from workbench.services.project import Project, open_project

ProgressCallback = Callable[[int, int | None], None]
"""Called with items done and items in all (None where unknown)."""


@dataclass(frozen=True)
class Shell:
    """The command line's surroundings.

    Attributes:
        root: The project's folder.
        as_json: True prints one JSON object on standard output and nothing else.
    """

    root: Path
    as_json: bool

    @property
    def actor(self) -> str:
        """Who acts: the login name."""
        try:
            return getpass.getuser()
        except (KeyError, OSError):  # a container without a passwd entry for this user id
            return "shell"

    def project(self) -> Project:
        """Open the project.

        Raises:
            ProjectError: There is none here, or a newer program made it.
        """
        return open_project(self.root)

    def finish(self, data: Mapping[str, Any], *lines: str) -> None:
        """Print the result: `data` for machines, `lines` for people."""
        if self.as_json:
            sys.stdout.buffer.write(orjson.dumps(data, default=str, option=orjson.OPT_NON_STR_KEYS) + b"\n")
            sys.stdout.flush()
        else:
            for line in lines:
                typer.echo(line)

    def say(self, line: str) -> None:
        """Tell a person what is going on; silent for machines."""
        if not self.as_json:
            typer.echo(line)

    @contextlib.contextmanager
    def progress(self, title: str) -> Iterator[ProgressCallback]:
        """Draw a bar on standard error while the block runs, if that is a terminal."""
        console = Console(stderr=True)
        if self.as_json or not console.is_terminal:
            yield lambda done, total: None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(title, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)


def shell_of(context: typer.Context) -> Shell:
    """Return the shell that the root command made."""
    shell = context.obj
    assert isinstance(shell, Shell)
    return shell


def plural(number: int, one: str, many: str | None = None) -> str:
    """Return `1 conversation`, `1,234 conversations`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
