"""Prompts whose answers a program can check: `{"prompt": …, "check": {…}}` a line. Torch-free."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crlft.checks import check_faults
from crlft.conversation import Turn
from crlft.errors import DataError
from crlft.request import prompt_lines, read_prompts


@dataclass(frozen=True, slots=True)
class CheckedPrompt:
    """A held-out prompt whose answer a program can check.

    Attributes:
        id: Unique among the prompts.
        turns: The conversation so far.
        check: See `crlft.checks`.
        group: What it belongs to, such as a skill; may be empty.
    """

    id: str
    turns: tuple[Turn, ...]
    check: Mapping[str, object]
    group: str = ""


def read_checked_prompts(path: Path, group_by: str = "") -> tuple[list[CheckedPrompt], int]:
    """Return the prompts that carry a check, and how many carry none.

    Raises:
        DataError: The file cannot be read, an id stands twice, a check has faults, or no prompt has one.
    """
    prompts = read_prompts(path)
    rows = [_row(line) for line in prompt_lines(path) if line.strip()]
    out: list[CheckedPrompt] = []
    seen: set[str] = set()
    for prompt, row in zip(prompts, rows, strict=True):
        if prompt.id in seen:
            raise DataError(f"{path}: the id {prompt.id!r} stands twice", "give every prompt its own id")
        seen.add(prompt.id)
        check = row.get("check")
        if check is None:
            continue
        if faults := check_faults(check):
            raise DataError(f"{path}: prompt {prompt.id!r}: check: {'; '.join(faults)}", "correct the check")
        out.append(CheckedPrompt(prompt.id, prompt.turns, check, str(row.get(group_by, "")) if group_by else ""))
    if not out:
        raise DataError(f"{path}: no prompt has a check", 'write {"prompt": …, "check": {"answer": […]}} a line')
    return out, len(rows) - len(out)


def _row(line: str) -> dict[str, Any]:
    if not line.lstrip().startswith("{"):
        return {}
    try:
        body = json.loads(line)
    except json.JSONDecodeError:
        return {}  # `read_prompts` says where and why
    return body if isinstance(body, dict) else {}
