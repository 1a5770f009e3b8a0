"""The map: conversations of like meaning lie together.

    job = start_map(project, actor)          # a worker embeds what is new and lays everything out
    collect_map(project, job.id)             # once it is done; any number of times
    view = load_map(project, "class")        # points to draw
    seqs = select_polygon(project, lasso)    # every conversation inside, drawn or not
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from workbench.domain.errors import PlanError
from workbench.services.mapjob import collect_map, map_job, start_map
from workbench.services.mapmemory import matching_points
from workbench.services.maptexts import EMBEDDER_SETTING, MAP_SETTING, OFFLINE
from workbench.services.meaning import compile_text
from workbench.services.project import Project, get_setting, set_setting
from workbench.store import settings
from workbench.store import vectors as store
from workbench.store.vectors import Cluster

__all__ = [
    "OFFLINE",
    "Cluster",
    "MapView",
    "choose_embedder",
    "chosen_embedder",
    "collect_map",
    "load_map",
    "map_job",
    "map_stamp",
    "select_polygon",
    "start_map",
]


@dataclass(frozen=True)
class MapView:
    """What is drawn.

    Attributes:
        seqs: Row numbers.
        x: Across, one for each.
        y: Up, one for each.
        label: What each is coloured by; `none` where it has none.
        cluster: Cluster number of each, -1 for none.
        total: Matching conversations on the map, drawn or not.
        clusters: The regions, largest first.
        created_at: ISO 8601 UTC time of the map.
        embedder: What embedded its texts.
        scores: What each is shaded by, None where it has no score; empty where it is coloured by `label`.
    """

    seqs: list[int]
    x: list[float]
    y: list[float]
    label: list[str]
    cluster: list[int]
    total: int
    clusters: list[Cluster]
    created_at: str = ""
    embedder: str = ""
    scores: Sequence[float | None] = ()

    @property
    def sampled(self) -> bool:
        """Whether not all are drawn."""
        return len(self.seqs) < self.total


def chosen_embedder(project: Project) -> str:
    """Return the embedder of the next map: `offline`, a folder, or a hub name."""
    return str(get_setting(project, EMBEDDER_SETTING, OFFLINE))


def choose_embedder(project: Project, name: str, *, actor: str) -> str:
    """Choose the embedder of the next map; empty is `offline`.

    Args:
        project: The project.
        name: `offline`, the folder of a sentence-transformers model, or its name on the hub (`owner/model`).
        actor: Who chooses; it stands in the log.

    Raises:
        PlanError: It looks like a folder that is not there or holds no model, or like no name at all.
    """
    name = name.strip() or OFFLINE
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "modules.json").exists() and not (folder / "config.json").exists():
            raise PlanError(f"{name} holds no embedding model", "name the folder that holds modules.json")
        name = str(folder.resolve())
    elif name != OFFLINE and not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)?", name):
        raise PlanError(
            f"{name}: there is no such folder", "name a model's folder, a hub name such as owner/model, or offline"
        )
    set_setting(project, EMBEDDER_SETTING, name, actor=actor)
    return name


def map_stamp(project: Project) -> str:
    """Return what changes when another map comes into the store; empty without one."""
    state = get_setting(project, MAP_SETTING, {})
    return f"{state.get('job_id', '')} {state.get('created_at', '')}".strip()


def load_map(
    project: Project, colour_by: str = "class", limit: int = 50_000, query: str = "", *, sample: int = 20_000
) -> MapView | None:
    """Return the newest map, or None where none was made yet.

    A finished job that nobody collected is collected first, so that a closed page loses nothing.

    Args:
        project: The project.
        colour_by: `class`, `status`, `source`, `lang` or `cluster`; or shaded by `reward` or `doubt` (how
            suspicious the newest judgement finds the tag).
        limit: So many points at most are drawn whole.
        query: Which conversations.
        sample: How many are drawn where there are more: the same ones each time.

    Raises:
        PlanError: Nothing can be coloured by that.
        QueryError: The query has a mistake.
    """
    known = (*store.LABELS, *store.SCORES)
    if colour_by not in known:
        raise PlanError(f"the map cannot be coloured by {colour_by!r}", f"use one of {', '.join(known)}")
    newest = map_job(project)
    if newest is not None and not newest.live:
        collect_map(project, newest.id)
    with project.database.read() as connection:
        state = settings.get_setting(connection, MAP_SETTING, {})
        if "job_id" not in state:
            return None
        compiled = compile_text(project, connection, query)
        quick = matching_points(project, connection, query)
        total = store.count_points(connection, compiled) if quick is None else len(quick.seqs)
        drawn = limit if total <= limit else min(limit, sample)
        if quick is not None:
            compiled = compiled.nearest_to(quick.sample(drawn))
        points = store.read_points(connection, compiled, colour_by, drawn)
        clusters = store.read_clusters(connection)
    return MapView(
        seqs=[p.seq for p in points],
        x=[p.x for p in points],
        y=[p.y for p in points],
        label=[p.label for p in points],
        cluster=[p.cluster for p in points],
        total=total,
        clusters=clusters,
        created_at=state["created_at"],
        embedder=state.get("embedder", OFFLINE),
        scores=[p.score for p in points] if colour_by in store.SCORES else (),
    )


def select_polygon(project: Project, polygon: Sequence[tuple[float, float]], query: str = "") -> list[int]:
    """Return every conversation inside an outline, ascending; not only those drawn.

    Args:
        project: The project.
        polygon: Corners in map coordinates; fewer than three enclose nothing.
        query: Which conversations.
    """
    if len(polygon) < 3:
        return []
    xs, ys = zip(*polygon, strict=True)
    with project.database.read() as connection:
        quick = matching_points(project, connection, query)
        if quick is not None:
            box = (quick.x >= min(xs)) & (quick.x <= max(xs)) & (quick.y >= min(ys)) & (quick.y <= max(ys))
            seqs, at = quick.seqs[box], np.stack([quick.x[box], quick.y[box]], axis=1)
        else:
            compiled = compile_text(project, connection, query)
            found = store.points_in_box(connection, compiled, (min(xs), max(xs)), (min(ys), max(ys)))
            seqs, at = np.array([row[0] for row in found]), np.array([row[1:] for row in found]).reshape(-1, 2)
    return [int(seq) for seq in seqs[in_polygon(at, np.array(polygon))]]


def in_polygon(points: npt.NDArray[np.float64], polygon: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return which points (n, 2) lie inside a polygon (corners, 2): the even-odd rule, as lassos are drawn."""
    x, y = points[:, 0], points[:, 1]
    inside = np.zeros(len(points), dtype=bool)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        crosses = (y0 > y) != (y1 > y)
        inside ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return inside
