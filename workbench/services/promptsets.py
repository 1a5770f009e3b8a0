"""Prompts taken from the project's own conversations: to compare on, or to be held out."""

from __future__ import annotations

from workbench.domain.comparison import Prompt
from workbench.domain.errors import PlanError
from workbench.domain.record import Record
from workbench.services import browsing
from workbench.services.project import Project

MOST = 500
"""Conversations whose prompts a query gives at most."""
_PAGE = 500


def query_prompts(project: Project, query: str) -> list[Prompt]:
    """Return the prompts of matching conversations up to their last question, newest first; equal prompts once.

    Raises:
        QueryError: The query has a mistake.
    """
    found: dict[str, Prompt] = {}
    for item in browsing.search(project, query, limit=MOST).items:
        _take(browsing.get_record(project, item.seq), found)
    return list(found.values())


def draw_prompts(project: Project, n: int, query: str = "") -> list[Prompt]:
    """Return n different prompts of the project, drawn by content: the same data gives the same prompts.

    Args:
        project: The project.
        n: How many; fewer where there are not so many.
        query: From which conversations.

    Raises:
        QueryError: The query has a mistake.
        PlanError: Nothing can be drawn.
    """
    if n < 1:
        raise PlanError(f"{n} prompts cannot be drawn", "draw one or more")
    found: dict[str, Prompt] = {}
    after: int | None = None
    while len(found) < n:
        page = browsing.search(project, query, limit=_PAGE, after=after, order="random")
        for record in browsing.get_records(project, [item.seq for item in page.items]):
            if len(found) < n:
                _take(record, found)
        after = page.next_after
        if after is None:
            break
    if not found:
        raise PlanError("no conversation that matches asks anything", "widen the query, or import conversations")
    return list(found.values())


def _take(record: Record, found: dict[str, Prompt]) -> None:
    turns = list(record.conversation.turns)
    while turns and turns[-1].role != "user":
        turns.pop()
    if turns and turns[-1].content.strip() and record.prompt_hash not in found:
        messages = tuple({"role": turn.role, "content": turn.content} for turn in turns)
        found[record.prompt_hash] = Prompt(record.uid, messages, tags=_tags(record))


def _tags(record: Record) -> dict[str, str]:
    c = record.conversation
    found = {"language": c.language or "", "source": c.source or "", "topic": str(c.metadata.get("topic") or "")}
    return {name: value for name, value in found.items() if value}
