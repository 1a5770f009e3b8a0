"""The map of a large project in memory: which of its points match, a stable sample of them, topics by class.

The database joins points with conversations, which takes seconds at a million; here the points are arrays that are
read once for each map, and the columns in memory (`workbench.store.selection`) say which of them match.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from workbench.services.maptexts import MAP_SETTING
from workbench.services.meaning import compile_text
from workbench.services.project import Project
from workbench.store import settings
from workbench.store.columnar import Columns, Ints
from workbench.store.vectors import point_columns


@dataclass(frozen=True)
class MapSelection:
    """The points of matching conversations that are not dropped, ascending by row number.

    Attributes:
        columns: What is known of them.
        seqs: Row numbers.
        x: Across.
        y: Up.
        cluster: Region of each, -1 for none.
    """

    columns: Columns
    seqs: Ints
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    cluster: Ints

    def sample(self, limit: int) -> list[int]:
        """Return at most `limit` row numbers: those whose content ids come first, the same ones each time."""
        if len(self.seqs) <= limit:
            return [int(seq) for seq in self.seqs]
        with self.columns.lock:
            keys = self.columns["uid"][self.columns.places(self.seqs)]
        return [int(seq) for seq in self.seqs[np.argpartition(keys, limit - 1)[:limit]]]

    def by_class(self) -> dict[int, dict[str, int]]:
        """Return for each region how many of each class (`none` is untagged)."""
        with self.columns.lock:
            cells = self.columns["cell"][self.columns.places(self.seqs)]
            names = [parts[0] or "none" for parts in self.columns.cells.of]
        kinds = sorted(set(names))
        kind = np.array([kinds.index(name) for name in names], dtype=np.int64)
        pairs, counts = np.unique(self.cluster * len(kinds) + kind[cells], return_counts=True)
        out: dict[int, dict[str, int]] = {}
        for pair, n in zip(pairs.tolist(), counts.tolist(), strict=True):
            region, which = divmod(pair, len(kinds))
            out.setdefault(region, {})[kinds[which]] = n
        return out


def matching_points(project: Project, connection: Connection, query: str) -> MapSelection | None:
    """Return the matching points, or None where the columns are not in memory.

    Raises:
        QueryError: The query has a mistake.
    """
    selecting = project.database.selecting(connection)
    if selecting is None or not selecting.columns.by_uid:
        return None
    state: Mapping[str, Any] = settings.get_setting(connection, MAP_SETTING, {})
    points = _points(project, str(state.get("job_id", "")), str(state.get("created_at", "")))
    chosen = selecting.select(connection, compile_text(project, connection, f"{query} -status:dropped".strip()))
    seqs, x, y, cluster = points
    inside = chosen.admitted(seqs)
    return MapSelection(selecting.columns, seqs[inside], x[inside], y[inside], cluster[inside])


@lru_cache(maxsize=2)
def _points(
    project: Project, _job_id: str, _created_at: str
) -> tuple[Ints, npt.NDArray[np.float64], npt.NDArray[np.float64], Ints]:
    with project.database.read() as connection:
        seqs, x, y, cluster = point_columns(connection)
    numbers, regions = np.array(seqs, np.int64), np.array(cluster, np.int64)
    order = np.argsort(numbers, kind="stable")
    return numbers[order], np.array(x, np.float64)[order], np.array(y, np.float64)[order], regions[order]
