"""Looking at conversations: pages, single ones, history, facets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from workbench.domain.curation import Action, Change
from workbench.domain.errors import NotFound, QueryError
from workbench.domain.record import Record, RecordSummary
from workbench.services.heldout import compare_prompts
from workbench.services.meaning import collect_newest, compile_text
from workbench.services.project import Project
from workbench.store import actions as action_store
from workbench.store import conversations as conversation_store
from workbench.store import histograms as histogram_store
from workbench.store import search as search_store
from workbench.store.cube import CubeCell
from workbench.store.histograms import Histogram
from workbench.store.search import ORDERS, Compiled, Facets, Order
from workbench.store.selection import Selection

__all__ = [
    "Facets",
    "Page",
    "check",
    "compiled",
    "counted_cells",
    "facets",
    "get_record",
    "get_records",
    "histograms",
    "history",
    "iterate_records",
    "matching_seqs",
    "search",
    "siblings",
    "stamp",
    "summaries",
]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a search.

    Attributes:
        total: How many conversations match.
        items: The page's rows.
        next_after: Pass this as `after` for the next page; None where this is the last.
        exact: False where counting stopped at `total`: there are more.
    """

    total: int
    items: list[RecordSummary]
    next_after: int | None
    exact: bool = True


@contextmanager
def compiled(project: Project, query: str) -> Iterator[tuple[Connection, Compiled]]:
    """Give a reading connection with a query ready to run on it.

    Raises:
        QueryError: The query has a mistake.
    """
    collect_newest(project, query)
    if "heldout:" in query.lower():
        compare_prompts(project)
    with project.database.read() as connection:
        try:
            ready = compile_text(project, connection, query)
        except QueryError as error:
            if error.position:
                raise
            # Only the parser knows places; what the store refuses is found again in the text.
            place = query.casefold().find(error.message.split(":", 2)[0] + ":")
            raise QueryError(error.message, error.remedy, max(place, 0)) from error
        yield connection, ready


def search(
    project: Project, query: str = "", *, limit: int = 50, after: int | None = None, order: str = "newest"
) -> Page:
    """Return a page of the conversations that match.

    Args:
        project: The project.
        query: In the query language; empty matches everything.
        limit: Rows at most.
        after: `Page.next_after` of the page before.
        order: `newest`, `oldest`, `longest`, `shortest` or `random` (mixed, and the same each time).

    Raises:
        QueryError: The query or the order has a mistake.
    """
    known = next((o for o in ORDERS if o == order), None)
    if known is None:
        raise QueryError(f"unknown order {order!r}", f"use one of {', '.join(ORDERS)}")
    with compiled(project, query) as (connection, ready):
        found = _from_memory(project, connection, ready, known)
        seqs = None if found is None else found.page(known, limit + 1, after)
        if found is None or seqs is None:
            total, exact = search_store.count_matches(connection, ready)
            items = search_store.search_page(connection, ready, limit=limit + 1, after=after, order=known)
        else:
            total, exact = found.total, found.exact
            items = conversation_store.get_summaries(connection, seqs)
    more = len(items) > limit
    items = items[:limit]
    return Page(total, items, items[-1].seq if more and items else None, exact)


def _from_memory(project: Project, connection: Connection, ready: Compiled, order: Order) -> Selection | None:
    """Return what matches by the columns in memory, where they are there and the faster way."""
    alone = ready.match and not (ready.dimensions or ready.conditions) and order in ("newest", "oldest")
    ranked = order == "best" and (ready.match or ready.ranked is not None)
    if ready.is_everything or alone or ranked:
        return None  # the database walks an index, or ranks
    selecting = project.database.selecting(connection)
    return None if selecting is None else selecting.select(connection, ready)


def counted_cells(project: Project, query: str = "") -> tuple[list[CubeCell], bool]:
    """Return how many conversations match by class, status, source, language and round, and whether tokens too.

    Raises:
        QueryError: The query has a mistake.
    """
    with compiled(project, query) as (connection, ready):
        if ready.from_cube:
            return search_store.matching_cells(connection, ready), True
        selecting = project.database.selecting(connection)
        if selecting is not None:
            return selecting.select(connection, ready).cells(), True
        return search_store.counted_cells(connection, ready), False


def matching_seqs(project: Project, query: str) -> list[int]:
    """Return the row numbers of all conversations that match, ascending.

    Raises:
        QueryError: The query has a mistake.
    """
    with compiled(project, query) as (connection, ready):
        return search_store.matching_seqs(connection, ready)


def iterate_records(project: Project, query: str = "") -> Iterator[Record]:
    """Yield all conversations that match, whole, in order of arrival, some thousand in memory at once.

    Raises:
        QueryError: The query has a mistake.
    """
    with compiled(project, query) as (connection, ready):
        yield from search_store.iterate_records(connection, ready)


def facets(project: Project, query: str = "", limit: int = 50) -> Facets:
    """Count the matching conversations by class, status, source, lang and round.

    Raises:
        QueryError: The query has a mistake.
    """
    with compiled(project, query) as (connection, ready):
        selecting = None if ready.from_cube else project.database.selecting(connection)
        if selecting is None:
            return search_store.facets(connection, ready, limit)
        cells = selecting.select(connection, ready).cells(dimensions=False)
        return search_store.facets_of(cells, ready, limit)


def histograms(project: Project, query: str = "") -> tuple[dict[str, Histogram], bool]:
    """Return how the matching conversations spread over turns, tokens and reward, and whether that is estimated.

    Raises:
        QueryError: The query has a mistake.
    """
    with compiled(project, query) as (connection, ready):
        selecting = project.database.selecting(connection)
        if selecting is None:
            found, estimated = histogram_store.histograms(connection, ready)
        else:
            chosen = selecting.select(connection, ready)
            found, estimated = chosen.histograms(), not chosen.exact
    return {field: histogram_store.trimmed(one) for field, one in found.items()}, estimated


def stamp(project: Project) -> tuple[int, int, int]:
    """Return what changes with every decision, arrival and restored import: counts keep while it stays."""
    with project.database.read() as connection:
        return conversation_store.stamp(connection)


def check(project: Project, query: str) -> None:
    """Do nothing for a query that can be run.

    Raises:
        QueryError: It has a mistake, or asks for meaning without a map.
    """
    with compiled(project, query):
        pass


def get_record(project: Project, key: int | str) -> Record:
    """Return a conversation by row number or id.

    Raises:
        NotFound: There is none.
    """
    with project.database.read() as connection:
        record = conversation_store.get_record(connection, key)
    if record is None:
        raise NotFound(f"there is no conversation {key!r}", "search for it, or check the id")
    return record


def get_records(project: Project, seqs: Sequence[int]) -> list[Record]:
    """Return conversations by row numbers, in that order; unknown ones are left out."""
    with project.database.read() as connection:
        return conversation_store.get_records(connection, seqs)


def summaries(project: Project, seqs: Sequence[int]) -> list[RecordSummary]:
    """Return list rows by row numbers, in that order; unknown ones are left out."""
    with project.database.read() as connection:
        return conversation_store.get_summaries(connection, seqs)


def history(project: Project, seq: int) -> list[tuple[Action, Change]]:
    """Return what happened to a conversation, oldest first, beginning with its arrival."""
    with project.database.read() as connection:
        return action_store.history(connection, seq)


def siblings(project: Project, prompt_hash: str) -> list[RecordSummary]:
    """Return the conversations that answer the same prompt, in order of arrival."""
    with project.database.read() as connection:
        return conversation_store.siblings(connection, prompt_hash)
