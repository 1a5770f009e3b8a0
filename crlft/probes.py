"""Probes: what a model still knows of plain text and of questions. Worse than its base is forgetting.

    crlft probe MODEL… --text FILE        nats per token of general text, no roles, no condition
    crlft probe MODEL… --questions FILE   how many answers a program finds right (`crlft.checks`), by topic
    crlft probe --run DIR                 a job: DIR/request.json → DIR/probe.json

Questions are prompts as everywhere: `prompt`, or `messages` of several turns with a system turn, with a `check`
and, if you like, an `id` and a `topic` (reasoning, memory, summarising …). They are asked under the model's own
default condition, greedily.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from crlft.base_text import read_documents
from crlft.checkedprompts import read_checked_prompts
from crlft.checks import check_answer
from crlft.dataset import Example
from crlft.errors import DataError
from crlft.evaluation import held_out_loss
from crlft.events import Events
from crlft.generation import generate, set_threads
from crlft.loss import collate, knows_head
from crlft.modelfolder import default_condition
from crlft.models import context_tokens, load_trained, pick_device
from crlft.request import Column, PromptRow, Request, Sampling

MAX_TOKENS = 512
"""A document is read up to here."""
BATCH_TOKENS = 4096
MAX_ANSWER = 64
"""Tokens of an answer to a question."""
RESULT = "probe.json"


@dataclass(frozen=True)
class PlainText:
    """How likely a model finds general text.

    Attributes:
        model: The model's folder or hub name.
        nats_per_token: Mean negative log-likelihood of a token after its predecessors.
        tokens: How many tokens that is the mean of.
        documents: Of how many documents.
    """

    model: str
    nats_per_token: float
    tokens: int
    documents: int


@dataclass(frozen=True)
class Questions:
    """How many questions a model answers right.

    Attributes:
        model: The model's folder or hub name.
        condition: What it was asked under; empty for none.
        asked: How many.
        right: Of these, how many a program finds right.
        topics: Topic → (right, asked); the empty topic is none.
    """

    model: str
    condition: str
    asked: int
    right: int
    topics: Mapping[str, tuple[int, int]]


def questions(
    model: str, path: Path, *, threads: int | None = None, device: str = "auto", max_new_tokens: int = MAX_ANSWER
) -> Questions:
    """Ask a model questions whose answers a program can check.

    Raises:
        DataError: The file cannot be read, or none of its prompts has a check.
        ModelError: The model cannot be loaded.
    """
    prompts, _ = read_checked_prompts(path, "topic")
    condition = default_condition(model)
    request = Request(
        columns=(Column(model, condition),),
        prompts=tuple(PromptRow(p.id, p.turns) for p in prompts),
        sampling=Sampling(max_new_tokens=max_new_tokens),
        device=device,
        threads=threads,
    )
    answers = {found.prompt_id: found.text for found in generate(request)}
    topics: dict[str, tuple[int, int]] = {}
    for prompt in prompts:
        right, asked = topics.get(prompt.group, (0, 0))
        topics[prompt.group] = right + check_answer(prompt.check, answers.get(prompt.id, "")).correct, asked + 1
    return Questions(model, condition, len(prompts), sum(right for right, _ in topics.values()), topics)


def plain_text(model: str, text: Path, *, threads: int | None = None, device: str = "auto") -> PlainText:
    """Measure a model on documents (`{"text": …}` a line), each on its own, behind the start of a document.

    Raises:
        DataError: The file cannot be read, or no document has two tokens.
        ModelError: The model cannot be loaded.
    """
    documents = read_documents(text)
    place = pick_device(device)
    set_threads(threads, place)
    loaded = load_trained(model, device=place)
    tokenizer = loaded.encoder.tokenizer
    longest = min(MAX_TOKENS, context_tokens(loaded.model.config) or MAX_TOKENS)
    start = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
    rows = tokenizer(documents, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    examples = [_example([*start, *ids][:longest]) for ids in rows if len(start) + len(ids) > 1]
    if not examples:
        raise DataError(f"{text}: no document has two tokens", "give documents of some sentences")
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
    first = collate(examples[:1], {"": 0}, pad).to(next(loaded.model.parameters()).device)
    found = held_out_loss(
        loaded.model, examples, pad_id=pad, tokens=BATCH_TOKENS, full_logits=not knows_head(loaded.model, first)
    )
    return PlainText(model, found.by_class[""], sum(e.supervised_tokens for e in examples), len(examples))


def run_probe(events: Events) -> int:
    """Carry out `request.json` of a job's folder; return the number of models measured.

    Its keys: `models`; `text`, `questions`, either or both; `device`.

    Raises:
        CrlftError: The request, the text or a model cannot be used.
    """
    body = events.run.read_json("request.json")
    if body is None:
        raise DataError(f"{events.run.path}: no request.json", "write the request before starting the job")
    found: dict[str, list[dict[str, Any]]] = {}
    models, device = [str(m) for m in body["models"]], str(body.get("device") or "auto")
    for number, model in enumerate(models, start=1):
        if body.get("text"):
            found.setdefault("plain_text", []).append(asdict(plain_text(model, Path(body["text"]), device=device)))
        if body.get("questions"):
            asked = questions(model, Path(body["questions"]), device=device)
            found.setdefault("questions", []).append(asdict(asked))
        events.emit("progress", done=number, total=len(models), eta_seconds=None)
        if events.stop_wanted():
            return number
    events.run.write_json(RESULT, found)
    return len(models)


def _example(ids: list[int]) -> Example:
    supervised = np.arange(len(ids)) > 0
    share = supervised.astype(np.float32)
    return Example(np.array(ids, dtype=np.int32), supervised, share, 1.0, "", 0)
