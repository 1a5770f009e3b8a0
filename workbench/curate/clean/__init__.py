"""Cleaning: rules that find troubles in a conversation and say what to do, each with its reason."""

from workbench.curate.clean.pipeline import ActiveRule, Step, active_rules, run_rules
from workbench.curate.clean.rule import VERDICTS, Finding, Rule, Verdict
from workbench.curate.clean.rules import RULES

__all__ = [
    "RULES",
    "VERDICTS",
    "ActiveRule",
    "Finding",
    "Rule",
    "Step",
    "Verdict",
    "active_rules",
    "run_rules",
]
