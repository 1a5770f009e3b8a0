"""What two runs differ in: settings, data, results. Everything is read from their folders and snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crlft.runfolder import RunFolder
from workbench.domain.errors import NotFound
from workbench.services import jobs
from workbench.services.project import Project
from workbench.services.snapshots import Snapshot, get_snapshot


@dataclass(frozen=True, slots=True)
class SnapshotDiff:
    """What two snapshots differ in.

    Attributes:
        left: The first one's name.
        right: The second one's name.
        same: They hold the same data.
        only_left: Conversations that only the first holds.
        only_right: Conversations that only the second holds.
        retagged: Conversations of both, of another class in each.
        reweighted: Conversations of both, of one class, with another weight.
        classes: Class → conversations in each.
    """

    left: str
    right: str
    same: bool
    only_left: int
    only_right: int
    retagged: int
    reweighted: int
    classes: Mapping[str, tuple[int, int]]


def config_diff(project: Project, left: str, right: str) -> list[tuple[str, Any, Any]]:
    """Return (setting, left, right) for all in which two runs differ, those worked out by the trainer included.

    Raises:
        NotFound: There is no such run.
    """
    a, b = _settings(project, left), _settings(project, right)
    names = [*a, *(name for name in b if name not in a)]
    return [(name, a.get(name), b.get(name)) for name in names if a.get(name) != b.get(name)]


def _settings(project: Project, run_id: str) -> dict[str, Any]:
    folder = RunFolder(jobs.job_folder(project, run_id))
    said = dict(folder.read_json("config.json") or {})
    resolved = folder.read_json("resolved.json") or {}
    # What stands at auto is shown as the number it became: that is what the two runs differ in.
    settings = said | {name: value for name, value in resolved.items() if said.get(name) in (None, "auto")}
    return {name: _within(project, value) for name, value in settings.items()}


def _within(project: Project, value: Any) -> Any:
    """Return a path inside the project as it stands from there; everything else as it is."""
    inside = f"{project.root}/"
    return value.removeprefix(inside) if isinstance(value, str) else value


def snapshot_diff(project: Project, left: str, right: str) -> SnapshotDiff | None:
    """Return what the snapshots of two runs differ in; None where one of them is gone.

    Raises:
        NotFound: There is no such run.
    """
    a, b = _snapshot(project, left), _snapshot(project, right)
    if a is None or b is None:
        return None
    names = [*a.classes, *(name for name in b.classes if name not in a.classes)]
    classes = {name: (a.classes.get(name, 0), b.classes.get(name, 0)) for name in names}
    if a.hash == b.hash:
        return SnapshotDiff(a.name, b.name, True, 0, 0, 0, 0, classes)
    ours, theirs = _rows(a), _rows(b)
    both = ours.keys() & theirs.keys()
    return SnapshotDiff(
        left=a.name,
        right=b.name,
        same=False,
        only_left=len(ours) - len(both),
        only_right=len(theirs) - len(both),
        retagged=sum(ours[uid][0] != theirs[uid][0] for uid in both),
        reweighted=sum(ours[uid][0] == theirs[uid][0] and ours[uid] != theirs[uid] for uid in both),
        classes=classes,
    )


def _snapshot(project: Project, run_id: str) -> Snapshot | None:
    name = jobs.get_job(project, run_id).params.get("snapshot")
    try:
        return get_snapshot(project, str(name)) if name else None
    except NotFound:
        return None


def _rows(snapshot: Snapshot) -> dict[str, tuple[str, float]]:
    """Return class and weight of every conversation by id."""
    import pyarrow.parquet as pq

    table = pq.read_table(snapshot.path / "data.parquet", columns=["uid", "class", "loss_weight"])
    uids, names, weights = (table.column(c).to_pylist() for c in ("uid", "class", "loss_weight"))
    return {uid: (name, weight) for uid, name, weight in zip(uids, names, weights, strict=True)}
