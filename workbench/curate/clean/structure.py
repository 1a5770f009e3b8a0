"""Who speaks when: the faults of `crlft.conversation.validate`, as a cleaning rule."""

from __future__ import annotations

from crlft.conversation import Conversation, Fault, validate
from workbench.curate.clean.rule import Finding, last_answer


def role_faults(conversation: Conversation) -> Finding | None:
    """The assistant speaks first, one side speaks twice in a row, a question has no answer, a turn is empty."""
    faults = [fault for fault in validate(conversation) if not _left_to_others(conversation, fault)]
    if not faults:
        return None
    return Finding("; ".join(dict.fromkeys(fault.message for fault in faults)), faults[0].turn)


def _left_to_others(conversation: Conversation, fault: Fault) -> bool:
    """Whether `empty-answer` says it already."""
    empty_last = fault.code == "empty-turn" and fault.turn == last_answer(conversation)
    return fault.code in ("no-answer", "no-turns") or empty_last
