"""Held-out prompts never enter training: which conversations ask them, or nearly, and stay out of snapshots.

    compare_prompts(project)            # every new prompt of the data against the held-out ones; once each
    held_out_counts(project)            # copies, near-copies, reworded ones among what would be trained on
    leave_out(project, "copy", actor="ann", reason="…")     # keep near-copies, on purpose

Compared is every question of a user, alone and all of a conversation together, by the search for near-duplicates
(`workbench.curate.dedupe`) at the similarity from which splits and evaluation share no prompt. What was compared
is kept in the database by the prompt's hash, so a snapshot compares only prompts that are new. Three ways:

copy        the same text; white space, case and width do not count. Always left out.
near        nearly the same text. Left out unless somebody decides otherwise.
reworded    nearly the same text, but a word gave way to another ("the day after Monday", "… Tuesday"): often
            another question. Listed, and left out only if somebody decides so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, and_

from workbench.curate.dedupe import NearSettings
from workbench.curate.dedupe.across import nearest_of
from workbench.curate.dedupe.corpus import Block, sign_block
from workbench.curate.questions import ask_the_same
from workbench.curate.text import prompt_hash
from workbench.domain.comparison import Prompt
from workbench.domain.errors import PlanError
from workbench.services.project import Project
from workbench.services.promptgroups import ALIKE
from workbench.services.prompts import HELD_OUT, asked, stored_prompts
from workbench.store import duplicates, heldout
from workbench.store.actions import record_action
from workbench.store.heldout import COPY, NEAR, REWORDED, WAYS, Compared, Held
from workbench.store.jsontext import dump
from workbench.store.objects import change_object, write_object
from workbench.store.schema import conversations
from workbench.store.settings import get_setting

__all__ = [
    "COPY",
    "NEAR",
    "REWORDED",
    "WAYS",
    "Held",
    "HeldOutCounts",
    "all_compared",
    "compare_prompts",
    "count_in_snapshot",
    "count_waiting",
    "counts_on",
    "held_out_conversations",
    "held_out_counts",
    "held_out_of",
    "held_out_term",
    "leave_out",
    "trainable",
]

Progress = Callable[[int, int | None], None]

_AT_ONCE = 8_000
"""Prompts read, compared and written in one transaction."""
_RULES = 1
"""Counted up when the rules change: then all is compared again."""
_seen: dict[Path, tuple[Any, ...]] = {}
"""Project → its held-out prompts and state when nothing waited: a page drawn again asks no more than that."""


@dataclass(frozen=True, slots=True)
class HeldOutCounts:
    """Conversations that ask what is held out, among those that are tagged and not dropped.

    Attributes:
        prompts: Held-out prompts of the project.
        ways: Way → conversations.
        left_out: The ways that keep them out of snapshots.
    """

    prompts: int
    ways: Mapping[str, int]
    left_out: tuple[str, ...]

    @property
    def out(self) -> int:
        """How many stay out."""
        return sum(self.ways[way] for way in self.left_out)

    @property
    def staying(self) -> int:
        """How many stay in all the same."""
        return sum(n for way, n in self.ways.items() if way not in self.left_out)


def compare_prompts(project: Project, on_progress: Progress | None = None) -> None:
    """Compare every prompt that is new with the held-out ones; a second call finds nothing to do.

    Args:
        project: The project.
        on_progress: Called with prompts compared and their number.
    """
    prompts, now = _now(project)
    if _seen.get(project.root) == now:
        return
    digest = str(now[0])
    with project.database.read() as connection:
        known = heldout.compared_with(connection)
    if known != digest and (known or prompts):
        with project.database.write() as connection:
            heldout.begin(connection, digest)
    if prompts:
        _compare_new(project, prompts, digest, on_progress)
    _seen[project.root] = now


def all_compared(connection: Connection) -> bool:
    """Whether every prompt of the data has been compared with the prompts that are held out now."""
    held_out = get_setting(connection, HELD_OUT, [])
    if not held_out:
        return True
    return heldout.compared_with(connection) == _digest(held_out) and not heldout.count_waiting(connection)


def _now(project: Project) -> tuple[list[Prompt], tuple[Any, ...]]:
    with project.database.read() as connection:
        held_out = get_setting(connection, HELD_OUT, [])
        return stored_prompts(held_out), (_digest(held_out), *heldout.state(connection))


def _digest(held_out: Sequence[Mapping[str, Any]]) -> str:
    told = [_RULES, ALIKE, [[row["id"], row["messages"]] for row in held_out]]
    return blake2b(dump(told).encode("utf-8", "replace"), digest_size=8).hexdigest()


def count_waiting(project: Project) -> int:
    """Return how many prompts `compare_prompts` would have to read; none where nothing is held out."""
    prompts, now = _now(project)
    if not prompts or _seen.get(project.root) == now:
        return 0
    with project.database.read() as connection:
        if heldout.compared_with(connection) == now[0]:
            return heldout.count_waiting(connection)
        return heldout.count_prompts(connection)


def _compare_new(project: Project, prompts: Sequence[Prompt], digest: str, on_progress: Progress | None) -> None:
    judge = _Judge(prompts)
    with project.database.read() as connection:
        waiting = heldout.waiting(connection)
    seqs, done = list(waiting), 0
    for start in range(0, len(seqs), _AT_ONCE):
        part = seqs[start : start + _AT_ONCE]
        with project.database.read() as connection:
            read = list(duplicates.iterate_turns(connection, part))
        rows = list(judge.judge([waiting[seq] for seq, _ in read], [turns for _, turns in read]))
        with project.database.write() as connection:
            if heldout.compared_with(connection) != digest:
                return  # other prompts are held out since; whoever set them compares with those
            heldout.write(connection, rows)
        done += len(part)
        if on_progress is not None:
            on_progress(done, len(seqs))


class _Judge:
    """The held-out prompts, signed; compares prompts of the data with them."""

    def __init__(self, prompts: Sequence[Prompt]) -> None:
        self._settings = NearSettings(floor=ALIKE, threads=1)
        self._ids = [p.id for p in prompts]
        self._hashes = {prompt_hash(asked(p)): p.id for p in reversed(prompts)}
        self._texts = [_questions(p.messages)[-1] for p in prompts]  # of several the last is all together
        self._block = self._sign(self._texts)

    def _sign(self, texts: Sequence[str]) -> Block:
        return sign_block(np.arange(len(texts), dtype=np.int64), [list(texts)], self._settings)

    def judge(self, hashes: Sequence[str], turns: Sequence[Sequence[Mapping[str, Any]]]) -> Iterator[Compared]:
        """Yield what each prompt of the data is, given the turns of a conversation that asks it."""
        texts: list[str] = []
        owners: list[int] = []
        for number, own in enumerate(turns):
            said = list(dict.fromkeys(_questions(own)))
            texts += said
            owners += [number] * len(said)
        best: dict[int, Compared] = {}
        if texts:
            nearest = nearest_of(self._sign(texts), self._block, self._settings, ALIKE)
            for place in np.flatnonzero(nearest.places >= 0).tolist():
                theirs, score = int(nearest.places[place]), float(nearest.scores[place])
                way = COPY if nearest.equal[place] else self._way(texts[place], theirs)
                found = Compared(hashes[owners[place]], self._ids[theirs], way, score)
                known = best.get(owners[place])
                if known is None or _rank(found) < _rank(known):
                    best[owners[place]] = found
        for number, digest in enumerate(hashes):
            if digest in self._hashes:
                yield Compared(digest, self._hashes[digest], COPY, 1.0)
            else:
                yield best.get(number, Compared(digest))

    def _way(self, text: str, theirs: int) -> str:
        return NEAR if ask_the_same(text, self._texts[theirs]) else REWORDED


def _questions(turns: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what users ask before the last answer: each question, and all together where there are several."""
    last = max((i for i, turn in enumerate(turns) if turn.get("role") == "assistant"), default=len(turns))
    texts = [str(turn.get("content") or "") for turn in turns[:last] if turn.get("role") == "user"]
    return [*texts, "\n".join(texts)] if len(texts) > 1 else texts


def _rank(found: Compared) -> tuple[int, float]:
    return WAYS.index(found.way or REWORDED), -(found.similarity or 0.0)


def trainable() -> ColumnElement[bool]:
    """Return the condition on `conversations` of what is tagged and not dropped."""
    c = conversations.c
    return and_(c.status != "dropped", c.class_name.is_not(None))


def held_out_counts(project: Project, where: ColumnElement[bool] | None = None) -> HeldOutCounts:
    """Return how many conversations ask what is held out; compares what is new first.

    Args:
        project: The project.
        where: A condition on `conversations`; None is all that are tagged and not dropped.
    """
    compare_prompts(project)
    with project.database.read() as connection:
        return counts_on(connection, trainable() if where is None else where)


def counts_on(connection: Connection, where: ColumnElement[bool]) -> HeldOutCounts:
    """Return the counts among conversations of a condition, of what was compared already."""
    prompts = len(get_setting(connection, HELD_OUT, []))
    return HeldOutCounts(prompts, heldout.count_held(connection, where), heldout.ways_left_out(connection))


def held_out_conversations(project: Project, limit: int | None = None) -> list[Held]:
    """Return the conversations that ask what is held out and are tagged and not dropped, surest first."""
    compare_prompts(project)
    with project.database.read() as connection:
        return heldout.held(connection, trainable(), limit)


def held_out_of(project: Project, seq: int) -> tuple[Held, bool] | None:
    """Return how a conversation asks a held-out prompt, and whether that keeps it out; None where it asks none."""
    compare_prompts(project)
    with project.database.read() as connection:
        found = heldout.held(connection, conversations.c.seq == seq)
        return (found[0], found[0].way in heldout.ways_left_out(connection)) if found else None


def held_out_term(project: Project) -> str:
    """Return the query's term of what stays out of snapshots for asking held-out prompts."""
    with project.database.read() as connection:
        return f"heldout:{','.join(heldout.ways_left_out(connection))}"


def count_in_snapshot(project: Project, path: Path, among: Collection[str] | None = None) -> int:
    """Return how many conversations of a snapshot ask a prompt that is held out now and would stay out today.

    Older snapshots, and prompts held out later, make that more than none.

    Args:
        project: The project.
        path: The snapshot's folder.
        among: Ids of conversations; None is all.
    """
    import pyarrow.parquet as pq  # a shell command that counts nothing does not wait for it

    compare_prompts(project)
    table = pq.read_table(path / "data.parquet", columns=["uid", "prompt_hash"])
    rows = zip(table["uid"].to_pylist(), table["prompt_hash"].to_pylist(), strict=True)
    with project.database.read() as connection:
        out = heldout.known(connection)
    return sum(digest in out and (among is None or uid in among) for uid, digest in rows)


def leave_out(project: Project, up_to: str, *, actor: str, reason: str = "") -> None:
    """Decide up to which way what asks a held-out prompt stays out of snapshots; an entry of the log with undo.

    Args:
        project: The project.
        up_to: `copy` keeps near-copies, `near` is usual, `reworded` leaves out those with a replaced word, too.
        actor: Who decides.
        reason: Why.

    Raises:
        PlanError: It is none of these, or so already.
    """
    if up_to not in WAYS:
        raise PlanError(f"{up_to!r} is no way of asking a held-out prompt", f"use one of {', '.join(WAYS)}")
    with project.database.write() as connection:
        before = get_setting(connection, heldout.LEAVING_OUT)
        if (before or heldout.USUAL) == up_to:
            raise PlanError(f"snapshots leave out up to {up_to!r} already", "nothing is to be changed")
        write_object(connection, "settings", heldout.LEAVING_OUT, up_to)
        objects = [change_object("settings", heldout.LEAVING_OUT, before, up_to)]
        record_action(
            connection,
            "held-out",
            f"leave out of snapshots what asks a held-out prompt: up to {up_to}",
            actor,
            reason=reason,
            params={"objects": objects},
            undoable=True,
        )
