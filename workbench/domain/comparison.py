"""Generations, comparisons and votes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Choice = Literal["left", "right", "tie", "both-bad"]
BASE = "base"
"""What the column of the base is called where there is one only."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt to compare on.

    Attributes:
        id: Stable within its set.
        messages: OpenAI messages ending with a user turn.
        check: How a program judges an answer (see `crlft.checks`), or None.
        tags: What figures can be sliced by, such as language, topic, source.
    """

    id: str
    messages: tuple[Mapping[str, str], ...]
    check: Mapping[str, Any] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Column:
    """A model under a condition.

    Attributes:
        model: A run's id, or a folder or hub name of a base.
        condition: The condition's text; empty is unconditioned.
        label: What the column's head says.
    """

    model: str
    condition: str
    label: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One answer.

    Attributes:
        id: The store's number.
        prompt_id: Which prompt.
        column: Index of the column.
        text: The answer.
        n_tokens: Generated tokens.
        seconds: Its share of the batch's time.
        correct: Program's verdict, or None where there is no check.
        full: Correct, complete and polite, or None.
        rendered_hash: Hash of the token ids the model was given.
    """

    id: int
    prompt_id: str
    column: int
    text: str
    n_tokens: int = 0
    seconds: float = 0.0
    correct: bool | None = None
    full: bool | None = None
    rendered_hash: str = ""


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """A column's figures over all prompts; rates are shares from 0 to 1, None where nothing was checkable."""

    column: Column
    answered: int
    correct_rate: float | None
    full_rate: float | None
    mean_tokens: float
    wins: int = 0
    losses: int = 0
    ties: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """A grid of prompts and columns.

    Attributes:
        id: The store's number.
        name: One line for lists.
        job_id: The job that generates it.
        prompts: The rows.
        columns: The columns.
        sampling: Temperature, seed, max_new_tokens.
        created_at: ISO 8601 UTC time.
        round: The round it belongs to.
    """

    id: int
    name: str
    job_id: str
    prompts: tuple[Prompt, ...]
    columns: tuple[Column, ...]
    sampling: Mapping[str, Any] = field(default_factory=dict)
    created_at: str = ""
    round: int = 1
