"""The map's regions by class."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from workbench.store.schema import conversations, map_points
from workbench.store.search import Compiled
from workbench.store.vectors import Cluster, read_clusters

__all__ = ["Cluster", "clusters_by_class"]


def clusters_by_class(connection: Connection, compiled: Compiled) -> list[tuple[Cluster, dict[str, int]]]:
    """Return the regions, largest first, with matching conversations that are not dropped, by class (`none`)."""
    c, p = conversations.c, map_points.c
    joined = conversations.join(map_points, p.seq == c.seq)
    query = select(p.cluster, c.class_name, func.count()).select_from(joined)
    query = query.where(compiled.where(), c.status != "dropped").group_by(p.cluster, c.class_name)
    counts: dict[int, dict[str, int]] = {}
    for cluster, name, n in connection.execute(query):
        counts.setdefault(cluster, {})[name or "none"] = n
    return [(region, counts.get(region.cluster, {})) for region in read_clusters(connection)]
