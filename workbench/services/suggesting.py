"""Suggestions: computed from similar tagged conversations, accepted one by one in the queue or above a threshold.

report = compute_suggestions(project, actor="ann")      # replaces the earlier ones; decides nothing
plan = plan_accept(project, least=0.95, actor="ann")    # then curation.apply_plan
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.curate.suggesting import LEAST_EACH, features, suggest
from workbench.domain.curation import Change, Plan
from workbench.domain.errors import PlanError
from workbench.domain.record import Record
from workbench.services import browsing
from workbench.services.mapjob import text_hash
from workbench.services.maptexts import MAP_SETTING, map_text
from workbench.services.project import Project
from workbench.store import suggestions as store
from workbench.store.conversations import now
from workbench.store.cube import read_cube
from workbench.store.decisions import revisions
from workbench.store.settings import get_setting, set_setting
from workbench.store.suggestions import Suggestion
from workbench.store.vectors import known_vectors

SETTING = "suggestions"
LEARN_AT_MOST = 20_000
SUGGEST_AT_MOST = 200_000
"""Untagged conversations that one computation looks at, oldest first."""
SAMPLE = 8
QUICK = 20_000
"""Conversations, tagged or not, that are read and learnt in seconds."""
_BATCH = 5_000
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class SuggestionReport:
    """How far to trust the suggestions; kept as a setting.

    Attributes:
        made_at: ISO 8601 UTC time.
        tagged: Tagged conversations that were learnt from.
        suggested: Untagged ones that got a suggestion.
        classes: The classes that were learnt.
        left_out: Classes with too few conversations to learn.
        vectors: Whether the map's vectors were used besides words.
        accuracy: Part of the tagged ones put right when not seen.
        calibration_error: Mean gap between confidence and truth.
        above: (threshold, part that is at least so sure, part of those that is right).
        known: Tagged conversations there were, of which `tagged` were learnt from; 0 in reports of older versions.
    """

    made_at: str
    tagged: int
    suggested: int
    classes: list[str]
    left_out: list[str]
    vectors: bool
    accuracy: float
    calibration_error: float
    above: list[list[float]]
    known: int = 0


STALE_TAGS = 30
STALE_PART = 0.2
"""Suggestions are stale once this many tags have come, and this part of those that they were learnt from."""


def new_tags(project: Project, report: SuggestionReport) -> int:
    """Return how many more conversations are tagged now than when the suggestions were computed."""
    return _tagged(project) - (report.known or report.tagged)


def stale(project: Project) -> bool:
    """Return whether so many tags have come since that the suggestions should be computed anew."""
    report = last_report(project)
    if report is None or not _tagged(project, tagged=False):
        return False
    return new_tags(project, report) >= max(STALE_TAGS, STALE_PART * report.tagged)


def is_quick(project: Project) -> bool:
    """Return whether computing them takes seconds, so that it can be done while somebody tags."""
    return _tagged(project) + _tagged(project, tagged=False) <= QUICK


def _tagged(project: Project, *, tagged: bool = True) -> int:
    with project.database.read() as connection:
        cells = read_cube(connection)
    return sum(c.n for c in cells if bool(c.key.class_name) == tagged and c.key.status != "dropped")


def compute_suggestions(project: Project, *, on_progress: Progress | None = None) -> SuggestionReport:
    """Learn from what is tagged and suggest a class for everything that is not.

    A suggestion is never a decision: it stands beside the conversation until somebody decides.

    Raises:
        PlanError: Fewer than two classes have enough tagged conversations, or nothing is untagged.
    """
    tagged = browsing.matching_seqs(project, "-class:none -status:dropped")
    there = len(tagged)
    if len(tagged) > LEARN_AT_MOST:
        tagged = sorted(random.Random(0).sample(tagged, LEARN_AT_MOST))
    untagged = browsing.matching_seqs(project, "class:none -status:dropped")[:SUGGEST_AT_MOST]
    if not untagged:
        raise PlanError("everything is tagged", "there is nothing to suggest a class for")
    total = len(tagged) + len(untagged)
    report = on_progress or (lambda done, of: None)
    known = _read(project, tagged, lambda n: report(n, total))
    names, left_out = _learnable([r.tag for r in known])
    known = [r for r in known if r.tag in names]
    matrix, width = _features(project, known)
    tags = np.array([names.index(r.tag) for r in known], dtype=np.int64)
    rows: list[Suggestion] = []
    pending: list[_Read] = _read(project, untagged, lambda n: report(len(tagged) + n, total))
    other, _ = _features(project, pending, width)
    found = suggest(matrix, tags, [r.prompt for r in known], other)
    best = found.probabilities.argmax(axis=1) if len(pending) else np.array([], dtype=int)
    rows += [
        Suggestion(r.seq, names[int(b)], float(found.probabilities[i, b]))
        for i, (r, b) in enumerate(zip(pending, best, strict=True))
    ]
    made = SuggestionReport(
        now(),
        len(known),
        len(rows),
        names,
        left_out,
        width > 0,
        found.accuracy,
        found.calibration_error,
        [list(row) for row in found.above],
        there,
    )
    with project.database.write() as connection:
        store.replace_suggestions(connection, rows)
        set_setting(connection, SETTING, asdict(made))
    return made


@dataclass(frozen=True, slots=True)
class _Read:
    seq: int
    tag: str
    prompt: str
    answers: str
    digest: str


def _read(project: Project, seqs: Sequence[int], report: Callable[[int], None]) -> list[_Read]:
    out: list[_Read] = []
    for start in range(0, len(seqs), _BATCH):
        out += [_short(r) for r in browsing.get_records(project, seqs[start : start + _BATCH])]
        report(len(out))
    return out


def _short(record: Record) -> _Read:
    c = record.conversation
    answers = "\n".join(turn.content for turn in c.turns if turn.role == "assistant")[:4_000]
    return _Read(record.seq, c.class_name or "", record.prompt_hash, answers, text_hash(map_text(c)))


def _learnable(tags: Sequence[str]) -> tuple[list[str], list[str]]:
    counts = {name: tags.count(name) for name in sorted(set(tags))}
    names = [name for name, n in counts.items() if n >= LEAST_EACH]
    if len(names) < 2:
        raise PlanError(
            f"only {len(names)} class has {LEAST_EACH} tagged conversations or more",
            f"tag at least {LEAST_EACH} of each of two classes first",
        )
    return names, [name for name in counts if name not in names]


def _features(project: Project, rows: Sequence[_Read], width: int | None = None) -> tuple[Any, int]:
    """Return features, and the width of the map's vectors in them (0 for none)."""
    with project.database.read() as connection:
        embedder = get_setting(connection, MAP_SETTING, {}).get("embedder", "")
        found = known_vectors(connection, embedder, [r.digest for r in rows]) if embedder and width != 0 else {}
    if width is None:
        width = len(next(iter(found.values()))) // 2 if found else 0
    if not width:
        return features([r.answers for r in rows]), 0
    vectors: NDArray[np.float64] = np.zeros((len(rows), width))
    for i, row in enumerate(rows):
        if row.digest in found:
            vectors[i] = np.frombuffer(found[row.digest], dtype="<f2")
    return features([r.answers for r in rows], vectors), width


def last_report(project: Project) -> SuggestionReport | None:
    """Return how far to trust the suggestions that are there, or None."""
    with project.database.read() as connection:
        known = get_setting(connection, SETTING)
    return SuggestionReport(**known) if known else None


def open_suggestions(project: Project, *, least: float = 0.0, class_name: str | None = None) -> list[Suggestion]:
    """Return suggestions that nobody has decided yet, surest first."""
    with project.database.read() as connection:
        return store.open_suggestions(connection, least=least, class_name=class_name)


def count_open(project: Project, least: float = 0.0) -> int:
    """Return how many suggestions of at least this confidence nobody has decided yet."""
    with project.database.read() as connection:
        return store.count_open(connection, least)


def sample(project: Project, least: float) -> list[Suggestion]:
    """Return a few of those above a threshold, the same each time, the least sure among them and first."""
    with project.database.read() as connection:
        return store.sample_open(connection, least, SAMPLE)


def plan_accept(project: Project, *, least: float, actor: str, class_name: str | None = None) -> Plan:
    """Plan to tag every untagged conversation as suggested where the confidence is at least `least`.

    The tags are marked as accepted in bulk: `tagged_by` says so.

    Raises:
        PlanError: The threshold is no probability.
    """
    if not 0 < least <= 1:
        raise PlanError(f"{least:g} is no probability", "give a threshold above 0, at most 1")
    with project.database.read() as connection:
        found = store.open_suggestions(connection, least=least, class_name=class_name)
        at = revisions(connection, [s.seq for s in found])
    mark = f"{actor} (suggestions from {least:.2f})"
    before = {"class_name": None, "tagged_by": ""}
    after = {name: {"class_name": name, "tagged_by": mark} for name in {s.class_name for s in found}}
    changes = [Change(s.seq, at[s.seq], before, after[s.class_name]) for s in sorted(found, key=lambda s: s.seq)]
    what = "1 conversation" if len(changes) == 1 else f"{len(changes):,} conversations"
    params = {"least": least, "bulk_accepted": True, **({"class": class_name} if class_name else {})}
    return Plan("accept", f"accept suggestions for {what}", changes, "suggested by similar ones", params=params)
