"""Scores for judging tags: every conversation by a model that did not train on it.

    crlft suggest --run DIR         a job: DIR/request.json → DIR/results.jsonl

    s_c(x, y) = log p(y | x, condition c), the model fine-tuned on the *other* folds

A model that saw a conversation under its tag finds it likelier under that tag, right or wrong; a held-out fold
takes that out. The folds are cut by prompt, so a copy does not vouch for its original. `model` in the request
scores with one model instead of folds; what it was trained on then vouches for itself, and the caller has to say
so.

Beside the scores the answers are embedded (`vectors.npy`), for the classifier that the likelihoods are measured
against.

A job that was stopped or killed goes on: finished folds are not trained again, a fold's training goes on from its
checkpoint, and only conversations missing in `results.jsonl` are scored.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crlft.config import RunConfig
from crlft.conversation import Conversation
from crlft.embed import OFFLINE, embed_texts
from crlft.errors import DataError
from crlft.events import Events
from crlft.folds import VECTORS, SuggestRequest, answers_of, fold_of
from crlft.runfolder import RunFolder
from crlft.scores import ScoreRequest
from crlft.scoring import Scorer, finished
from crlft.snapshot import read_snapshot
from crlft.training import train

_SETTINGS: dict[str, Any] = {
    # Every class is to be known equally well; rewards would leave the weak class half learnt.
    "method": "no-reward",
    "held_out_share": 0.0,
    "sample_count": 0,
    "keep_checkpoints": 1,
}


EMBEDDED_TOKENS = 128
"""An answer is embedded by its beginning: manner shows there."""


class _FoldEvents(Events):
    """A fold's events: its own folder tells its steps, the job's folder the progress of all folds."""

    def __init__(self, run: RunFolder, outer: Events, done: int, total: int) -> None:
        super().__init__(run)
        self.outer, self.done, self.total = outer, done, total

    def emit(self, event: str, **fields: Any) -> None:
        """Append the event; a step moves the job's progress on."""
        super().emit(event, **fields)
        if event == "step":
            share = fields["step"] / max(1, fields["total"])
            self.outer.emit("progress", done=round(100 * (self.done + 0.9 * share)), total=100 * self.total)

    def stop_wanted(self) -> bool:
        """Whether the job is to stop."""
        return self.outer.stop_wanted()


def run_suggest(events: Events) -> int:
    """Carry out `request.json` of a job's folder; return the number of conversations in `results.jsonl`.

    Raises:
        CrlftError: The request, the data, the base or a setting cannot be used.
    """
    body = events.run.read_json("request.json")
    if body is None:
        raise DataError(f"{events.run.path}: no request.json", "write the request before starting the job")
    request = SuggestRequest.from_dict(body)
    conversations = read_snapshot(request.data, request.scheme)[1]
    parts = _parts(request, conversations)
    done = finished(events.run)
    for number, part in enumerate(parts):
        waiting = [i for i in part if i not in done]
        if not waiting:
            continue
        model = request.model or _fold_model(request, conversations, part, number, len(parts), events)
        if model is None or not _score(request, model, conversations, waiting, number, events):
            break
        if not request.model:
            shutil.rmtree(_fold_folder(events.run, number), ignore_errors=True)
        events.emit("progress", done=100 * (number + 1), total=100 * len(parts))
    else:
        _embed_answers(conversations, events)
    return len(finished(events.run))


def _embed_answers(conversations: Sequence[Conversation], events: Events) -> None:
    """Write `vectors.npy` (conversations, width): what a classifier that knows no model of ours goes by."""
    target = events.run.path / VECTORS
    if target.exists():
        return
    events.emit("phase", name=f"embedding {len(conversations)} answers")
    rows: list[NDArray[np.float32] | None] = [None] * len(conversations)
    texts = [answers_of(c) or " " for c in conversations]
    for places, found in embed_texts(OFFLINE, texts, max_tokens=EMBEDDED_TOKENS):
        for place, vector in zip(places, found, strict=True):
            rows[place] = vector
        if events.stop_wanted():
            return
    scratch = target.with_name(f".{target.name}")
    with scratch.open("wb") as file:
        np.save(file, np.array(rows, dtype=np.float16), allow_pickle=False)
    scratch.replace(target)


def _parts(request: SuggestRequest, conversations: Sequence[Conversation]) -> list[list[int]]:
    """Return the indices of every fold; one part holds everything where one model scores.

    Raises:
        DataError: A fold would leave a class without a conversation to learn from.
    """
    if request.model:
        return [list(range(len(conversations)))]
    folds = [fold_of(c, request.folds) for c in conversations]
    for number in range(request.folds):
        seen = {c.class_name for c, fold in zip(conversations, folds, strict=True) if fold != number}
        missing = [c.name for c in request.scheme.classes if c.name not in seen]
        if missing:
            raise DataError(
                f"outside fold {number + 1} of {request.folds} no conversation has the class {missing[0]!r}",
                "tag conversations with different prompts as that class first, or remove the class",
            )
    return [[i for i, fold in enumerate(folds) if fold == number] for number in range(request.folds)]


def _fold_folder(run: RunFolder, number: int) -> Path:
    return run.path / "folds" / str(number)


def _fold_model(
    request: SuggestRequest,
    conversations: Sequence[Conversation],
    part: Sequence[int],
    number: int,
    total: int,
    events: Events,
) -> str | None:
    """Return the model trained on all other folds; None where the job was stopped on the way."""
    run = RunFolder(_fold_folder(events.run, number))
    if run.marker() is not None and (run.model / "config.json").exists():
        return str(run.model)
    held, folder = set(part), run.path
    folder.mkdir(parents=True, exist_ok=True)
    rows = [c.to_dict() for i, c in enumerate(conversations) if i not in held and c.class_name is not None]
    data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "data.jsonl").write_text(data, encoding="utf-8")
    run.write_json("classes.json", request.scheme.to_dict())
    named = {
        "snapshot": str(folder / "data.jsonl"),
        "classes": str(folder / "classes.json"),
        "base": request.base,
        "threads": request.threads,
        "device": request.device,
    }
    config = RunConfig().with_overrides({**_SETTINGS, **request.settings, **named})
    events.emit("phase", name=f"training fold {number + 1} of {total}")
    outcome = train(config, _FoldEvents(run, events, number, total))
    return str(run.model) if outcome.status == "done" else None


def _score(
    request: SuggestRequest,
    model: str,
    conversations: Sequence[Conversation],
    waiting: Sequence[int],
    fold: int,
    events: Events,
) -> bool:
    """Append the scores of conversations; False where the job was stopped on the way."""
    events.emit("phase", name=f"scoring {len(waiting)} conversations")
    names = tuple(c.name for c in request.scheme.classes)
    score_request = ScoreRequest(model, request.data, names, threads=request.threads, device=request.device)
    with (events.run.path / "results.jsonl").open("ab", buffering=0) as file:
        for score in Scorer.load(score_request).score([(i, conversations[i]) for i in waiting]):
            row = {**score.to_dict(), "fold": fold}
            file.write((json.dumps(row, ensure_ascii=False) + "\n").encode())
            if events.stop_wanted():
                return False
    return True
