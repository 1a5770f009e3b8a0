"""Embeddings of what a search compares: the asked and the answered text of every conversation.

    rows, texts = read_parts(project, "conversation")      # what they say, and the vectors known already
    job = start_embedding(project, texts.pieces, actor)    # a worker embeds the rest; None where none is missing
    collect_embeddings(project)                            # takes what workers have done into the store

A text is embedded by its pieces: whole where it is short, else its beginning and its end, because an embedder
reads little more and two answers that only begin alike are not the same. Vectors lie in the store by the hash
of the piece, beside those of the map: equal pieces share one, and what was embedded once is not embedded again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson
from sqlalchemy import Connection

from crlft.conversation import Turn
from crlft.runfolder import RunFolder
from workbench.curate.dedupe import Document, Part, Progress, Reading, in_blocks, sides
from workbench.curate.dedupe.tables import Numbers
from workbench.curate.dedupe.texts import Digest, digest
from workbench.domain.errors import JobError
from workbench.domain.run import Job
from workbench.jobs import crlft_command, new_job_id, start_job
from workbench.services import jobs
from workbench.services.mapjob import text_hash
from workbench.services.maptexts import MAP_SETTING, OFFLINE
from workbench.services.meaning import compile_text
from workbench.services.project import Project
from workbench.store import duplicates as store
from workbench.store import vectors as vector_store
from workbench.store.actions import record_action
from workbench.store.settings import get_setting

KIND = "embed-parts"
"""Kind of the job."""
PIECE = 500
"""Characters of a piece: some 120 tokens, the length that the offline embedder was trained on."""
WHOLE = 600
"""Texts of up to so many characters are one piece."""
COLLECTED = "collected"
HASHES = "hashes.npy"

Vectors = npt.NDArray[np.float16]


@dataclass
class Pieces:
    """Distinct pieces of text, numbered as they come.

    Attributes:
        embedder: Whose vectors.
        places: Hash → number.
        vectors: Number → vector as it is stored; those that are missing are not in it.
        missing: Hash → text, of those without a vector.
    """

    embedder: str
    places: dict[str, int] = field(default_factory=dict)
    vectors: dict[int, bytes] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def number(self, connection: Connection, texts: Sequence[str]) -> list[list[int]]:
        """Return the numbers of each text's pieces, looking up the vectors of new ones."""
        cut = [[(text_hash(piece), piece) for piece in pieces(text)] for text in texts]
        new = {h: piece for row in cut for h, piece in row if h not in self.places}
        for h in new:
            self.places[h] = len(self.places)
        known = vector_store.known_vectors(connection, self.embedder, list(new))
        self.vectors.update((self.places[h], vector) for h, vector in known.items())
        self.missing.update((h, piece) for h, piece in new.items() if h not in known)
        return [[self.places[h] for h, _ in row] for row in cut]

    def look_again(self, connection: Connection) -> None:
        """Take in vectors that have come into the store meanwhile."""
        known = vector_store.known_vectors(connection, self.embedder, list(self.missing))
        for h, vector in known.items():
            self.vectors[self.places[h]] = vector
            del self.missing[h]

    def matrix(self, rows: npt.NDArray[np.int32]) -> Vectors:
        """Return a unit vector for each row of piece numbers, (rows, 2) with -1 for none."""
        width = len(next(iter(self.vectors.values()), b"\0\0")) // 2
        table = np.zeros((len(self.places) + 1, width), dtype=np.float16)  # the last is that of -1
        for place, vector in self.vectors.items():
            table[place] = np.frombuffer(vector, dtype="<f2")
        out = np.empty((len(rows), width), dtype=np.float16)
        for top in range(0, len(rows), 8192):
            part = rows[top : top + 8192]
            total = table[part[:, 0]].astype(np.float32) + table[part[:, 1]].astype(np.float32)
            out[top : top + 8192] = total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9)
        return out


@dataclass
class PartTexts:
    """What a search by meaning compares; row i of everything is conversation i.

    Attributes:
        seqs: Row numbers.
        digests: Of each side, what the texts say.
        rows: Of each side, (conversations, 2), numbers of the pieces, -1 for none.
        pieces: The pieces.
    """

    seqs: Numbers
    digests: list[Digest]
    rows: list[npt.NDArray[np.int32]]
    pieces: Pieces

    def vectors(self) -> list[Vectors]:
        """Return a unit vector for each conversation's text, of each side."""
        return [self.pieces.matrix(rows) for rows in self.rows]


def pieces(text: str) -> list[str]:
    """Return what of a text is embedded: all of it, or its beginning and its end."""
    text = text.strip().encode("utf-8", "replace").decode()
    if not text:
        return []
    return [text] if len(text) <= WHOLE else [text[:PIECE], text[-PIECE:]]


def project_embedder(project: Project) -> str:
    """Return the embedder that the project's map was made with, else the one that ships with the program."""
    with project.database.read() as connection:
        return str(get_setting(connection, MAP_SETTING, {}).get("embedder", OFFLINE))


def read_parts(
    project: Project,
    part: Part,
    query: str = "",
    *,
    embedder: str | None = None,
    on_progress: Progress | None = None,
) -> tuple[list[store.Hashes], PartTexts]:
    """Read what is compared of the matching conversations that are not dropped.

    Raises:
        QueryError: The query has a mistake.
    """
    found = Pieces(embedder or project_embedder(project))
    with project.database.read() as connection:
        rows = store.living_hashes(connection, compile_text(project, connection, query))
        documents = (
            Document(seq, sides([Turn.from_dict(t) for t in turns], part))
            for seq, turns in store.iterate_turns(connection, [row.seq for row in rows])
        )
        texts = read_documents(connection, documents, found, total=len(rows), on_progress=on_progress)
    return rows, texts


def read_documents(
    connection: Connection,
    documents: Iterable[Document],
    found: Pieces,
    *,
    total: int = 0,
    on_progress: Progress | None = None,
) -> PartTexts:
    """Read documents, wherever they come from."""
    seqs: list[Numbers] = []
    read: list[list[Digest]] = []
    numbers: list[list[npt.NDArray[np.int32]]] = []
    done = 0
    for block, columns in in_blocks(documents):
        seqs.append(block)
        read.append([_slim(digest(column, Reading())) for column in columns])
        numbers.append([_padded(found.number(connection, column)) for column in columns])
        done += len(block)
        if on_progress is not None:
            on_progress(done, max(total, done))
    return PartTexts(
        np.concatenate(seqs) if seqs else np.empty(0, dtype=np.int64),
        [_joined(side) for side in zip(*read, strict=True)],
        [np.concatenate(side) for side in zip(*numbers, strict=True)],
        found,
    )


def _slim(read: Digest) -> Digest:
    """Return it without the shingles: meaning is not compared by them."""
    none = np.empty(0, dtype=np.uint32)
    return Digest(none, np.zeros_like(read.begins), read.counts, read.words, read.keys, read.figures)


def _joined(parts: Sequence[Digest]) -> Digest:
    return Digest(
        *(np.concatenate([getattr(p, name) for p in parts]) for name in Digest.__dataclass_fields__)
    )


def _padded(rows: Sequence[Sequence[int]]) -> npt.NDArray[np.int32]:
    return np.array([[*row, -1, -1][:2] for row in rows], dtype=np.int32).reshape(-1, 2)


def start_embedding(project: Project, found: Pieces, actor: str) -> Job | None:
    """Start a worker that embeds the missing pieces; None where none is missing.

    Raises:
        JobError: It cannot be started.
    """
    if not found.missing:
        return None
    folder = RunFolder(jobs.runs_dir(project) / new_job_id("embed"))
    try:
        folder.path.mkdir(parents=True)
        with (folder.path / "texts.jsonl").open("wb") as file:
            for number, piece in enumerate(found.missing.values()):
                file.write(orjson.dumps({"seq": number, "text": piece}) + b"\n")
        np.save(folder.path / HASHES, np.array(list(found.missing), dtype="U32"), allow_pickle=False)
        request = {"texts": "texts.jsonl", "embedder": found.embedder, "map": False, "index": False}
        folder.write_json("request.json", request)
    except OSError as error:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise JobError(f"cannot write {folder.path}: {error.strerror}", "make room on the disk") from error
    params = {"embedder": found.embedder, "texts": len(found.missing)}
    start_job(
        jobs.runs_dir(project),
        KIND,
        crlft_command("embed", "--run", "{run}"),
        job_id=folder.path.name,
        title=f"embeddings of {len(found.missing):,} texts",
        params=params,
        offline=found.embedder == OFFLINE,
    )
    with project.database.write() as connection:
        record_action(connection, "run", f"embed {len(found.missing):,} texts", actor, params=params)
    return jobs.get_job(project, folder.path.name)


def embedding_job(project: Project) -> Job | None:
    """Return the newest job of this kind, or None."""
    return max(jobs.all_jobs(project, KIND), key=lambda job: job.id, default=None)


def collect_embeddings(project: Project) -> None:
    """Take the vectors of ended workers into the store, of stopped and killed ones too; each worker once."""
    for job in jobs.all_jobs(project, KIND):
        folder = jobs.job_folder(project, job.id)
        if job.live or (folder / COLLECTED).exists():
            continue
        by_hash = dict(_made(folder))
        if by_hash:
            with project.database.write() as connection:
                vector_store.save_vectors(connection, str(job.params.get("embedder", OFFLINE)), by_hash)
        if job.status == "done":
            (folder / COLLECTED).touch()
            (folder / "texts.jsonl").unlink(missing_ok=True)
            (folder / "vectors.npy").unlink(missing_ok=True)


def _made(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield hash and vector of what a worker has finished, or saved before it was ended."""
    hashes = np.load(folder / HASHES, allow_pickle=False)
    if (folder / "vectors.npy").exists() and (folder / "seqs.npy").exists():
        numbers, vectors = np.load(folder / "seqs.npy"), np.load(folder / "vectors.npy")
    elif (folder / "partial.npz").exists():
        with np.load(folder / "partial.npz", allow_pickle=False) as file:
            numbers, vectors = file["seqs"], file["vectors"]
    else:
        return
    for number, vector in zip(numbers.tolist(), vectors.astype("<f2"), strict=True):
        yield str(hashes[number]), vector.tobytes()
