"""Planners: each returns exactly what applying will do, over all conversations meant, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, select

from crlft.conversation import Turn
from crlft.errors import SchemeError
from workbench.domain.curation import Change, Plan
from workbench.domain.errors import PlanError
from workbench.domain.record import STATUSES, Record, Status
from workbench.services.browsing import compiled, get_record
from workbench.services.classes import class_scheme
from workbench.services.project import Project
from workbench.store.classes import read_classes
from workbench.store.conversations import chunks
from workbench.store.schema import conversations

_KINDS: Mapping[str, str] = {"kept": "keep", "dropped": "drop", "pending": "restore"}
_VERBS: Mapping[str, str] = {"kept": "keep", "dropped": "drop", "pending": "set back to pending"}


def plan_tag(
    project: Project,
    class_name: str | None,
    *,
    query: str | None = None,
    seqs: Sequence[int] | None = None,
) -> Plan:
    """Plan to tag conversations with a class; None takes the tag away.

    Give either a query or row numbers.

    Raises:
        PlanError: There is no such class, or neither a query nor row numbers are given.
        QueryError: The query has a mistake.
    """
    with project.database.read() as connection:
        names = [e.name for e in read_classes(connection)]
    if class_name is not None and class_name not in names:
        raise PlanError(f"there is no class {class_name!r}", f"use one of {', '.join(names)}, or make it first")
    rows = _select(project, ("class_name",), query, seqs)
    changes, unchanged = _uniform(rows, {"class_name": class_name})
    what = _conversations(len(changes))
    title = f"tag {what} as {class_name}" if class_name is not None else f"take the tag off {what}"
    return Plan("tag", title, changes, "", unchanged, _params(query, {"class": class_name}))


def plan_ranking(project: Project, best: int, others: Sequence[int], *, winner: str, loser: str) -> Plan:
    """Plan to tag one answer of a prompt with one class and its rivals with another, as one decision.

    Args:
        project: The project.
        best: Row number of the better answer.
        others: Row numbers of the rest; `best` among them is passed over.
        winner: Class of the better one.
        loser: Class of the rest.

    Raises:
        PlanError: There is no such class.
    """
    rivals = [seq for seq in others if seq != best]
    first = plan_tag(project, winner, seqs=[best])
    rest = plan_tag(project, loser, seqs=rivals)
    title = f"rank one answer above {len(rivals):,} of the same prompt: {winner}, the others {loser}"
    return Plan(
        "tag",
        title,
        (*first.changes, *rest.changes),
        unchanged=first.unchanged + rest.unchanged,
        params={"class": winner, "others": loser},
    )


def plan_status(
    project: Project,
    status: Status | str,
    reason: str = "",
    *,
    query: str | None = None,
    seqs: Sequence[int] | None = None,
) -> Plan:
    """Plan to keep, drop or set back conversations; those that have the status already stay as they are.

    Args:
        project: The project.
        status: `kept`, `dropped` or `pending`.
        reason: Why; dropping needs one.
        query: Which conversations, as a query.
        seqs: Or which, as row numbers.

    Raises:
        PlanError: The status is unknown, or there is no reason to drop.
        QueryError: The query has a mistake.
    """
    if status not in STATUSES:
        raise PlanError(f"there is no status {status!r}", f"use one of {', '.join(STATUSES)}")
    if status == "dropped" and not reason.strip():
        raise PlanError("dropping needs a reason", "say why: it is stored with every conversation")
    rows = _select(project, ("status", "drop_reason"), query, seqs)
    after = {"status": status, "drop_reason": reason.strip() if status == "dropped" else ""}
    changes, unchanged = _uniform(rows, after, same=lambda row: row.status == status)
    title = f"{_VERBS[status]} {_conversations(len(changes))}"
    return Plan(_KINDS[status], title, changes, reason.strip(), unchanged, _params(query, {"status": status}))


def plan_reward(
    project: Project,
    value: float | None,
    reason: str = "",
    *,
    query: str | None = None,
    seqs: Sequence[int] | None = None,
) -> Plan:
    """Plan to give conversations a reward of their own; None makes them follow their class again.

    Raises:
        PlanError: The reward gives no finite loss weight.
        QueryError: The query has a mistake.
    """
    if value is not None:
        _check_reward(project, value)
    rows = _select(project, ("coarse_reward",), query, seqs)
    changes, unchanged = _uniform(rows, {"coarse_reward": None if value is None else float(value)})
    what = _conversations(len(changes))
    title = f"give {what} the reward {value:g}" if value is not None else f"give {what} their class's reward"
    return Plan("reward", title, changes, reason.strip(), unchanged, _params(query, {"reward": value}))


def plan_edit(project: Project, seq: int, turn_index: int, new_text: str, reason: str = "") -> Plan:
    """Plan to replace the text of a turn.

    Raises:
        NotFound: There is no such conversation.
        PlanError: There is no such turn, or the text is empty.
    """
    record, turn = _turn(project, seq, turn_index)
    if not new_text.strip() and not turn.tool_calls:
        raise PlanError("the new text is empty", "exclude the turn from training, or drop the conversation")
    title = f"edit turn {turn_index + 1} of conversation {record.uid}"
    return _turn_plan("edit", title, record, turn_index, replace(turn, content=new_text), reason)


def plan_exclude_turn(project: Project, seq: int, turn_index: int, excluded: bool, reason: str = "") -> Plan:
    """Plan to leave an assistant turn out of the loss, or to take it in again; it stays in the context.

    Raises:
        NotFound: There is no such conversation.
        PlanError: There is no such turn, or it is not the assistant's.
    """
    record, turn = _turn(project, seq, turn_index)
    if turn.role != "assistant":
        raise PlanError(f"turn {turn_index + 1} is a {turn.role} turn", "only assistant turns are trained on")
    verb = "exclude" if excluded else "include"
    title = f"{verb} turn {turn_index + 1} of conversation {record.uid}"
    return _turn_plan("exclude-turn", title, record, turn_index, replace(turn, excluded=excluded), reason)


def plan_reward_turn(project: Project, seq: int, turn_index: int, value: float | None, reason: str = "") -> Plan:
    """Plan to give one answer a coarse reward of its own, or (None) to let it follow its conversation again.

    Raises:
        NotFound: There is no such conversation.
        PlanError: There is no such turn, it is not the assistant's, or the reward gives no finite weight.
    """
    record, turn = _turn(project, seq, turn_index)
    if turn.role != "assistant":
        raise PlanError(f"turn {turn_index + 1} is a {turn.role} turn", "only assistant turns are trained on")
    if value is not None:
        _check_reward(project, value)
    place = f"turn {turn_index + 1} of conversation {record.uid}"
    title = f"let {place} follow its conversation" if value is None else f"give {place} the reward {value:g}"
    reward = None if value is None else float(value)
    return _turn_plan("reward-turn", title, record, turn_index, replace(turn, reward=reward), reason)


def plan_comment(project: Project, seq: int, text: str) -> Plan:
    """Plan to set a conversation's comment; empty removes it.

    Raises:
        NotFound: There is no such conversation.
    """
    record = get_record(project, seq)
    title = f"comment on conversation {record.uid}"
    text = text.strip()
    if text == record.comment:
        return Plan("comment", title, (), unchanged=1)
    change = Change(record.seq, record.revision, {"comment": record.comment}, {"comment": text})
    return Plan("comment", title, (change,))


def _check_reward(project: Project, value: float) -> None:
    scheme = class_scheme(project)
    try:
        scheme.loss_weight(scheme.best.name, float(value))
    except SchemeError as error:
        raise PlanError(error.message, error.remedy) from error


def _turn(project: Project, seq: int, turn_index: int) -> tuple[Record, Turn]:
    record = get_record(project, seq)
    turns = record.conversation.turns
    if not 0 <= turn_index < len(turns):
        raise PlanError(
            f"conversation {record.uid} has no turn {turn_index + 1}", f"it has turns 1 to {len(turns)}"
        )
    return record, turns[turn_index]


def _turn_plan(kind: str, title: str, record: Record, index: int, turn: Turn, reason: str) -> Plan:
    before = [t.to_dict() for t in record.conversation.turns]
    after = [*before[:index], turn.to_dict(), *before[index + 1 :]]
    if before == after:
        return Plan(kind, title, (), reason, unchanged=1)
    change = Change(record.seq, record.revision, {"turns": before}, {"turns": after})
    return Plan(kind, title, (change,), reason, params={"turn": index})


def _select(
    project: Project, fields: Sequence[str], query: str | None, seqs: Sequence[int] | None
) -> Iterator[Row[*tuple[Any, ...]]]:
    """Yield seq, revision and some fields of the conversations that are meant."""
    c = conversations.c
    wanted = select(c.seq, c.revision, *(c[f] for f in fields))
    if (query is None) == (seqs is None):
        raise PlanError("no conversations are named", "give either a query or row numbers")
    if query is not None:
        with compiled(project, query) as (connection, ready):
            yield from connection.execute(ready.restrict(wanted).order_by(c.seq))
        return
    with project.database.read() as connection:
        for part in chunks(sorted(set(seqs or ()))):
            yield from connection.execute(wanted.where(c.seq.in_(part)).order_by(c.seq))


def _uniform(
    rows: Iterable[Row[*tuple[Any, ...]]],
    after: Mapping[str, Any],
    same: Callable[[Row[*tuple[Any, ...]]], bool] | None = None,
) -> tuple[tuple[Change, ...], int]:
    """Return a change to `after` for every row that differs, and how many do not.

    All changes share `after`, and equal ones `before`: a plan over 100,000 conversations takes some 10 MB.
    """
    shared: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    changes = []
    unchanged = 0
    for row in rows:
        values = tuple(row[2:])
        before = shared.get(values) or shared.setdefault(values, dict(zip(after, values, strict=True)))
        if same(row) if same else before == after:
            unchanged += 1
        else:
            changes.append(Change(row[0], row[1], before, after))
    return tuple(changes), unchanged


def _params(query: str | None, params: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**({} if query is None else {"query": query}), **params}


def _conversations(n: int) -> str:
    return "1 conversation" if n == 1 else f"{n:,} conversations"
