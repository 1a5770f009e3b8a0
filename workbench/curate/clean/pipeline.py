"""Several rules over one conversation: fixes build on each other, flags and drops judge the result."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crlft.conversation import Conversation
from workbench.curate.clean.rule import VERDICTS, Finding, Rule, Verdict
from workbench.curate.clean.rules import RULES
from workbench.domain.errors import PlanError


@dataclass(frozen=True, slots=True)
class ActiveRule:
    """A rule with the verdict it is run with.

    Attributes:
        rule: The rule.
        verdict: What follows from a finding here; a rule that proposes no new turns cannot fix.
    """

    rule: Rule
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Step:
    """One rule's finding in one conversation.

    Attributes:
        rule: The rule's name.
        verdict: What follows from it.
        finding: What was found.
        before: The conversation the rule saw.
        after: The conversation the next rule sees.
        applied: False where a person took this step out.
    """

    rule: str
    verdict: Verdict
    finding: Finding
    before: Conversation
    after: Conversation
    applied: bool = True


def active_rules(
    names: Sequence[str] | None = None,
    verdicts: Mapping[str, str] | None = None,
    params: Mapping[str, Mapping[str, Any]] | None = None,
    own: Sequence[Rule] = (),
) -> list[ActiveRule]:
    """Return rules in the order they run.

    Args:
        names: Which rules; None is those on by default, and all of `own`.
        verdicts: Rule name → another verdict than its own (`drop` what is only flagged, `flag` what is fixed).
        params: Rule name → other parameters than its own; those not named stay.
        own: Rules that somebody added.

    Raises:
        PlanError: A rule, verdict or parameter is unknown, or a rule that cannot fix is asked to.
    """
    verdicts, params = verdicts or {}, params or {}
    there = {**RULES, **{rule.name: rule for rule in own}}
    unknown = [name for name in [*(names or ()), *verdicts, *params] if name not in there]
    if unknown:
        raise PlanError(f"there is no cleaning rule {unknown[0]!r}", f"use one of {', '.join(there)}")
    chosen = [rule for rule in there.values() if (rule.default if names is None else rule.name in names)]
    set_up = [configured(rule, params.get(rule.name, {})) for rule in chosen]
    active = [ActiveRule(rule, _verdict(rule, verdicts.get(rule.name, rule.verdict))) for rule in set_up]
    return sorted(active, key=lambda a: a.verdict != "fix")  # stable: fixes first, else the order of RULES


def configured(rule: Rule, params: Mapping[str, Any]) -> Rule:
    """Return a rule with other parameters.

    Raises:
        PlanError: It has none to set, or not these.
    """
    if not params:
        return rule
    unknown = sorted(set(params) - set(rule.params))
    if rule.configure is None or unknown:
        known = ", ".join(rule.params) if rule.configure else "none"
        raise PlanError(
            f"rule {rule.name!r} has no parameter {(unknown or list(params))[0]!r} to set", f"it takes: {known}"
        )
    wanted = {**rule.params, **params}
    return replace(rule, check=rule.configure(wanted), params=wanted)


def _verdict(rule: Rule, wanted: str) -> Verdict:
    for verdict in VERDICTS:
        if verdict == wanted:
            if verdict == "fix" and rule.verdict != "fix":
                raise PlanError(f"rule {rule.name!r} cannot fix what it finds", "let it flag or drop")
            return verdict
    raise PlanError(f"there is no verdict {wanted!r}", f"use one of {', '.join(VERDICTS)}")


def run_rules(
    conversation: Conversation, rules: Sequence[ActiveRule], exclude: Collection[str] = ()
) -> list[Step]:
    """Return every finding, in order.

    Args:
        conversation: What to look at.
        rules: From `active_rules`.
        exclude: Names of rules whose findings are shown but not applied.
    """
    steps: list[Step] = []
    for active in rules:
        finding = active.rule.check(conversation)
        if finding is None:
            continue
        applied = active.rule.name not in exclude
        after = conversation
        if applied and active.verdict == "fix" and finding.turns is not None:
            after = replace(conversation, turns=finding.turns)
        steps.append(Step(active.rule.name, active.verdict, finding, conversation, after, applied))
        conversation = after
    return steps
