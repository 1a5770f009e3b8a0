"""Log-likelihoods of conversations under every condition, streamed as batches end.

    crlft score MODEL DATA                 from a shell
    crlft score --run DIR                  a job: DIR/request.json → DIR/results.jsonl

What the conditions of a conversation share is done once: its texts are tokenised once, its renderings stand in
one batch of similar lengths, and logits are computed for supervised positions only. Where renderings begin with
the same ids for long enough (placement `assistant`), that beginning is computed once (`crlft.prefix`). A job that
was stopped or killed goes on with what is missing in `results.jsonl`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from crlft.batching import micro_batches
from crlft.condition import ClassScheme
from crlft.conversation import Conversation
from crlft.dataset import Example
from crlft.errors import DataError, SchemeError
from crlft.events import Events, Pace
from crlft.loss import collate, knows_head, supervised_nll
from crlft.models import Loaded, context_tokens, load_trained, pick_device
from crlft.prefix import SharedPrefix, prefix_pays
from crlft.resolve import CONTEXT_LIMIT, physical_cores
from crlft.runfolder import RunFolder
from crlft.scores import Score, ScoreRequest
from crlft.snapshot import read_data

BLOCK = 2048
"""Conversations tokenised and sorted by length together: memory stays bounded, little is padding."""
BATCH_TOKENS = {"cpu": 4096, "cuda": 65536}
"""Padded tokens computed at once."""


@dataclass(frozen=True)
class Scorer:
    """A model with the conditions it scores under.

    Attributes:
        loaded: The model.
        conditions: Name → condition text.
        max_tokens: Context.
        batch_tokens: Padded tokens computed at once.
        full_logits: See `crlft.loss.supervised_nll`.
        prefix: Computes common beginnings once; None where the model cannot.
    """

    loaded: Loaded
    conditions: dict[str, str]
    max_tokens: int
    batch_tokens: int
    full_logits: bool
    prefix: SharedPrefix | None

    @classmethod
    def load(cls, request: ScoreRequest) -> Scorer:
        """Return the scorer of a request.

        Raises:
            ModelError: The model cannot be loaded.
            SchemeError: A condition is unknown to it, or none is given for a model without classes.
        """
        device = pick_device(request.device)
        if device == "cpu":
            torch.set_num_threads(request.threads or physical_cores())
        loaded = load_trained(request.model, template=request.template, device=device)
        conditions = named_conditions(
            loaded.card.scheme if loaded.card else None, request.conditions, request.model
        )
        context = context_tokens(loaded.model.config) or CONTEXT_LIMIT
        probe = Example(
            ids=np.full(8, loaded.encoder.close_id, dtype=np.int32),
            supervised=np.arange(8) > 3,
            share=np.ones(8, dtype=np.float32),
            loss_weight=1.0,
            class_name="",
            index=0,
        )
        batch = collate([probe], {"": 0}, _pad_id(loaded)).to(next(loaded.model.parameters()).device)
        full_logits = not knows_head(loaded.model, batch)
        return cls(
            loaded=loaded,
            conditions=conditions,
            max_tokens=min(request.max_tokens or context, context),
            batch_tokens=BATCH_TOKENS[device],
            full_logits=full_logits,
            prefix=None if full_logits else SharedPrefix.of(loaded.model, _pad_id(loaded)),
        )

    def score(self, numbered: Sequence[tuple[int, Conversation]]) -> Iterator[Score]:
        """Yield the scores of conversations as batches end, longest first within a block."""
        for start in range(0, len(numbered), BLOCK):
            yield from self._block(numbered[start : start + BLOCK])

    def _block(self, numbered: Sequence[tuple[int, Conversation]]) -> Iterator[Score]:
        rows = []
        for row in self._rows(numbered):
            if row.tokens:
                rows.append(row)
            else:
                yield row.without_score(self.max_tokens)
        width = max(1, len(self.conditions))
        lengths = [row.longest for row in rows]
        for part in micro_batches(range(len(rows)), lengths, max(1, self.batch_tokens // width)):
            yield from self._batch([rows[i] for i in part])

    def _rows(self, numbered: Sequence[tuple[int, Conversation]]) -> Iterator[_Row]:
        encoder, texts = self.loaded.encoder, list(self.conditions.values())
        encoded = encoder.encode_segments([encoder.segments(c, text) for _, c in numbered for text in texts])
        for place, (index, conversation) in enumerate(numbered):
            own = encoded[place * len(texts) : (place + 1) * len(texts)]
            yield _Row.of(index, conversation, [(e.ids, e.supervised) for e in own], self.max_tokens)

    def _batch(self, rows: Sequence[_Row]) -> Iterator[Score]:
        sums = self._sums(rows)  # (conversations, conditions)
        for row, values in zip(rows, sums.tolist(), strict=True):
            yield row.score(dict(zip(self.conditions, values, strict=True)))

    @torch.inference_mode()
    def _sums(self, rows: Sequence[_Row]) -> torch.Tensor:
        examples = [e for row in rows for e in row.examples]
        if self.prefix and prefix_pays([row.examples for row in rows]):
            sums = self.prefix.log_likelihoods([row.examples for row in rows])
        else:
            model = self.loaded.model
            batch = collate(examples, {"": 0}, _pad_id(self.loaded)).to(next(model.parameters()).device)
            nll = supervised_nll(model, batch, full_logits=self.full_logits)
            sums = torch.zeros(len(examples), dtype=torch.float64)
            sums.index_add_(0, batch.rows.cpu(), -nll.double().cpu())
        return sums.view(len(rows), len(self.conditions))


@dataclass(frozen=True)
class _Row:
    """A conversation rendered under every condition, cut so that the same tokens are supervised in all."""

    index: int
    conversation: Conversation
    examples: list[Example]
    tokens: int
    answered: bool
    truncated: bool

    @classmethod
    def of(
        cls,
        index: int,
        conversation: Conversation,
        encoded: Sequence[tuple[NDArray[np.int32], NDArray[np.bool_]]],
        max_tokens: int,
    ) -> _Row:
        tokens = min(int(supervised[1:max_tokens].sum()) for _, supervised in encoded)
        examples = []
        for ids, supervised in encoded:
            places = np.flatnonzero(supervised)
            places = places[places > 0][:tokens]
            end = int(places[-1]) + 1 if len(places) else 0
            there = np.zeros(end, dtype=np.bool_)
            there[places] = True
            examples.append(Example(ids[:end], there, there.astype(np.float32), 1.0, "", index))
        return cls(
            index=index,
            conversation=conversation,
            examples=examples,
            tokens=tokens,
            answered=any(bool(supervised.any()) for _, supervised in encoded),
            truncated=any(int(supervised[1:].sum()) > tokens for _, supervised in encoded),
        )

    @property
    def longest(self) -> int:
        """Tokens of its longest rendering."""
        return max(len(e) for e in self.examples)

    def score(self, logp: dict[str, float]) -> Score:
        c = self.conversation
        return Score(self.index, c.id, c.class_name, self.tokens, logp, self.truncated)

    def without_score(self, max_tokens: int) -> Score:
        c = self.conversation
        why = f"no answer within {max_tokens} tokens" if self.answered else "no assistant turn to score"
        return Score(self.index, c.id, c.class_name, 0, {}, self.truncated, why)


def named_conditions(scheme: ClassScheme | None, wanted: Sequence[str], model: str) -> dict[str, str]:
    """Return name → condition text: every class, or what is wanted (class names or condition texts).

    Raises:
        SchemeError: A condition is unknown, or none is given for a model without classes.
    """
    if scheme is None:
        if not wanted:
            raise SchemeError(f"{model}: has no classes of its own", "name the conditions to score under")
        return {text: text for text in wanted}
    if not wanted:
        return {c.name: c.condition for c in scheme.classes}
    names = {c.condition: c.name for c in scheme.classes}
    try:
        texts = [scheme.condition_of(w) for w in wanted]
    except SchemeError as error:
        raise SchemeError(f"{model}: {error.message}", error.remedy) from error
    return {names.get(text, text): text for text in texts}


def score_conversations(request: ScoreRequest, conversations: Sequence[Conversation]) -> Iterator[Score]:
    """Yield scores as batches end; `request.data` is not read.

    Raises:
        CrlftError: The model or a condition cannot be used.
    """
    yield from Scorer.load(request).score(list(enumerate(conversations)))


def run_scoring(events: Events) -> int:
    """Carry out `request.json` of a job's folder; return the number of conversations in `results.jsonl`.

    Raises:
        CrlftError: The request, the model, the data or a condition cannot be used.
    """
    run = events.run
    body = run.read_json("request.json")
    if body is None:
        raise DataError(f"{run.path}: no request.json", "write the request before starting the job")
    request = ScoreRequest.from_dict(body)
    conversations = read_conversations(request.data)
    done = finished(run)
    count, total = len(done), len(conversations)
    pace = Pace(total, done_before=count)
    events.emit("phase", name="scoring")
    events.emit("progress", done=count, total=total, eta_seconds=None)
    waiting = [(i, c) for i, c in enumerate(conversations) if i not in done]
    with (run.path / "results.jsonl").open("ab", buffering=0) as file:
        for score in Scorer.load(request).score(waiting) if waiting else ():
            file.write((json.dumps(score.to_dict(), ensure_ascii=False) + "\n").encode())
            count += 1
            if count % 64 == 0 or count == total:
                events.emit("progress", done=count, total=total, eta_seconds=pace.eta_seconds(count))
            if events.stop_wanted():
                break
    return count


def read_conversations(data: str, classes: str = "") -> list[Conversation]:
    """Return the conversations of a snapshot or file, as a training run would read them.

    Raises:
        DataError: They cannot be read.
        SchemeError: The file of classes cannot be used.
    """
    return read_data(data, classes)[1]


def finished(run: RunFolder) -> set[int]:
    """Return the indices that `results.jsonl` holds; half a line at its end is cut off."""
    path = run.path / "results.jsonl"
    if not path.exists():
        return set()
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        path.write_bytes(whole)
    return {int(json.loads(line)["index"]) for line in whole.splitlines()}


def _pad_id(loaded: Loaded) -> int:
    return int(loaded.encoder.tokenizer.pad_token_id)
