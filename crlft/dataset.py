"""Conversations to training examples: condition, loss weight, truncation, held-out split, and the account.

Every conversation ends up in exactly one place: trained on, held out, or reported with the reason. No torch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crlft.condition import ClassScheme
from crlft.config import RunConfig
from crlft.conversation import Conversation
from crlft.errors import DataError, SchemeError
from crlft.methods import METHODS, Method
from crlft.promptgroups import below_share, prompt_key
from crlft.tokens import Encoded, Encoder


@dataclass(frozen=True, slots=True)
class Example:
    """A conversation ready for training.

    Attributes:
        ids: Token ids, int32 (tokens,).
        supervised: True where the loss is taken, bool (tokens,).
        share: What a supervised token counts before the weight, float32 (tokens,): 1, or 1 over the number
            of supervised tokens of its answer or its conversation (`normalisation`); times the ratio of its
            answer's weight to the conversation's where the answer has a reward of its own.
        loss_weight: w of the conversation, float: 1 under methods without weights.
        class_name: Its class.
        index: Its place in the data.
        truncated: True if its end was cut off.
    """

    ids: NDArray[np.int32]
    supervised: NDArray[np.bool_]
    share: NDArray[np.float32]
    loss_weight: float
    class_name: str
    index: int
    truncated: bool = False

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def supervised_tokens(self) -> int:
        """Number of supervised tokens."""
        return int(self.supervised.sum())

    @property
    def mass(self) -> float:
        """What the conversation contributes to the step's normaliser: sum of share times weight."""
        return float(self.share.sum(dtype=np.float64)) * self.loss_weight


@dataclass
class ClassAccount:
    """What became of a class's conversations; the `data` event lists these.

    Attributes:
        name: The class.
        condition: The text that stands in its prompts (empty under an unconditioned method).
        weight: Loss weight of the class.
        conversations: Trained on.
        held_out: Kept out for evaluation.
        supervised_tokens: Of the conversations trained on.
        mass: Sum of share times weight over them.
        mass_share: Part of all classes' mass, from 0 to 1.
        truncated: Trained on, with their end cut off.
        unsupervised: Left out: no supervised token, or none within the context.
        dropped: Left out by the method (`sft-best`), or because their weight is zero.
    """

    name: str
    condition: str
    weight: float
    conversations: int = 0
    held_out: int = 0
    supervised_tokens: int = 0
    mass: float = 0.0
    mass_share: float = 0.0
    truncated: int = 0
    unsupervised: int = 0
    dropped: int = 0


@dataclass
class Dataset:
    """Examples to train on and to evaluate on, with the account of the rest.

    Attributes:
        train: Examples to train on.
        held_out: Conversations and their examples, kept out by prompt.
        classes: One account a class, in the scheme's order.
        untagged: Conversations left out because they have no class.
        warnings: Sentences for the reader.
    """

    train: list[Example] = field(default_factory=list)
    held_out: list[tuple[Conversation, Example]] = field(default_factory=list)
    classes: list[ClassAccount] = field(default_factory=list)
    untagged: int = 0
    warnings: list[str] = field(default_factory=list)


def is_held_out(conversation: Conversation, share: float, groups: Mapping[str, str] | None = None) -> bool:
    """Whether a conversation is kept out; all conversations of one prompt fall on the same side.

    Args:
        conversation: It.
        share: Of the prompts.
        groups: Of near-duplicate prompts (`crlft.promptgroups`): they fall on the same side, too.
    """
    key = prompt_key(conversation.prompt)
    return below_share(groups.get(key, key) if groups else key, share)


def condition_for(conversation: Conversation, condition: str, dropout: float) -> str:
    """Return the condition, or nothing for the share of conversations trained unconditioned."""
    if dropout <= 0:
        return condition
    digest = hashlib.sha256(f"dropout:{conversation.to_dict()}".encode()).digest()
    return "" if int.from_bytes(digest[:8], "big") < dropout * 2**64 else condition


def build_dataset(
    conversations: Sequence[Conversation],
    scheme: ClassScheme,
    config: RunConfig,
    encoder: Encoder,
    max_tokens: int,
    groups: Mapping[str, str] | None = None,
) -> Dataset:
    """Return the examples of a method; `groups` as in `is_held_out`.

    Raises:
        DataError: A class is unknown to the scheme, nothing is left to train on, or nothing of the class that
            the model will be asked under.
    """
    method = METHODS[config.method]
    _refuse_unknown_classes(conversations, scheme)
    out = Dataset(classes=_accounts(scheme, method))
    accounts = {a.name: a for a in out.classes}
    tagged: list[tuple[int, Conversation, str, bool]] = []  # …, class, held out
    for index, conversation in enumerate(conversations):
        name = conversation.class_name
        if name is None:
            out.untagged += 1
        elif method.best_only and name != scheme.best.name:
            accounts[name].dropped += 1
        else:
            tagged.append((index, conversation, name, is_held_out(conversation, config.held_out_share, groups)))
    encoded = encoder.encode_segments(
        [
            # What is measured keeps its condition: the swap test compares it with the wrong one.
            encoder.segments(
                c, condition_for(c, accounts[name].condition, 0.0 if held_out else config.condition_dropout)
            )
            for _, c, name, held_out in tagged
        ]
    )
    for (index, conversation, name, held_out), ids in zip(tagged, encoded, strict=True):
        weight = 1.0
        if method.weighted:
            with _placed(index):
                weight = scheme.loss_weight(name, conversation.coarse_reward)
        example = _example(ids, weight, name, index, config.normalisation, max_tokens)
        if method.weighted and any(turn.reward is not None for turn in conversation.turns):
            example = _weigh_answers(example, ids, scheme, conversation)
        _place(example, conversation, held_out, out, accounts[name])
    _refuse_nothing(out, encoded, max_tokens)
    if method.conditioned:
        _refuse_empty_best(accounts[scheme.best.name])
    if method.balanced:
        _balance(out)
    _finish(out, method, scheme)
    return out


@contextmanager
def _placed(index: int, where: str = "") -> Iterator[None]:
    """Say of which row a reward makes no weight."""
    try:
        yield
    except SchemeError as error:
        raise DataError(f"row {index + 1} of the data{where}: {error.message}", error.remedy) from error


def _accounts(scheme: ClassScheme, method: Method) -> list[ClassAccount]:
    return [
        ClassAccount(
            name=c.name,
            condition=c.condition if method.conditioned else "",
            weight=scheme.loss_weight(c.name) if method.weighted else 1.0,
        )
        for c in scheme.classes
    ]


def _example(
    encoded: Encoded, weight: float, name: str, index: int, normalisation: str, max_tokens: int
) -> Example:
    ids, supervised = encoded.ids[:max_tokens], encoded.supervised[:max_tokens].copy()
    supervised[:1] = False  # the first token is predicted from nothing
    share = supervised.astype(np.float32)
    if normalisation == "conversation" and supervised.any():
        share /= np.float32(supervised.sum())
    elif normalisation == "message":
        turns = encoded.turns[:max_tokens]
        for turn in np.unique(turns[supervised]):
            there = supervised & (turns == turn)
            share[there] = np.float32(1) / np.float32(there.sum())
    return Example(ids, supervised, share, weight, name, index, truncated=len(encoded.ids) > max_tokens)


def _weigh_answers(example: Example, encoded: Encoded, scheme: ClassScheme, conversation: Conversation) -> Example:
    """Weigh answers that have a reward of their own by it instead of the conversation's."""
    weight = example.loss_weight or 1.0  # the conversation may weigh nothing, the answer something
    relative = np.full(len(example), example.loss_weight / weight, dtype=np.float32)
    turns = encoded.turns[: len(example)]
    for number, turn in enumerate(conversation.turns):
        if turn.reward is not None:
            with _placed(example.index, f", turn {number + 1}"):
                own = scheme.loss_weight(example.class_name, turn.reward)
            relative[turns == number] = own / weight
    return replace(example, share=example.share * relative, loss_weight=weight)


def _place(
    example: Example, conversation: Conversation, held_out: bool, out: Dataset, account: ClassAccount
) -> None:
    if not example.supervised.any():
        account.unsupervised += 1
    elif held_out:
        account.held_out += 1
        out.held_out.append((conversation, example))
    elif example.mass == 0:
        account.dropped += 1
    else:
        account.conversations += 1
        account.supervised_tokens += example.supervised_tokens
        account.mass += example.mass
        account.truncated += example.truncated
        out.train.append(example)


def _refuse_unknown_classes(conversations: Sequence[Conversation], scheme: ClassScheme) -> None:
    unknown = sorted(
        {c.class_name for c in conversations if c.class_name is not None and c.class_name not in scheme}
    )
    if unknown:
        raise DataError(
            f"class {unknown[0]!r} stands on conversations but has no reward",
            f"add it to the classes ({', '.join(c.name for c in scheme.classes)}) or tag these anew",
        )


def _refuse_nothing(out: Dataset, encoded: Sequence[Encoded], max_tokens: int) -> None:
    if out.train:
        return
    lengths = [len(e) for e in encoded]
    if lengths and min(lengths) > max_tokens:
        raise DataError(
            f"the context of {max_tokens} tokens is shorter than the shortest conversation "
            f"({min(lengths)} tokens)",
            "raise max_tokens",
        )
    held = f", {len(out.held_out)} are held out" if out.held_out else ""
    raise DataError(
        f"nothing to train on: {out.untagged} conversations have no class, "
        f"{sum(a.dropped for a in out.classes)} are left out by the method, "
        f"{sum(a.unsupervised for a in out.classes)} have no answer within {max_tokens} tokens{held}",
        "tag conversations that have answers (a file of classes may tag by a field), or choose another method",
    )


def _refuse_empty_best(best: ClassAccount) -> None:
    if best.conversations:
        return
    raise DataError(
        f"class {best.name!r}, the best, has no conversation to train on ({best.held_out} are held out, "
        f"{best.unsupervised} have no answer within the context): the model would be asked under a condition "
        "that it never saw",
        "tag some conversations with it, give another class the highest reward, or use method=sft",
    )


def refuse_empty(accounts: Sequence[ClassAccount]) -> None:
    """Refuse classes that no conversation is trained on.

    Raises:
        DataError: There is one.
    """
    empty = next((a for a in accounts if not a.conversations), None)
    if empty is not None and empty.dropped:
        raise DataError(
            f"class {empty.name!r} weighs nothing: its reward lies so far below the best that its loss weight is "
            "0",
            "raise its reward or beta, take it out of the classes, or set empty_classes=warn",
        )
    if empty is not None:
        raise DataError(
            f"class {empty.name!r} has no conversation to train on ({empty.held_out} are held out, "
            f"{empty.unsupervised} have no answer within the context): its condition would stay unlearnt",
            "take it out of the classes, tag some conversations with it, or set empty_classes=warn",
        )


def _balance(out: Dataset) -> None:
    """Weigh each class by one over its supervised tokens: all then have the same mass, and the rarest weighs 1."""
    counts = {a.name: a.mass for a in out.classes if a.mass > 0}
    rarest = min(counts.values())
    for account in out.classes:
        account.weight = rarest / counts[account.name] if account.name in counts else 1.0
        account.mass *= account.weight
    weights = {a.name: a.weight for a in out.classes}
    out.train = [replace(e, loss_weight=weights[e.class_name]) for e in out.train]
    out.held_out = [(c, replace(e, loss_weight=weights[e.class_name])) for c, e in out.held_out]


def _finish(out: Dataset, method: Method, scheme: ClassScheme) -> None:
    total = sum(a.mass for a in out.classes)
    for account in out.classes:
        account.mass_share = account.mass / total if total else 0.0
    filled = [a.name for a in out.classes if a.conversations]
    if len(filled) == 1 and (method.conditioned or method.weighted) and not method.best_only:
        out.warnings.append(
            f"only the class {filled[0]!r} has conversations: {method.name} on one class is plain fine-tuning "
            "on it; tag some as another class to gain anything from conditions and rewards"
        )
    for account in out.classes:
        if not account.conversations and not (method.best_only and account.name != scheme.best.name):
            out.warnings.append(
                f"no conversation of class {account.name!r} is trained on: its condition stays unlearnt"
            )
    for account in out.classes if method.weighted else ():
        if account.dropped and not method.best_only:
            out.warnings.append(
                f"{account.dropped} conversations of class {account.name!r} are left out: their loss weight is 0; "
                "raise the reward or beta to use them"
            )
    if out.untagged:
        out.warnings.append(f"{out.untagged} conversations have no class and are left out; tag them to use them")


def account_row(account: ClassAccount) -> dict[str, Any]:
    """Return the JSON form of an account."""
    return asdict(account)
