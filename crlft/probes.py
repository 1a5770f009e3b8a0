"""Probes: what a model still knows of plain text. A rise against its base is forgetting.

    crlft probe MODEL… --text FILE        nats per token of general text, no roles, no condition
    crlft probe --run DIR                 a job: DIR/request.json → DIR/probe.json
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from crlft.base_text import read_documents
from crlft.dataset import Example
from crlft.errors import DataError
from crlft.evaluation import held_out_loss
from crlft.events import Events
from crlft.generation import set_threads
from crlft.loss import collate, knows_head
from crlft.models import context_tokens, load_trained, pick_device

MAX_TOKENS = 512
"""A document is read up to here."""
BATCH_TOKENS = 4096
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
    """Carry out `request.json` (`models`, `text`) of a job's folder; return the number of models measured.

    Raises:
        CrlftError: The request, the text or a model cannot be used.
    """
    body = events.run.read_json("request.json")
    if body is None:
        raise DataError(f"{events.run.path}: no request.json", "write the request before starting the job")
    found: list[dict[str, Any]] = []
    models = [str(m) for m in body["models"]]
    for number, model in enumerate(models, start=1):
        measured = plain_text(model, Path(str(body["text"])), device=str(body.get("device") or "auto"))
        found.append(asdict(measured))
        events.emit("progress", done=number, total=len(models), eta_seconds=None)
        if events.stop_wanted():
            return len(found)
    events.run.write_json(RESULT, {"plain_text": found})
    return len(found)


def _example(ids: list[int]) -> Example:
    supervised = np.arange(len(ids)) > 0
    share = supervised.astype(np.float32)
    return Example(np.array(ids, dtype=np.int32), supervised, share, 1.0, "", 0)
