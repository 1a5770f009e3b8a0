"""The process that embeds typed texts: it answers, ends, hangs; the question never hangs with it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import pytest

from workbench.domain.errors import QueryError
from workbench.services import embedder

ANSWERS = """
import base64, json, struct, sys
print(json.dumps({"ready": "x"}), flush=True)
for line in sys.stdin:
    text = json.loads(line)["text"]
    if text == "hang":
        import time; time.sleep(60)
    if text == "die":
        sys.exit(3)
    vector = base64.b64encode(struct.pack("2f", float(len(text)), 1.0)).decode()
    half = json.dumps({"vector": vector})
    sys.stdout.write(half[:5]); sys.stdout.flush()
    sys.stdout.write(half[5:] + chr(10)); sys.stdout.flush()
"""
REFUSES = "import json; print(json.dumps({'error': 'x: cannot be loaded', 'remedy': 'use `offline`'}))"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """What the process runs, by the embedder's name."""
    known: dict[str, str] = {}
    monkeypatch.setattr(embedder, "command", lambda name: [sys.executable, "-c", known[name]])
    monkeypatch.setattr(embedder, "_processes", {})
    monkeypatch.setattr(embedder, "ANSWER_SECONDS", 2.5)
    embedder.embed_text.cache_clear()
    yield known
    embedder.embed_text.cache_clear()
    for process in embedder._processes.values():
        embedder._end(process)


def test_one_process_answers_all_and_the_same_text_is_asked_once(script: dict[str, str]) -> None:
    script["x"] = ANSWERS
    assert embedder.embed_text("abc", "x").tolist() == [3.0, 1.0]
    process = embedder._processes["x"]
    assert embedder.embed_text("abcd", "x").dtype == np.float32
    assert embedder.embed_text("abc", "x").tolist() == [3.0, 1.0]
    assert embedder._processes["x"] is process


def test_a_hung_embedder_is_ended_and_the_next_question_starts_it_anew(script: dict[str, str]) -> None:
    script["x"] = ANSWERS
    embedder.embed_text("a", "x")
    first = embedder._processes["x"]
    with pytest.raises(QueryError, match=r"did not answer within 2\.5 seconds") as caught:
        embedder.embed_text("hang", "x")
    assert "search again" in caught.value.remedy
    assert first.poll() is not None
    assert embedder.embed_text("ab", "x").tolist() == [2.0, 1.0]


def test_one_that_never_loads_is_ended(script: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedder, "LOADING_SECONDS", 0.3)
    script["x"] = "import time; time.sleep(60)"
    with pytest.raises(QueryError, match=r"did not answer within 0\.3 seconds"):
        embedder.embed_text("a", "x")


def test_one_that_ends_or_refuses_says_why(script: dict[str, str]) -> None:
    script["x"], script["y"], script["z"] = ANSWERS, REFUSES, "raise SystemExit(1)"
    with pytest.raises(QueryError, match="could not be started"):
        embedder.embed_text("die", "x")
    with pytest.raises(QueryError, match="x: cannot be loaded") as caught:
        embedder.embed_text("a", "y")
    assert caught.value.remedy == "use `offline`"
    with pytest.raises(QueryError, match="could not be started"):
        embedder.embed_text("a", "z")
