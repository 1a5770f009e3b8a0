"""The focus queue: which conversations, in which order, a page at a time with all that a curator needs to decide.

page = queue_page(project, "class:none", "oldest", limit=40)
page = queue_page(project, "class:none", "oldest", limit=40, after=page.after)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from workbench.domain.errors import QueryError
from workbench.domain.record import Record
from workbench.services import browsing, panels
from workbench.services.classes import class_scheme
from workbench.services.project import Project
from workbench.store import queue as store
from workbench.store import search as search_store
from workbench.store.judgements import get_judgements
from workbench.store.suggestions import Suggestion, get_suggestions

STORED_ORDERS = ("oldest", "newest", "longest", "random")
RANKED_ORDERS = ("uncertain", "mass", "suspected")
"""Ranked anew for each page over all that match; these look at `RANKED_AT_MOST`."""
RANKED_AT_MOST = 2_000
SIDE_BY_SIDE = 6
"""Answers to one prompt that are shown beside each other at most."""


@dataclass(frozen=True, slots=True)
class QueueItem:
    """A conversation of the queue.

    Attributes:
        record: The conversation.
        suggestion: The class it is likeliest to have, or None.
        opinions: What several curators think of it: curator → class.
        blind: Whether its class, its comment and what others think are to stay out of sight.
    """

    record: Record
    suggestion: Suggestion | None = None
    opinions: Mapping[str, str] = field(default_factory=dict)
    blind: bool = False


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of the queue.

    Attributes:
        total: How many match.
        items: The conversations; side by side, answers to one prompt follow each other.
        after: Pass this for the next page; None where this is the last.
        exact: False where there are more than `total`.
    """

    total: int
    items: list[QueueItem]
    after: int | None
    exact: bool = True


def queue_page(
    project: Project,
    query: str,
    order: str,
    *,
    limit: int,
    after: int | None = None,
    handed: Collection[int] = (),
    side_by_side: bool = False,
) -> QueuePage:
    """Return a page of the queue.

    Args:
        project: The project.
        query: Which conversations.
        order: One of `STORED_ORDERS` or `RANKED_ORDERS`.
        limit: Conversations on it; side by side, each brings the other answers to its prompt along.
        after: `QueuePage.after` of the page before.
        handed: What earlier pages held: a ranked order is ranked anew each time, and leaves these out.
        side_by_side: Put all answers to a prompt together, at most `SIDE_BY_SIDE`.

    Raises:
        QueryError: The query or the order has a mistake.
    """
    if order in STORED_ORDERS:
        found = browsing.search(project, query, limit=limit, after=after, order=order)
        total, exact, following = found.total, found.exact, found.next_after
        seqs = [row.seq for row in found.items]
    elif order in RANKED_ORDERS:
        ranked, total, exact = _ranked(project, query, order, RANKED_AT_MOST + len(handed))
        fresh = [seq for seq in ranked if seq not in handed]
        seqs, following = fresh[:limit], (0 if len(fresh) > limit else None)
    else:
        known = ", ".join((*STORED_ORDERS, *RANKED_ORDERS))
        raise QueryError(f"unknown order {order!r}", f"use one of {known}")
    if side_by_side:
        seqs = _with_siblings(project, seqs)
    return QueuePage(total, items(project, seqs), following, exact)


def panel_page(
    project: Project, panel_id: int, actor: str, *, dispute: bool, limit: int, handed: Collection[int] = ()
) -> QueuePage:
    """Return a page of what a curator is asked for in a panel, or of what is disputed in it.

    Args:
        project: The project.
        panel_id: The panel.
        actor: Who judges.
        dispute: True hands out what people differ on, with all opinions; False what this curator has not judged
            yet, blind.
        limit: Conversations on it.
        handed: What earlier pages held.

    Raises:
        NotFound: There is no such panel.
    """
    if dispute:
        said = {i.seq: i.opinions for i in panels.disputed(project, panel_id)}
        found = list(said)
    else:
        said, found = {}, panels.to_judge(project, panel_id, actor)
    fresh = [seq for seq in found if seq not in handed]
    page = [
        replace(item, suggestion=None, opinions=said.get(item.record.seq, {}), blind=not dispute)
        for item in items(project, fresh[:limit])
    ]
    return QueuePage(len(found), page, 0 if len(fresh) > limit else None)


def items(project: Project, seqs: Sequence[int]) -> list[QueueItem]:
    """Return conversations with their suggestions, in that order; unknown ones are left out."""
    records = browsing.get_records(project, seqs)
    with project.database.read() as connection:
        open_now = [r.seq for r in records if r.conversation.class_name is None]
        suggested = get_suggestions(connection, open_now)
        judged = get_judgements(connection, [seq for seq in open_now if seq not in suggested])
    # What no similar conversations speak for, the trained model may have judged.
    proposed = {
        seq: Suggestion(seq, j.proposal, j.probabilities[j.proposal], by_model=True)
        for seq, j in judged.items()
        if j.proposal in j.probabilities
    }
    return [QueueItem(record, {**proposed, **suggested}.get(record.seq)) for record in records]


def _ranked(project: Project, query: str, order: str, limit: int) -> tuple[list[int], int, bool]:
    scheme = class_scheme(project)
    with browsing.compiled(project, query) as (connection, ready):
        total, exact = search_store.count_matches(connection, ready)
        if order == "suspected":
            ranked = store.suspected(connection, ready, limit)
        elif order == "uncertain":
            ranked = store.uncertain(connection, ready, limit)
        else:
            weights = {c.name: scheme.loss_weight(c.name) for c in scheme.classes}
            return store.heaviest(connection, ready, weights, limit), total, exact
    return ranked, len(ranked), len(ranked) < limit


def _with_siblings(project: Project, seqs: Sequence[int]) -> list[int]:
    """Put the other answers to a prompt behind the first one."""
    out: list[int] = []
    seen: set[str] = set()
    for record in browsing.get_records(project, seqs):
        if record.prompt_hash in seen:
            continue
        seen.add(record.prompt_hash)
        others = [
            s.seq
            for s in browsing.siblings(project, record.prompt_hash)
            if s.seq != record.seq and s.status != "dropped"
        ]
        out += [record.seq, *others[: SIDE_BY_SIDE - 1]]
    return out
