"""A 2-D map of embeddings and its clusters.

PaCMAP keeps neighbourhoods (PCA shows nothing on text) and is the fastest of the good ones on a CPU. Large
sets are fitted on a sample and the rest is placed beside its nearest neighbours there, which keeps regions
right at a fraction of the time.
"""

from __future__ import annotations

import logging
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

FIT_LIMIT = 20_000
"""Points that PaCMAP is fitted on; the others are placed."""
NEIGHBOURS = 8
"""Fitted points that a placed point stands between."""
SMALLEST = 12
"""Below this many distinct points there is no neighbourhood to keep: the first two principal axes do."""


def lay_out(vectors: NDArray[Any], seed: int = 0) -> NDArray[np.float32]:
    """Return map coordinates (n, 2), centred, of about unit spread.

    Args:
        vectors: Unit vectors (n, width).
        seed: Seeds the sample and the layout.
    """
    points = np.asarray(vectors, dtype=np.float32)
    # Equal texts have equal vectors; laying them out once keeps them on one spot and the fit honest.
    distinct, back = np.unique(points, axis=0, return_inverse=True)
    coords = _lay_out_distinct(distinct, seed)
    coords = coords - coords.mean(axis=0)
    spread = float(coords.std()) or 1.0
    out: NDArray[np.float32] = (coords / spread)[back.reshape(-1)].astype(np.float32)
    return out


def cluster(vectors: NDArray[Any], seed: int = 0) -> NDArray[np.int32]:
    """Return a cluster number for each vector (n,), larger clusters first; one cluster for tiny sets."""
    points = np.asarray(vectors, dtype=np.float32)
    if len(np.unique(points, axis=0)) < SMALLEST:
        return np.zeros(len(points), dtype=np.int32)
    from sklearn.cluster import MiniBatchKMeans

    n_clusters = int(np.clip(round((len(points) / 20) ** 0.5), 4, 40))
    labels = MiniBatchKMeans(n_clusters, random_state=seed, n_init=3, batch_size=2048).fit_predict(points)
    by_size = np.argsort(-np.bincount(labels, minlength=n_clusters), kind="stable")
    rank = np.empty(n_clusters, dtype=np.int32)
    rank[by_size] = np.arange(n_clusters, dtype=np.int32)
    out: NDArray[np.int32] = rank[labels]
    return out


def _lay_out_distinct(points: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    if len(points) < SMALLEST:
        return _principal_axes(points)
    if len(points) <= FIT_LIMIT:
        return _fit(points, seed)
    chosen = np.random.default_rng(seed).permutation(len(points))
    fitted, rest = np.sort(chosen[:FIT_LIMIT]), np.sort(chosen[FIT_LIMIT:])
    coords = np.empty((len(points), 2), dtype=np.float32)
    coords[fitted] = _fit(points[fitted], seed)
    coords[rest] = _place(points[rest], points[fitted], coords[fitted])
    return coords


def _fit(points: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    import pacmap

    logging.getLogger("pacmap").setLevel(logging.ERROR)  # it warns that the seed was set

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about seeds and small sets, none of which the reader can act on
        neighbours = min(10, len(points) // 4)
        coords = pacmap.PaCMAP(n_components=2, n_neighbors=neighbours, random_state=seed, verbose=False)
        out: NDArray[np.float32] = coords.fit_transform(points, init="pca")
    return out


def _place(
    points: NDArray[np.float32], fitted: NDArray[np.float32], coords: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the mean place of each point's nearest fitted points, nearer ones counting more."""
    import faiss

    index = faiss.IndexFlatIP(fitted.shape[1])
    index.add(fitted)
    similarity, neighbour = index.search(points, NEIGHBOURS)
    weight = np.exp(20 * (similarity - similarity[:, :1]))
    weight /= weight.sum(axis=1, keepdims=True)
    out: NDArray[np.float32] = np.einsum("nk,nkd->nd", weight, coords[neighbour]).astype(np.float32)
    return out


def _principal_axes(points: NDArray[np.float32]) -> NDArray[np.float32]:
    centred = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    out = np.zeros((len(points), 2), dtype=np.float32)
    projected = centred @ axes[:2].T
    out[:, : projected.shape[1]] = projected
    return out
