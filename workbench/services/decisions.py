"""Decisions as a browser sends them: each is carried out once, and never over what somebody else did meanwhile.

    decide(project, Decision("k3f…", "tag", seq=7, revision=2, value="expert"), actor="ann")

A decision names the revision of the conversation that its maker saw. Where the conversation has moved on, it is
refused and its maker is told by whom; a decision that is sent again answers as it did the first time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from crlft.errors import CrlftError
from workbench.curate.text import measure_many
from workbench.domain.curation import Action, Plan
from workbench.domain.errors import NotFound, PlanError
from workbench.services import panels, planning
from workbench.services.classes import class_scheme
from workbench.services.curation import apply_within, last_to_undo
from workbench.services.project import Project
from workbench.store import decisions as store
from workbench.store.undo import undo_action

LONGEST_ID = 64


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision on one conversation.

    Attributes:
        id: The browser's own id of it.
        kind: One of `PLANNERS`, `undo`, or `opinion` (what one thinks, blind; it changes no conversation).
        seq: The conversation.
        revision: The revision that was seen.
        value: What was decided: a class, a reason, a text; for `undo` the id of the decision to take back, or
            nothing: then the maker's last action in force, whatever it was.
        turn: The turn an edit or an exclusion is about.
        after: The maker's own decision on this conversation just before, or empty; its revision counts then,
            unless a later one was seen.
        actor: Who decided; empty is whoever sends it.
        panel: The panel that an opinion or an adjudication belongs to.
        reason: Why, for a reward.
    """

    id: str
    kind: str
    seq: int
    revision: int
    value: Any = None
    turn: int = 0
    after: str = ""
    actor: str = ""
    panel: int = 0
    reason: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Decision:
        """Read what a browser sent.

        Raises:
            PlanError: It is no decision.
        """
        try:
            known = {f: data[f] for f in cls.__dataclass_fields__ if data.get(f) is not None}
            made = cls(**{**known, "seq": int(data["seq"]), "revision": int(data["revision"])})
            turn, panel = int(made.turn), int(made.panel)
        except (KeyError, TypeError, ValueError) as error:
            raise PlanError(f"not a decision: {error}", "reload the page and decide again") from error
        if not 0 < len(str(made.id)) <= LONGEST_ID or made.kind not in KINDS:
            raise PlanError(f"not a decision: {made.kind!r}", f"use one of {', '.join(KINDS)}")
        return replace(made, id=str(made.id), turn=turn, panel=panel)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a decision.

    Attributes:
        id: The decision's id.
        seq: The conversation.
        ok: Whether it stands.
        revision: The conversation's revision after it; 0 where it was refused.
        action_id: Its entry in the log, or None.
        conflict: True where somebody else changed the conversation meanwhile.
        by: Who did.
        message: Why it was refused, and the remedy.
    """

    id: str
    seq: int
    ok: bool
    revision: int = 0
    action_id: int | None = None
    conflict: bool = False
    by: str = ""
    message: str = ""


def _number(value: Any) -> float | None:
    """Read a reward as a person typed it; empty is none.

    Raises:
        PlanError: It is no number.
    """
    try:
        return None if value is None or not str(value).strip() else float(value)
    except ValueError as error:
        raise PlanError(f"the reward {value!r} is no number", "write one such as 0.5, or nothing") from error


Planner = Callable[[Project, Decision], Plan]

PLANNERS: Mapping[str, Planner] = {
    "tag": lambda p, d: planning.plan_tag(p, d.value, seqs=[d.seq]),
    "keep": lambda p, d: planning.plan_status(p, "kept", "", seqs=[d.seq]),
    "drop": lambda p, d: planning.plan_status(p, "dropped", str(d.value or "dropped by hand"), seqs=[d.seq]),
    "comment": lambda p, d: planning.plan_comment(p, d.seq, str(d.value or "")),
    "edit": lambda p, d: planning.plan_edit(p, d.seq, d.turn, str(d.value or "")),
    "reward": lambda p, d: planning.plan_reward(p, _number(d.value), d.reason, seqs=[d.seq]),
    "reward-turn": lambda p, d: planning.plan_reward_turn(p, d.seq, d.turn, _number(d.value), d.reason),
    "exclude": lambda p, d: planning.plan_exclude_turn(p, d.seq, d.turn, bool(d.value)),
    "adjudicate": lambda p, d: panels.plan_adjudicate(p, d.panel, d.seq, str(d.value), actor=d.actor),
}
"""What can be decided → the plan of it."""
KINDS = (*PLANNERS, "opinion", "undo")


def take(project: Project, data: Mapping[str, Any], *, actor: str) -> Outcome:
    """Read a decision as a browser sent it, and carry it out; what cannot be read is answered with a refusal."""
    try:
        decision = Decision.from_dict(data)
    except CrlftError as error:  # it must leave the browser's outbox too, or it would come for ever
        return Outcome(str(data.get("id", "")), int(data.get("seq") or 0), ok=False, message=str(error))
    return decide(project, decision, actor=actor)


def decide(project: Project, decision: Decision, *, actor: str) -> Outcome:
    """Carry out a decision, in one transaction with the note that it was.

    Args:
        project: The project.
        decision: What was decided.
        actor: Who sends it; a decision that names its maker is logged under that name.
    """
    who = decision.actor or actor
    decision = replace(decision, actor=who)
    try:
        if decision.kind == "opinion":
            return _opine(project, decision, who)
        if decision.kind == "undo":
            return _undo(project, decision, who)
        return _carry_out(project, decision, who)
    except CrlftError as error:
        return Outcome(decision.id, decision.seq, ok=False, message=str(error))


def _carry_out(project: Project, decision: Decision, who: str) -> Outcome:
    with project.database.read() as connection:
        known = store.get_decision(connection, decision.id)
        before = store.get_decision(connection, decision.after) if decision.after else None
    if known is not None:
        return _outcome(known)
    plan = PLANNERS[decision.kind](project, decision)
    expected = max(decision.revision, before.revision if before is not None else 0)
    if plan.changes and plan.changes[0].revision != expected:
        return _conflict(project, decision)
    try:
        with project.database.write() as connection:
            known = store.get_decision(connection, decision.id)  # another tab may have sent it meanwhile
            if known is not None:
                return _outcome(known)
            action = apply_within(connection, plan, who) if plan.changes else None
            return _note(connection, decision, who, action)
    except PlanError:
        with project.database.read() as connection:
            moved = store.revisions(connection, [decision.seq]).get(decision.seq) != expected
        if moved:
            return _conflict(project, decision)
        raise


def _opine(project: Project, decision: Decision, who: str) -> Outcome:
    """Note what somebody thinks; the conversation stays as it is, so its revision does not matter."""
    classes = [c.name for c in class_scheme(project).classes]
    with project.database.write() as connection:
        known = store.get_decision(connection, decision.id)
        if known is not None:
            return _outcome(known)
        action = panels.opinion_within(connection, decision.panel, decision.seq, str(decision.value), classes, who)
        return _note(connection, decision, who, action)


def _undo(project: Project, decision: Decision, who: str) -> Outcome:
    with project.database.write() as connection:
        known = store.get_decision(connection, decision.id)
        if known is not None:
            return _outcome(known)
        if decision.value:
            target = store.get_decision(connection, str(decision.value))
            action_id = target.action_id if target is not None else None
        else:
            action_id = last_to_undo(connection, who).id
        action = None if action_id is None else undo_action(connection, action_id, who, measure_many)
        return _note(connection, decision, who, action)


def _note(connection: Connection, decision: Decision, who: str, action: Action | None) -> Outcome:
    revision = store.revisions(connection, [decision.seq]).get(decision.seq)
    if revision is None:
        raise NotFound(f"there is no conversation {decision.seq}", "reload the page")
    done = store.Stored(decision.id, decision.seq, decision.kind, action.id if action else None, revision, who)
    store.record_decision(connection, done)
    return _outcome(done)


def _outcome(done: store.Stored) -> Outcome:
    return Outcome(done.id, done.seq, True, done.revision, done.action_id)


def _conflict(project: Project, decision: Decision) -> Outcome:
    with project.database.read() as connection:
        last = store.last_change(connection, decision.seq)
    by, what = last or ("somebody", "change")
    return Outcome(decision.id, decision.seq, ok=False, conflict=True, by=by, message=f"{by} was faster: {what}")


def moved_on(project: Project, seen: Sequence[tuple[int, int]]) -> list[tuple[int, str]]:
    """Return (conversation, who changed it last) of those that have another revision than the one seen."""
    with project.database.read() as connection:
        current = store.revisions(connection, [seq for seq, _ in seen])
        moved = [seq for seq, revision in seen if current.get(seq, revision) != revision]
        return [(seq, (store.last_change(connection, seq) or ("", ""))[0]) for seq in moved]
