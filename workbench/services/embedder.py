"""A typed text's embedding, from a process that keeps the model loaded; this process never imports torch."""

from __future__ import annotations

import base64
import os
import select
import subprocess
import sys
import threading
import time
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import orjson

from workbench.domain.errors import QueryError

LOADING_SECONDS = 120.0
"""How long an embedder may take to load; the built-in one takes some seconds, a large one more."""

ANSWER_SECONDS = 30.0
"""How long a loaded embedder may take for one text."""

_lock = threading.Lock()
_processes: dict[str, subprocess.Popen[bytes]] = {}


@lru_cache(maxsize=64)
def embed_text(text: str, embedder: str) -> npt.NDArray[np.float32]:
    """Return a text's unit vector.

    The first question to an embedder waits some seconds until it is loaded.

    Raises:
        QueryError: The embedder cannot be loaded, its process ended, or it did not answer in time.
    """
    with _lock:
        process = _processes.get(embedder)
        if process is None or process.poll() is not None:
            process = _processes[embedder] = _start(embedder)
        return _ask(process, text, embedder)


def command(embedder: str) -> list[str]:
    """Return the command of the process that answers."""
    return [sys.executable, "-m", "crlft", "embed", "--serve", embedder]


def _start(embedder: str) -> subprocess.Popen[bytes]:
    offline = {"HF_HUB_OFFLINE": "1"} if embedder == "offline" else {}
    process = subprocess.Popen(
        command(embedder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env={**os.environ, **offline},
    )
    _read(process, embedder, LOADING_SECONDS)
    return process


def _ask(process: subprocess.Popen[bytes], text: str, embedder: str) -> npt.NDArray[np.float32]:
    if process.stdin is None:
        raise QueryError("the embedder takes no text", "search again; it is started anew")
    try:
        process.stdin.write(orjson.dumps({"text": text}) + b"\n")
    except BrokenPipeError:
        _end(process)
        raise QueryError("the embedder's process ended", "search again; it is started anew") from None
    answer = _read(process, embedder, ANSWER_SECONDS)
    return np.frombuffer(base64.b64decode(str(answer["vector"])), dtype=np.float32)


def _read(process: subprocess.Popen[bytes], embedder: str, seconds: float) -> dict[str, object]:
    line = _line(process, seconds)
    if line is None:
        _end(process)
        raise QueryError(
            f"like: the embedder {embedder!r} did not answer within {seconds:g} seconds; it was ended",
            "search again (it is started anew), or search for words; if it happens again, choose another embedder "
            "beside the map and update the map",
        )
    if not line:
        _end(process)
        raise QueryError(
            f"like: the embedder {embedder!r} could not be started",
            f"run `crlft embed --serve {embedder}` in a shell to see why",
        )
    answer: dict[str, object] = orjson.loads(line)
    if "error" in answer:
        _end(process)
        raise QueryError(f"like: {answer['error']}", str(answer.get("remedy", "")))
    return answer


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that will not be asked again."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _line(process: subprocess.Popen[bytes], seconds: float) -> bytes | None:
    """Return the next line, empty where the process ended, None where it did not come in time."""
    if process.stdout is None:
        return b""
    deadline = time.monotonic() + seconds
    line = b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return None
        part = os.read(process.stdout.fileno(), 1 << 16)
        if not part:
            return b""
        line += part
    return line
