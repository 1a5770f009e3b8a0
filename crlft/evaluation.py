"""Measuring on held-out conversations: loss per class, the swap test, and answers to a few prompts.

The swap test asks whether conditioning was learnt at all: the same held-out answers under the right and
under the wrong condition. Where the wrong one makes them no less likely, the model does not listen to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

import torch

from crlft.batching import micro_batches
from crlft.condition import ClassScheme
from crlft.conversation import Conversation, Turn
from crlft.dataset import Example
from crlft.decode import decode_batch
from crlft.loss import MicroBatch, collate, supervised_nll
from crlft.request import Sampling
from crlft.tokens import Encoder

MAX_HELD_OUT = 200
"""Most conversations of an evaluation."""
EVALUATION_SHARE = 0.03
"""Tokens of an evaluation, as a part of the whole run's: five of them, right and wrong condition, forward only,
then cost about a tenth of the training."""
MIN_EVALUATION_TOKENS = 8192


@dataclass(frozen=True)
class Probe:
    """What is measured at every evaluation.

    Attributes:
        held_out: Examples under their own condition.
        swapped: The same under the wrong condition (of the class farthest in reward), or empty.
        prompts: Prompts to answer.
        conditions: Conditions to answer them under.
        sample_tokens: Longest answer.
    """

    held_out: list[Example]
    swapped: list[Example]
    prompts: list[str]
    conditions: list[str]
    sample_tokens: int = 64


def choose_held_out(
    held_out: Sequence[tuple[Conversation, Example]], run_tokens: int
) -> list[tuple[Conversation, Example]]:
    """Return the held-out conversations to measure on: every class in turn, within the budget.

    Args:
        held_out: All that are kept out of training.
        run_tokens: Tokens of the whole training run.
    """
    budget = max(MIN_EVALUATION_TOKENS, EVALUATION_SHARE * run_tokens)
    by_class: dict[str, list[tuple[Conversation, Example]]] = defaultdict(list)
    for pair in held_out:
        by_class[pair[1].class_name].append(pair)
    in_turn = [pair for row in zip_longest(*(by_class[n] for n in sorted(by_class))) for pair in row if pair]
    chosen: list[tuple[Conversation, Example]] = []
    tokens = 0
    for pair in in_turn[:MAX_HELD_OUT]:
        tokens += len(pair[1])
        if tokens > budget and len(chosen) >= len(by_class):
            break
        chosen.append(pair)
    return chosen


def swapped_examples(
    held_out: Sequence[tuple[Conversation, Example]], scheme: ClassScheme, encoder: Encoder, max_tokens: int
) -> list[Example]:
    """Return held-out conversations under the wrong condition, where that leaves the answer within the context."""
    if len(scheme.classes) < 2:
        return []
    wrong = [
        (scheme.worst if example.class_name != scheme.worst.name else scheme.best).condition
        for _, example in held_out
    ]
    encoded = encoder.encode_segments(
        [encoder.segments(c, condition) for (c, _), condition in zip(held_out, wrong, strict=True)]
    )
    out = []
    for (_, example), new in zip(held_out, encoded, strict=True):
        supervised = new.supervised[:max_tokens].copy()
        supervised[:1] = False
        out.append(
            replace(example, ids=new.ids[:max_tokens], supervised=supervised, share=supervised.astype("float32"))
        )
    return [e for e in out if e.supervised.any()]


@dataclass(frozen=True, slots=True)
class HeldOutLoss:
    """What a model loses on held-out conversations, nats.

    Attributes:
        by_class: Class → mean negative log-likelihood of its supervised tokens.
        weighted: The objective: sum of w·l over sum of w, as in training.
    """

    by_class: dict[str, float]
    weighted: float

    @property
    def mean(self) -> float:
        """The classes' mean, each class alike."""
        return sum(self.by_class.values()) / len(self.by_class) if self.by_class else 0.0


def held_out_loss(
    model: Any,
    examples: Sequence[Example],
    *,
    pad_id: int,
    tokens: int,
    full_logits: bool = False,
    autocast: AbstractContextManager[Any] | None = None,
    likelihood: Callable[[MicroBatch], torch.Tensor] | None = None,
) -> HeldOutLoss:
    """Return what the model loses on examples, by class and weighted as in training.

    Args:
        model: A causal LM.
        examples: What to measure on.
        pad_id: Filling.
        tokens: Padded tokens computed at once.
        full_logits: See `crlft.loss.supervised_nll`.
        autocast: Context the forward passes run in.
        likelihood: Computes a batch's likelihoods instead of `supervised_nll`, for a wrapped model.
    """
    names = sorted({e.class_name for e in examples})
    numbers = {name: i for i, name in enumerate(names)}
    sums: dict[str, float] = defaultdict(float)
    counts: dict[str, int] = defaultdict(int)
    weighted = mass = 0.0
    device = next(model.parameters()).device
    training = model.training
    model.eval()
    try:
        with torch.no_grad(), autocast or nullcontext():
            for part in micro_batches(range(len(examples)), [len(e) for e in examples], tokens):
                batch = collate([examples[i] for i in part], numbers, pad_id).to(device)
                nll = likelihood(batch) if likelihood else supervised_nll(model, batch, full_logits=full_logits)
                weighted += float((nll * batch.weights).sum(dtype=torch.float64))
                mass += float(batch.weights.sum(dtype=torch.float64))
                for name, number in numbers.items():
                    there = nll[batch.classes == number]
                    sums[name] += float(there.sum(dtype=torch.float64))
                    counts[name] += len(there)
    finally:
        model.train(training)
    means = {name: sums[name] / counts[name] for name in names if counts[name]}
    return HeldOutLoss(means, weighted / mass if mass else 0.0)


def sample_answers(model: Any, encoder: Encoder, probe: Probe, context: int | None) -> Iterable[dict[str, str]]:
    """Yield greedy answers to the probe's prompts under each condition."""
    asked = [(p, c) for p in probe.prompts for c in probe.conditions]
    if not asked:
        return
    ids = [
        encoder.encode(Conversation((Turn("user", prompt),)), condition, answer_next=True).ids.tolist()
        for prompt, condition in asked
    ]
    training = model.training
    model.eval()
    try:
        answers = decode_batch(
            model,
            ids,
            Sampling(max_new_tokens=probe.sample_tokens),
            stop_ids=frozenset({encoder.close_id}),
            pad_id=encoder.tokenizer.pad_token_id,
            context_tokens=context,
        )
    finally:
        model.train(training)
    for (prompt, condition), answer in zip(asked, answers, strict=True):
        yield {"prompt": prompt, "condition": condition, "text": encoder.decode(answer)}
