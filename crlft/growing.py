"""What is being written at this moment, for those who watch a job: `partial.json` in its folder."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence

from crlft.events import Events
from crlft.runfolder import write_atomically

PARTIAL = "partial.json"
"""`{"rows": [[prompt id, column, text so far], …]}`: one batch; gone when the job has ended."""
PARTIAL_SECONDS = 0.2
PARTIAL_COST = 20
"""Between two writes: so long, and so many times what the last one took, a twentieth of the time at most."""


class Growing:
    """Shows a job's answers while they grow.

    Args:
        events: The job; its event `first-token` says how many seconds after this moment the first one came.
    """

    def __init__(self, events: Events) -> None:
        self._events, self._path = events, events.run.path / PARTIAL
        self._next, self._began, self._told = 0.0, time.monotonic(), False

    def show(
        self,
        decode: Callable[[Sequence[int]], str],
        places: Sequence[tuple[str, int]],
        answers: Sequence[Sequence[int]],
    ) -> None:
        """Take a batch's answers as they stand; most calls write nothing.

        Args:
            decode: Ids to text.
            places: Prompt id and column of each answer.
            answers: The ids so far.
        """
        now = time.monotonic()
        if not self._told:
            self._events.emit("first-token", seconds=round(now - self._began, 3))
            self._told = True
        if now < self._next:
            return
        rows = [[*place, decode(answer)] for place, answer in zip(places, answers, strict=True)]
        write_atomically(self._path, json.dumps({"rows": rows}, ensure_ascii=False))
        end = time.monotonic()
        self._next = end + max(PARTIAL_SECONDS, PARTIAL_COST * (end - now))

    def end(self) -> None:
        """Nothing is being written any more."""
        self._path.unlink(missing_ok=True)
