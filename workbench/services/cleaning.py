"""Cleaning: scan by rules, look at every change, plan what is ticked.

    found = scan(project)                                   # every hit of the default rules
    preview(project, found, seq)                            # one conversation, step by step, as diffs
    plan = plan_clean(project, found, exclude={(seq, "html")})      # then curation.apply_plan
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from crlft.conversation import Conversation
from workbench.curate.clean import RULES, ActiveRule, Rule, Step, Verdict, active_rules, run_rules
from workbench.curate.clean.own import own_rule
from workbench.curate.diff import Piece, word_diff
from workbench.domain.curation import Change, Plan
from workbench.domain.errors import NotFound
from workbench.domain.record import Record
from workbench.services.meaning import compile_text
from workbench.services.project import Project
from workbench.services.recipes import Recipe, own_rules
from workbench.store.conversations import get_records
from workbench.store.search import iterate_records, matching_seqs

__all__ = [
    "RULES",
    "CleanPreview",
    "CleanScan",
    "Hit",
    "PreviewStep",
    "Rule",
    "TurnDiff",
    "plan_clean",
    "preview",
    "scan",
]

Progress = Callable[[int, int], None]
Outcome = Literal["fix", "flag", "drop", "none"]

_REPORT_EVERY = 500
_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule's finding in a conversation.

    Attributes:
        seq: The conversation's row number.
        rule: The rule's name.
        verdict: What follows unless it is unticked.
        reason: One sentence for a curator.
        turn: Index of the first turn concerned, or None.
    """

    seq: int
    rule: str
    verdict: Verdict
    reason: str
    turn: int | None


@dataclass(frozen=True)
class CleanScan:
    """What a scan found.

    Attributes:
        rules: The rules that ran, in their order, each with its verdict.
        query: The selection.
        considered: How many conversations were looked at.
        hits: Every finding, by conversation and in the order of the rules.
    """

    rules: tuple[ActiveRule, ...]
    query: str
    considered: int
    hits: tuple[Hit, ...]

    def without(self, rules_off: Collection[str]) -> CleanScan:
        """Return the scan as if some rules had not looked."""
        rules = tuple(a for a in self.rules if a.rule.name not in rules_off)
        return replace(self, rules=rules, hits=tuple(h for h in self.hits if h.rule not in rules_off))

    def counts(self) -> dict[str, int]:
        """Return the number of conversations hit by each rule that ran."""
        counts = {active.rule.name: 0 for active in self.rules}
        for hit in self.hits:
            counts[hit.rule] += 1
        return counts

    def by_rule(self, name: str) -> list[Hit]:
        """Return the hits of one rule."""
        return [hit for hit in self.hits if hit.rule == name]

    def seqs(self) -> list[int]:
        """Return every conversation that was hit, ascending."""
        return sorted({hit.seq for hit in self.hits})


@dataclass(frozen=True, slots=True)
class TurnDiff:
    """What a fix changes in a turn.

    Attributes:
        turn: The turn's index.
        role: Who speaks.
        pieces: (op, text) as `workbench.curate.diff.word_diff` gives them.
    """

    turn: int
    role: str
    pieces: list[Piece]


@dataclass(frozen=True, slots=True)
class PreviewStep:
    """One rule's finding, for review.

    Attributes:
        rule: The rule's name.
        verdict: What follows.
        reason: One sentence.
        turn: Index of the first turn concerned, or None.
        diffs: What a fix changes, on top of the steps before; empty for flags and drops.
        applied: False where it is unticked.
    """

    rule: str
    verdict: Verdict
    reason: str
    turn: int | None
    diffs: tuple[TurnDiff, ...]
    applied: bool


@dataclass(frozen=True, slots=True)
class CleanPreview:
    """A conversation with all that a scan would do to it.

    Attributes:
        record: The conversation as it is.
        after: The conversation as it would be.
        steps: In order; each builds on the ones before.
        outcome: What happens in the end.
    """

    record: Record
    after: Conversation
    steps: tuple[PreviewStep, ...]
    outcome: Outcome


def scan(
    project: Project,
    rules: Sequence[str] | None = None,
    *,
    query: str = "",
    verdicts: Mapping[str, str] | None = None,
    params: Mapping[str, Mapping[str, Any]] | None = None,
    on_progress: Progress | None = None,
) -> CleanScan:
    """Run rules over all matching conversations that are not dropped.

    Flags that a conversation carries already are no hits.

    Args:
        project: The project.
        rules: Names of `RULES` or of the project's own rules; None is those on by default.
        query: Which conversations.
        verdicts: Rule name → another verdict than the rule's own.
        params: Rule name → other parameters than the rule's own.
        on_progress: Called with (conversations done, in all).

    Raises:
        PlanError: A rule, verdict or parameter is unknown, or a pattern of somebody's own runs away.
        QueryError: The query has a mistake.
    """
    active = active_rules(rules, verdicts, params, [own_rule(own) for own in own_rules(project)])
    hits: list[Hit] = []
    considered = 0
    for done, total, record in _records(project, query):
        if record.status != "dropped":
            considered += 1
            hits += [_hit(record.seq, step) for step in _new_steps(record, active)]
        if on_progress is not None and (done % _REPORT_EVERY == 0 or done == total):
            on_progress(done, total)
    return CleanScan(tuple(active), query, considered, tuple(hits))


def _records(project: Project, query: str) -> Iterator[tuple[int, int, Record]]:
    """Yield (number, in all, record) for every match."""
    with project.database.read() as connection:
        compiled = compile_text(project, connection, query)
        total = len(matching_seqs(connection, compiled))
        for done, record in enumerate(iterate_records(connection, compiled), 1):
            yield done, total, record


def _new_steps(record: Record, active: Sequence[ActiveRule], exclude: Collection[str] = ()) -> list[Step]:
    steps = run_rules(record.conversation, active, exclude)
    return [step for step in steps if step.verdict != "flag" or step.rule not in record.flags]


def _hit(seq: int, step: Step) -> Hit:
    return Hit(seq, step.rule, step.verdict, step.finding.reason, step.finding.turn)


def preview(
    project: Project, found: CleanScan, seq: int, *, exclude: Collection[tuple[int, str]] = ()
) -> CleanPreview:
    """Show what a scan would do to one conversation, unticked hits shown but not done.

    Raises:
        NotFound: There is no such conversation.
    """
    with project.database.read() as connection:
        records = get_records(connection, [seq])
    if not records:
        raise NotFound(f"there is no conversation {seq}", "scan again")
    record = records[0]
    steps = _new_steps(record, found.rules, _unticked(exclude).get(seq, frozenset()))
    shown = tuple(
        PreviewStep(s.rule, s.verdict, s.finding.reason, s.finding.turn, _diffs(s), s.applied) for s in steps
    )
    return CleanPreview(record, steps[-1].after if steps else record.conversation, shown, _outcome(steps))


def _diffs(step: Step) -> tuple[TurnDiff, ...]:
    if step.verdict != "fix" or step.finding.turns is None:
        return ()
    pairs = zip(step.before.turns, step.finding.turns, strict=True)
    changed = [(i, old, new) for i, (old, new) in enumerate(pairs) if old != new]
    return tuple(TurnDiff(i, old.role, word_diff(old.content, new.content)) for i, old, new in changed)


def _outcome(steps: Sequence[Step]) -> Outcome:
    verdicts = {step.verdict for step in steps if step.applied}
    order: tuple[Outcome, ...] = ("drop", "fix", "flag")
    return next((verdict for verdict in order if verdict in verdicts), "none")


def plan_clean(
    project: Project,
    found: CleanScan,
    *,
    exclude: Collection[tuple[int, str]] = (),
    on_progress: Progress | None = None,
) -> Plan:
    """Plan everything that a scan found and nobody unticked: one change for each conversation.

    Fixes change the turns, flags add the rule's name to the record's flags, drops set the status with the
    rule's reason and leave the text as it is. A conversation that was edited since the scan so that other rules
    hit it is left out: nobody has seen that change.

    Args:
        project: The project.
        found: The scan.
        exclude: (row number, rule) of unticked hits.
        on_progress: Called with (conversations planned, in all).
    """
    unticked = _unticked(exclude)
    seen: dict[int, set[str]] = {}
    for hit in found.hits:
        seen.setdefault(hit.seq, set()).add(hit.rule)
    changes: list[Change] = []
    left, done = 0, {"fix": 0, "flag": 0, "drop": 0, "none": 0}
    for number, record in enumerate(_stored(project, sorted(seen)), 1):
        if on_progress is not None and (number % _REPORT_EVERY == 0 or number == len(seen)):
            on_progress(number, len(seen))
        without = unticked.get(record.seq, frozenset())
        steps = _new_steps(record, found.rules, without)
        known = {step.rule for step in steps} <= seen[record.seq]
        change = _change(record, steps) if known and record.status != "dropped" else None
        if change is None:
            left += 1
        else:
            changes.append(change)
            done[_outcome(steps)] += 1
    what = ", ".join(f"{name} {done[name]:,}" for name in ("fix", "flag", "drop"))
    return Plan(
        kind="clean",
        title=f"clean {len(changes):,} conversation{'' if len(changes) == 1 else 's'}: {what}",
        changes=changes,
        reason="cleaning rules",
        unchanged=left,
        params={
            "rules": {active.rule.name: active.verdict for active in found.rules},
            "recipe": Recipe.of(found.rules).to_dict(),
            "query": found.query,
            "unticked": sorted(f"{seq} {rule}" for seq, rule in exclude),
        },
    )


def _unticked(exclude: Collection[tuple[int, str]]) -> dict[int, frozenset[str]]:
    rules: dict[int, set[str]] = {}
    for seq, rule in exclude:
        rules.setdefault(seq, set()).add(rule)
    return {seq: frozenset(names) for seq, names in rules.items()}


def _stored(project: Project, seqs: Sequence[int]) -> Iterator[Record]:
    with project.database.read() as connection:
        for start in range(0, len(seqs), _CHUNK):
            yield from get_records(connection, seqs[start : start + _CHUNK])


def _change(record: Record, steps: Sequence[Step]) -> Change | None:
    """Return the one change that all applied steps make together, or None."""
    applied = [step for step in steps if step.applied]
    drops = [f"{step.rule}: {step.finding.reason}" for step in applied if step.verdict == "drop"]
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    if drops:
        before = {"status": record.status, "drop_reason": record.drop_reason}
        return Change(record.seq, record.revision, before, {"status": "dropped", "drop_reason": "; ".join(drops)})
    flags = sorted({*record.flags, *(step.rule for step in applied if step.verdict == "flag")})
    if flags != sorted(record.flags):
        before["flags"], after["flags"] = list(record.flags), flags
    turns = applied[-1].after.turns if applied else record.conversation.turns
    if turns != record.conversation.turns:
        before["turns"] = [turn.to_dict() for turn in record.conversation.turns]
        after["turns"] = [turn.to_dict() for turn in turns]
    return Change(record.seq, record.revision, before, after) if after else None
