"""The near-duplicate search of a project: what earlier searches read and compared is not done again.

found = search_near(connection, seqs, project.root / MEMORY, part="conversation")

The outcome is that of a search from nothing; the folder may be deleted at any time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from crlft.conversation import Turn
from workbench.curate.dedupe import (
    Document,
    Found,
    NearSettings,
    Part,
    Progress,
    in_blocks,
    near_among,
    near_of,
    sides,
)
from workbench.curate.dedupe.cluster import cluster, find_near_on
from workbench.curate.dedupe.corpus import Columns, signed
from workbench.curate.dedupe.memory import Contents, Memory
from workbench.curate.dedupe.tables import Numbers
from workbench.store import duplicates as store

MEMORY = Path("cache", "duplicates")
"""Inside a project."""
_NO_HASH = "0" * 16
_STRIDE = np.uint64(0x9E3779B97F4A7C15)


def search_near(
    connection: Connection,
    seqs: Sequence[int],
    folder: Path,
    part: Part,
    *,
    stamps: Contents | None = None,
    threshold: float = 0.8,
    settings: NearSettings | None = None,
    on_progress: Progress | None = None,
) -> Found:
    """Find near-duplicates among conversations, reading and comparing only what no earlier search met.

    Args:
        connection: To the project's database.
        seqs: The conversations.
        folder: Where earlier searches left what they know.
        part: What is compared.
        stamps: Of each conversation, see `stamps_of`; texts of known stamps are not read. None reads all.
        threshold: Least similarity that counts.
        settings: How to search.
        on_progress: Called with (conversations done, in all).
    """
    settings = settings or NearSettings()
    memory = Memory(folder, part, settings)
    texts = _Texts(connection, seqs, stamps, part, memory, on_progress)
    for fresh in signed(in_blocks(texts.fresh()), settings):
        memory.gathered.add(fresh)
    block = memory.gathered.block()
    rows, places = (
        np.array(texts.seqs, dtype=np.int64),
        np.concatenate([np.empty(0, dtype=np.int64), *texts.places]),
    )
    if block is None or not len(rows):
        return near_of(None, settings)
    places = np.concatenate(texts.places)
    known = memory.compared()
    found, compared = near_among(block, rows, places, settings, threshold=threshold, known=known)
    # A search of nothing but known texts adds nothing; one of too many pairs is no good start for the next.
    news = known is None or known.floor != compared.floor or not _covered(compared.keys, known.keys)
    worth = compared if news and len(compared.scores) <= settings.most_pairs else None
    memory.keep(texts.contents(), places, worth)
    texts.keep_stamps()
    if on_progress is not None:
        on_progress(len(seqs), len(seqs))
    return found


def search_near_on_cluster(
    connection: Connection,
    seqs: Sequence[int],
    part: Part,
    address: str | None,
    *,
    threshold: float = 0.8,
    on_progress: Progress | None = None,
) -> Found:
    """Find near-duplicates on Ray: texts are read here and compared there; nothing is left for the next search.

    Args:
        connection: As `search_near`.
        seqs: As there.
        part: As there.
        address: Of a cluster; None starts one on this machine.
        threshold: As there.
        on_progress: As there.

    Raises:
        PlanError: Ray is not installed, or the cluster cannot be reached.
    """

    def documents() -> Iterator[Document]:
        for numbers, bodies in store.iterate_bodies(connection, seqs):
            for seq, body in zip(numbers, bodies, strict=True):
                yield Document(seq, sides(_turns(body), part))

    with cluster(address) as ray:
        readers = (partial(_given, *block) for block in in_blocks(documents()))
        return find_near_on(ray, readers, threshold=threshold, total=len(seqs), on_progress=on_progress)


def _given(seqs: Numbers, columns: Columns) -> tuple[Numbers, Columns]:
    return seqs, columns


def _turns(body: str) -> list[Turn]:
    return [Turn.from_dict(turn) for turn in json.loads(body)]


def stamps_of(rows: Sequence[store.Hashes]) -> Contents:
    """Return two numbers for each conversation that are others when its text is another."""
    stamps = np.empty((len(rows), 2), dtype=np.uint64)
    stamps[:, 0] = hash_numbers([row.prompt_hash for row in rows])
    stamps[:, 1] = hash_numbers([row.answer_hash for row in rows])
    stamps[:, 0] += np.array([row.seq for row in rows], dtype=np.uint64) * _STRIDE
    stamps[:, 1] += np.array([row.revision for row in rows], dtype=np.uint64) * _STRIDE
    return stamps


def hash_numbers(hashes: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Return 16 hexadecimal digits each as a number, 0 for no hash."""
    data = "".join([text or _NO_HASH for text in hashes])
    return np.frombuffer(bytes.fromhex(data), dtype=">u8").astype(np.uint64)


class _Texts:
    """Walks through the conversations; hands out those whose text is new, each text once."""

    def __init__(
        self,
        connection: Connection,
        seqs: Sequence[int],
        stamps: Contents | None,
        part: Part,
        memory: Memory,
        on_progress: Progress | None,
    ) -> None:
        self._connection, self._part, self._memory = connection, part, memory
        self._on_progress, self._total = on_progress, len(seqs)
        self._fresh: dict[bytes, int] = {}
        self._stamps = stamps
        self._contents = np.zeros((len(seqs), 2), dtype=np.uint64)
        self._row = {seq: i for i, seq in enumerate(seqs)}
        known = np.zeros(len(seqs), dtype=np.bool_)
        if stamps is not None:
            self._contents, known = memory.contents_of(stamps)
            known &= memory.places(self._contents) >= 0
        self.seqs = np.array(seqs, dtype=np.int64)[known].tolist()
        self.places = [memory.places(self._contents[known])]
        self._unread = [seq for seq, here in zip(seqs, known.tolist(), strict=True) if not here]

    def fresh(self) -> Iterator[Document]:
        for seqs, bodies in store.iterate_bodies(self._connection, self._unread):
            hashes = [blake2b(body.encode(), digest_size=16).digest() for body in bodies]
            contents = _numbers(hashes)
            places = self._memory.places(contents)
            self._contents[[self._row[seq] for seq in seqs]] = contents
            self.seqs += seqs
            self.places.append(places)
            for i in np.flatnonzero(places < 0).tolist():
                place = self._fresh.get(hashes[i])
                if place is None:
                    place = self._fresh[hashes[i]] = len(self._memory) + len(self._fresh)
                    yield Document(place, sides(_turns(bodies[i]), self._part))
                places[i] = place
            if self._on_progress is not None:
                # Reading is most of the work; the last tenth is comparing.
                self._on_progress(int(len(self.seqs) * 0.9), self._total)

    def keep_stamps(self) -> None:
        """Write which conversation has which content, where that was not known of all."""
        if self._stamps is not None and self._unread:
            self._memory.keep_stamps(self._stamps, self._contents)

    def contents(self) -> Contents:
        """Return the contents of the new texts, in their order."""
        return _numbers(self._fresh)


def _numbers(hashes: Sequence[bytes] | dict[bytes, int]) -> Contents:
    return np.frombuffer(b"".join(hashes), dtype="<u8").reshape(-1, 2)


def _covered(keys: Contents, known: Contents) -> bool:
    """Whether all keys are known; both ascend."""
    near = np.minimum(np.searchsorted(known[:, 0], keys[:, 0]), len(known) - 1)
    return bool(len(known)) and bool((known[near] == keys).all())
