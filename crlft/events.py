"""A job's events: appended to its folder and, on a terminal, handed to a listener. No torch."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from crlft.runfolder import RunFolder

Listener = Callable[[str, dict[str, Any]], None]


@dataclass
class Events:
    """Where a job says what it does.

    Attributes:
        run: The job's folder.
        listener: Called with every event as well; None in the background.
        terminated: Set by SIGTERM; `stop_wanted` then says so.
    """

    run: RunFolder
    listener: Listener | None = None
    terminated: bool = field(default=False, init=False)

    def emit(self, event: str, **fields: Any) -> None:
        """Append an event (see `RunFolder.emit`)."""
        self.run.emit(event, **fields)
        if self.listener:
            self.listener(event, fields)

    def stop_wanted(self) -> bool:
        """Whether a stop was asked for, by file or by SIGTERM."""
        return self.terminated or self.run.stop_requested()

    @contextmanager
    def catching_sigterm(self) -> Iterator[None]:
        """Turn SIGTERM into a wish to stop at the next safe point; a second one ends the process at once."""

        def on_term(signum: int, frame: Any) -> None:
            self.terminated = True
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

        try:
            before = signal.signal(signal.SIGTERM, on_term)
        except ValueError:  # not the main thread: whoever runs us there has signals of its own
            yield
            return
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)


class Quiet(Events):
    """The events of a process that does not speak: another one of the same job does."""

    def emit(self, event: str, **fields: Any) -> None:
        """Say nothing."""


@dataclass
class Pace:
    """Time left, measured from this start only: what an earlier start did says nothing about this machine.

    Attributes:
        total: Items in all.
        done_before: Items done before this start.
    """

    total: int
    done_before: int = 0
    began: float = field(default_factory=time.monotonic)

    def eta_seconds(self, done: int) -> float | None:
        """Return the estimated seconds to the end, or None before anything is done."""
        here = done - self.done_before
        if here <= 0:
            return None
        return (time.monotonic() - self.began) / here * (self.total - done)
