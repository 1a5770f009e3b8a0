"""A desk that keeps models loaded and answers small requests at once. A job of its own; it ends when idle.

    crlft desk --run DIR       DIR/inbox/ID.json → DIR/outbox/ID.json, rewritten while the answer grows

Two kinds of request:

    chat         {"kind": "chat", "panes": [{"model", "condition", "messages"}], "max_new_tokens", …}
    likelihood   {"kind": "likelihood", "panes": […]}, each ending with the answer whose tokens are scored

All panes of one model are one batch, whatever they say and under whatever condition.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from crlft.conversation import Conversation, Turn
from crlft.decode import decode_batch
from crlft.errors import CrlftError, DataError
from crlft.events import Events
from crlft.failure import explain
from crlft.generation import condition_text, prompt_hash, set_threads, stop_ids
from crlft.models import Loaded, context_tokens, pick_device
from crlft.request import Column, Sampling
from crlft.runfolder import write_atomically
from crlft.shelf import Shelf

IDLE_SECONDS = 300.0
"""After so long without a request the desk ends and its memory is free."""
LOOK_SECONDS = 0.03
WRITE_SECONDS = 0.1
"""Between two looks into the inbox, and between two writes of a growing answer."""


class Desk:
    """Answers the requests of a folder."""

    def __init__(self, folder: Path, device: str = "auto") -> None:
        self.inbox, self.outbox = folder / "inbox", folder / "outbox"
        self.device = pick_device(device)
        set_threads(None, self.device)
        self.shelf = Shelf(self.device)

    def waiting(self) -> list[Path]:
        """Return the requests that have no answer yet, oldest first."""
        return sorted(p for p in self.inbox.glob("*.json") if not p.name.startswith("."))

    def answer(self, path: Path) -> None:
        """Answer one request; whatever is wrong with it stands in its answer."""
        target = self.outbox / path.name
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
            panes = list(body["panes"])
            if body.get("kind") == "likelihood":
                found = [self._likelihood(pane) for pane in panes]
                write_atomically(target, json.dumps({"done": True, "panes": found}))
            else:
                self._chat(body, panes, target)
        except (CrlftError, KeyError, ValueError, TypeError, RuntimeError) as error:
            failure = explain(error, self.outbox)
            write_atomically(
                target,
                json.dumps({"done": True, "panes": [], "error": failure.error, "remedy": failure.remedy}),
            )
        path.unlink(missing_ok=True)

    def _chat(self, body: Mapping[str, Any], panes: Sequence[Mapping[str, Any]], target: Path) -> None:
        sampling = Sampling(
            int(body.get("max_new_tokens") or 128),
            float(body.get("temperature") or 0.0),
            float(body.get("top_p") or 1.0),
            int(body.get("seed") or 0),
        )
        began = time.monotonic()
        state: list[dict[str, Any]] = [{"text": "", "n_tokens": 0, "seconds": 0.0} for _ in panes]
        first: list[float] = []
        for model in dict.fromkeys(str(p["model"]) for p in panes):
            loaded, own = self.shelf.take(model), [i for i, p in enumerate(panes) if str(p["model"]) == model]
            ids = [_ids(loaded, panes[i], answer_next=True)[0] for i in own]
            context = context_tokens(loaded.model.config)
            fits = [n for n, row in enumerate(ids) if not context or len(row) < context]
            for n in set(range(len(own))) - set(fits):
                state[own[n]]["error"] = f"the chat has {len(ids[n])} tokens, the model takes {context}"
            last = [0.0]

            def show(answers: Sequence[Sequence[int]], *, end: bool = False, own: Sequence[int] = own,
                     fits: Sequence[int] = fits, loaded: Loaded = loaded, ids: Sequence[Sequence[int]] = ids,
                     last: list[float] = last) -> None:  # fmt: skip
                now = time.monotonic()
                if not first:
                    first.append(now - began)
                if not end and now - last[0] < WRITE_SECONDS:
                    return
                last[0] = now
                for place, answer in zip(fits, answers, strict=True):
                    state[own[place]] |= {
                        "text": loaded.encoder.decode(answer),
                        "n_tokens": len(answer),
                        "seconds": round(now - began, 3),
                        "rendered_hash": prompt_hash(ids[place]),
                    }
                _write(target, state, first, done=False)

            if fits:
                answers = decode_batch(
                    loaded.model,
                    [ids[n] for n in fits],
                    sampling,
                    stop_ids=stop_ids(loaded),
                    pad_id=loaded.encoder.tokenizer.pad_token_id,
                    # Panes with the same prompt draw the same numbers: a difference is the condition's.
                    numbers=[0] * len(fits),
                    context_tokens=context,
                    on_step=show,
                )
                show(answers, end=True)
        _write(target, state, first, done=True)

    @torch.inference_mode()
    def _likelihood(self, pane: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer's tokens, each with log p(token | all before it, condition) in nats."""
        loaded = self.shelf.take(str(pane["model"]))
        ids, supervised = _ids(loaded, pane, answer_next=False)
        context = context_tokens(loaded.model.config)
        if context and len(ids) > context:
            return {"error": f"prompt and answer have {len(ids)} tokens, the model takes {context}", "tokens": []}
        places = np.flatnonzero(supervised)
        places = places[places >= _last_answer(supervised)]
        given = torch.tensor([ids], device=next(loaded.model.parameters()).device)
        logits = loaded.model(input_ids=given, use_cache=False).logits[0].float().log_softmax(-1)
        values = [float(logits[p - 1, ids[p]]) for p in places]
        tokens = _pieces(loaded, [ids[p] for p in places], values)
        return {"tokens": tokens, "logp": sum(values), "n_tokens": len(values)}


def run_desk(events: Events, idle_seconds: float = IDLE_SECONDS) -> int:
    """Serve a job's folder until nobody has asked for a while; return the number of requests answered."""
    desk = Desk(events.run.path)
    for folder in (desk.inbox, desk.outbox):
        folder.mkdir(exist_ok=True)
    events.emit("phase", name="waiting for questions")
    count, last = 0, time.monotonic()
    while not events.stop_wanted() and time.monotonic() - last < idle_seconds:
        for path in desk.waiting():
            desk.answer(path)
            count, last = count + 1, time.monotonic()
        time.sleep(LOOK_SECONDS)
    return count


def _ids(loaded: Loaded, pane: Mapping[str, Any], *, answer_next: bool) -> tuple[list[int], Any]:
    turns = tuple(Turn.from_dict(m) for m in pane["messages"])
    if not turns or (turns[-1].role == "assistant") == answer_next:
        raise DataError("the chat does not end where an answer begins", "end with what the user says")
    column = Column(str(pane["model"]), str(pane.get("condition") or ""))
    encoded = loaded.encoder.encode(Conversation(turns), condition_text(loaded, column), answer_next=answer_next)
    return [int(i) for i in encoded.ids], encoded.supervised


def _last_answer(supervised: Any) -> int:
    """Return where the last unbroken stretch of supervised tokens begins."""
    gaps = np.flatnonzero(~np.asarray(supervised, dtype=bool)[: int(np.flatnonzero(supervised)[-1])])
    return int(gaps[-1]) + 1 if len(gaps) else 0


def _pieces(loaded: Loaded, ids: Sequence[int], values: Sequence[float]) -> list[dict[str, Any]]:
    """Return tokens as texts; tokens that make one character together are one piece with their mean."""
    pieces: list[dict[str, Any]] = []
    shown, held = "", []
    for end, value in enumerate(values, start=1):
        text = loaded.encoder.decode(ids[:end])
        held.append(value)
        if text.endswith("\ufffd") and end < len(values):
            continue
        pieces.append({"text": text[len(shown) :], "logp": round(sum(held) / len(held), 4)})
        shown, held = text, []
    return pieces


def _write(target: Path, state: Sequence[Mapping[str, Any]], first: Sequence[float], *, done: bool) -> None:
    seconds = round(first[0], 3) if first else None
    write_atomically(target, json.dumps({"done": done, "panes": list(state), "first_token_seconds": seconds}))
