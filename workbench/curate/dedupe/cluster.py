"""The same search on Ray, for what one machine does not hold: the local operators, each on a part of the texts.

    with cluster(address) as ray:
        found = find_near_on(ray, readers, settings)      # groups equal to `find_near`'s

    read, sign      one task for each reader              texts → block; exact keys, cut by their remainder
    twins           one for each remainder                equal texts → representatives
    crowd           one a block, one a remainder          band keys → which buckets hold two or more, or very many
    route           one for each block                    texts → the remainders in whose buckets they meet others
    compare         one for each remainder                buckets → candidates → true similarities

The driver holds the pairs and the twins, nothing else. Blocks stay in Ray's object store, which spills to disk.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.curate.dedupe.bands import Share, band_keys, candidates
from workbench.curate.dedupe.corpus import (
    Block,
    Columns,
    Gathered,
    NearSettings,
    joint_keys,
    sign_block,
    tightened,
)
from workbench.curate.dedupe.exact import exact_keys
from workbench.curate.dedupe.pairs import Found, Progress, representatives, strongest
from workbench.curate.dedupe.tables import Members, Numbers, Pairs
from workbench.curate.dedupe.texts import Reading
from workbench.curate.dedupe.verify import similarities
from workbench.domain.errors import PlanError

Keys = npt.NDArray[np.uint64]
Reader = Callable[[], tuple[Numbers, Columns]]
"""Called by a worker; returns row numbers and their texts, as `pairs.Texts`."""

IN_FLIGHT = 4
"""Readers handed out for each processor, so that texts read by the driver do not pile up."""
INSTALL = 'pip install "crlft-workbench[ray]"'


@contextmanager
def cluster(address: str | None = None, *, workers: int | None = None) -> Iterator[Any]:
    """Give Ray, connected to a cluster, or started on this machine and ended afterwards.

    Args:
        address: Of a running cluster, such as `auto` or `10.0.0.1:6379`; None starts one here.
        workers: Processes of one that is started; None is one for each processor.

    Raises:
        PlanError: Ray is not installed, or the cluster cannot be reached.
    """
    try:
        ray: Any = importlib.import_module("ray")
    except ImportError as error:
        raise PlanError("the engine ray needs the package ray, which is not installed", INSTALL) from error
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    quiet: dict[str, Any] = {"include_dashboard": False} if address is None else {}
    try:
        ray.init(
            address=address or "local",
            num_cpus=workers if address is None else None,
            log_to_driver=False,
            logging_level="ERROR",
            **quiet,
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        where = "on this machine" if address is None else f"at {address}"
        said = str(error).splitlines()[0][:200]
        raise PlanError(f"no Ray cluster {where}: {said}", "check the address, or leave it out") from error
    try:
        yield ray
    finally:
        ray.shutdown()


def find_exact_on(
    ray: Any,
    readers: Iterable[Reader],
    reading: Reading | None = None,
    *,
    total: int = 0,
    on_progress: Progress | None = None,
) -> Found:
    """Group equal texts, as `find_exact`."""
    cuts = _cuts(ray)
    punctuation = reading is None or reading.punctuation
    sent = [
        (done, keyed)
        for done, *keyed in _submitted(ray, _keyed, readers, (punctuation, cuts), 1 + cuts, total, on_progress)
    ]
    seqs, reps = _twins(ray, [keyed for _, keyed in sent], cuts)
    none = Pairs.of(())
    return Found(sum(ray.get([done for done, _ in sent])), _members(seqs, reps, none), none)


def find_near_on(
    ray: Any,
    readers: Iterable[Reader],
    settings: NearSettings | None = None,
    *,
    threshold: float = 0.8,
    total: int = 0,
    on_progress: Progress | None = None,
) -> Found:
    """Find equal and near-equal texts, as `find_near`."""
    settings = settings or NearSettings()
    cuts, floor = _cuts(ray), min(settings.floor, threshold)
    done, blocks, keyed = [], [], []
    for count, block, *keys in _submitted(ray, _signed, readers, (settings, cuts), 2 + cuts, total, on_progress):
        done.append(count)
        blocks.append(block)
        keyed.append(keys)
    twins, reps = _twins(ray, keyed, cuts)
    gone = ray.put(np.sort(twins))
    crowded = [_remote(ray, _banded, cuts)(block, gone, settings, cuts) for block in blocks]
    met = [_remote(ray, _crowd, 2)(settings.huge, *column) for column in zip(*map(_several, crowded), strict=True)]
    huge = ray.put(np.concatenate([np.empty(0, dtype=np.uint64), *ray.get([h for _, h in met])]))
    shared = [s for s, _ in met]
    routed = [_remote(ray, _route, cuts)(block, gone, settings, *shared) for block in blocks]
    compared = [
        _remote(ray, _compare, 1)(number, cuts, huge, settings, floor, *column)
        for number, column in enumerate(zip(*map(_several, routed), strict=True))
    ]
    considered = sum(ray.get(done))
    pairs, floor = _all_pairs(ray.get(compared), settings, floor, threshold)
    if on_progress is not None:
        on_progress(considered, considered)
    return Found(considered, _members(twins, reps, pairs), pairs, floor)


def _cuts(ray: Any) -> int:
    """Return in how many parts keys and buckets are cut."""
    return max(2, int(ray.cluster_resources().get("CPU", 1)))


def _remote(ray: Any, function: Callable[..., Any], returns: int) -> Callable[..., Any]:
    remote: Callable[..., Any] = ray.remote(function).options(num_returns=returns).remote
    return remote


def _several(refs: Any) -> list[Any]:
    return list(refs) if isinstance(refs, list) else [refs]


def _submitted(
    ray: Any,
    function: Callable[..., Any],
    readers: Iterable[Reader],
    extra: tuple[Any, ...],
    returns: int,
    total: int,
    on_progress: Progress | None,
) -> Iterator[list[Any]]:
    """Hand out readers, a few at a time; yield what each task will return."""
    most = IN_FLIGHT * _cuts(ray)
    running: list[Any] = []
    seen = 0
    for reader in readers:
        refs = _remote(ray, function, returns)(reader, *extra)
        yield refs
        running.append(refs[0])
        if len(running) >= most:
            ended, running = ray.wait(running)
            seen += sum(ray.get(ended))
            if on_progress is not None:
                on_progress(int(seen * 0.9), max(total, seen))


def _keyed(reader: Reader, punctuation: bool, cuts: int) -> tuple[Any, ...]:
    seqs, columns = reader()
    read = [exact_keys(column, punctuation=punctuation) for column in columns]
    wordy = np.sum([words for _, words in read], axis=0) > 1
    return len(seqs), *_cut(seqs[wordy], joint_keys([keys for keys, _ in read])[wordy], cuts)


def _signed(reader: Reader, settings: NearSettings, cuts: int) -> tuple[Any, ...]:
    seqs, columns = reader()
    block = sign_block(seqs, columns, settings)
    return len(seqs), block, *_cut(block.seqs[block.wordy], block.keys[block.wordy], cuts)


def _cut(seqs: Numbers, keys: Keys, cuts: int) -> list[tuple[Numbers, Keys]]:
    part = keys[:, 0] // np.uint64(2) % np.uint64(cuts)  # the last bit is always set
    return [(seqs[part == number], keys[part == number]) for number in range(cuts)]


def _twins(ray: Any, keyed: Sequence[Sequence[Any]], cuts: int) -> tuple[Numbers, Numbers]:
    """Return all rows that are not the first of their text, and that first."""
    found = ray.get([_remote(ray, _twins_of, 1)(*column) for column in zip(*keyed, strict=True)])
    nothing = [np.empty(0, dtype=np.int64)]
    return (
        np.concatenate(nothing + [seqs for seqs, _ in found]),
        np.concatenate(nothing + [reps for _, reps in found]),
    )


def _twins_of(*parts: tuple[Numbers, Keys]) -> tuple[Numbers, Numbers]:
    seqs = np.concatenate([seqs for seqs, _ in parts])
    reps, _ = representatives(seqs, np.concatenate([keys for _, keys in parts]))
    return seqs[seqs != reps], reps[seqs != reps]


def _texts(block: Block, gone: Numbers) -> Numbers:
    """Return the places of the texts that are compared."""
    return np.flatnonzero(block.wordy & ~np.isin(block.seqs, gone))


def _every_band(block: Block, places: Numbers, settings: NearSettings) -> Keys:
    signatures = block.signatures[places]
    return np.stack([band_keys(signatures, settings, band) for band in range(settings.bands)])


def _banded(block: Block, gone: Numbers, settings: NearSettings, cuts: int) -> Any:
    keys = _every_band(block, _texts(block, gone), settings).ravel()
    parts = [keys[keys % np.uint64(cuts) == number] for number in range(cuts)]
    return parts if cuts > 1 else parts[0]


def _crowd(limit: int, *parts: Keys) -> tuple[Keys, Keys]:
    """Return the buckets of two or more, ascending, and the huge ones; keys of different bands never meet."""
    keys, counts = np.unique(np.concatenate(parts), return_counts=True)
    return keys[counts > 1], keys[counts > limit]


def _route(block: Block, gone: Numbers, settings: NearSettings, *shared: Keys) -> Any:
    places = _texts(block, gone)
    keys = _every_band(block, places, settings)
    parts = [tightened(block, places[np.isin(keys, buckets).any(axis=0)]) for buckets in shared]
    return parts if len(parts) > 1 else parts[0]


def _compare(
    number: int, cuts: int, huge: Keys, settings: NearSettings, floor: float, *parts: Block
) -> tuple[Numbers, Numbers, npt.NDArray[np.float64]]:
    gathered = Gathered()
    for part in parts:
        gathered.add(part)
    block = gathered.block()
    assert block is not None
    texts = block.take(np.lexsort((block.keys[:, 1], block.keys[:, 0])))
    codes, _ = candidates(texts.signatures, texts.counts, settings, floor, share=Share(number, cuts, huge))
    left, right = np.divmod(codes, max(len(texts.seqs), 1))
    scores = np.round(similarities(texts, left, right, settings.reading.figure_tokens), 4)
    good = scores >= floor
    return texts.seqs[left[good]], texts.seqs[right[good]], scores[good]


def _all_pairs(
    found: Sequence[tuple[Numbers, Numbers, npt.NDArray[np.float64]]],
    settings: NearSettings,
    floor: float,
    threshold: float,
) -> tuple[Pairs, float]:
    pairs = Pairs.sorted(
        np.concatenate([np.empty(0, dtype=np.int64), *(one for one, _, _ in found)]),
        np.concatenate([np.empty(0, dtype=np.int64), *(other for _, other, _ in found)]),
        np.concatenate([np.empty(0), *(scores for _, _, scores in found)]),
    )
    # Two workers may both have met a pair where one of their buckets was huge.
    again = (pairs.a[1:] == pairs.a[:-1]) & (pairs.b[1:] == pairs.b[:-1])
    pairs = pairs.take(np.concatenate(([True], ~again))[: len(pairs)])
    keep, floor = strongest(pairs.scores, floor, threshold, settings.most_pairs)
    return pairs.take(keep), floor


def _members(twins: Numbers, reps: Numbers, pairs: Pairs) -> Members:
    """Return the twins, their first ones, and those in pairs: as `Members.found`, which needs all rows."""
    firsts = np.unique(np.concatenate((reps, pairs.a, pairs.b)))
    seqs, stands_for = np.concatenate((twins, firsts)), np.concatenate((reps, firsts))
    order = np.argsort(seqs)
    return Members(seqs[order], stands_for[order])
