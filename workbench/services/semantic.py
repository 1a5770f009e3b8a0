"""Duplicates by meaning: what is missing is embedded by a worker first, then all is compared in seconds."""

from __future__ import annotations

import time
from contextlib import suppress

import numpy as np

from workbench.curate.dedupe import Found, Members, Pairs, Part, Progress
from workbench.curate.dedupe.semantic import find_semantic
from workbench.domain.errors import JobError
from workbench.domain.run import Job
from workbench.services import jobs
from workbench.services.partvectors import (
    PartTexts,
    Pieces,
    collect_embeddings,
    embedding_job,
    read_parts,
    start_embedding,
)
from workbench.services.project import Project
from workbench.store.duplicates import Hashes

POLL_SECONDS = 0.5
READING, EMBEDDING = 0.1, 0.85
"""Shares of the progress; comparing is the rest."""


def find_by_meaning(
    project: Project,
    part: Part,
    *,
    threshold: float,
    query: str = "",
    actor: str = "",
    on_progress: Progress | None = None,
) -> tuple[list[Hashes], Found]:
    """Search the matching conversations that are not dropped for those that mean the same.

    Returns:
        What was looked at, and what was found.

    Raises:
        JobError: The worker that embeds was stopped or failed; what it did is kept, and a second search goes on.
        QueryError: The query has a mistake.
    """
    collect_embeddings(project)

    def report(share: float, of: int) -> None:
        if on_progress is not None:
            on_progress(int(share * of), of)

    rows, texts = read_parts(
        project, part, query, on_progress=lambda done, total: report(READING * done / max(total, 1), total)
    )
    embed_missing(
        project,
        texts.pieces,
        actor,
        on_progress=lambda done, total: report(READING + EMBEDDING * done / max(total, 1), len(rows)),
    )
    found = compare(texts, threshold)
    report(1.0, len(rows))
    return rows, found


def compare(texts: PartTexts, threshold: float) -> Found:
    """Return the pairs that mean the same; every piece has its vector."""
    if not len(texts.seqs):
        return Found(0, Members.of({}), Pairs.of(()))
    found = find_semantic(texts.seqs, texts.digests, texts.vectors(), threshold=threshold)
    assert np.isfinite(found.pairs.scores).all()
    return found


def embed_missing(project: Project, pieces: Pieces, actor: str, *, on_progress: Progress | None = None) -> None:
    """See to it that every piece has its vector; waits for the worker.

    Raises:
        JobError: The worker was stopped or failed.
    """
    running = embedding_job(project)
    if pieces.missing and running is not None and running.live:
        # Somebody else's search: likely the same texts.
        _follow(project, running, on_progress, own=False)
        _take(project, pieces)
    job = start_embedding(project, pieces, actor)
    if job is None:
        return
    ended = _follow(project, job, on_progress)
    _take(project, pieces)
    if pieces.missing:
        words = {"stopped": "was stopped", "killed": "was killed"}.get(ended.status, ended.error or "failed")
        raise JobError(
            f"embedding the texts {words}; {len(pieces.missing):,} are left",
            ended.remedy or "search again: what is done is kept, and it goes on from there",
        )


def _take(project: Project, pieces: Pieces) -> None:
    collect_embeddings(project)
    with project.database.read() as connection:
        pieces.look_again(connection)


def _follow(project: Project, job: Job, on_progress: Progress | None, *, own: bool = True) -> Job:
    """Wait for a worker's end; whoever breaks off the waiting stops the worker too, if it is their own."""
    try:
        while job.live:
            time.sleep(POLL_SECONDS)
            job = jobs.get_job(project, job.id)
            if on_progress is not None:
                on_progress(job.step, job.total or max(job.step, 1))
    except BaseException:
        if own:
            with suppress(JobError):  # it has ended just now
                jobs.stop(project, job.id)
        raise
    return job
