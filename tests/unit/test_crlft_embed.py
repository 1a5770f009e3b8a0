"""The embedding job: files, order, known vectors, stops; the map keeps neighbours together."""

from __future__ import annotations

import json

import numpy as np
import pytest

from crlft import embed, projection
from crlft.embed import embed_texts, read_texts, run_embedding
from crlft.errors import DataError, ModelError
from crlft.events import Events
from crlft.projection import cluster, lay_out
from crlft.runfolder import RunFolder

TEXTS = ["cats and dogs", "dogs and cats", "the sum of two and three", "猫和狗", ""]


@pytest.fixture
def job(tmp_path):
    run = RunFolder(tmp_path)
    lines = [json.dumps({"seq": 10 * i, "text": t}, ensure_ascii=False) for i, t in enumerate(TEXTS)]
    (tmp_path / "texts.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    run.write_json("request.json", {"texts": "texts.jsonl", "embedder": "offline", "map": True, "threads": 1})
    return run


@pytest.fixture
def fake(monkeypatch):
    """An embedder that counts what it is given; a text's vector is made of its bytes."""
    asked: list[str] = []

    class Model:
        max_seq_length = 128

        def encode(self, texts, **options):
            asked.extend(texts)
            rows = [np.bincount(np.frombuffer(t.encode(), np.uint8), minlength=256)[:256] + 1.0 for t in texts]
            return np.array([r / np.linalg.norm(r) for r in rows], dtype=np.float32)

    monkeypatch.setattr(embed, "load_embedder", lambda name: Model())
    return asked


def test_the_embedder_that_ships_with_the_program_knows_what_is_alike():
    vectors = np.zeros((len(TEXTS), 384))
    for places, found in embed_texts("offline", TEXTS):
        vectors[places] = found
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)
    assert vectors[0] @ vectors[1] > 0.9 > 0.5 > vectors[0] @ vectors[2]


def test_a_job_writes_rows_in_the_order_of_its_texts(job, fake):
    assert run_embedding(Events(job)) == 5
    vectors, seqs = np.load(job.path / "vectors.npy"), np.load(job.path / "seqs.npy")
    assert seqs.tolist() == [0, 10, 20, 30, 40]
    assert (vectors.shape, vectors.dtype) == ((5, 256), np.float16)
    coords, clusters = np.load(job.path / "coords.npy"), np.load(job.path / "clusters.npy")
    assert (coords.shape, coords.dtype, clusters.shape, clusters.dtype) == ((5, 2), np.float32, (5,), np.int32)
    assert coords[0] == pytest.approx(coords[1], abs=1e-5)
    last = [e for e in job.read_events()[0] if e["event"] == "progress"][-1]
    assert (last["done"], last["total"]) == (5, 5)


def test_known_vectors_are_not_made_again(job, fake):
    np.savez(job.path / "known.npz", seqs=np.array([0, 20]), vectors=np.zeros((2, 256), np.float16))
    job.write_json("request.json", {"texts": "texts.jsonl", "map": False, "known": "known.npz"})
    assert run_embedding(Events(job)) == 5
    assert set(fake) == {TEXTS[1], TEXTS[3], TEXTS[4]}
    assert not np.load(job.path / "vectors.npy")[[0, 2]].any()
    assert not (job.path / "coords.npy").exists()


def test_a_stop_keeps_what_is_done_and_the_next_start_goes_on(job, fake, monkeypatch):
    monkeypatch.setattr(embed, "BATCH", 2)
    job.request_stop()
    assert run_embedding(Events(job)) == 2
    kept = np.load(job.path / "seqs.npy").tolist()
    assert len(kept) == 2
    assert not (job.path / "coords.npy").exists()
    job.clear_markers()
    assert run_embedding(Events(job)) == 5
    assert len(fake) == 5
    assert not (job.path / "partial.npz").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "holds no text"), ('{"seq": 1}\n', r"texts\.jsonl:1"), ('{"seq": 1, "text": ""}\n{', ":2")],
)
def test_bad_texts_are_named(tmp_path, text, words):
    path = tmp_path / "texts.jsonl"
    path.write_text(text)
    with pytest.raises(DataError, match=words):
        read_texts(path)


def test_an_embedder_that_is_none(tmp_path):
    with pytest.raises(ModelError, match="the embedder cannot be loaded"):
        embed.load_embedder(str(tmp_path / "nothing"))


def blobs(n: int = 60):
    """Three directions with a little noise around each."""
    rng = np.random.default_rng(0)
    vectors = np.eye(3, 16)[np.arange(n) % 3] + rng.normal(0, 0.05, (n, 16))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("fit_limit", [1000, 45])
def test_the_map_keeps_neighbours_together(monkeypatch, fit_limit):
    monkeypatch.setattr(projection, "FIT_LIMIT", fit_limit)
    coords = lay_out(blobs())
    middles = np.array([coords[i::3].mean(axis=0) for i in range(3)])
    nearest = np.linalg.norm(coords[:, None] - middles[None], axis=2).argmin(axis=1)
    assert (nearest == np.arange(60) % 3).mean() > 0.9
    assert coords == pytest.approx(lay_out(blobs()))


def test_clusters_follow_the_texts():
    found = cluster(blobs())
    assert all(len(set(found[np.arange(60) % 3 == i]) & set(found[np.arange(60) % 3 != i])) == 0 for i in range(3))
    assert np.bincount(found).tolist() == sorted(np.bincount(found).tolist(), reverse=True)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_tiny_sets_have_a_map_too(n):
    coords = lay_out(blobs()[:n])
    assert coords.shape == (n, 2)
    assert np.isfinite(coords).all()
    assert cluster(blobs()[:n]).tolist() == [0] * n
