"""Nearest neighbours among embeddings on disk: an inverted file of cells, read without torch.

    write_index(folder, vectors, seqs)      # in the embedding job
    index = Neighbours(folder)              # anywhere; vectors stay on disk and are mapped
    seqs, similarity = index.nearest(vector, 500)

Vectors are laid out cell by cell (k-means, about √n cells), so that a search reads a few stretches of the file.
A search looks at `LOOKED_AT` times as many vectors as it returns, in the nearest cells: 2 % of a million.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

VECTORS, PLACES = "neighbours.npy", "neighbours.npz"
LOOKED_AT = 12
FEWEST_CELLS = 12
MOST_CELLS = 1024
FITTED = 50_000
"""Vectors that the cells are fitted on."""


def write_index(folder: Path, vectors: NDArray[Any], seqs: NDArray[np.int64], seed: int = 0) -> None:
    """Write the index of unit vectors (n, width) with their numbers (n,); `PLACES` is written last."""
    n = len(vectors)
    cells = _cells(vectors, seed)
    order = np.argsort(cells, kind="stable")
    laid = np.lib.format.open_memmap(folder / f".{VECTORS}", "w+", np.float16, vectors.shape)
    for start in range(0, n, FITTED):
        laid[start : start + FITTED] = vectors[order[start : start + FITTED]]
    laid.flush()
    (folder / f".{VECTORS}").replace(folder / VECTORS)
    starts = np.searchsorted(cells[order], np.arange(cells.max() + 2))
    centres = np.stack([_mean(laid[a:b]) for a, b in pairwise(starts)])
    scratch = folder / f".{PLACES}"
    with scratch.open("wb") as file:
        np.savez(file, seqs=seqs[order], starts=starts, centres=centres.astype(np.float32))
    scratch.replace(folder / PLACES)


def _mean(rows: NDArray[Any]) -> NDArray[np.float32]:
    mean: NDArray[np.float32] = np.asarray(rows, dtype=np.float32).sum(axis=0)
    return mean / max(float(np.linalg.norm(mean)), 1e-9)


def _cells(vectors: NDArray[Any], seed: int) -> NDArray[np.int64]:
    n = len(vectors)
    wanted = int(min(MOST_CELLS, max(1, round(n**0.5))))
    if wanted < 8:
        return np.zeros(n, dtype=np.int64)
    from sklearn.cluster import MiniBatchKMeans

    chosen = np.random.default_rng(seed).permutation(n)[:FITTED]
    fitted = MiniBatchKMeans(wanted, random_state=seed, n_init=1, batch_size=4096, max_iter=20)
    fitted.fit(np.asarray(vectors[np.sort(chosen)], dtype=np.float32))
    out = np.empty(n, dtype=np.int64)
    for start in range(0, n, FITTED):
        out[start : start + FITTED] = fitted.predict(np.asarray(vectors[start : start + FITTED], dtype=np.float32))
    # Cells that nothing fell into would have no centre.
    _, packed = np.unique(out, return_inverse=True)
    return packed.reshape(-1)


class Neighbours:
    """An index that `write_index` made.

    Raises:
        FileNotFoundError: There is none in the folder.
    """

    def __init__(self, folder: Path) -> None:
        with np.load(folder / PLACES, allow_pickle=False) as file:
            self.seqs: NDArray[np.int64] = file["seqs"]
            self._starts, self._centres = file["starts"], file["centres"]
        self._vectors: NDArray[np.float16] = np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
        self._by_seq = np.argsort(self.seqs, kind="stable")
        self._sorted = self.seqs[self._by_seq]

    def __len__(self) -> int:
        """Return how many vectors it holds."""
        return len(self.seqs)

    def vector(self, seq: int) -> NDArray[np.float32] | None:
        """Return the vector of a number, or None."""
        found = self._rows(np.array([seq]))
        return None if not len(found) else np.asarray(self._vectors[found[0]], dtype=np.float32)

    def nearest(self, vector: NDArray[np.float32], n: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the numbers of the n nearest vectors, nearest first, and their cosine similarities."""
        rows: list[NDArray[np.int64]] = []
        found: list[NDArray[np.float32]] = []
        seen = 0
        for number, cell in enumerate(np.argsort(-(self._centres @ vector))):
            if number >= FEWEST_CELLS and seen >= n * LOOKED_AT:
                break
            a, b = int(self._starts[cell]), int(self._starts[cell + 1])
            rows.append(np.arange(a, b))
            found.append(np.asarray(self._vectors[a:b], dtype=np.float32) @ vector)
            seen += b - a
        return self._best(np.concatenate(rows), np.concatenate(found), n)

    def among(
        self, vector: NDArray[np.float32], seqs: NDArray[np.int64], n: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the n nearest of some numbers, exactly; those that the index lacks are left out."""
        rows = np.sort(self._rows(seqs))
        if not len(rows):
            return np.empty(0, np.int64), np.empty(0, np.float32)
        return self._best(rows, np.asarray(self._vectors[rows], dtype=np.float32) @ vector, n)

    def _best(
        self, rows: NDArray[np.int64], similarity: NDArray[np.float32], n: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        if len(rows) > n:
            top = np.argpartition(-similarity, n - 1)[:n]
            rows, similarity = rows[top], similarity[top]
        order = np.lexsort((self.seqs[rows], -similarity))
        return self.seqs[rows[order]], similarity[order]

    def _rows(self, seqs: NDArray[np.int64]) -> NDArray[np.int64]:
        at = np.searchsorted(self._sorted, seqs)
        inside = at < len(self._sorted)
        at = at[inside]
        rows: NDArray[np.int64] = self._by_seq[at[self._sorted[at] == seqs[inside]]]
        return rows
