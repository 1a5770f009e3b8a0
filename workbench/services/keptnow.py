"""Runs a command on what is kept now: written down for it, and taken away behind it.

    python -m workbench.services.keptnow PROJECT FOLDER -- crlft preview FOLDER …

The data is what a snapshot made at this moment would hold; no snapshot is made.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import func, select

from crlft.errors import CrlftError
from workbench.services.project import Project, open_project
from workbench.services.snapshots import write_aside
from workbench.store.schema import actions

_NO_DATA = ("run", "snapshot", "round", "comparison", "export", "settings")
"""Kinds of log entries that change no conversation and no class."""


def kept_now_command(project: Project, folder: str, command: Sequence[str]) -> list[str]:
    """Return the argument vector that writes the data to `folder` and runs `command` on it."""
    module = "workbench.services.keptnow"
    return [sys.executable, "-m", module, str(project.root), folder, "--", *command]


def kept_now_stamp(project: Project) -> str:
    """Return what changes whenever conversations or classes do: every decision is in the log."""
    with project.database.read() as connection:
        query = select(func.max(actions.c.id)).where(actions.c.kind.not_in(_NO_DATA))
        return f"kept now, as of action {connection.execute(query).scalar() or 0}"


def main() -> int:
    """Write, run, take away; return the command's exit code."""
    project, folder, command = open_project(Path(sys.argv[1])), Path(sys.argv[2]), sys.argv[4:]
    shutil.rmtree(folder, ignore_errors=True)
    try:
        write_aside(project, folder)
        project.close()
        return subprocess.run(command, check=False).returncode
    except CrlftError as error:
        sys.stdout.write(json.dumps({"error": error.message, "remedy": error.remedy}) + "\n")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    raise SystemExit(main())
