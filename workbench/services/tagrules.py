"""Tag rules: "what matches this query is that class", applied now and to whatever arrives later.

add_rule(project, TagRule("source:gpt4*", "expert"), actor="ann")     # kept; an entry of the log
apply_rules(project, actor="ann")                                     # tags what nobody has tagged; undoable

A rule never overrules a person: it tags only what has no class. Of two rules that match, the earlier one counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from workbench.domain.curation import Action, Change, Plan
from workbench.domain.errors import NotFound, PlanError
from workbench.services.browsing import matching_seqs
from workbench.services.classes import class_scheme
from workbench.services.curation import apply_plan
from workbench.services.project import Project, get_setting, set_setting
from workbench.store.decisions import revisions

SETTING = "tag-rules"


@dataclass(frozen=True, slots=True)
class TagRule:
    """What matches a query is of a class.

    Attributes:
        query: In the query language.
        class_name: The class.
    """

    query: str
    class_name: str


def tag_rules(project: Project) -> list[TagRule]:
    """Return the project's rules, in the order they count."""
    return [TagRule(**rule) for rule in get_setting(project, SETTING, [])]


def add_rule(project: Project, rule: TagRule, *, actor: str) -> None:
    """Keep a rule; undo takes it back.

    Raises:
        PlanError: The query is empty, the class is unknown, or the rule is there already.
        QueryError: The query has a mistake.
    """
    if not rule.query.strip():
        raise PlanError("a rule for everything would tag everything", "write a query, such as source:gpt4*")
    if rule.class_name not in class_scheme(project):
        raise PlanError(f"there is no class {rule.class_name!r}", "make it first")
    matching_seqs(project, f"{rule.query} class:none")
    known = tag_rules(project)
    if rule in known:
        raise PlanError(f"{rule.query} → {rule.class_name} is a rule already", "change one of them")
    set_setting(project, SETTING, [asdict(r) for r in (*known, rule)], actor=actor)


def remove_rule(project: Project, rule: TagRule, *, actor: str) -> None:
    """Forget a rule; what it tagged stays tagged.

    Raises:
        NotFound: There is no such rule.
    """
    known = tag_rules(project)
    if rule not in known:
        raise NotFound(f"there is no rule {rule.query} → {rule.class_name}", "reload the page")
    set_setting(project, SETTING, [asdict(r) for r in known if r != rule], actor=actor)


def plan_rules(project: Project, rules: Sequence[TagRule] | None = None) -> Plan:
    """Plan to tag what nobody has tagged as the rules say; `tagged_by` names the rule.

    Args:
        project: The project.
        rules: Which; None is all of the project.
    """
    chosen = tag_rules(project) if rules is None else list(rules)
    taken: dict[int, TagRule] = {}
    for rule in chosen:
        for seq in matching_seqs(project, f"class:none -status:dropped {rule.query}"):
            taken.setdefault(seq, rule)
    with project.database.read() as connection:
        at = revisions(connection, list(taken))
    before = {"class_name": None, "tagged_by": ""}
    after = {r: {"class_name": r.class_name, "tagged_by": f"rule {r.query}"} for r in chosen}
    changes = [Change(seq, at[seq], before, after[rule]) for seq, rule in sorted(taken.items())]
    what = "1 conversation" if len(changes) == 1 else f"{len(changes):,} conversations"
    named = "; ".join(f"{r.query} → {r.class_name}" for r in chosen)
    return Plan("tag-rules", f"tag {what} by rule", changes, named, params={"rules": [asdict(r) for r in chosen]})


def apply_rules(project: Project, *, actor: str) -> Action | None:
    """Tag as the rules say, where there is something to tag."""
    if not get_setting(project, SETTING, []):
        return None
    plan = plan_rules(project)
    return apply_plan(project, plan, actor=actor) if plan.changes else None
