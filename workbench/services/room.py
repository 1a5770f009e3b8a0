"""Room on the disk: what runs leave lying that nobody needs, and taking it away for good.

Deleting a run only moves it to the trash. These two really free space: emptying the trash, and dropping the
checkpoints of finished runs (their models, curves and logs stay; a finished run is never resumed).
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from crlft.runfolder import RunFolder
from workbench.domain.errors import JobError
from workbench.jobs.control import TRASH
from workbench.services import jobs
from workbench.services.project import Project
from workbench.store.actions import record_action


@dataclass(frozen=True, slots=True)
class Room:
    """What could be freed.

    Attributes:
        free_bytes: What the project's disk has left.
        trash_bytes: What emptying the trash frees.
        trashed: Runs in the trash.
        checkpoint_bytes: What the checkpoints of finished runs take.
        finished: Finished runs that still have checkpoints.
    """

    free_bytes: int
    trash_bytes: int
    trashed: int
    checkpoint_bytes: int
    finished: int


def room(project: Project) -> Room:
    """Look at what could be freed; changes nothing."""
    lying, checkpoints = _lying(project), _finished_checkpoints(project)
    return Room(
        free_bytes=shutil.disk_usage(project.root).free,
        trash_bytes=sum(_size(p) for p in lying),
        trashed=len(lying),
        checkpoint_bytes=sum(_size(p) for p in checkpoints),
        finished=len(checkpoints),
    )


def empty_trash(project: Project, *, actor: str) -> int:
    """Delete what lies in the trash for good; return the bytes it took.

    Raises:
        JobError: Something in it cannot be deleted.
    """
    return _remove(project, _lying(project), "empty the trash of runs", actor)


def drop_checkpoints(project: Project, *, actor: str) -> int:
    """Delete the checkpoints of finished runs; return the bytes they took.

    Raises:
        JobError: One cannot be deleted.
    """
    return _remove(project, _finished_checkpoints(project), "drop the checkpoints of finished runs", actor)


def _lying(project: Project) -> list[Path]:
    trash = jobs.runs_dir(project) / TRASH
    return sorted(p for p in trash.iterdir() if p.is_dir()) if trash.is_dir() else []


def _finished_checkpoints(project: Project) -> list[Path]:
    found = []
    for job in jobs.all_jobs(project, "train"):
        folder = RunFolder(jobs.runs_dir(project) / job.id)
        whole = job.status == "done" and (folder.model / "config.json").is_file()
        if whole and folder.checkpoints.is_dir() and any(folder.checkpoints.iterdir()):
            found.append(folder.checkpoints)
    return found


def _remove(project: Project, folders: list[Path], words: str, actor: str) -> int:
    freed = sum(_size(p) for p in folders)
    for folder in folders:
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise JobError(
                f"{error.filename or folder} cannot be deleted: {error.strerror}", "give yourself the right to"
            ) from error
    with project.database.write() as connection:
        record_action(connection, "run", f"{words}: {len(folders)}, {freed / 1e6:,.1f} MB", actor)
    return freed


def _size(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += (Path(root) / name).lstat().st_size
    return total
