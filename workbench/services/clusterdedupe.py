"""Duplicates of Parquet files on Ray: workers read, compare and write; the groups are those of the local engine.

    report = dedupe_parquet(Path("corpus/"), Path("out"), address="auto")

`out/kept/part-00000.parquet`, `out/dropped/part-00000.parquet`: one part for each piece that was read, rows,
columns and order as they were; dropped rows have `duplicate_of` (number of the row that stays, from 1, through all
files) and `similarity`. Rows that cannot be read stand in `out/unread/part-00000.jsonl`. On a cluster all nodes
must see both folders under the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from crlft.errors import DataError
from crlft.formats import FORMATS
from crlft.formats.columnar import rows_of
from crlft.formats.sources import find_files
from crlft.formats.writing import write_rows
from workbench.curate.dedupe import Document, NearSettings, Part, Progress, sides
from workbench.curate.dedupe.cluster import cluster, find_exact_on, find_near_on
from workbench.curate.dedupe.corpus import Columns
from workbench.curate.dedupe.tables import Numbers
from workbench.domain.errors import PlanError
from workbench.services.filededupe import FileReport, FileSearch, check_free, decisions_of, fault_of, texts_of
from workbench.services.inspecting import open_file, read_checked

PIECE_ROWS = 10_000
"""Rows that a worker reads and writes at a time, at most."""

Gone = tuple[Numbers, Numbers, np.ndarray[tuple[int], np.dtype[np.float64]]]
"""Rows that go, ascending; the row that each copies; their similarity."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a Parquet file.

    Attributes:
        path: The file.
        group: Its row group.
        start: First row within it.
        rows: How many.
        first: Number of the first row through all files, from 1.
        form: Name of the format.
    """

    path: Path
    group: int
    start: int
    rows: int
    first: int
    form: str

    def table(self) -> Any:
        """Read the rows."""
        with pq.ParquetFile(self.path) as file:
            return file.read_row_group(self.group).slice(self.start, self.rows)


def dedupe_parquet(
    source: Path,
    folder: Path,
    search: FileSearch | None = None,
    *,
    address: str | None = None,
    workers: int | None = None,
    on_progress: Progress | None = None,
) -> FileReport:
    """Find the duplicates in Parquet files on Ray, and write what stays and what goes.

    Args:
        source: A Parquet file, or a folder of them, read in the order of their names.
        folder: Where to write; made if it is missing.
        search: What counts as a duplicate; near copies of conversations by default.
        address: Of a Ray cluster; None starts one on this machine.
        workers: Processes of one that is started; None is one for each processor.
        on_progress: Called with (rows read, in all).

    Raises:
        PlanError: An earlier outcome is in the way, or Ray is missing.
        ImportFault: A file cannot be read.
    """
    search = search or FileSearch()
    check_free(folder / name for name in ("kept", "dropped", "unread"))
    pieces = list(_pieces(source))
    total = sum(piece.rows for piece in pieces)
    readers = [partial(_read, piece, search.part) for piece in pieces]
    with cluster(address, workers=workers) as ray:
        if search.method == "exact":
            found = find_exact_on(ray, readers, search.reading, total=total, on_progress=on_progress)
        else:
            settings = NearSettings(reading=search.reading)
            found = find_near_on(
                ray, readers, settings, threshold=search.threshold, total=total, on_progress=on_progress
            )
        result = search.result(found)
        members = np.array(sorted(result.group_of), dtype=np.int64)
        lengths = dict(zip(members.tolist(), _lengths(ray, pieces, members), strict=True))
        gone = ray.put(_as_arrays(decisions_of(result, lengths, search.keep)))
        written = _on_all(ray, _write, [(piece, folder.absolute(), n, gone) for n, piece in enumerate(pieces)])
    kept, dropped, unread = (sum(column) for column in zip(*written, strict=True))
    names = zip(("kept", "dropped", "unread"), (kept, dropped, unread), strict=True)
    return FileReport(
        total, kept, dropped, unread, len(result.groups), tuple(str(folder / name) for name, n in names if n)
    )


def _pieces(source: Path) -> Iterator[Piece]:
    try:
        files = find_files([source])
    except DataError as error:
        raise PlanError(error.message, error.remedy) from error
    other = next((path for path in files if path.suffix.lower() != ".parquet"), None)
    if other is not None:
        raise PlanError(
            f"{other} is no Parquet file, which the engine ray reads",
            "leave --engine out, or convert it: workbench import FILE, snapshot NAME, export NAME out.parquet",
        )
    first = 1
    for path in files:
        with open_file(path.absolute()) as opened:
            form = opened.detection.format
        with pq.ParquetFile(path) as file:
            sizes = [file.metadata.row_group(g).num_rows for g in range(file.num_row_groups)]
        for group, size in enumerate(sizes):
            for start in range(0, size, PIECE_ROWS):
                rows = min(PIECE_ROWS, size - start)
                yield Piece(path.absolute(), group, start, rows, first, form)
                first += rows


def _documents(piece: Piece, part: Part) -> Iterator[Document]:
    form = FORMATS[piece.form]
    for row in rows_of(piece.table(), piece.first):
        read = texts_of(row, form, part)
        if read is not None:
            yield Document(row.line, read[0])


def _read(piece: Piece, part: Part) -> tuple[Numbers, Columns]:
    documents = list(_documents(piece, part))
    columns = [list(side) for side in zip(*(d.sides for d in documents), strict=True)]
    seqs = np.array([d.seq for d in documents], dtype=np.int64)
    return seqs, columns or [[] for _ in sides((), part)]


def _on_all(ray: Any, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> list[Any]:
    remote = ray.remote(function)
    found: list[Any] = ray.get([remote.remote(*task) for task in tasks])
    return found


def _lengths(ray: Any, pieces: Sequence[Piece], members: Numbers) -> Iterator[int]:
    """Yield how long the answers of some rows are, in the order of the rows."""
    tasks = []
    for piece in pieces:
        begin, end = np.searchsorted(members, (piece.first, piece.first + piece.rows))
        if begin < end:
            tasks.append((piece, members[begin:end]))
    for found in _on_all(ray, _lengths_of, tasks):
        yield from found


def _lengths_of(piece: Piece, members: Numbers) -> list[int]:
    chosen = piece.table().take(members - piece.first)
    form = FORMATS[piece.form]
    return [len(read_checked(row, form).conversations[0].answer) for row in rows_of(chosen, 1)]


def _as_arrays(decisions: Any) -> Gone:
    gone = sorted((d.seq, d.copy_of, d.score) for d in decisions if not d.kept)
    seqs, copies, scores = zip(*gone, strict=True) if gone else ((), (), ())
    return np.array(seqs, dtype=np.int64), np.array(copies, dtype=np.int64), np.array(scores, dtype=float)


def _write(piece: Piece, folder: Path, number: int, gone: Gone) -> tuple[int, int, int]:
    """Write a piece's parts; return how many rows were kept, dropped, and not read."""
    table, form = piece.table(), FORMATS[piece.form]
    faults = ((row, fault_of(row, form)) for row in rows_of(table, piece.first))
    broken = [{"row": row.line, "reason": fault, "value": row.value} for row, fault in faults if fault is not None]
    numbers = np.arange(piece.first, piece.first + piece.rows)
    begin, end = np.searchsorted(gone[0], (piece.first, piece.first + piece.rows))
    goes = np.isin(numbers, gone[0][begin:end])
    stays = ~goes & ~np.isin(numbers, [row["row"] for row in broken])
    dropped = table.filter(pa.array(goes))
    dropped = dropped.append_column("duplicate_of", pa.array(gone[1][begin:end]))
    dropped = dropped.append_column("similarity", pa.array(gone[2][begin:end]))
    for name, part in (("kept", table.filter(pa.array(stays))), ("dropped", dropped)):
        if part.num_rows:
            path = folder / name / f"part-{number:05}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch = path.with_suffix(".part")
            pq.write_table(part, scratch, compression="zstd")
            scratch.replace(path)
    if broken:
        path = folder / "unread" / f"part-{number:05}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_rows(path) as put:
            for value in broken:
                put(value)
    return int(stays.sum()), int(goes.sum()), len(broken)
