"""Agreement of the evidence with the curators' tags, from one judging of the tags to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection

from workbench.services.project import Project
from workbench.store.judgements import agreement, decided
from workbench.store.settings import get_setting, set_setting

_HISTORY = "suggest_history"


@dataclass(frozen=True, slots=True)
class AgreementPoint:
    """One judging of the tags.

    Attributes:
        job_id: The job.
        run: The run whose base (or model) judged.
        at: When, ISO 8601 UTC time.
        detector: Whose probabilities were believed.
        tags: Tagged conversations that were judged and are not dropped.
        same: How many of them had the tag that the evidence proposes, when it was judged.
        same_now: How many have it at the last look: later decisions count. The last look is the next judging.
        decided: Of the judged, what curators have decided on since (retagged, kept or confirmed).
        agreed: How many of these now have the class that was proposed.
    """

    job_id: str
    run: str
    at: str
    detector: str
    tags: int
    same: int
    same_now: int
    decided: int
    agreed: int


def begin_point(connection: Connection, known: Mapping[str, Any], at: str) -> None:
    """Note where a judging begins; its judgements are written already."""
    tags, same = _same(connection)
    point = AgreementPoint(
        str(known["job_id"]), str(known["run"]), at, str(known["detector"]), tags, same, same, 0, 0
    )
    earlier = [p for p in get_setting(connection, _HISTORY, []) if p["job_id"] != point.job_id]
    set_setting(connection, _HISTORY, [*earlier, asdict(point)])


def end_point(connection: Connection) -> None:
    """Note what became of the last judging, before its judgements are replaced."""
    points = get_setting(connection, _HISTORY, [])
    if points:
        set_setting(connection, _HISTORY, [*points[:-1], asdict(_as_of_now(connection, points[-1]))])


def agreement_history(project: Project) -> list[AgreementPoint]:
    """Return every judging so far, oldest first; the last one as it stands now."""
    with project.database.read() as connection:
        points = get_setting(connection, _HISTORY, [])
        return [AgreementPoint(**p) for p in points[:-1]] + [_as_of_now(connection, p) for p in points[-1:]]


def _as_of_now(connection: Connection, point: Mapping[str, Any]) -> AgreementPoint:
    _, same = _same(connection)
    n, agreed = decided(connection)
    return AgreementPoint(**{**point, "same_now": same, "decided": n, "agreed": agreed})


def _same(connection: Connection) -> tuple[int, int]:
    rows = agreement(connection)
    return sum(n for *_, n in rows), sum(n for tag, proposal, n in rows if tag == proposal)
