"""Embeddings by text, and the map made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, cast, delete, func, literal, null, select
from sqlalchemy.dialects.sqlite import insert

from workbench.store import jsontext
from workbench.store.conversations import chunks
from workbench.store.schema import conversations, map_clusters, map_points, vectors
from workbench.store.schema_judging import judgements
from workbench.store.search import Compiled
from workbench.store.terms import REWARD_IN_FORCE

LABELS = {
    "class": conversations.c.class_name,
    "status": conversations.c.status,
    "source": conversations.c.source,
    "lang": conversations.c.language,
    "cluster": map_clusters.c.title,
}
"""What points can be coloured by: one colour for each value."""

SCORES: dict[str, ColumnElement[Any]] = {"reward": REWARD_IN_FORCE, "doubt": judgements.c.suspicion}
"""What points can be shaded by: the reward in force, and how suspicious the newest judgement finds the tag."""


@dataclass(frozen=True, slots=True)
class Point:
    """A conversation on the map.

    Attributes:
        seq: Row number.
        x: Across.
        y: Up.
        cluster: Cluster number, -1 for none.
        label: What it is coloured by; `none` where it has none.
        score: What it is shaded by, or None.
    """

    seq: int
    x: float
    y: float
    cluster: int
    label: str
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """A region of the map.

    Attributes:
        cluster: Its number.
        title: Its most telling terms.
        size: Conversations in it.
        x: Centre, across.
        y: Centre, up.
        terms: More of its terms.
    """

    cluster: int
    title: str
    size: int
    x: float
    y: float
    terms: tuple[str, ...] = ()


def known_vectors(connection: Connection, embedder: str, hashes: Sequence[str]) -> dict[str, bytes]:
    """Return the stored vectors (float16, little endian) of texts, by text hash; unknown ones are left out."""
    c = vectors.c
    found: dict[str, bytes] = {}
    for part in chunks(hashes):
        query = select(c.text_hash, c.vector).where(c.embedder == embedder, c.text_hash.in_(part))
        found.update((row.text_hash, row.vector) for row in connection.execute(query))
    return found


def save_vectors(connection: Connection, embedder: str, by_hash: Mapping[str, bytes]) -> None:
    """Store vectors; those already there stay."""
    rows = [{"embedder": embedder, "text_hash": h, "vector": v} for h, v in by_hash.items()]
    for part in chunks(rows):
        connection.execute(insert(vectors).on_conflict_do_nothing(), list(part))


def replace_map(
    connection: Connection, points: Iterable[tuple[int, float, float, int]], clusters: Iterable[Cluster]
) -> None:
    """Put a new map in place of the old one.

    Args:
        connection: In a write transaction.
        points: (row number, x, y, cluster); row numbers that no longer exist are left out.
        clusters: Its regions.
    """
    connection.execute(delete(map_points))
    connection.execute(delete(map_clusters))
    there = set(connection.execute(select(conversations.c.seq)).scalars())
    rows = [{"seq": s, "x": x, "y": y, "cluster": c} for s, x, y, c in points if s in there]
    for part in chunks(rows):
        connection.execute(map_points.insert(), list(part))
    regions = [
        {"cluster": c.cluster, "title": c.title, "terms": list(c.terms), "size": c.size, "x": c.x, "y": c.y}
        for c in clusters
    ]
    if regions:
        connection.execute(map_clusters.insert(), regions)


def count_points(connection: Connection, compiled: Compiled) -> int:
    """Return how many matching conversations that are not dropped lie on the map."""
    joined = map_points.join(conversations, conversations.c.seq == map_points.c.seq)
    query = select(func.count()).select_from(joined).where(_shown(compiled))
    return connection.execute(query).scalar_one()


def read_points(connection: Connection, compiled: Compiled, colour_by: str, limit: int) -> list[Point]:
    """Return points, at most `limit`: the same sample each time, mixed by content hash."""
    label = LABELS.get(colour_by, literal(""))
    score = SCORES.get(colour_by, null())
    query = (
        select(map_points.c.seq, map_points.c.x, map_points.c.y, map_points.c.cluster, label, score)
        .join(conversations, conversations.c.seq == map_points.c.seq)
        .outerjoin(map_clusters, map_clusters.c.cluster == map_points.c.cluster)
    )
    if colour_by == "doubt":
        query = query.outerjoin(judgements, judgements.c.seq == map_points.c.seq)
    rows = connection.execute(query.where(_shown(compiled)).order_by(conversations.c.uid).limit(limit))
    return [Point(seq, x, y, cluster, name or "none", value) for seq, x, y, cluster, name, value in rows]


def read_clusters(connection: Connection) -> list[Cluster]:
    """Return the map's regions, largest first."""
    c = map_clusters.c
    query = select(c.cluster, c.title, c.size, c.x, c.y, c.terms).order_by(c.size.desc(), c.cluster)
    return [Cluster(*row[:5], terms=tuple(row.terms)) for row in connection.execute(query)]


def point_columns(connection: Connection) -> tuple[list[int], list[float], list[float], list[int]]:
    """Return row numbers, x, y and region of every point, in any one order."""
    c = map_points.c
    lists = [func.json_group_array(column) for column in (c.seq, c.x, c.y, c.cluster)]
    row = connection.execute(select(*(cast(one, String) for one in lists))).one()
    seqs, x, y, cluster = (jsontext.load(text) for text in row)
    return seqs, x, y, cluster


def points_in_box(
    connection: Connection, compiled: Compiled, x: tuple[float, float], y: tuple[float, float]
) -> list[tuple[int, float, float]]:
    """Return (row number, x, y) of all matching points inside a box, ascending by row number."""
    c = map_points.c
    query = (
        select(c.seq, c.x, c.y)
        .join(conversations, conversations.c.seq == c.seq)
        .where(_shown(compiled), c.x.between(*x), c.y.between(*y))
        .order_by(c.seq)
    )
    return [(seq, px, py) for seq, px, py in connection.execute(query)]


def _shown(compiled: Compiled) -> ColumnElement[bool]:
    return compiled.where() & (conversations.c.status != "dropped")
