"""Views with names: a query and an order that curators come back to, shared by everybody in the project."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.curate.query import parse_query
from workbench.domain.errors import PlanError
from workbench.services.project import Project, get_setting, set_setting

_SETTING = "views"
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class View:
    """A saved view.

    Attributes:
        name: What it is called.
        query: In the query language; empty is everything.
        order: How it is sorted.
    """

    name: str
    query: str
    order: str


def saved_views(project: Project) -> list[View]:
    """Return the project's saved views, by name."""
    table = get_setting(project, _SETTING, {})
    return [View(name, str(v["query"]), str(v["order"])) for name, v in sorted(table.items())]


def save_view(project: Project, name: str, query: str, order: str, *, actor: str) -> View:
    """Save a view; one of the same name is replaced.

    Raises:
        PlanError: The name is empty or too long.
        QueryError: The query has a mistake.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise PlanError("a view needs a name", f"give it 1 to {LONGEST_NAME} characters")
    parse_query(query)
    table = dict(get_setting(project, _SETTING, {}))
    table[name] = {"query": query, "order": order}
    set_setting(project, _SETTING, table, actor=actor)
    return View(name, query, order)


def forget_view(project: Project, name: str, *, actor: str) -> None:
    """Remove a saved view; a name that is not there is no mistake."""
    table = dict(get_setting(project, _SETTING, {}))
    if table.pop(name, None) is not None:
        set_setting(project, _SETTING, table, actor=actor)
