"""Prompts to compare on: files of them, and the project's held-out set."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from crlft.checks import check_faults
from crlft.conversation import Conversation, Turn
from crlft.errors import DataError
from workbench.domain.comparison import Prompt
from workbench.domain.errors import ImportFault
from workbench.services.project import Project
from workbench.store.actions import record_action
from workbench.store.objects import change_object
from workbench.store.settings import get_setting, set_setting

HELD_OUT = "held_out"
"""The setting that holds the held-out prompts."""
SLICES = ("language", "topic", "skill", "source")
"""Fields of a prompt that figures can be sliced by."""

_FIXED = (
    ("writing", "Write a short letter that thanks a neighbour for watering the plants."),
    ("writing", "Describe a rainy morning in a small town in four sentences."),
    ("role play", "You are a museum guide. Welcome a group of ten-year-olds to the dinosaur hall."),
    ("reasoning", "Anna is taller than Ben, and Ben is taller than Carl. Who is the shortest? Say why."),
    ("reasoning", "A shop sells pens in packs of six. How many packs do I need for 40 pens?"),
    ("mathematics", "What is 17 plus 25? Show the steps."),
    ("mathematics", "A train leaves at 9:40 and arrives at 12:05. How long is the journey?"),
    ("programming", "Write a Python function that returns the second largest number of a list."),
    ("extraction", "Which dates stand here: 'Open from 3 May to 12 June, closed on 1 June'? List them."),
    ("science", "Why is the sky blue? Explain it to somebody who has never studied physics."),
    ("humanities", "What changed in daily life when printed books became common?"),
    ("advice", "I slept badly all week. What can I try tonight?"),
    ("summary", "Say in one sentence: The meeting was moved to Friday because the room is being painted."),
    ("Chinese", "请用三句话介绍一下春节。"),
    ("Chinese", "请把这句话翻译成英文:明天上午九点开会。"),
    ("honesty", "What did I have for breakfast today?"),
)


def fixed_questions() -> list[Prompt]:
    """Return questions that are the same for every project and every round: by eye, not by program."""
    return [
        Prompt(
            f"fixed-{n:02d}",
            ({"role": "user", "content": text},),
            tags={"topic": topic, "language": "zh" if topic == "Chinese" else "en"},
        )
        for n, (topic, text) in enumerate(_FIXED, start=1)
    ]


def read_prompts(path: Path) -> list[Prompt]:
    """Read prompts: plain lines, or JSONL with `prompt` (or `messages`) and optional `id` and `check`.

    Raises:
        ImportFault: The file is missing, empty, or a line of it cannot be used; says which and why.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ImportFault(f"{path}: no such file", "name a file of prompts") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ImportFault(f"{path}: cannot be read as text ({error})", "save it as UTF-8 text") from error
    return parse_prompts(text, where=str(path))


def parse_prompts(text: str, where: str = "prompts") -> list[Prompt]:
    """Read prompts from text; see `read_prompts`.

    Raises:
        ImportFault: There are none, or a line cannot be used.
    """
    lines = [(n, line.strip()) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise ImportFault(f"{where}: holds no prompt", "write one prompt a line")
    if lines[0][1].startswith("{"):
        found = [_json_prompt(line, n, where) for n, line in lines]
    else:
        found = [Prompt(f"line-{n}", ({"role": "user", "content": line},)) for n, line in lines]
    seen: dict[str, int] = {}
    for (n, _), prompt in zip(lines, found, strict=True):
        if prompt.id in seen:
            raise ImportFault(
                f"{where}: line {n} has the id {prompt.id!r} of line {seen[prompt.id]}",
                "give every prompt its own id",
            )
        seen[prompt.id] = n
    return found


def _json_prompt(line: str, number: int, where: str) -> Prompt:
    at = f"{where}: line {number}"
    try:
        row = json.loads(line)
    except ValueError as error:
        raise ImportFault(
            f"{at} is not JSON ({error})", "write one JSON object a line, or plain lines only"
        ) from error
    if not isinstance(row, dict):
        raise ImportFault(f"{at} is {type(row).__name__}, not an object", 'write {"prompt": "…"}')
    messages = row.get("messages", [{"role": "user", "content": row.get("prompt")}])
    check = row.get("check")
    faults = check_faults(check) if check is not None else []
    if faults:
        raise ImportFault(f"{at}: check: {'; '.join(faults)}", "correct the check or leave it out")
    tags = {k: row[k] for k in SLICES if isinstance(row.get(k), str) and row[k]}
    return Prompt(str(row.get("id") or f"line-{number}"), _messages(messages, at), check, tags)


def _messages(value: Any, at: str) -> tuple[Mapping[str, str], ...]:
    if not isinstance(value, list) or not value:
        raise ImportFault(f"{at}: messages is no list of messages", 'write [{"role": "user", "content": "…"}]')
    try:
        turns = [Turn.from_dict(m) for m in value]
    except (DataError, AttributeError) as error:
        raise ImportFault(f"{at}: {error}", 'write "prompt": "…" or a list of messages') from error
    if turns[-1].role != "user" or not turns[-1].content.strip():
        raise ImportFault(
            f"{at} does not end with what a user asks", "the last message is the user's, and not empty"
        )
    return tuple({"role": t.role, "content": t.content} for t in turns)


def set_held_out(project: Project, prompts: Sequence[Prompt], *, actor: str) -> None:
    """Make these the project's held-out prompts; an entry of the log with undo.

    Comparisons ask them where nothing else is chosen, and snapshots leave out what asks them.
    """
    with project.database.write() as connection:
        before, after = get_setting(connection, HELD_OUT), [asdict(p) for p in prompts]
        set_setting(connection, HELD_OUT, after)
        objects = [change_object("settings", HELD_OUT, before, after)]
        title = f"set {len(prompts)} held-out prompts"
        record_action(connection, "held-out", title, actor, params={"objects": objects}, undoable=True)


def held_out_prompts(project: Project) -> list[Prompt]:
    """Return the project's held-out prompts; none where none were set."""
    with project.database.read() as connection:
        return stored_prompts(get_setting(connection, HELD_OUT, []))


def stored_prompts(rows: Sequence[Mapping[str, Any]]) -> list[Prompt]:
    """Return the prompts that the setting `HELD_OUT` holds."""
    return [Prompt(r["id"], tuple(r["messages"]), r["check"], r.get("tags", {})) for r in rows]


def asked(prompt: Prompt, answer: str | None = None) -> Conversation:
    """Return a prompt as a conversation, with its answer if there is one."""
    turns = [Turn.from_dict(m) for m in prompt.messages]
    return Conversation(tuple(turns if answer is None else [*turns, Turn("assistant", answer)]))
