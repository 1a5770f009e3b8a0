"""The project's probe questions, as a table: what every run and its base are asked.

    questions, others = read_questions(project)
    write_questions(project, [ProbeQuestion("What is 7 plus 4?", "sums", states="11 | eleven")], actor="ann")

They lie in the project's folder (`probes.QUESTIONS`, one JSON object a line; `crlft.checks` says what a check may
ask). A line that asks more than the table shows (several turns, other checks) stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crlft.checks import check_faults
from crlft.runfolder import write_atomically
from workbench.domain.errors import PlanError
from workbench.services.probes import QUESTIONS
from workbench.services.project import Project
from workbench.store.actions import record_action

OR = "|"
"""Stands between alternatives in a cell of the table."""
_CELLS = ("answer", "matches", "lacks")


@dataclass(frozen=True, slots=True)
class ProbeQuestion:
    """A question and what its answer is checked for.

    Attributes:
        prompt: What is asked.
        topic: What it belongs to, such as memory; may be empty.
        states: The answer states one of these, between bars.
        pattern: It fits this regular expression.
        lacks: It holds none of these, between bars.
        id: Its id in the file; empty for a new one.
    """

    prompt: str
    topic: str = ""
    states: str = ""
    pattern: str = ""
    lacks: str = ""
    id: str = ""

    @property
    def check(self) -> dict[str, Any]:
        """What is checked, as `crlft.checks` reads it."""
        cells = {"answer": _split(self.states), "matches": self.pattern.strip(), "lacks": _split(self.lacks)}
        return {key: value for key, value in cells.items() if value}


def read_questions(project: Project) -> tuple[list[ProbeQuestion], list[str]]:
    """Return the questions that a table can show, and the lines of the file that it cannot."""
    try:
        lines = (project.root / QUESTIONS).read_text(encoding="utf-8-sig").split("\n")
    except FileNotFoundError:
        return [], []
    except UnicodeDecodeError as error:
        raise PlanError(f"{QUESTIONS}: cannot be read as text ({error})", "save it as UTF-8 text") from error
    shown, others = [], []
    for line in filter(str.strip, lines):
        question = _shown(line)
        if question is None:
            others.append(line)
        else:
            shown.append(question)
    return shown, others


def write_questions(project: Project, questions: Sequence[ProbeQuestion], *, actor: str) -> int:
    """Write the table's questions, and behind them the lines it does not show; return how many the table has.

    Args:
        project: The project.
        questions: Those without a text are left out.
        actor: Who says so; it stands in the log.

    Raises:
        PlanError: A check has faults; nothing is written.
    """
    _, others = read_questions(project)
    kept = [q for q in questions if q.prompt.strip()]
    for number, question in enumerate(kept, 1):
        if faults := check_faults(question.check):
            raise PlanError(f"question {number}: {'; '.join(faults)}", "correct what its answer is checked for")
    taken = {_id(line) for line in others} | {q.id for q in kept}
    free = (f"question-{n}" for n in range(1, len(kept) + len(taken) + 2) if f"question-{n}" not in taken)
    rows = []
    for question in kept:
        row = {"id": question.id or next(free), "prompt": question.prompt.strip(), "check": question.check}
        rows.append(json.dumps(row | ({"topic": question.topic} if question.topic else {}), ensure_ascii=False))
    path = project.root / QUESTIONS
    if rows or others:
        write_atomically(path, "\n".join([*rows, *others]) + "\n")
    else:
        path.unlink(missing_ok=True)
    with project.database.write() as connection:
        record_action(connection, "settings", f"set {len(rows)} probe questions", actor)
    return len(rows)


def _shown(line: str) -> ProbeQuestion | None:
    """Return the question of a line, or None where a table would lose something of it."""
    row = _object(line)
    check = row.get("check")
    if not isinstance(check, dict) or set(row) - {"id", "prompt", "topic", "check"} or set(check) - set(_CELLS):
        return None
    texts = [row.get("prompt"), row.get("topic", ""), row.get("id", "")]
    cells = [check.get(key, []) for key in _CELLS]
    lists = [cell if isinstance(cell, list) else [cell] for cell in cells]
    plain = all(isinstance(v, str | int | float) and not isinstance(v, bool) for values in lists for v in values)
    if not all(isinstance(text, str) for text in texts) or not plain or len(lists[1]) > 1 or check_faults(check):
        return None
    states, lacks = (f" {OR} ".join(map(str, values)) for values in (lists[0], lists[2]))
    if any(OR in str(value) for value in (*lists[0], *lists[2])):
        return None
    prompt, topic, own_id = map(str, texts)
    return ProbeQuestion(prompt, topic, states, "".join(map(str, lists[1])), lacks, own_id)


def _object(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}


def _id(line: str) -> str:
    return str(_object(line).get("id", ""))


def _split(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(OR) if part.strip()]
