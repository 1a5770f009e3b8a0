"""`workbench`: everything the app does, from a shell.

Options that hold for every command (`--project`, `--json`) may stand before or behind the command's name.
Exit codes: 0 done, 1 failed, 2 wrong use.
"""

from __future__ import annotations

import errno
import importlib
import logging
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import orjson
import typer
from typer.exceptions import TyperException

from crlft.errors import CrlftError
from workbench import __version__
from workbench.commands.shell import Shell

GROUPS = {
    "project": ("init", "demo", "app", "stats", "log", "undo"),
    "data": ("import", "quarantine", "search", "snapshot", "export"),
    "curate": ("dedupe", "clean", "tag", "reward", "override", "grades", "keep", "drop"),
    "decontaminate": ("decontaminate",),
    "heldout": ("held-out",),
    "train": ("train", "runs", "stop", "resume"),
    "compare": ("compare", "judge", "probe", "report", "rounds"),
    "suggest": ("suggest",),
    "recipe": ("save-recipe", "replay"),
    "panels": ("panel", "panels", "opinion", "settle"),
}
"""Module of `workbench.commands` → the commands it holds. Only the module of the command that was asked for is
imported: a shell loop over `workbench tag` should not wait for the trainer's settings."""


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"workbench {__version__}")
        raise typer.Exit


def root(
    context: typer.Context,
    project_dir: Annotated[Path, typer.Option("--project", help="The project's folder.")] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Hold what every command needs."""
    context.obj = Shell(project_dir, as_json)


def make_app(command: str | None) -> typer.Typer:
    """Return the application with the module of one command, or with all where none of them was named."""
    app = typer.Typer(
        name="workbench",
        help="Curate conversations, train on them with C-RLFT, compare, bring the outputs back.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(root)
    chosen = [group for group, names in GROUPS.items() if command in names]
    for group in chosen or GROUPS:
        for name, function in importlib.import_module(f"workbench.commands.{group}").COMMANDS:
            app.command(name)(function)
    return app


def hoist_global_options(arguments: Sequence[str]) -> list[str]:
    """Move `--project DIR` and `--json` to the front, so that they may stand anywhere before a `--`."""
    front: list[str] = []
    rest: list[str] = []
    todo = list(arguments)
    while todo:
        word = todo.pop(0)
        if word == "--":
            rest += [word, *todo]
            break
        if word == "--json" or word.startswith("--project="):
            front.append(word)
        elif word == "--project":
            front += [word, *todo[:1]]
            todo = todo[1:]
        else:
            rest.append(word)
    return front + rest


def _fail(as_json: bool, error: str, remedy: str, code: int) -> int:
    if as_json:
        sys.stdout.buffer.write(orjson.dumps({"error": error, "remedy": remedy}) + b"\n")
    else:
        typer.echo(f"error: {error}", err=True)
        if remedy:
            typer.echo(f"  what to do: {remedy}", err=True)
    return code


def _wrong_use(as_json: bool, error: TyperException) -> int:
    if as_json or not hasattr(error, "show"):
        return _fail(as_json, error.format_message(), f"see {_told(error)} --help", 2)
    error.show()  # the usage line and the message, as every command line tool prints them
    return 2


def _told(error: TyperException) -> str:
    """Return the command that was used wrongly, as it is typed."""
    context = getattr(error, "ctx", None)
    return context.command_path if context is not None else "workbench"


_DISK = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)
"""What a folder's owner can mend, not a fault of the program."""
_INTERRUPTED = 130
"""What typer makes of Ctrl-C."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    words = hoist_global_options(arguments)
    as_json = "--json" in words
    named = {name for names in GROUPS.values() for name in names}
    try:
        app = make_app(next((word for word in words if word in named), None))
        result = typer.main.get_command(app).main(args=words, prog_name="workbench", standalone_mode=False)
        if result == _INTERRUPTED:
            raise KeyboardInterrupt
        return result if isinstance(result, int) else 0
    except TyperException as error:
        return _wrong_use(as_json, error)
    except (typer.Abort, KeyboardInterrupt):
        return _fail(as_json, "interrupted", "what was finished is kept; run it again to go on", 1)
    except CrlftError as error:
        return _fail(as_json, error.message, error.remedy, 1)
    except OSError as error:
        if error.errno not in _DISK or error.filename is None:
            return _surprised(as_json, error)
        remedy = "check the folder, its permissions and the room on the disk"
        return _fail(as_json, f"{error.filename} cannot be written or read: {error.strerror}", remedy, 1)
    except Exception as error:  # noqa: BLE001 - the outermost boundary: told in full, never swallowed
        return _surprised(as_json, error)


def _surprised(as_json: bool, error: Exception) -> int:
    """Tell an error that nobody expected, with its trace."""
    traceback.print_exc()
    remedy = "this is a fault of the program; please report the lines above"
    return _fail(as_json, f"{type(error).__name__}: {error}", remedy, 1)


def main() -> None:
    """Entry point of the `workbench` script."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
