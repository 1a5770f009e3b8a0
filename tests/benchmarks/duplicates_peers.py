"""One tool's search for near-duplicates, file to groups, in a process of its own.

    PYTHON duplicates_peers.py TOOL FILE.jsonl OUT.json

The tools: `ours`, and peers that PYTHON must have (tests/benchmarks/peers.txt). Every tool gets prompt and
answer of each row and looks for texts alike at .8 with 128 permutations; the peers see both as one text, in
pairs of words. A small file is searched first, so that loading and compiling are not counted. OUT gets seconds,
processor seconds, peak memory and groups.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from importlib.metadata import version
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

THRESHOLD = 0.8
PERMUTATIONS = 128
BANDS = 32
BATCH = 4000

Groups = list[list[int]]


def pairs_of_words(text: str) -> list[str]:
    """Return a text's pairs of words."""
    words = text.split()
    return [f"{one} {other}" for one, other in pairwise(words)] or words


def texts(file: Path) -> Iterator[str]:
    """Yield prompt and answer of each row as one text."""
    import orjson

    with file.open("rb") as lines:
        for line in lines:
            row = orjson.loads(line)
            yield f"{row['prompt']} {row['completion']}"


def ours(file: Path) -> Groups:
    """Run the search that `workbench dedupe --input` makes."""
    from workbench.services.filededupe import FileSearch, search_file

    result, _ = search_file(file, FileSearch())
    return [[seq - 1 for seq in group.seqs] for group in result.groups]


def ours_one_thread(file: Path) -> Groups:
    """Run the same on one thread."""
    from workbench.services.filededupe import FileSearch, search_file

    result, _ = search_file(file, FileSearch(), threads=1)
    return [[seq - 1 for seq in group.seqs] for group in result.groups]


def rensa(file: Path) -> Groups:
    """Run rensa's own deduplicator, in batches; a flagged text is grouped with the first that it names."""
    from rensa import RMinHash, RMinHashDeduplicator

    deduplicator = RMinHashDeduplicator(THRESHOLD, PERMUTATIONS, True, BANDS)
    groups: dict[int, list[int]] = {}
    rows, at = texts(file), 0
    while batch := list(islice(rows, BATCH)):
        hashed = RMinHash.from_token_sets([pairs_of_words(text) for text in batch], PERMUTATIONS, 42)
        added = deduplicator.add_pairs([(str(at + i), one) for i, one in enumerate(hashed)])
        for i, new in enumerate(added):
            if not new and (named := deduplicator.get_duplicates(hashed[i])):
                first = int(named[0])
                groups.setdefault(first, [first]).append(at + i)
        at += len(batch)
    return list(groups.values())


def datasketch(file: Path) -> Groups:
    """Index with datasketch's LSH; candidates count where the signatures agree on four fifths."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    signatures: dict[int, Any] = {}
    groups = Union()
    rows, at = texts(file), 0
    while batch := list(islice(rows, BATCH)):
        tokens = [[token.encode() for token in pairs_of_words(text)] for text in batch]
        for signature in MinHash.bulk(tokens, num_perm=PERMUTATIONS):
            for other in index.query(signature):
                if signature.jaccard(signatures[other]) >= THRESHOLD:
                    groups.join(other, at)
            index.insert(at, signature)
            signatures[at] = signature
            at += 1
    return groups.groups()


def text_dedup(file: Path) -> Groups:
    """Run text-dedup's MinHash command in this process, one worker; groups are its union-find's."""
    from text_dedup import minhash

    column = file.with_suffix(".text.jsonl")
    with tempfile.TemporaryDirectory() as folder:
        words = f"--path json --data_files {column} --split train --cache_dir {folder}/cache --output {folder}/out"
        more = f"--column text --batch_size 10000 --ngram 2 --min_length 1 --num_perm {PERMUTATIONS}"
        options = [*words.split(), *more.split(), "--threshold", str(THRESHOLD), "--num_proc", "1"]
        minhash.main.main(options, standalone_mode=False)
    found = defaultdict(list)
    for number in minhash.uf.parent:
        found[minhash.uf.find(number)].append(number)
    return [group for group in found.values() if len(group) > 1]


def semhash(file: Path) -> Groups:
    """Run semhash with its default model, which must be on this machine."""
    from semhash import SemHash

    records = list(texts(file))
    found = SemHash.from_records(records=records).self_deduplicate(threshold=0.9)
    numbers: dict[str, list[int]] = defaultdict(list)
    for number, record in enumerate(records):
        numbers[record].append(number)
    groups = Union()
    for kept in found.selected_with_duplicates:
        for record, _ in kept.duplicates:
            for number in numbers[str(record)]:
                groups.join(numbers[str(kept.record)][0], number)
    return groups.groups()


class Union:
    """Sets that are joined."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}

    def find(self, one: int) -> int:
        """Return the set that holds something."""
        while (above := self._above.setdefault(one, one)) != one:
            self._above[one] = self._above[above]
            one = self._above[one]
        return one

    def join(self, one: int, other: int) -> None:
        """Join two sets."""
        self._above[self.find(one)] = self.find(other)

    def groups(self) -> Groups:
        """Return the sets."""
        found = defaultdict(list)
        for one in self._above:
            found[self.find(one)].append(one)
        return list(found.values())


TOOLS: dict[str, tuple[str, Callable[[Path], Groups]]] = {
    "ours": ("crlft-workbench", ours),
    "ours-one-thread": ("crlft-workbench", ours_one_thread),
    "rensa": ("rensa", rensa),
    "datasketch": ("datasketch", datasketch),
    "text-dedup": ("text-dedup", text_dedup),
    "semhash": ("semhash", semhash),
}
"""Name → distribution, and the search."""


def _processor() -> float:
    """Return processor seconds so far, those of processes that have ended included."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _peak_kb() -> int:
    """Return the most memory so far; what the parent process had does not count, as in `ru_maxrss` it does."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise RuntimeError("/proc/self/status does not say VmHWM")


def main(tool: str, file: Path, out: Path) -> None:
    """Run a tool on the first rows, then on all."""
    package, search = TOOLS[tool]
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.jsonl"
        for suffix in (".jsonl", ".text.jsonl"):
            with file.with_suffix(suffix).open("rb") as lines, small.with_suffix(suffix).open("wb") as some:
                some.writelines(islice(lines, 200))
        search(small)
    gc.collect()
    before = _peak_kb()
    began, processor = time.perf_counter(), _processor()
    groups = search(file)
    figures = {
        "seconds": time.perf_counter() - began,
        "processor_seconds": _processor() - processor,
        "grown_kb": _peak_kb() - before,
        "version": version(package),
        "groups": groups,
    }
    out.write_text(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
