"""Answers to prompts under conditions, by one or several models, streamed as they end.

    crlft generate --run DIR                               a job: DIR/request.json → DIR/results.jsonl
    crlft generate MODEL… --prompts FILE --condition NAME… from a shell

The ids a model is given come from the same `render()` that made its training data. A job that was stopped or
killed goes on with what is still missing in `results.jsonl`.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from crlft.conversation import Conversation
from crlft.decode import decode_batch
from crlft.errors import DataError, SchemeError
from crlft.events import Events, Pace
from crlft.growing import Growing
from crlft.models import Loaded, context_tokens, pick_device
from crlft.request import Column, PromptRow, Request, Sampling
from crlft.runfolder import RunFolder
from crlft.shelf import Shelf

__all__ = ["Column", "PromptRow", "Request", "Result", "Sampling", "generate", "run_generation"]


SELF_CHECKED = 2
"""Prompts of every column that are asked once more."""


@dataclass(frozen=True)
class Result:
    """An answer.

    Attributes:
        prompt_id: Which prompt.
        column: Index of the column.
        text: The answer; empty where `error` says why there is none.
        n_tokens: Generated tokens.
        seconds: Its share of its batch's time.
        rendered_hash: First 16 hex digits of the SHA-256 of the prompt's ids, as the model was given them.
        error: Why there is no answer.
    """

    prompt_id: str
    column: int
    text: str
    n_tokens: int
    seconds: float
    rendered_hash: str
    error: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the line of `results.jsonl`."""
        out: dict[str, Any] = {
            "prompt_id": self.prompt_id,
            "column": self.column,
            "text": self.text,
            "n_tokens": self.n_tokens,
            "seconds": round(self.seconds, 4),
            "rendered_hash": self.rendered_hash,
        }
        return {**out, "error": self.error} if self.error else out


def generate(
    request: Request,
    done: Iterable[tuple[str, int]] = (),
    *,
    shelf: Shelf | None = None,
    growing: Growing | None = None,
) -> Iterator[Result]:
    """Yield answers as batches end, model by model, shortest prompts first.

    Args:
        request: What to generate.
        done: (prompt id, column) pairs that are answered already.
        shelf: Holds models between calls; without one they are loaded here.
        growing: Is told what is being written.

    Raises:
        ModelError: A model cannot be loaded.
        SchemeError: A condition is unknown to a model.
    """
    skip = set(done)
    shelf = shelf or Shelf(pick_device(request.device), kept=1)
    set_threads(request.threads, shelf.device)
    for model in dict.fromkeys(column.model for column in request.columns):
        wanted = [
            (number, column)
            for number, column in enumerate(request.columns)
            if column.model == model and any((p.id, number) not in skip for p in request.prompts)
        ]
        if wanted:
            loaded = shelf.take(model, wanted[0][1].template)
            yield from _answer(loaded, _rows(loaded, wanted, request, skip), request.sampling, growing)


def condition_text(loaded: Loaded, column: Column) -> str:
    """Return the condition's text for a column.

    A model of ours knows its classes; a foreign one takes any text.

    Raises:
        SchemeError: The model was trained with other classes.
    """
    if loaded.card is None or not column.condition:
        return column.condition
    try:
        return loaded.card.scheme.condition_of(column.condition)
    except SchemeError as error:
        raise SchemeError(f"{column.model}: {error.message}", error.remedy) from error


def run_generation(events: Events, shelf: Shelf | None = None) -> int:
    """Carry out `request.json` of a job's folder; return the number of answers written.

    Args:
        events: The job.
        shelf: Holds models from job to job; without one they are loaded here.

    Raises:
        CrlftError: The request, a model or a condition cannot be used.
    """
    run = events.run
    body = run.read_json("request.json")
    if body is None:
        raise DataError(f"{run.path}: no request.json", "write the request before starting the job")
    request = Request.from_dict(body)
    shelf = shelf or Shelf(pick_device(request.device))
    total = len(request.prompts) * len(request.columns)
    done = finished(run)
    pace = Pace(total, done_before=len(done))
    count = len(done)
    events.emit("phase", name="generating")
    events.emit("progress", done=count, total=total, eta_seconds=None)
    for model in dict.fromkeys(column.model for column in request.columns):
        events.emit("model", model=model, fingerprint=model_fingerprint(Path(model)))
    growing = Growing(events)
    for result in generate(request, done, shelf=shelf, growing=growing):
        _append(run.path / "results.jsonl", result)
        count += 1
        if count % 16 == 0 or count == total:
            events.emit("progress", done=count, total=total, eta_seconds=pace.eta_seconds(count))
        if events.stop_wanted():
            break
    else:
        if request.sampling.temperature <= 0:
            events.emit("self-check", **self_check(request, run, shelf))
    growing.end()
    return count


def model_fingerprint(folder: Path) -> str:
    """Return 16 hex digits that name a model's weights and card; empty for a hub name.

    SHA-256 over the names and sizes of the weight files, their first and last MiB, and `crlft.json`: two models of
    one shape differ there, and seventy billion parameters are named as fast as one.
    """
    if not folder.is_dir():
        return ""
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("*.safetensors"), *folder.glob("*.bin"), *folder.glob("crlft.json")]):
        size = path.stat().st_size
        digest.update(f"{path.name}:{size}:".encode())
        with path.open("rb") as file:
            digest.update(file.read(2**20))
            file.seek(max(0, size - 2**20))
            digest.update(file.read(2**20))
    return digest.hexdigest()[:16]


def self_check(request: Request, run: RunFolder, shelf: Shelf) -> dict[str, int]:
    """Ask a few prompts once more, each alone; a pane that shows what its head says answers the same again.

    Returns `asked` and `same`. Only for greedy answers.
    """
    by_place = {}
    for line in (run.path / "results.jsonl").read_bytes().splitlines():
        row = json.loads(line)
        by_place[row["prompt_id"], row["column"]] = row
    step = max(1, len(request.prompts) // SELF_CHECKED)
    few = replace(request, prompts=request.prompts[::step][:SELF_CHECKED])
    asked = same = 0
    for model in dict.fromkeys(column.model for column in request.columns):
        wanted = [(n, column) for n, column in enumerate(request.columns) if column.model == model]
        loaded = shelf.take(model, wanted[0][1].template)
        for row in _rows(loaded, wanted, few, set()):
            again = next(_answer(loaded, [row], request.sampling))
            first = by_place.get((row.prompt_id, row.column))
            if first is not None and not again.error:
                asked += 1
                same += (again.text, again.rendered_hash) == (first["text"], first["rendered_hash"])
    return {"asked": asked, "same": same}


def finished(run: RunFolder) -> set[tuple[str, int]]:
    """Return the (prompt id, column) pairs that `results.jsonl` holds; half a line at its end is cut off."""
    path = run.path / "results.jsonl"
    if not path.exists():
        return set()
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        path.write_bytes(whole)
    rows = [json.loads(line) for line in whole.splitlines()]
    return {(row["prompt_id"], row["column"]) for row in rows}


@dataclass(frozen=True)
class _Row:
    """A prompt under a column's condition, as the model is given it."""

    prompt_id: str
    column: int
    ids: list[int]

    @property
    def hash(self) -> str:
        """See `Result.rendered_hash`."""
        return prompt_hash(self.ids)


def _rows(
    loaded: Loaded, wanted: Sequence[tuple[int, Column]], request: Request, skip: set[tuple[str, int]]
) -> list[_Row]:
    """Return what one model has to answer, under all its conditions, shortest first."""
    asked = [
        (prompt, number, condition_text(loaded, column))
        for number, column in wanted
        for prompt in request.prompts
        if (prompt.id, number) not in skip
    ]
    encoded = loaded.encoder.encode_segments(
        [loaded.encoder.segments(Conversation(p.turns), condition, answer_next=True) for p, _, condition in asked]
    )
    rows = [_Row(p.id, number, e.ids.tolist()) for (p, number, _), e in zip(asked, encoded, strict=True)]
    return sorted(rows, key=lambda row: len(row.ids))


def _answer(
    loaded: Loaded, rows: Sequence[_Row], sampling: Sampling, growing: Growing | None = None
) -> Iterator[Result]:
    context = context_tokens(loaded.model.config)
    fitting = [row for row in rows if not context or len(row.ids) < context]
    for row in rows[len(fitting) :]:
        words = f"the prompt has {len(row.ids)} tokens, the model takes {context} with the answer"
        yield Result(row.prompt_id, row.column, "", 0, 0.0, row.hash, words)
    size = batch_size(loaded.model)
    for start in range(0, len(fitting), size):
        batch = fitting[start : start + size]
        began = time.monotonic()
        places = [(row.prompt_id, row.column) for row in batch]
        show = partial(growing.show, loaded.encoder.decode, places) if growing else None
        answers = decode_batch(
            loaded.model,
            [row.ids for row in batch],
            sampling,
            stop_ids=stop_ids(loaded),
            pad_id=loaded.encoder.tokenizer.pad_token_id,
            numbers=[int(prompt_hash([*row.ids, row.column]), 16) % 2**31 for row in batch],
            context_tokens=context,
            on_step=show,
        )
        seconds = (time.monotonic() - began) / len(batch)
        for row, answer in zip(batch, answers, strict=True):
            text = loaded.encoder.decode(answer)
            yield Result(row.prompt_id, row.column, text, len(answer), seconds, row.hash)


def batch_size(model: Any) -> int:
    """Return the prompts answered at once: many where the model is tiny and its caches are small."""
    parameters = sum(p.numel() for p in model.parameters())
    return 192 if parameters < 20_000_000 else 64 if parameters < 1_000_000_000 else 16


def stop_ids(loaded: Loaded) -> frozenset[int]:
    """Return the turn's end and, for a model that never learnt turns, what ends or begins a document."""
    ends = loaded.model.generation_config.eos_token_id
    start = loaded.encoder.tokenizer.bos_token_id
    found = {loaded.encoder.close_id, *(ends if isinstance(ends, list) else [ends]), start}
    return frozenset(int(i) for i in found if i is not None)


def set_threads(threads: int | None, device: str) -> None:
    """Let torch use these threads on a CPU; None is every core."""
    if device == "cpu":
        import torch

        from crlft.resolve import physical_cores

        torch.set_num_threads(threads or physical_cores())


def _append(path: Path, result: Result) -> None:
    line = json.dumps(result.to_dict(), ensure_ascii=False) + "\n"
    with path.open("ab", buffering=0) as file:
        file.write(line.encode())


def prompt_hash(ids: Sequence[int]) -> str:
    """See `Result.rendered_hash`."""
    return hashlib.sha256(json.dumps(list(ids)).encode()).hexdigest()[:16]
