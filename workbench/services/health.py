"""The data set's health on one page: what it is made of, how long, how clean, and what it would teach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.services import browsing
from workbench.services.browsing import compiled
from workbench.services.duplicates import latest_duplicates
from workbench.services.mapmemory import matching_points
from workbench.services.project import Project
from workbench.store import mapview
from workbench.store.cube import CubeCell
from workbench.store.quarantine import count_quarantine
from workbench.store.vectors import read_clusters

UNTAGGED = "none"
Crossed = dict[str, dict[str, int]]
"""Value → class (`none` is untagged) → conversations, the most frequent value first."""


@dataclass(frozen=True)
class Health:
    """What a view of the data set is made of.

    Attributes:
        total: Matching conversations.
        exact: False where counting stopped there.
        tokens: Their tokens; None where summing them would take long.
        untagged: Of the matching, those without a class.
        flagged: Of the matching, those that a cleaning rule marked.
        duplicates: Share of the conversations searched last that have an equal or near one kept beside them; None
            without a search. Of the whole project.
        quarantined: Rows that could not be read. Of the whole project.
        by_source: Classes of each source.
        by_language: Classes of each language.
        by_round: Classes of each round, the first round first.
        histograms: Turns, tokens and reward, as `browsing.histograms`.
        estimated: Whether the histograms are estimates.
    """

    total: int
    exact: bool
    tokens: int | None
    untagged: int
    flagged: int
    duplicates: float | None
    quarantined: int
    by_source: Crossed
    by_language: Crossed
    by_round: Crossed
    histograms: Mapping[str, list[tuple[str, int]]]
    estimated: bool


def dataset_health(project: Project, query: str = "") -> Health:
    """Return the health of what matches.

    Raises:
        QueryError: The query has a mistake.
    """
    cells, whole = browsing.counted_cells(project, query)
    with project.database.read() as connection:
        quarantined = count_quarantine(connection)
    total = sum(cell.n for cell in cells)
    spread, estimated = browsing.histograms(project, query)
    flagged = browsing.search(project, f"{query} flag:any", limit=1)
    rounds = _crossed(cells, "round")
    return Health(
        total=total,
        exact=True,
        tokens=sum(cell.n_tokens for cell in cells) if whole else None,
        untagged=sum(cell.n for cell in cells if not cell.key.class_name),
        flagged=flagged.total,
        duplicates=_duplicates(project),
        quarantined=quarantined,
        by_source=_crossed(cells, "source"),
        by_language=_crossed(cells, "language"),
        by_round={number: rounds[number] for number in sorted(rounds, key=int)},
        histograms=spread,
        estimated=estimated,
    )


def sources_by_class(project: Project, query: str = "") -> list[tuple[str, dict[str, int]]]:
    """Return the sources (`none` is unknown) of what matches and is not dropped, with conversations by class.

    Raises:
        QueryError: The query has a mistake.
    """
    cells, _ = browsing.counted_cells(project, f"{query} -status:dropped".strip())
    return list(_crossed(cells, "source").items())


def _crossed(cells: list[CubeCell], dimension: str) -> Crossed:
    out: Crossed = {}
    for cell in cells:
        row = out.setdefault(str(getattr(cell.key, dimension)) or UNTAGGED, {})
        name = cell.key.class_name or UNTAGGED
        row[name] = row.get(name, 0) + cell.n
    return dict(sorted(out.items(), key=lambda item: (-sum(item[1].values()), item[0])))


def _duplicates(project: Project) -> float | None:
    found = latest_duplicates(project)
    if found is None or not found.considered:
        return None
    return sum(len(group.seqs) - 1 for group in found.groups) / found.considered


def clusters_by_class(project: Project, query: str = "") -> list[tuple[mapview.Cluster, dict[str, int]]]:
    """Return the map's regions, largest first, with the classes of their matching conversations.

    Raises:
        QueryError: The query has a mistake.
    """
    with compiled(project, query) as (connection, ready):
        quick = matching_points(project, connection, query)
        if quick is not None:
            counts = quick.by_class()
            return [(region, counts.get(region.cluster, {})) for region in read_clusters(connection)]
        return mapview.clusters_by_class(connection, ready)
