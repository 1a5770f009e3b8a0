"""Search by meaning: `like:ID` and `like:"some text"`, beside any other term.

The `NEAREST` conversations in meaning among those that the other terms admit. Vectors are those of the newest
map (`workbench.services.mapping`); a text that has none, typed or new, is embedded by a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from crlft.neighbours import Neighbours
from workbench.curate.query import parse_query
from workbench.domain.errors import QueryError
from workbench.domain.query import FieldTerm, Query
from workbench.services.embedder import embed_text
from workbench.services.mapjob import collect_map, map_job
from workbench.services.maptexts import MAP_SETTING, MEMBERS, OFFLINE, map_text
from workbench.services.project import Project
from workbench.store import search
from workbench.store.conversations import get_record
from workbench.store.search import Compiled
from workbench.store.settings import get_setting

NEAREST = 500
"""Conversations that a `like:` term finds."""

EXACT_AT_MOST = 60_000
"""Up to so many admitted conversations are all compared; of more, the nearest of all are filtered."""

_NO_MAP = "open Browse, choose Map and make it (or update it); the search goes by its embeddings"
Vector = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]


def compile_text(project: Project, connection: Connection, query: str) -> Compiled:
    """Make a typed query ready to run, searches by meaning included.

    Raises:
        QueryError: The query has a mistake, or there are no embeddings yet.
    """
    tree = parse_query(query)
    likes = [term for term in tree.terms if isinstance(term, FieldTerm) and term.field == "like"]
    rest = Query(tuple(term for term in tree.terms if term not in likes))
    ready = search.compile_query(connection, rest)
    if not likes:
        return ready
    if len(likes) > 1 or likes[0].negated or len(likes[0].values) > 1:
        raise QueryError("like: takes one conversation or one text, once", 'write like:ID or like:"some text"')
    return ready.nearest_to(_rank(project, connection, ready, likes[0].values[0]))


def collect_newest(project: Project, query: str) -> None:
    """Take a finished map that nobody looked at yet into the store, where a query goes by meaning."""
    if "like:" in query.lower():
        newest = map_job(project)
        if newest is not None and not newest.live:
            collect_map(project, newest.id)


@dataclass(frozen=True)
class _Shared:
    """The index of a map, and who shares whose text.

    Attributes:
        index: The vectors, one for each text, under the number of its owner.
        owners: Owners, ascending, one for each conversation.
        members: The conversation of each owner above.
        seqs: The same conversations, ascending.
        owner_of: The owner of each of these.
    """

    index: Neighbours
    owners: Numbers
    members: Numbers
    seqs: Numbers
    owner_of: Numbers

    def owners_of(self, seqs: Numbers) -> Numbers:
        """Return whose texts some conversations have; those that are not on the map are left out."""
        if not len(self.seqs):
            return self.seqs
        at = np.minimum(np.searchsorted(self.seqs, seqs), len(self.seqs) - 1)
        found: Numbers = self.owner_of[at[self.seqs[at] == seqs]]
        return found


@lru_cache(maxsize=4)
def _open(folder: Path, _stamp: int) -> _Shared:
    with np.load(folder / MEMBERS, allow_pickle=False) as file:
        seqs, owners = file["seqs"], file["owners"]
    by_owner, by_seq = np.argsort(owners, kind="stable"), np.argsort(seqs, kind="stable")
    return _Shared(Neighbours(folder), owners[by_owner], seqs[by_owner], seqs[by_seq], owners[by_seq])


def _rank(project: Project, connection: Connection, ready: Compiled, wanted: str) -> list[int]:
    state = get_setting(connection, MAP_SETTING, {})
    folder = project.runs / str(state.get("job_id", "none"))
    try:
        stamp = (folder / "neighbours.npz").stat().st_mtime_ns
        shared = _open(folder, stamp)
    except FileNotFoundError:
        raise QueryError("like: there are no embeddings to search by yet", _NO_MAP) from None
    vector = _vector(connection, shared, wanted, str(state.get("embedder", OFFLINE)))
    admits = _admission(project, connection, ready)
    if not admits.everything and admits.few is not None:
        near, _ = shared.index.among(vector, np.unique(shared.owners_of(admits.few)), NEAREST)
        return _expand(near, shared, set(admits.few.tolist()))
    n = NEAREST
    while True:
        near, _ = shared.index.nearest(vector, n)
        found = _expand(near, shared, None, limit=None)
        if not admits.everything:
            found = admits.of(found)
        if len(found) >= NEAREST or n >= len(shared.index):
            return found[:NEAREST]
        n = min(8 * n, len(shared.index))


@dataclass(frozen=True)
class _Admission:
    """What the terms beside `like:` let through.

    Attributes:
        everything: Whether there are none.
        few: All that they let through, where those are few enough to be compared one by one.
        of: Those of some row numbers that they let through, in the same order.
    """

    everything: bool
    few: Numbers | None
    of: Callable[[list[int]], list[int]]


def _admission(project: Project, connection: Connection, ready: Compiled) -> _Admission:
    selecting = None if ready.is_everything else project.database.selecting(connection)
    if selecting is not None:
        chosen = selecting.select(connection, ready)
        few = chosen.seqs() if chosen.exact and chosen.total <= EXACT_AT_MOST else None

        def quickly(seqs: list[int]) -> list[int]:
            numbers = np.array(seqs, dtype=np.int64)
            return [int(seq) for seq in numbers[chosen.admitted(numbers)]]

        return _Admission(False, few, quickly)
    total, exact = search.count_matches(connection, ready)
    few = None
    if not ready.is_everything and exact and total <= EXACT_AT_MOST:
        few = np.array(search.matching_seqs(connection, ready), dtype=np.int64)

    def by_database(seqs: list[int]) -> list[int]:
        there = search.admitted(connection, ready, seqs)
        return [seq for seq in seqs if seq in there]

    return _Admission(ready.is_everything, few, by_database)


def _vector(connection: Connection, shared: _Shared, wanted: str, embedder: str) -> Vector:
    """Return the vector of a conversation, by its id, or of a text."""
    record = get_record(connection, wanted) if len(wanted) <= 32 else None
    if record is None:
        return embed_text(wanted, embedder)
    own = shared.owners_of(np.array([record.seq]))
    known = shared.index.vector(int(own[0])) if len(own) else None
    return embed_text(map_text(record.conversation), embedder) if known is None else known


def _expand(near: Numbers, shared: _Shared, admitted: set[int] | None, limit: int | None = NEAREST) -> list[int]:
    """Return everybody who shares the nearest texts, in the same order."""
    owners, members = shared.owners, shared.members
    left, right = np.searchsorted(owners, near, "left"), np.searchsorted(owners, near, "right")
    out: list[int] = []
    for a, b in zip(left.tolist(), right.tolist(), strict=True):
        group = members[a:b].tolist()
        out += group if admitted is None else [seq for seq in group if seq in admitted]
        if limit is not None and len(out) >= limit:
            return out[:limit]
    return out
