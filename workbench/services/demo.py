"""The sample project: what `make demo` opens."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from crlft.condition import ClassScheme
from workbench.domain.errors import ProjectError
from workbench.services import classes, importing, prompts
from workbench.services.project import Project, create_project, open_project
from workbench.services.sample_data import sample_data_dir

FILES = ("sharegpt.json", "messages.jsonl", "alpaca.json")


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What `make_demo` did.

    Attributes:
        made: False where the folder held a project already.
        conversations: How many were imported; 0 where it was there already.
    """

    made: bool
    conversations: int


def make_demo(
    root: Path, *, actor: str, on_progress: Callable[[int, int | None], None] | None = None
) -> DemoReport:
    """Make a project from the sample data, unless the folder holds one.

    It is made beside its place and moved there when whole, so an interrupted start leaves no half project.

    Raises:
        ProjectError: The folder holds something else, or a project of a newer version.
    """
    root = root.resolve()
    if (root / "project.toml").exists():
        open_project(root)
        return DemoReport(made=False, conversations=0)
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise ProjectError(f"{root} is there and holds no project", "name an empty or a new folder")
    scratch = root.with_name(f".{root.name}.making")
    if scratch.exists():
        shutil.rmtree(scratch)
    imported = _fill(scratch, root.name, actor, on_progress)
    if root.exists():
        root.rmdir()
    scratch.rename(root)
    return DemoReport(made=True, conversations=imported)


def _fill(
    folder: Path, name: str, actor: str, on_progress: Callable[[int, int | None], None] | None
) -> int:
    folder.parent.mkdir(parents=True, exist_ok=True)
    project = create_project(folder, name)
    imported = fill_with_sample(project, actor=actor, on_progress=on_progress)
    project.close()
    return imported


def fill_with_sample(
    project: Project, *, actor: str, on_progress: Callable[[int, int | None], None] | None = None
) -> int:
    """Import the sample data with its classes and held-out prompts; return how many conversations came.

    Raises:
        ProjectError: The sample data is not there.
    """
    source = sample_data_dir()
    table = json.loads((source / "classes.json").read_text(encoding="utf-8"))
    for row in ClassScheme.from_dict(table).classes:
        classes.set_class(project, row.name, condition=row.condition, reward=row.reward, actor=actor)
    report = importing.import_files(
        project,
        [source / file for file in FILES],
        actor=actor,
        class_field=table["field"],
        class_map=table["values"],
        on_progress=on_progress,
    )
    prompts.set_held_out(project, prompts.read_prompts(source / "held_out.jsonl"), actor=actor)
    return report.imported
