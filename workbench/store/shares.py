"""How many conversations the model wrote itself, by class and by region of the map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, func, select

from workbench.store.conversations import chunks
from workbench.store.schema import brought_back, conversations, cube, map_clusters, map_points

Place = tuple[str, str]
"""Class ('' untagged) and prompt hash."""


def model_made(connection: Connection) -> list[tuple[int, Place]]:
    """Return every answer brought back that is not dropped: its number, its class and its prompt."""
    c = conversations.c
    query = (
        select(c.seq, c.class_name, c.prompt_hash)
        .join(brought_back, brought_back.c.seq == c.seq)
        .where(c.status != "dropped")
    )
    return [(int(seq), (name or "", prompt)) for seq, name, prompt in connection.execute(query)]


def standing_by_class(connection: Connection) -> dict[str, int]:
    """Return how many conversations that are not dropped stand in each class ('' untagged)."""
    query = select(cube.c.class_name, func.sum(cube.c.n)).where(cube.c.status != "dropped")
    return {str(name): int(n) for name, n in connection.execute(query.group_by(cube.c.class_name)) if n}


def is_mapped(connection: Connection) -> bool:
    """Whether the map has been drawn."""
    return connection.execute(select(map_points.c.seq).limit(1)).first() is not None


def on_the_map(connection: Connection, seqs: Sequence[int]) -> set[int]:
    """Return which of these conversations are points of the map."""
    found: set[int] = set()
    for part in chunks(seqs):
        found.update(connection.execute(select(map_points.c.seq).where(map_points.c.seq.in_(part))).scalars())
    return found


def clusters_of(connection: Connection, places: Sequence[tuple[int | None, str]]) -> list[int | None]:
    """Return the region of each (number or None, prompt hash): its own, else that of another answer to its prompt.

    None where neither lies on the map, -1 where it lies between regions.
    """
    own: dict[int, int] = {}
    for part in chunks([seq for seq, _ in places if seq is not None]):
        query = select(map_points.c.seq, map_points.c.cluster).where(map_points.c.seq.in_(part))
        own.update((int(seq), int(cluster)) for seq, cluster in connection.execute(query))
    rest = {prompt for seq, prompt in places if seq not in own and prompt}
    by_prompt: dict[str, int] = {}
    for part in chunks(sorted(rest)):
        query = (
            select(conversations.c.prompt_hash, func.max(map_points.c.cluster))
            .join(map_points, map_points.c.seq == conversations.c.seq)
            .where(conversations.c.prompt_hash.in_(part))
            .group_by(conversations.c.prompt_hash)
        )
        by_prompt.update((str(prompt), int(cluster)) for prompt, cluster in connection.execute(query))
    asked = [by_prompt.get(prompt) for _, prompt in places]
    return [a if seq is None else own.get(seq, a) for a, (seq, _) in zip(asked, places, strict=True)]


def cluster_sizes(connection: Connection, clusters: Iterable[int]) -> dict[int, tuple[str, int]]:
    """Return title and number of conversations on the map that are not dropped, for some regions."""
    wanted = sorted(set(clusters))
    query = (
        select(map_points.c.cluster, func.count())
        .join(conversations, conversations.c.seq == map_points.c.seq)
        .where(map_points.c.cluster.in_(wanted), conversations.c.status != "dropped")
        .group_by(map_points.c.cluster)
    )
    counts: Counter[int] = Counter({int(cluster): int(n) for cluster, n in connection.execute(query)})
    titles = select(map_clusters.c.cluster, map_clusters.c.title).where(map_clusters.c.cluster.in_(wanted))
    named = {int(cluster): str(title) for cluster, title in connection.execute(titles)}
    return {cluster: (named.get(cluster, ""), counts[cluster]) for cluster in wanted}
