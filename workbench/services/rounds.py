"""Rounds of the loop: snapshot → run → comparison → answers brought back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from crlft.modelfolder import read_card
from workbench.domain.comparison import Comparison
from workbench.domain.curation import Action
from workbench.domain.run import Job
from workbench.services import jobs
from workbench.services.answers import ColumnFigures, comparison_grid
from workbench.services.probes import Probe, probes
from workbench.services.progress import current_round as latest_round
from workbench.services.project import Project
from workbench.services.snapshots import Snapshot, list_snapshots
from workbench.services.training import list_runs
from workbench.store.actions import record_action
from workbench.store.comparisons import count_votes, list_comparisons
from workbench.store.runs import (
    add_round,
    arrivals,
    brought_back_counts,
    list_rounds,
    model_made,
)


@dataclass(frozen=True, slots=True)
class RoundRow:
    """One round.

    Attributes:
        round: Its number, from 1.
        started_at: ISO 8601 UTC time, or empty for the first.
        arrived: Conversations that arrived in it, by class; '' is untagged.
        model_made: Of these, how many are answers brought back.
        snapshot: Its newest snapshot, or None.
        conversations: How many the snapshot holds.
        classes: The snapshot's conversations by class.
        run: The run it is judged by, or None.
        run_status: That run's status.
        method: That run's method.
        comparison: The comparison with that run in which a program can judge most prompts; of equals the newest.
        condition: The condition that the rates are for: the run's best.
        checked: Answers that a program could judge.
        correct_rate: Share of right answers, or None.
        correct_interval: Its 95 % interval.
        full_rate: Share of right, complete and polite answers, or None.
        full_interval: Its 95 % interval.
        swap: Nats per token by which the wrong condition makes held-out answers less likely, or None.
        held_out_loss: Nats per token on held-out conversations of the best class, or None.
        forgotten: Nats per token by which the run knows plain text worse than its base; None before it was probed.
        probed: The run's probe, or None before it was probed.
        votes: Votes in that comparison.
        votes_won: Share of its votes that the best condition won, ties half; None without votes.
        brought_back: Answers sent into the next round.
    """

    round: int
    started_at: str = ""
    arrived: Mapping[str, int] = field(default_factory=dict)
    model_made: int = 0
    snapshot: str | None = None
    conversations: int = 0
    classes: Mapping[str, int] = field(default_factory=dict)
    run: str | None = None
    run_status: str = ""
    method: str = ""
    comparison: int | None = None
    condition: str = ""
    checked: int = 0
    correct_rate: float | None = None
    correct_interval: tuple[float, float] | None = None
    full_rate: float | None = None
    full_interval: tuple[float, float] | None = None
    swap: float | None = None
    held_out_loss: float | None = None
    forgotten: float | None = None
    probed: Probe | None = None
    votes: int = 0
    votes_won: float | None = None
    brought_back: int = 0


def current_round(project: Project) -> int:
    """Return the number of the round that new conversations arrive in."""
    with project.database.read() as connection:
        return latest_round(connection)


def open_round(connection: Connection, number: int, actor: str) -> None:
    """Open a round, if it is not open; the latest one is the current one."""
    add_round(connection, number, actor)


def start_next_round(project: Project, *, actor: str) -> Action:
    """Begin the round after the current one: what arrives from now on belongs to it."""
    with project.database.write() as connection:
        number = latest_round(connection) + 1
        open_round(connection, number, actor)
        return record_action(connection, "round", f"start round {number}", actor, params={"round": number})


def rounds(project: Project) -> list[RoundRow]:
    """Return every round, oldest first."""
    runs, snapshots, probed = list_runs(project), list_snapshots(project), probes(project)
    with project.database.read() as connection:
        opened, arrived = list_rounds(connection), arrivals(connection)
        brought, made = brought_back_counts(connection), model_made(connection)
        comparisons = list_comparisons(connection)
        votes = count_votes(connection)
        last = latest_round(connection)
    found = []
    for number in range(1, max([last, *opened, *arrived]) + 1):
        snapshot = _newest(snapshots, number)
        run = _judged_by(runs, comparisons, number)
        comparison = _with_run(comparisons, run)
        figures = _best_figures(project, comparison, run)
        sent = [c.id for c in comparisons if c.round == number]
        found.append(
            RoundRow(
                round=number,
                started_at=opened.get(number, ("", ""))[0],
                arrived=arrived.get(number, {}),
                model_made=made.get(number, 0),
                snapshot=snapshot.name if snapshot else None,
                conversations=snapshot.conversations if snapshot else 0,
                classes=snapshot.classes if snapshot else {},
                run=run.id if run else None,
                run_status=run.status if run else "",
                method=str(run.params.get("method", "")) if run else "",
                comparison=comparison.id if comparison else None,
                condition=figures.column.condition if figures else "",
                checked=figures.checked if figures else 0,
                correct_rate=figures.correct_rate if figures else None,
                correct_interval=figures.correct_interval if figures else None,
                full_rate=figures.full_rate if figures else None,
                full_interval=figures.full_interval if figures else None,
                swap=_swap(run),
                held_out_loss=_held_out_loss(project, run),
                forgotten=_forgotten(probed.get(run.id)) if run else None,
                probed=_probe(probed.get(run.id)) if run else None,
                votes=votes.get(comparison.id, 0) if comparison else 0,
                votes_won=_votes_won(figures),
                brought_back=sum(brought.get(c, 0) for c in sent),
            )
        )
    return found


def _swap(run: Job | None) -> float | None:
    held_out = (run.metrics.get("held_out") if run else None) or {}
    pairs = [p for p in (held_out.get("swap") or {}).values() if "right" in p and "wrong" in p]
    return sum(p["wrong"] - p["right"] for p in pairs) / len(pairs) if pairs else None


def _held_out_loss(project: Project, run: Job | None) -> float | None:
    held_out = (run.metrics.get("held_out") if run else None) or {}
    card = read_card(jobs.runs_dir(project) / run.id / "model") if run else None
    by_class = held_out.get("loss_by_class") or {}
    return by_class.get(card.scheme.best.name) if card else None


def _forgotten(probe: Probe | Job | None) -> float | None:
    return probe.forgotten if isinstance(probe, Probe) else None


def _probe(probe: Probe | Job | None) -> Probe | None:
    return probe if isinstance(probe, Probe) else None


def _votes_won(figures: ColumnFigures | None) -> float | None:
    n = figures.wins + figures.losses + figures.ties if figures else 0
    return (figures.wins + figures.ties / 2) / n if figures and n else None


def _newest(snapshots: Sequence[Snapshot], number: int) -> Snapshot | None:
    return max((s for s in snapshots if s.round == number), key=lambda s: s.created_at, default=None)


def _judged_by(runs: Sequence[Job], comparisons: Sequence[Comparison], number: int) -> Job | None:
    """Return the first run named in the newest comparison of the round's runs, else the newest finished one."""
    own = {r.id: r for r in runs if int(r.params.get("round", 1)) == number}
    compared = [own[x.model] for c in comparisons for x in c.columns if x.model in own]
    return next(iter([*compared, *(r for r in own.values() if r.status == "done"), *own.values()]), None)


def _with_run(comparisons: Sequence[Comparison], run: Job | None) -> Comparison | None:
    """Return a run's comparison with most prompts that a program can judge; of equals the newest.

    A look at forty prompts must not take the place of the whole held-out set in the curve over rounds.
    """
    own = [c for c in comparisons if run and any(x.model == run.id for x in c.columns)]
    return max(own, key=lambda c: sum(p.check is not None for p in c.prompts), default=None)


def _best_figures(project: Project, comparison: Comparison | None, run: Job | None) -> ColumnFigures | None:
    if comparison is None or run is None:
        return None
    own = [s for s in comparison_grid(project, comparison.id).summary if s.column.model == run.id]
    card = read_card(jobs.runs_dir(project) / run.id / "model")
    best = card.scheme.best.condition if card else ""
    return next((s for s in own if s.column.condition == best), own[0])
