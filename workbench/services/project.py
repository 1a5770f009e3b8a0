"""Projects: making one, opening one, and where it stands.

DIR/project.toml    schema_version, name, id
DIR/workbench.db    everything but the big files
DIR/snapshots/      immutable dataset versions
DIR/runs/           training, generation and embedding jobs
DIR/exports/        what was written for others
DIR/cache/          what can be computed again; may be deleted at any time
"""

from __future__ import annotations

import tomllib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from crlft.condition import OPENCHAT_SCHEME
from crlft.runfolder import write_atomically
from workbench.domain.errors import ProjectError
from workbench.services.palette import PALETTE
from workbench.services.progress import Standing, next_step, standing
from workbench.store import settings as setting_store
from workbench.store.actions import record_action
from workbench.store.classes import ClassEntry, write_class
from workbench.store.conversations import now
from workbench.store.cube import read_cube, totals
from workbench.store.database import Database, open_database
from workbench.store.migrations import SCHEMA_VERSION, check_version
from workbench.store.objects import change_object
from workbench.store.quarantine import count_quarantine
from workbench.store.schema import rounds

MANIFEST = "project.toml"


@dataclass(frozen=True)
class Project:
    """A handle on a project.

    Attributes:
        root: The project's folder.
        name: What people call it.
        database: Its database.
    """

    root: Path
    name: str
    database: Database

    @property
    def runs(self) -> Path:
        """The folder of jobs."""
        return self.root / "runs"

    @property
    def snapshots(self) -> Path:
        """The folder of snapshots."""
        return self.root / "snapshots"

    def close(self) -> None:
        """Close the database; needed only before the folder is moved or removed."""
        self.database.close()


@dataclass(frozen=True, slots=True)
class Overview:
    """Where a project stands.

    Attributes:
        name: The project's name.
        conversations: All conversations, dropped ones too.
        tokens: Their tokens.
        supervised_tokens: Tokens that are learnt from: of the answers of those that are not dropped.
        classes: Conversations by class, without dropped ones; `none` is untagged.
        statuses: Conversations by status.
        sources: Conversations by source, most frequent first, without dropped ones.
        languages: Conversations by language, without dropped ones.
        rounds: Conversations by round of arrival.
        untagged: Conversations without a class that are not dropped.
        quarantined: Rows that could not be read.
        round: The current round.
        steps: The loop's steps in order, and whether each was done in this round.
        next_step: What to do next: `import`, `dedupe`, `clean`, `tag`, `snapshot`, `train`, `compare` or
            `next-round`.
    """

    name: str
    conversations: int
    tokens: int
    supervised_tokens: int
    classes: Mapping[str, int]
    statuses: Mapping[str, int]
    sources: Mapping[str, int]
    languages: Mapping[str, int]
    rounds: Mapping[str, int]
    untagged: int
    quarantined: int
    round: int
    steps: Mapping[str, bool]
    next_step: str


def create_project(root: Path | str, name: str | None = None) -> Project:
    """Make a project with OpenChat's two classes.

    Args:
        root: The folder; made if missing. Files that stand in it are left alone.
        name: The project's name; default: the folder's.

    Raises:
        ProjectError: There is a project already, or the folder cannot be made.
    """
    root = Path(root).resolve()
    if (root / MANIFEST).exists():
        raise ProjectError(f"{root} holds a project already", "open it, or name another folder")
    try:
        for folder in ("snapshots", "runs", "exports"):
            (root / folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProjectError(f"{root} cannot be made a project: {error.strerror}", "name another folder") from error
    name = (name or root.name).strip()
    database = open_database(root / "workbench.db")
    with database.write() as connection:
        for position, c in enumerate(OPENCHAT_SCHEME.classes):
            key = str(position + 1)
            write_class(connection, ClassEntry(c.name, c.condition, c.reward, PALETTE[position], key, position))
        if not connection.execute(rounds.select().limit(1)).first():
            connection.execute(rounds.insert().values(number=1, started_at=now()))
    # Written last: a folder without it is no project, so a broken start can be tried again.
    table = {"schema_version": SCHEMA_VERSION, "name": name, "id": uuid.uuid4().hex[:16]}
    write_atomically(root / MANIFEST, tomlkit.dumps(table))
    return Project(root, name, database)


def open_project(root: Path | str) -> Project:
    """Open a project, bringing an older one to this version.

    Raises:
        ProjectError: There is none, it is damaged, or it was made by a newer version.
    """
    root = Path(root).resolve()
    try:
        table = tomllib.loads((root / MANIFEST).read_text(encoding="utf-8"))
        name, version = str(table["name"]), int(table["schema_version"])
    except (FileNotFoundError, NotADirectoryError):
        remedy = "make one with `workbench init`, or name its folder"
        raise ProjectError(f"{root} holds no project", remedy) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, ValueError, TypeError) as error:
        raise ProjectError(
            f"{root / MANIFEST} cannot be read: {error}", "give it the lines schema_version, name and id"
        ) from error
    check_version(version, str(root))
    if not (root / "workbench.db").exists():
        raise ProjectError(f"{root} has lost its workbench.db", "copy the file back from a backup")
    return Project(root, name, open_database(root / "workbench.db"))


def project_overview(project: Project) -> Overview:
    """Return where a project stands."""
    with project.database.read() as connection:
        cells = read_cube(connection)
        quarantined = count_quarantine(connection)
        where: Standing = standing(connection)
    active = [cell for cell in cells if cell.key.status != "dropped"]
    named = {k or "none": n for k, n in totals(active, "class_name").items()}
    return Overview(
        name=project.name,
        conversations=sum(cell.n for cell in cells),
        tokens=sum(cell.n_tokens for cell in cells),
        supervised_tokens=sum(cell.supervised_tokens for cell in active),
        classes=named,
        statuses=totals(cells, "status"),
        sources={k or "none": n for k, n in totals(active, "source").items()},
        languages={k or "none": n for k, n in totals(active, "language").items()},
        rounds=totals(cells, "round"),
        untagged=named.get("none", 0),
        quarantined=quarantined,
        round=where.round,
        steps=where.steps,
        next_step=next_step(where.steps),
    )


_CHANGES = {
    "clean-own-rules": "change the cleaning rules of one's own",
    "clean-recipes": "change the cleaning recipes",
    "column_mappings": "say which column is what",
    "embedder": "choose the embedder",
    "tag-rules": "change the rules for tags",
    "views": "change the saved views",
}
"""What the log says when a setting of that name is changed."""


def get_setting(project: Project, key: str, default: Any = None) -> Any:
    """Return a setting, or the default where it was never set."""
    with project.database.read() as connection:
        return setting_store.get_setting(connection, key, default)


def set_setting(project: Project, key: str, value: Any, *, actor: str = "") -> None:
    """Set a setting.

    Args:
        project: The project.
        key: Its name.
        value: Anything that JSON holds.
        actor: Who sets it; with a name the change stands in the log and can be undone, without one (a page's
            own memory) it does not.
    """
    with project.database.write() as connection:
        before = setting_store.get_setting(connection, key)
        setting_store.set_setting(connection, key, value)
        if actor and before != value:
            objects = [change_object("settings", key, before, value)]
            title = _CHANGES.get(key, f"set {key}")
            record_action(connection, "settings", title, actor, params={"objects": objects}, undoable=True)
