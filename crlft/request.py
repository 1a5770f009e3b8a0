"""What to generate: models under conditions, prompts, sampling. No torch."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crlft.conversation import Turn
from crlft.errors import ConfigError, DataError


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen.

    Attributes:
        max_new_tokens: Longest answer.
        temperature: 0 takes the likeliest token.
        top_p: Smallest set of tokens with at least this probability is drawn from.
        seed: Seeds the draws; every prompt adds its own number.
    """

    max_new_tokens: int = 128
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Column:
    """A model under a condition.

    Attributes:
        model: A folder or hub name.
        condition: A class's name or the condition's text; empty is unconditioned.
        template: For models without `crlft.json`; empty is their own, or openchat where they have none.
    """

    model: str
    condition: str = ""
    template: str = ""


@dataclass(frozen=True)
class PromptRow:
    """A prompt.

    Attributes:
        id: Unique among the prompts.
        turns: The conversation so far, ending with a user or tool turn.
    """

    id: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class Request:
    """What to generate.

    Attributes:
        columns: Models under conditions.
        prompts: What to answer.
        sampling: How to choose tokens.
        device: `auto`, `cpu` or `cuda`.
        threads: CPU threads, None for all cores.

    Raises:
        ConfigError: There is nothing to ask, an id stands twice, or tokens cannot be chosen so.
    """

    columns: tuple[Column, ...]
    prompts: tuple[PromptRow, ...]
    sampling: Sampling = field(default_factory=Sampling)
    device: str = "auto"
    threads: int | None = None

    def __post_init__(self) -> None:
        if faults := _faults(self.columns, self.prompts, self.sampling):
            raise ConfigError(faults, "correct the request and start again")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Request:
        """Read a request; see the attributes for the keys (sampling's stand at the top level).

        Raises:
            ConfigError: Something is missing or wrong; all faults are listed.
        """
        faults: list[str] = []
        columns = tuple(_column(row, faults) for row in data.get("columns") or ())
        prompts = tuple(_prompt(row, i, faults) for i, row in enumerate(data.get("prompts") or ()))
        defaults = Sampling()
        sampling = Sampling(
            max_new_tokens=int(data.get("max_new_tokens") or defaults.max_new_tokens),
            temperature=float(data.get("temperature") or 0.0),
            top_p=float(data.get("top_p") or 1.0),
            seed=int(data.get("seed") or 0),
        )
        faults += _faults(columns, prompts, sampling)
        if faults:
            raise ConfigError(faults, "correct the request and start again")
        return cls(columns, prompts, sampling, str(data.get("device") or "auto"), data.get("threads"))


def _faults(columns: Sequence[Column], prompts: Sequence[PromptRow], sampling: Sampling) -> list[str]:
    faults = [] if columns else ["no columns (models and conditions)"]
    if not prompts:
        faults.append("no prompts")
    twice = sorted(i for i, count in Counter(p.id for p in prompts).items() if count > 1)
    faults += [f"prompt id {i!r} stands twice" for i in twice]
    if not 0 < sampling.top_p <= 1:
        faults.append(f"top_p is {sampling.top_p}, it must be above 0 and at most 1")
    if not sampling.temperature >= 0 or sampling.max_new_tokens < 1:
        faults.append("temperature must not be negative and max_new_tokens must be at least 1")
    return faults


def prompt_lines(path: Path) -> list[str]:
    """Return a file's lines; a mark that some editors put in front of UTF-8 is none of its text.

    Ended by line feeds alone: JSON may hold the other signs that Python takes for ends of lines (U+2028).
    """
    return path.read_text(encoding="utf-8-sig").split("\n")


def read_prompts(path: Path) -> list[PromptRow]:
    """Return the prompts of a file: plain lines, or JSONL with `prompt` or `messages` and optionally `id`.

    Raises:
        DataError: The file is missing or empty, or a line cannot be read; names the line.
    """
    try:
        lines = prompt_lines(path)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})", "name a text file with a prompt a line") from error
    out = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if line.lstrip().startswith("{"):
            faults: list[str] = []
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise DataError(f"{path}:{number}: not JSON ({error.msg})", "write one object a line") from error
            out.append(_prompt(row, number, faults))
            if faults:
                raise DataError(f"{path}:{number}: {faults[0]}", 'write {"id": …, "prompt": …} a line')
        else:
            out.append(PromptRow(f"line-{number}", (Turn("user", line.strip()),)))
    if not out:
        raise DataError(f"{path}: holds no prompt", "write a prompt a line")
    return out


def _column(row: Mapping[str, Any], faults: list[str]) -> Column:
    if not row.get("model"):
        faults.append("a column has no model")
    return Column(
        str(row.get("model") or ""), str(row.get("condition") or ""), str(row.get("template") or "")
    )


def _prompt(row: Mapping[str, Any], index: int, faults: list[str]) -> PromptRow:
    try:
        messages = row.get("messages") or [{"role": "user", "content": row["prompt"]}]
        turns = tuple(Turn.from_dict(m) for m in messages)
    except (KeyError, TypeError, AttributeError):
        faults.append(f"prompt {index} has neither `prompt` nor `messages`")
        return PromptRow(str(index), ())
    except DataError as error:
        faults.append(f"prompt {index}: {error.message}")
        return PromptRow(str(index), ())
    if not turns or turns[-1].role not in ("user", "tool"):
        faults.append(f"prompt {index} does not end with a user turn")
    return PromptRow(str(row.get("id") or f"line-{index}"), turns)
