"""Work of seconds to minutes that belongs to the app's process: imports, scans, searches for duplicates.

It runs in a thread, so that the page stays alive, shows progress, and may be closed. Work of hours is a job in
a process of its own (`workbench.jobs`); nothing here must be lost when the app ends, because a service's
transaction is whole or not there.

    start("import", lambda report: importing.import_files(…, on_progress=report))
    show("import", label="Importing", done=draw_result)
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from crlft.errors import CrlftError
from workbench.domain.errors import WorkbenchError
from workbench.ui.i18n import language, t, use_language
from workbench.ui.widgets.layout import progress_line

logger = logging.getLogger("workbench.ui")
Report = Callable[[int, int | None], None]
POLL_SECONDS = 0.5


@dataclass(slots=True)
class Task:
    """A piece of work and how far it is.

    Attributes:
        key: What it is known by; one task a key at a time.
        done: Items done.
        total: Items in all, or None.
        result: What the work returned, once it ended well.
        error: What it raised.
        running: False once it ended.
        started: Monotonic time of its start, for the estimate of the time left.
    """

    key: str
    done: int = 0
    total: int | None = None
    result: Any = None
    error: CrlftError | None = None
    running: bool = True
    started: float = field(default_factory=time.monotonic)

    @property
    def eta_seconds(self) -> float | None:
        """Time left at the pace since the start, or None while unknown."""
        if not self.total or self.done < 1:
            return None
        return (time.monotonic() - self.started) / self.done * max(0, self.total - self.done)


_THREAD_PREFIX = "workbench task "
_tasks: dict[str, Task] = {}
_lock = threading.Lock()


def start(key: str, work: Callable[[Report], Any]) -> Task:
    """Run `work(report)` in a thread, unless a task of this key is running; `report(done, total)` is progress."""
    with _lock:
        known = _tasks.get(key)
        if known is not None and known.running:
            return known
        task = _tasks[key] = Task(key)
    threading.Thread(target=_run, args=(task, work, language()), name=_THREAD_PREFIX + key, daemon=True).start()
    return task


def task(key: str) -> Task | None:
    """Return the running or last task of this key."""
    return _tasks.get(key)


def tasks() -> list[Task]:
    """Return every task at work, of all browser sessions, oldest first."""
    with _lock:
        return sorted((one for one in _tasks.values() if one.running), key=lambda one: one.started)


def forget(key: str) -> None:
    """Forget a task that ended."""
    with _lock:
        known = _tasks.get(key)
        if known is not None and not known.running:
            del _tasks[key]


def threads() -> list[threading.Thread]:
    """Return the threads at work."""
    return [thread for thread in threading.enumerate() if thread.name.startswith(_THREAD_PREFIX)]


def show(key: str, *, label: str) -> None:
    """Draw a running task's progress, and redraw the whole page when it ends; draws nothing otherwise."""
    known = task(key)
    if known is None or not known.running:
        return

    @st.fragment(run_every=POLL_SECONDS)
    def poll() -> None:
        if not known.running:
            st.rerun()
        progress_line(known.done, known.total, label=label, eta_seconds=known.eta_seconds)

    poll()


def _run(task: Task, work: Callable[[Report], Any], spoken: str) -> None:
    use_language(spoken)

    def report(done: int, total: int | None) -> None:
        task.done, task.total = done, total

    try:
        task.result = work(report)
    except CrlftError as error:
        task.error = error
    except Exception as error:  # the thread's boundary: recorded in the log and shown on the page
        logger.exception("task %s failed", task.key)
        task.error = WorkbenchError(
            t("{kind}: {text}", kind=type(error).__name__, text=str(error)[:300]),
            t("try again; the app's log has the details"),
        )
    finally:
        task.running = False
