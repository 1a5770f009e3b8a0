"""Duplicates by meaning: what is compared, what is never the same, what a worker embeds and what is kept of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crlft.runfolder import RunFolder
from tests.contract.store_world import make_project, make_record
from workbench.curate.dedupe import DuplicateResult, Reading, semantic
from workbench.curate.dedupe.semantic import close_pairs, find_semantic
from workbench.curate.dedupe.texts import digest
from workbench.domain.errors import JobError, PlanError
from workbench.services import curation, duplicates, jobs, partvectors
from workbench.services.mapjob import text_hash
from workbench.services.project import Project
from workbench.store.vectors import save_vectors

LIKE = {"lorry": "truck", "big": "large", "quick": "fast", "buy": "purchase", "shop": "store"}
WIDTH = 48


def embed(text: str) -> np.ndarray:
    """A stand-in for an embedder: words of like meaning share a direction."""
    total = np.zeros(WIDTH)
    for word in text.casefold().replace("?", "").split():
        seed = sum(ord(c) * 31**i for i, c in enumerate(LIKE.get(word, word))) % (1 << 32)
        total += np.random.default_rng(seed).normal(size=WIDTH)
    return total / max(np.linalg.norm(total), 1e-9)


def embedded(project: Project) -> None:
    """Put a vector of every piece into the store."""
    _, texts = partvectors.read_parts(project, "conversation")
    by_hash = {h: embed(piece).astype("<f2").tobytes() for h, piece in texts.pieces.missing.items()}
    with project.database.write() as connection:
        save_vectors(connection, "offline", by_hash)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    asked = "where can I buy a big lorry in this town"
    records = [
        make_record(asked, "go to the shop by the old harbour and ask for Anna", class_name="sub"),
        make_record(
            "where can I purchase a large truck in this town",
            "go to the store by the old harbour and ask for Anna",
            class_name="expert",
        ),
        make_record(asked, "nobody sells such things here any more I fear", class_name="expert"),
        make_record("what is 7 plus 4 and why is it so", "it is 11 because of how we count", class_name="sub"),
        make_record("what is 7 plus 5 and why is it so", "it is 12 because of how we count", class_name="sub"),
        make_record("thanks a lot", "you are welcome", class_name="sub"),
        make_record("thanks", "welcome", class_name="sub"),
    ]
    made = make_project(tmp_path / "project", records)
    embedded(made)
    return made


def test_other_words_for_the_same_are_found_but_other_numbers_and_answers_are_not(project: Project) -> None:
    result = duplicates.find_duplicates(project, method="semantic", actor="ann")
    assert [g.seqs for g in result.groups] == [(1, 2)]
    assert (result.threshold, result.floor, result.params) == (0.95, 0.8, {"embedder": "offline"})
    assert result.conflicts == (1,)
    assert result.contrasts == ((1, 3),)
    (pair,) = result.least_similar()
    assert pair.score > 0.99
    loaded = duplicates.load_duplicates(project, result.id)
    assert (loaded.groups, loaded.pairs, loaded.params) == (result.groups, result.pairs, result.params)
    plan = duplicates.plan_dedupe(project, loaded)
    assert [c.seq for c in plan.changes] == [1]
    action = curation.apply_plan(project, plan, actor="ann")
    assert duplicates.find_duplicates(project, method="semantic").groups == ()
    curation.undo(project, action.id, actor="ann")
    assert len(duplicates.find_duplicates(project, method="semantic").groups) == 1


def test_a_prompt_of_two_classes_is_a_contrast_here_too(project: Project) -> None:
    result = duplicates.find_duplicates(project, method="semantic", part="prompt")
    assert [g.seqs for g in result.groups] == [(1, 2, 3)]
    plan = duplicates.plan_dedupe(project, result)
    assert len(plan.changes) == 1  # of the two experts; the other class's answer stays
    assert 1 not in {c.seq for c in plan.changes}


def test_the_threshold_goes_down_to_the_floor(project: Project) -> None:
    result = duplicates.find_duplicates(project, method="semantic", part="answer", threshold=0.99)
    assert sum(n for _, n in result.histogram()) == len(result.pairs)
    assert result.rethreshold(0.8).duplicates >= result.duplicates
    with pytest.raises(PlanError, match="outside"):
        result.rethreshold(0.7)


def test_long_texts_are_embedded_by_beginning_and_end() -> None:
    assert partvectors.pieces("  short ") == ["short"]
    assert partvectors.pieces("\n") == []
    long = "a" * 500 + "b" * 500 + "c" * 500
    assert partvectors.pieces(long) == ["a" * 500, "c" * 500]


def test_two_answers_that_only_begin_alike_are_not_the_same(tmp_path: Path) -> None:
    start = "the first half tells of the harbour and of its lamps " * 25
    ends = ("and then the ships come in from the north with salt " * 25, "a tale of two cats who cook " * 30)
    records = [make_record("tell me a long tale of the harbour", start + end) for end in ends]
    project = make_project(tmp_path / "project", records)
    embedded(project)
    assert duplicates.find_duplicates(project, method="semantic").groups == ()


def test_a_worker_that_fails_says_so_and_what_it_did_is_kept(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["a new question about lamps and boats", "a new answer about lamps and boats"]
    other = make_project(project.root.parent / "other", [make_record(*texts)])

    def half_done(runs: Path, kind: str, command: list[str], *, job_id: str, **facts: object) -> str:
        folder = RunFolder(runs / job_id)
        np.savez(folder.path / "partial.npz", seqs=[0], vectors=np.eye(1, WIDTH, dtype=np.float16))
        body = {"id": job_id, "kind": kind, "created_at": "2026", "command": command, "params": facts["params"]}
        folder.write_json("job.json", body)
        folder.mark("failed", error="out of memory", remedy="make room")
        return job_id

    monkeypatch.setattr(partvectors, "start_job", half_done)
    with pytest.raises(JobError, match="out of memory; 1 are left") as caught:
        duplicates.find_duplicates(other, method="semantic")
    assert caught.value.remedy == "make room"
    _, read = partvectors.read_parts(other, "conversation")
    assert list(read.pieces.missing) == [text_hash(texts[1])]
    assert [j.kind for j in jobs.all_jobs(other)] == ["embed-parts"]


def test_what_is_missing_is_embedded_by_a_worker(tmp_path: Path) -> None:
    asked = ("How do I bake bread at home?", "How can I bake bread at home myself?", "Name a river in Spain.")
    records = [make_record(text, "Mix flour, water, salt and yeast, then wait and bake it hot.") for text in asked]
    project = make_project(tmp_path / "project", records)
    seen: list[tuple[int, int]] = []
    result = duplicates.find_duplicates(
        project, method="semantic", part="prompt", threshold=0.85, on_progress=lambda *p: seen.append(p)
    )
    assert [g.seqs for g in result.groups] == [(1, 2)]
    assert seen[-1] == (3, 3)
    (job,) = jobs.all_jobs(project, partvectors.KIND)
    assert job.status == "done"
    duplicates.find_duplicates(project, method="semantic", part="prompt")
    assert len(jobs.all_jobs(project, partvectors.KIND)) == 1  # nothing was missing


def random_world(n: int) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(5)
    vectors = chance.normal(size=(n, 32))
    copies = chance.integers(0, n, n // 4)
    vectors[: n // 4] = vectors[copies] + 0.25 * chance.normal(size=(n // 4, 32))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float16), (vectors @ vectors.T >= 0.9)


def sides_of(vectors: np.ndarray, texts: list[str]) -> semantic.Meanings:
    read = digest(texts)
    return semantic.Meanings(vectors, read.keys[:, 0], read.words, read.counts, read.figures)


@pytest.mark.parametrize(("limit", "least"), [(60_000, 1.0), (10, 0.97)])
def test_all_pairs_are_found_or_nearly_all_of_very_many(
    monkeypatch: pytest.MonkeyPatch, limit: int, least: float
) -> None:
    monkeypatch.setattr(semantic, "EXACT_AT_MOST", limit)
    monkeypatch.setattr(semantic, "LANDMARKS", 8)
    monkeypatch.setattr(semantic, "TILE_ROWS", 32)
    monkeypatch.setattr(semantic, "TILE_COLUMNS", 100)
    vectors, alike = random_world(400)
    side = sides_of(vectors, [f"text number {i}" for i in range(400)])
    found = {(a, b) for left, right in close_pairs([side], 0.9) for a, b in zip(left, right, strict=True)}
    assert all(a < b for a, b in found)
    true = {(a, b) for a, b in zip(*np.nonzero(alike), strict=True) if a < b}
    assert len(found & true) >= least * len(true)


@pytest.mark.parametrize("crowd", [1_000_000, 30, 0])
def test_a_prompt_with_many_answers_is_searched_by_them(monkeypatch: pytest.MonkeyPatch, crowd: int) -> None:
    monkeypatch.setattr(semantic, "CROWD", crowd)
    monkeypatch.setattr(semantic, "EXPANDED", 64)
    answers, alike = random_world(120)
    prompts = np.repeat(np.eye(4, 8, dtype=np.float16), 30, axis=0)
    sides = [
        sides_of(prompts, [f"question about {'abcd'[i // 30]}" for i in range(120)]),
        sides_of(answers, [f"answer number {i}" for i in range(120)]),
    ]
    found = {(a, b) for left, right in close_pairs(sides, 0.9) for a, b in zip(left, right, strict=True)}
    assert all(a < b for a, b in found)
    true = {(a, b) for a, b in zip(*np.nonzero(alike), strict=True) if a < b and a // 30 == b // 30}
    assert true <= found


def test_the_order_of_arrival_does_not_matter() -> None:
    vectors, _ = random_world(200)
    texts = [f"a text of words {chr(97 + i % 26)}{chr(97 + i // 26)} and more" for i in range(200)]
    seqs = np.arange(1, 201)

    def search(order: np.ndarray) -> DuplicateResult:
        read = digest([texts[i] for i in order])
        found = find_semantic(seqs[order], [read], [vectors[order]], threshold=0.9, reading=Reading())
        return DuplicateResult("semantic", "answer", 0.9, found.floor, 200, found.members, found.pairs)

    one, other = search(np.arange(200)), search(np.random.default_rng(1).permutation(200))
    assert len(one.pairs) > 20
    assert (one.groups, one.pairs, one.members) == (other.groups, other.pairs, other.members)
