"""Single texts to vectors, for searches by meaning: a process that loads the embedder once.

    crlft embed --serve offline

A line `{"text": …}` in, a line `{"vector": [base64 of float32]}` or `{"error": …, "remedy": …}` out. It ends with
its standard input, and by itself when nothing was asked for `IDLE_SECONDS`: a loaded model holds half a gigabyte.
"""

from __future__ import annotations

import base64
import io
import json
import select
from typing import Any, BinaryIO

from crlft.errors import CrlftError

IDLE_SECONDS = 900.0


def serve_embedding(
    embedder: str, questions: BinaryIO, answers: BinaryIO, idle_seconds: float = IDLE_SECONDS
) -> None:
    """Answer each line of `questions` until it ends."""
    from crlft.embed import embed_texts, load_embedder

    try:
        model = load_embedder(embedder)
    except CrlftError as error:
        _answer(answers, {"error": error.message, "remedy": error.remedy})
        return
    _answer(answers, {"ready": embedder})
    while _waits(questions, idle_seconds):
        line = questions.readline()
        if not line:
            return
        try:
            text = str(json.loads(line)["text"])
        except (ValueError, KeyError, TypeError) as error:
            _answer(answers, {"error": f"the line cannot be read ({error!r})", "remedy": 'write {"text": …}'})
            continue
        ((_, vectors),) = embed_texts(embedder, [text], model=model)
        _answer(answers, {"vector": base64.b64encode(vectors[0].tobytes()).decode()})


def _waits(questions: BinaryIO, seconds: float) -> bool:
    """Wait for a question; whether one came (or the end) in time.

    The asker sends a line only when the one before was answered, so nothing waits in a buffer unseen.
    """
    try:
        ready, _, _ = select.select([questions.fileno()], [], [], seconds)
    except io.UnsupportedOperation:  # bytes in memory are always there
        return True
    return bool(ready)


def _answer(answers: BinaryIO, value: dict[str, Any]) -> None:
    answers.write(json.dumps(value).encode() + b"\n")
    answers.flush()
