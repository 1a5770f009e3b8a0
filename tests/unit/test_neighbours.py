"""The index of neighbours finds what comparing with everything finds."""

from __future__ import annotations

import numpy as np
import pytest

from crlft.neighbours import Neighbours, write_index


@pytest.fixture
def indexed(tmp_path):
    chance = np.random.default_rng(0)
    centres = chance.normal(size=(40, 32))
    vectors = centres[chance.integers(0, 40, 3000)] + 0.3 * chance.normal(size=(3000, 32))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    seqs = chance.permutation(10_000)[:3000].astype(np.int64)
    write_index(tmp_path, vectors, seqs)
    return Neighbours(tmp_path), vectors.astype(np.float32), seqs


def test_every_vector_is_its_own_nearest_and_the_rest_agree_with_brute_force(indexed):
    index, vectors, seqs = indexed
    assert len(index) == 3000
    agreed = []
    for i in range(0, 3000, 300):
        found, similarity = index.nearest(vectors[i], 20)
        assert found[0] == seqs[i]
        assert (np.diff(similarity) <= 0).all()
        true = seqs[np.argsort(-(vectors @ vectors[i]))[:20]]
        agreed.append(len(set(true.tolist()) & set(found.tolist())) / 20)
    assert np.mean(agreed) > 0.95


def test_among_some_it_is_exact_and_leaves_out_what_it_lacks(indexed):
    index, vectors, seqs = indexed
    some = np.array([*seqs[:50].tolist(), 77_777])
    found, similarity = index.among(vectors[3], some, 10)
    true = np.argsort(-(vectors[:50] @ vectors[3]), kind="stable")[:10]
    assert found.tolist() == seqs[true].tolist()
    assert similarity[0] == pytest.approx(1, abs=1e-2)
    assert len(index.among(vectors[3], np.array([77_777]), 5)[0]) == 0
    assert index.vector(77_777) is None


def test_few_vectors_make_one_cell(tmp_path):
    write_index(tmp_path, np.eye(3, 8, dtype=np.float16), np.array([5, 6, 7]))
    found, _ = Neighbours(tmp_path).nearest(np.eye(3, 8, dtype=np.float32)[1], 2)
    assert found[0] == 6


def test_without_an_index_there_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        Neighbours(tmp_path)
