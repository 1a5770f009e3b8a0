"""A typed text's embedding, from a process that keeps the model loaded; this process never imports torch."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import orjson

from workbench.domain.errors import QueryError

_lock = threading.Lock()
_processes: dict[str, subprocess.Popen[bytes]] = {}


@lru_cache(maxsize=64)
def embed_text(text: str, embedder: str) -> npt.NDArray[np.float32]:
    """Return a text's unit vector.

    The first question to an embedder waits some seconds until it is loaded.

    Raises:
        QueryError: The embedder cannot be loaded, or its process ended.
    """
    with _lock:
        process = _processes.get(embedder)
        if process is None or process.poll() is not None:
            process = _processes[embedder] = _start(embedder)
        return _ask(process, text)


def _start(embedder: str) -> subprocess.Popen[bytes]:
    offline = {"HF_HUB_OFFLINE": "1"} if embedder == "offline" else {}
    process = subprocess.Popen(
        [sys.executable, "-m", "crlft", "embed", "--serve", embedder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **offline},
    )
    _read(process)
    return process


def _ask(process: subprocess.Popen[bytes], text: str) -> npt.NDArray[np.float32]:
    if process.stdin is None:
        raise QueryError("the embedder takes no text", "search again; it is started anew")
    try:
        process.stdin.write(orjson.dumps({"text": text}) + b"\n")
        process.stdin.flush()
    except BrokenPipeError:
        raise QueryError("the embedder's process ended", "search again; it is started anew") from None
    answer = _read(process)
    return np.frombuffer(base64.b64decode(str(answer["vector"])), dtype=np.float32)


def _read(process: subprocess.Popen[bytes]) -> dict[str, object]:
    line = process.stdout.readline() if process.stdout is not None else b""
    if not line:
        process.wait()
        raise QueryError(
            "like: the embedder could not be started", "run `crlft embed --serve offline` in a shell to see why"
        )
    answer: dict[str, object] = orjson.loads(line)
    if "error" in answer:
        process.wait()
        raise QueryError(f"like: {answer['error']}", str(answer.get("remedy", "")))
    return answer
