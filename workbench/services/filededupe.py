"""Duplicates of a file, without a project: two files come out, what stays and what goes, and nothing is lost.

    report = dedupe_file(Path("answers.jsonl.gz"), Path("out"), FileSearch(threshold=0.8))

`out/kept.…` and `out/dropped.…` hold the rows as they were, in their order and in the input's kind; dropped rows
have two columns more, `duplicate_of` (number of the row that stays, from 1) and `similarity`. Rows that cannot be
read stand in `out/unread.jsonl` with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crlft.errors import DataError
from crlft.formats import Format
from crlft.formats.plain import plain_exchange
from crlft.formats.rawrow import RawRow
from crlft.formats.writing import SUFFIXES, write_rows
from workbench.curate.dedupe import (
    KEEP,
    METHODS,
    PARTS,
    SHINGLES,
    Decision,
    Document,
    DuplicateResult,
    Found,
    Member,
    Method,
    NearSettings,
    Part,
    Progress,
    Reading,
    decide,
    find_exact,
    find_near,
    in_blocks,
    sides,
)
from workbench.domain.errors import PlanError
from workbench.services.inspecting import open_file, read_checked


@dataclass(frozen=True, slots=True)
class FileSearch:
    """What counts as a duplicate in files, and which copy stays.

    Attributes:
        method: `exact` or `near`.
        part: What is compared.
        threshold: Least similarity that counts, for `near`.
        keep: A name of `KEEP`; a file has no rewards, so `best` is `longest`.
        punctuation: Whether it makes two texts unequal, for `exact`.
        shingles: A name of `SHINGLES`: what `near` compares.

    Raises:
        PlanError: A name or the threshold makes no sense.
    """

    method: Method = "near"
    part: Part = "conversation"
    threshold: float = 0.8
    keep: str = "longest"
    punctuation: bool = True
    shingles: str = "words"

    def __post_init__(self) -> None:
        if self.method == "semantic":
            remedy = "use near, or import it: a project keeps them"
            raise PlanError("a file has no embeddings to compare by meaning", remedy)
        names = (
            ("method", self.method, METHODS),
            ("part", self.part, PARTS),
            ("keep policy", self.keep, KEEP),
            ("kind of shingles", self.shingles, SHINGLES),
        )
        for name, value, known in names:
            if value not in known:
                raise PlanError(f"there is no {name} {value!r}", f"use one of {', '.join(known)}")
        if not 0.3 <= self.threshold <= 1:
            remedy = "0.8 is a good start, 1 means equal"
            raise PlanError(f"threshold {self.threshold:g} is outside 0.3 to 1", remedy)

    @property
    def reading(self) -> Reading:
        """How texts are read."""
        return replace(SHINGLES[self.shingles], punctuation=self.punctuation)

    def result(self, found: Found) -> DuplicateResult:
        """Return what was found as a result."""
        at = 1.0 if self.method == "exact" else self.threshold
        held = found.floor, found.considered, found.members, found.pairs
        return DuplicateResult(self.method, self.part, at, *held)


@dataclass(frozen=True, slots=True)
class FileReport:
    """What came of a file.

    Attributes:
        rows: Rows in it.
        kept: Rows that stay.
        dropped: Rows that go.
        unread: Rows that could not be read.
        groups: Groups of duplicates.
        files: What was written.
    """

    rows: int
    kept: int
    dropped: int
    unread: int
    groups: int
    files: tuple[str, ...]


def dedupe_file(
    source: Path,
    folder: Path,
    search: FileSearch | None = None,
    *,
    on_progress: Progress | None = None,
) -> FileReport:
    """Find the duplicates in a file and write what stays and what goes.

    Args:
        source: A file of any kind that can be imported; a row of several conversations goes by its first.
        folder: Where to write; made if it is missing.
        search: What counts as a duplicate; near copies of conversations by default.
        on_progress: Called with rows read.

    Raises:
        PlanError: The folder holds an earlier outcome.
        ImportFault: The file cannot be read.
    """
    search = search or FileSearch()
    targets = _targets(source, folder)
    check_free(targets.values())
    result, lengths = search_file(source, search, on_progress=on_progress)
    gone = {d.seq: d for d in decisions_of(result, lengths, search.keep) if not d.kept}
    folder.mkdir(parents=True, exist_ok=True)
    return _write(source, targets, gone, len(result.groups))


def search_file(
    source: Path, search: FileSearch, *, threads: int = 2, on_progress: Progress | None = None
) -> tuple[DuplicateResult, dict[int, int]]:
    """Find the duplicates in a file; return them, by number of row from 1, and how long each row's answer is.

    Args:
        source: As `dedupe_file`.
        search: What counts as a duplicate.
        threads: Blocks read at a time; the outcome does not depend on it.
        on_progress: As there.

    Raises:
        ImportFault: The file cannot be read.
    """
    lengths: dict[int, int] = {}
    texts = in_blocks(_documents(source, search.part, lengths))
    if search.method == "exact":
        found = find_exact(texts, search.reading, on_progress=on_progress)
    else:
        settings = NearSettings(reading=search.reading, threads=threads)
        found = find_near(texts, settings, threshold=search.threshold, on_progress=on_progress)
    return search.result(found), lengths


def _targets(source: Path, folder: Path) -> dict[str, Path]:
    ending = max((s for s in SUFFIXES if source.name.lower().endswith(s)), key=len, default=".jsonl")
    return {
        "kept": folder / f"kept{ending}",
        "dropped": folder / f"dropped{ending}",
        "unread": folder / "unread.jsonl",
    }


def check_free(targets: Iterable[Path]) -> None:
    """Check that nothing is overwritten.

    Raises:
        PlanError: One of the targets is there already.
    """
    taken = next((path for path in targets if path.exists()), None)
    if taken is not None:
        raise PlanError(f"{taken} is already there", "name another folder, or remove that file first")


def _documents(source: Path, part: Part, lengths: dict[int, int]) -> Iterator[Document]:
    with open_file(source) as file:
        for number, row in enumerate(file.rows, 1):
            read = texts_of(row, file.form, part)
            if read is not None:
                lengths[number] = read[1]
                yield Document(number, read[0])


def texts_of(row: RawRow, form: Format, part: Part) -> tuple[tuple[str, ...], int] | None:
    """Return what is compared of a row, and how long its answer is; None where it cannot be read."""
    plain = plain_exchange(row.value, form.name)
    if plain is not None:
        return (plain if part == "conversation" else (plain[part == "answer"],)), len(plain[1])
    try:
        conversation = read_checked(row, form).conversations[0]
    except DataError:
        return None  # said when the row is written
    return sides(conversation.turns, part), len(conversation.answer)


def decisions_of(result: DuplicateResult, lengths: dict[int, int], keep: str) -> Iterator[Decision]:
    """Yield what happens to each member of each group; `lengths` are those of the answers."""
    for group in result.groups:
        members = {
            seq: Member(seq, f"row {seq}", 0, None, None, "pending", "", lengths[seq], "") for seq in group.seqs
        }
        yield from decide(result, group, members, keep)


def fault_of(row: RawRow, form: Format) -> str | None:
    """Return why a row cannot be read, or None."""
    if plain_exchange(row.value, form.name) is not None:
        return None
    try:
        read_checked(row, form)
    except DataError as error:
        return error.message
    return None


def _write(source: Path, targets: dict[str, Path], gone: dict[int, Decision], groups: int) -> FileReport:
    counts = dict.fromkeys(targets, 0)
    with ExitStack() as stack:
        put = {name: stack.enter_context(write_rows(path)) for name, path in targets.items()}
        file = stack.enter_context(open_file(source))
        for number, row in enumerate(file.rows, 1):
            decision, fault = gone.get(number), fault_of(row, file.form)
            value: Any
            if fault is not None:
                name, value = "unread", {"row": number, "reason": fault, "value": row.value}
            elif decision is not None:
                name = "dropped"
                value = {**row.value, "duplicate_of": decision.copy_of, "similarity": decision.score}
            else:
                name, value = "kept", row.value
            put[name](value)
            counts[name] += 1
    for name, path in targets.items():
        if not counts[name]:
            path.unlink()
    return FileReport(
        sum(counts.values()),
        counts["kept"],
        counts["dropped"],
        counts["unread"],
        groups,
        tuple(str(path) for name, path in targets.items() if counts[name]),
    )
