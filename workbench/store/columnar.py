"""The narrow columns of every conversation as arrays in memory: any filter over a million rows in milliseconds.

    columns = Columns()
    columns.load(connection)          # seconds at a million conversations, some 40 bytes each
    columns.refresh(connection)       # what the log says has changed since; a tag costs a millisecond

SQLite reads rows; a count over a filter that no index answers reads a gigabyte of them. Here class, status,
source, language and round are one number (`cell`, a place in `cells`), texts of few values are numbers too, and
lengths and rewards are plain arrays. The database stays the truth: bulk acts, exports and the command line ask it,
and `workbench.store.selection` answers from here only what a page shows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Select, String, cast, func, select

from workbench.store.schema import actions, changes, conversations

Ints = npt.NDArray[np.int64]
AT_ONCE = 20_000
"""Rows read at once: other threads get the interpreter in between."""

_WATCHED = 200
"""Among so many of the newest actions those are looked for that may still grow."""

_c = conversations.c
_ROW = (
    _c.seq,
    _c.uid,
    func.coalesce(_c.class_name, ""),
    _c.status,
    _c.source,
    _c.language,
    _c.round,
    _c.n_turns,
    _c.n_tokens,
    _c.coarse_reward,
    cast(_c.flags, String),
    _c.drop_reason,
    _c.tagged_by,
)
_CODED = ("flags", "reason", "by")
_KINDS: dict[str, Any] = {
    "seq": np.int64,
    "uid": np.uint64,
    "cell": np.int32,
    "turns": np.int32,
    "tokens": np.int32,
    "own": np.float64,
    **dict.fromkeys(_CODED, np.int32),
}


class Values:
    """Few different values as numbers: `of[n]` is the value, `number(value)` its number."""

    def __init__(self) -> None:
        self.of: list[Any] = []
        self._numbers: dict[Any, int] = {}

    def number(self, value: Any) -> int:
        """Return a value's number, a new one where it is new."""
        found = self._numbers.get(value)
        if found is None:
            found = self._numbers[value] = len(self.of)
            self.of.append(value)
        return found


class Columns:
    """The arrays, all in the order of `seq`, and what they are as of.

    Attributes:
        lock: Held while arrays are read or brought up to date.
        stamp: Counts the times they changed.
        text_stamp: Counts the times a text came or changed.
        cells: Places in the cube (the parts of a `CubeKey`), by the numbers in `cell`.
        coded: The values behind the numbers of `flags`, `reason` and `by`.
        by_uid: Whether every id is 16 hexadecimal digits, so that `uid` sorts as the ids do.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.stamp = self.text_stamp = 0
        self.cells = Values()
        self.coded = {name: Values() for name in _CODED}
        self.by_uid = True
        self._arrays: dict[str, npt.NDArray[Any]] = {name: np.empty(0, kind) for name, kind in _KINDS.items()}
        self._newest = 0
        self._growing: dict[int, int] = {}

    def state(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """Return the arrays, and beside them what they need to be read and brought up to date."""
        about = {
            "cells": self.cells.of,
            "coded": {name: values.of for name, values in self.coded.items()},
            "by_uid": self.by_uid,
            "newest": self._newest,
            "growing": list(self._growing.items()),
        }
        return dict(self._arrays), about

    @classmethod
    def of_state(cls, arrays: Mapping[str, npt.NDArray[Any]], about: Mapping[str, Any]) -> Columns:
        """Return the columns of such a state.

        Raises:
            KeyError: Something is missing.
            ValueError: The arrays are not of one length.
        """
        made = cls()
        made._arrays = {name: arrays[name].astype(kind, copy=False) for name, kind in _KINDS.items()}
        if len({len(array) for array in made._arrays.values()}) != 1:
            raise ValueError("columns of different lengths")
        for cell in about["cells"]:
            made.cells.number(tuple(cell))
        for name, values in made.coded.items():
            for value in about["coded"][name]:
                values.number(value)
        made.by_uid, made._newest = bool(about["by_uid"]), int(about["newest"])
        made._growing = {int(action): int(n) for action, n in about["growing"]}
        made.stamp = made.text_stamp = 1
        return made

    @property
    def newest(self) -> int:
        """The newest action that they know."""
        return self._newest

    def __len__(self) -> int:
        """Return how many conversations there are."""
        return len(self._arrays["seq"])

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """Return an array by name: seq, uid, cell, turns, tokens, own (reward), flags, reason, by."""
        return self._arrays[name]

    def places(self, seqs: Iterable[int] | Ints) -> Ints:
        """Return the places of row numbers; unknown ones are left out."""
        wanted = np.asarray(seqs if isinstance(seqs, np.ndarray) else list(seqs), dtype=np.int64)
        there = self["seq"]
        at: Ints = np.searchsorted(there, wanted)
        inside = at < len(there)
        at, wanted = at[inside], wanted[inside]
        found: Ints = at[there[at] == wanted]
        return found

    def load(self, connection: Connection, keep_on: Callable[[], bool] = lambda: True) -> bool:
        """Read everything; False where `keep_on` said to stop before the end."""
        newest, growing = _log_state(connection, 0)
        parts: list[dict[str, npt.NDArray[Any]]] = []
        for part in self._read(connection, select(*_ROW)):
            parts.append(part)
            if not keep_on():
                return False
        with self.lock:
            for name in _KINDS if parts else ():
                self._arrays[name] = np.concatenate([part.pop(name) for part in parts])
            self._newest, self._growing = newest, growing
            self.stamp += 1
            self.text_stamp += 1
        return True

    def refresh(self, connection: Connection) -> None:
        """Take over what was decided and what arrived since."""
        with self.lock:
            newest, growing = _log_state(connection, self._newest)
            top = connection.execute(select(func.max(_c.seq))).scalar() or 0
            last = int(self["seq"][-1]) if len(self) else 0
            grown = [a for a, n in growing.items() if n != self._growing.get(a)]
            if newest < self._newest or top < last:
                return  # this connection sees an older state than the arrays hold
            if newest > self._newest or grown:
                self._take_changes(connection, newest, grown)
            if top > last:
                self._append(connection, last)
            self._newest = newest
            self._growing = {**self._growing, **growing}

    def _take_changes(self, connection: Connection, newest: int, grown: Sequence[int]) -> None:
        """Read the rows again that the log names."""
        since = changes.c.action_id.between(self._newest + 1, newest) | changes.c.action_id.in_(grown)
        named = select(changes.c.seq).where(since).distinct()
        found: dict[str, npt.NDArray[Any]] | None = None
        for found in self._read(connection, select(*_ROW).where(_c.seq.in_(named))):
            at = self.places(found["seq"])
            known = np.isin(found["seq"], self["seq"][at])
            for name in _KINDS:
                self._arrays[name][at] = found[name][known]
        if found is not None:
            turns = func.json_extract(cast(changes.c.after, String), "$.turns")
            edited = select(changes.c.seq).where(since, turns.is_not(None)).limit(1)
            self.text_stamp += connection.execute(edited).first() is not None
        self.stamp += 1

    def _append(self, connection: Connection, last: int) -> None:
        new = list(self._read(connection, select(*_ROW).where(_c.seq > last)))
        for name in _KINDS:
            self._arrays[name] = np.concatenate([self._arrays[name], *(part[name] for part in new)])
        self.stamp += 1
        self.text_stamp += 1

    def _read(self, connection: Connection, wanted: Select[Any]) -> Iterator[dict[str, npt.NDArray[Any]]]:
        """Yield the arrays of some rows, ascending, a part at a time: as Python objects they are large."""
        with connection.execute(wanted.order_by(_c.seq), execution_options={"yield_per": AT_ONCE}) as result:
            for rows in result.partitions(AT_ONCE):
                yield self._coded_rows(rows)

    def _coded_rows(self, rows: Sequence[Sequence[Any]]) -> dict[str, npt.NDArray[Any]]:
        seqs, uids, *dimensions, turns, tokens, rewards, flags, reasons, hands = zip(*rows, strict=True)
        number = self.cells.number
        lists: dict[str, Sequence[Any]] = {
            "seq": seqs,
            "uid": self._sortable(uids),
            "cell": list(map(number, zip(*dimensions, strict=True))),
            "turns": turns,
            "tokens": tokens,
            "own": [float("nan") if r is None else r for r in rewards],
            "flags": list(map(self.coded["flags"].number, flags)),
            "reason": list(map(self.coded["reason"].number, reasons)),
            "by": list(map(self.coded["by"].number, hands)),
        }
        return {name: np.array(lists[name], dtype=kind) for name, kind in _KINDS.items()}

    def _sortable(self, uids: Sequence[str]) -> list[int]:
        if self.by_uid:
            try:
                if all(len(uid) == 16 for uid in uids):
                    return [int(uid, 16) for uid in uids]
            except ValueError:
                pass
            self.by_uid = False
        return [0] * len(uids)


def _log_state(connection: Connection, since: int) -> tuple[int, dict[int, int]]:
    """Return the newest action, and how many conversations each action changed that goes on over transactions.

    Every other change is in the transaction of its action; what an import restores grows while it runs.
    """
    newest = connection.execute(select(func.max(actions.c.id))).scalar() or 0
    first = max(0, (since or newest) - _WATCHED)
    wanted: Select[Any] = select(actions.c.id, actions.c.affected)
    wanted = wanted.where(actions.c.id > first, actions.c.kind == "restore")
    return newest, {row.id: row.affected for row in connection.execute(wanted)}
