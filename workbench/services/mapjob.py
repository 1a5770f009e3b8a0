"""The job behind the map: what is embedded, and how its results come into the store.

Vectors are kept by the text's hash: equal texts share one, and a second map embeds only what is new.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson
from sqlalchemy import Connection

from crlft.runfolder import RunFolder
from workbench.curate.topics import name_clusters, title
from workbench.domain.errors import JobError, PlanError
from workbench.domain.query import Query
from workbench.domain.run import Job
from workbench.jobs import crlft_command, new_job_id, start_job
from workbench.services import jobs
from workbench.services.maptexts import EMBEDDER_SETTING, MAP_SETTING, MEMBERS, OFFLINE, map_text
from workbench.services.project import Project, get_setting
from workbench.store import settings
from workbench.store import vectors as store
from workbench.store.actions import record_action
from workbench.store.conversations import now
from workbench.store.search import compile_query, iterate_records
from workbench.store.vectors import Cluster


def start_map(project: Project, actor: str, *, embedder: str | None = None) -> Job:
    """Start the job that embeds all conversations that are not dropped and lays them out.

    Args:
        project: The project.
        actor: Who asks.
        embedder: `offline`, or a folder or hub name that sentence-transformers loads; None is the one chosen for
            the project.

    Raises:
        PlanError: There is nothing to lay out, or a map is being made already.
        JobError: The job cannot be started.
    """
    running = map_job(project)
    if running is not None and running.live:
        raise PlanError(f"a map is being made already (job {running.id})", "wait for it, or stop it first")
    embedder = embedder or str(get_setting(project, EMBEDDER_SETTING, OFFLINE))
    job_id = new_job_id("map")
    folder = RunFolder(jobs.runs_dir(project) / job_id)
    try:
        folder.path.mkdir(parents=True)
        texts, known = _write_request(project, folder, embedder)
    except OSError as error:
        raise JobError(f"cannot write {folder.path}: {error.strerror}", "make room on the disk") from error
    if not texts:
        for file in folder.path.iterdir():
            file.unlink()
        folder.path.rmdir()
        raise PlanError("there is no conversation to lay out", "import some first")
    params = {"embedder": embedder, "texts": texts, "known": known, "actor": actor}
    start_job(
        jobs.runs_dir(project),
        "embed",
        crlft_command("embed", "--run", "{run}"),
        job_id=job_id,
        title=f"map of {texts:,} texts",
        params=params,
        offline=embedder == OFFLINE,
    )
    with project.database.write() as connection:
        record_action(connection, "run", f"map {job_id}: {texts:,} texts", actor, params=params)
    return jobs.get_job(project, job_id)


def _write_request(project: Project, folder: RunFolder, embedder: str) -> tuple[int, int]:
    """Write each distinct text once, who shares it, and the vectors known already; return both counts."""
    first: dict[str, int] = {}
    seqs: list[int] = []
    owners: list[int] = []
    with project.database.read() as connection, (folder.path / "texts.jsonl").open("wb") as file:
        for seq, text in _texts(connection):
            digest = text_hash(text)
            if digest not in first:
                first[digest] = seq
                file.write(orjson.dumps({"seq": seq, "text": text}) + b"\n")
            seqs.append(seq)
            owners.append(first[digest])
        known = store.known_vectors(connection, embedder, list(first))
    np.savez(
        folder.path / MEMBERS,
        seqs=np.array(seqs, dtype=np.int64),
        owners=np.array(owners, dtype=np.int64),
        texts=np.array(list(first.values()), dtype=np.int64),
        hashes=np.array(list(first), dtype="U32"),
    )
    if known:
        matrix = np.array([np.frombuffer(v, dtype="<f2") for v in known.values()])
        owners_known = np.array([first[h] for h in known], dtype=np.int64)
        np.savez(folder.path / "known.npz", seqs=owners_known, vectors=matrix)
    request = {"texts": "texts.jsonl", "embedder": embedder, "map": True, "known": "known.npz" if known else ""}
    folder.write_json("request.json", request)
    return len(first), len(known)


def _texts(connection: Connection) -> Iterator[tuple[int, str]]:
    for record in iterate_records(connection, compile_query(connection, Query())):
        if record.status != "dropped":
            yield record.seq, map_text(record.conversation)


def text_hash(text: str) -> str:
    """Return what a text's vector is kept under."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


def map_job(project: Project) -> Job | None:
    """Return the newest map job, or None."""
    return max(jobs.all_jobs(project, "embed"), key=lambda job: job.id, default=None)


def collect_map(project: Project, job_id: str) -> bool:
    """Take a finished job's vectors and map into the store; again and again is harmless.

    Returns:
        Whether its map is in the store now; False while it runs, and where it ended without a map (its vectors
        are kept all the same).

    Raises:
        NotFound: There is no such job.
    """
    job = jobs.get_job(project, job_id)
    with project.database.read() as connection:
        current = settings.get_setting(connection, MAP_SETTING, {})
    if job.live:
        return False
    if {job_id, _mark(project, job)} & set(_listed(current.get("collected"))):
        return bool(current.get("job_id") == job_id)
    return _ingest(project, RunFolder(jobs.job_folder(project, job_id)), job, current)


def _ingest(project: Project, folder: RunFolder, job: Job, current: dict[str, object]) -> bool:
    path = folder.path
    if not (path / "vectors.npy").exists() or not (path / MEMBERS).exists():
        return False
    embedder = str(job.params.get("embedder", OFFLINE))
    with np.load(path / MEMBERS, allow_pickle=False) as file:
        members = {name: file[name] for name in file.files}
    rows, vectors = np.load(path / "seqs.npy"), np.load(path / "vectors.npy").astype("<f2")
    by_text = dict(zip(members["texts"].tolist(), members["hashes"].tolist(), strict=True))
    by_hash = {by_text[seq]: vector.tobytes() for seq, vector in zip(rows.tolist(), vectors, strict=True)}
    complete = job.status == "done" and (path / "coords.npy").exists()
    points, clusters = _lay(path, rows, members) if complete else ([], [])
    collected = [*(str(j) for j in _listed(current.get("collected"))), _mark(project, job)]
    with project.database.write() as connection:
        store.save_vectors(connection, embedder, by_hash)
        state = {**current, "collected": collected}
        if complete:
            store.replace_map(connection, points, clusters)
            state |= {"job_id": job.id, "embedder": embedder, "points": len(points), "created_at": now()}
        settings.set_setting(connection, MAP_SETTING, state)
    return complete


def _mark(project: Project, job: Job) -> str:
    """Return what says that this was collected; a job that was stopped may go on and be collected again."""
    if job.status == "done":
        return job.id
    vectors = jobs.job_folder(project, job.id) / "vectors.npy"
    return f"{job.id} {job.status} {vectors.stat().st_mtime_ns if vectors.exists() else 0}"


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []


def _lay(
    path: Path, rows: npt.NDArray[np.int64], members: dict[str, npt.NDArray[np.generic]]
) -> tuple[list[tuple[int, float, float, int]], list[Cluster]]:
    """Return the map's points, one for each conversation, and its named regions."""
    coords, labels = np.load(path / "coords.npy"), np.load(path / "clusters.npy")
    place = {seq: i for i, seq in enumerate(rows.tolist())}
    points = [
        (seq, float(coords[i, 0]), float(coords[i, 1]), int(labels[i]))
        for seq, owner in zip(members["seqs"].tolist(), members["owners"].tolist(), strict=True)
        if (i := place.get(owner)) is not None
    ]
    texts = dict(_read_texts(path))
    names = name_clusters((texts[seq] for seq in rows.tolist()), labels.tolist())
    return points, [_region(cluster, names.get(cluster, []), points) for cluster in sorted({p[3] for p in points})]


def _read_texts(path: Path) -> Iterator[tuple[int, str]]:
    with (path / "texts.jsonl").open("rb") as lines:
        for line in lines:
            row = orjson.loads(line)
            yield row["seq"], row["text"]


def _region(cluster: int, terms: list[str], points: list[tuple[int, float, float, int]]) -> Cluster:
    inside = np.array([(x, y) for _, x, y, c in points if c == cluster])
    x, y = np.median(inside, axis=0).tolist()
    return Cluster(cluster, title(terms) or f"region {cluster + 1}", len(inside), x, y, tuple(terms))
