"""A conversation as the store holds it: the conversation itself plus its curation state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from crlft.conversation import Conversation

Status = Literal["pending", "kept", "dropped"]
STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True, slots=True)
class Record:
    """A stored conversation.

    Attributes:
        seq: The store's row number, ascending in order of arrival; the key that actions and vectors use.
        uid: Content hash, 16 hexadecimal characters; the public id on the command line and in addresses.
        conversation: Turns, class, reward override, source, language, metadata.
        status: Curation status.
        drop_reason: Why it was dropped, or empty.
        round: The loop's round it arrived in, from 1.
        revision: Grows by one with every change; two curators never overwrite each other unseen.
        n_turns: Number of turns.
        n_tokens: All tokens by the project's tokenizer (an estimate where that is not loaded).
        supervised_tokens: Tokens of the assistant turns that are not excluded.
        prompt_hash: Hash of the normalised text up to the last answer; equal prompts share it.
        answer_hash: Hash of the normalised last answer.
        provenance: Where it came from: file, row, import time; or run, condition, prompt, sampling.
        arrived_at: ISO 8601 UTC time of arrival.
        comment: A curator's remark, or empty.
        tagged_by: Who or what set the class, or empty (`import`, a curator's name).
        flags: Names of the cleaning rules that marked it, sorted.
        turn_rewards: On arrival: (turn, reward, supervised tokens) of answers with a reward of their own. A record
            that was read leaves it empty; its turns say it.
    """

    seq: int
    uid: str
    conversation: Conversation
    status: Status = "pending"
    drop_reason: str = ""
    round: int = 1
    revision: int = 0
    n_turns: int = 0
    n_tokens: int = 0
    supervised_tokens: int = 0
    prompt_hash: str = ""
    answer_hash: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    arrived_at: str = ""
    comment: str = ""
    tagged_by: str = ""
    flags: tuple[str, ...] = ()
    turn_rewards: tuple[tuple[int, float, int], ...] = ()


@dataclass(frozen=True, slots=True)
class RecordSummary:
    """What a list row shows; never carries whole texts.

    Attributes:
        seq: As `Record.seq`.
        uid: As `Record.uid`.
        prompt: The first user turn, cut to 200 characters.
        answer: The last answer, cut to 200 characters.
        class_name: Tagged class or None.
        coarse_reward: Override or None.
        status: Curation status.
        source: Who answered.
        language: ISO 639-1 code or empty.
        round: Round of arrival.
        n_turns: Number of turns.
        n_tokens: Number of tokens.
    """

    seq: int
    uid: str
    prompt: str
    answer: str
    class_name: str | None
    coarse_reward: float | None
    status: Status
    source: str
    language: str
    round: int
    n_turns: int
    n_tokens: int
