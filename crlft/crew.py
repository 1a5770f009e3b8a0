"""The cells of an ablation at work: started, watched, stopped, counted. Torch-free.

Every cell is a process of its own, so that one that runs out of memory takes nothing with it. The truth is in the
cells' folders; what an ablation that was killed left running is waited for by a lock in the cell's folder.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from crlft.ablation import Plan, cell_folder, finished_results
from crlft.ablation_cell import RESULT, Cell, clear_cell
from crlft.errors import RunError
from crlft.events import Events, Pace
from crlft.runfolder import RunFolder

POLL_SECONDS = 0.5
MAX_FAILURES = 2
"""Failed cells after which no new one is begun: one may be bad luck, two are a fault."""


class Running(Protocol):
    """A cell at work, such as a `subprocess.Popen`."""

    def poll(self) -> int | None:
        """Return the exit status, or None while it works."""

    def terminate(self) -> None:
        """Ask it to save and stop."""


Launch = Callable[[Path, int], Running]


def run_ablation(
    plan: Plan, events: Events, *, parallel: int = 1, launch: Launch | None = None
) -> Iterator[dict[str, Any]]:
    """Carry out the cells that are not done; yield each result as its cell ends.

    Ends early, without an error, where `events` ask for a stop: the cells at work save and stop, too.

    Args:
        plan: The cells.
        events: The ablation's folder and listener; told `progress` and `cell`.
        parallel: Cells at work at once; each gets its part of the cores.
        launch: Starts a cell in its folder with a number of threads; default: a process.

    Raises:
        RunError: Cells failed; those that did not are kept.
    """
    out = events.run.path
    done = finished_results(plan, out)
    shutil.copyfile(plan.request.prompts, out / "prompts.jsonl")
    known = {(r["method"], r["seed"]) for r in done}
    waiting = [c for c in plan.cells if (c.method, c.seed) not in known]
    for cell in plan.cells:
        if (cell.method, cell.seed) in known:
            clear_cell(cell_folder(out, cell), keep_model=cell.keep_model)
    crew = _Crew(plan, events, launch or _start_process, max(1, _cores() // parallel), len(known))
    try:
        while crew.working or (waiting and crew.hiring):
            while waiting and crew.hiring and len(crew.working) < parallel:
                crew.start(waiting.pop(0))
            yield from crew.collect()
            crew.tell_progress()
    finally:
        crew.dismiss()
    if crew.failures:
        name, reason = crew.failures[0]
        more = f" ({len(crew.failures)} cells failed)" if len(crew.failures) > 1 else ""
        log = out / "cells" / name / "log.txt"
        raise RunError(f"cell {name} failed{more}: {reason}", f"see {log}; start again to go on with the rest")


@dataclass
class _Crew:
    """The cells at work."""

    plan: Plan
    events: Events
    launch: Launch
    threads: int
    done: int
    working: list[tuple[Cell, Running]] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    stopping: bool = False
    _pace: Pace | None = None

    @property
    def hiring(self) -> bool:
        """Whether another cell may be begun."""
        return not self.events.stop_wanted() and len(self.failures) < MAX_FAILURES

    def start(self, cell: Cell) -> None:
        """Begin a cell, or go on with one."""
        folder = cell_folder(self.events.run.path, cell)
        folder.mkdir(parents=True, exist_ok=True)
        config = replace(
            self.plan.config, method=cell.method, seed=cell.seed, threads=self.plan.config.threads or self.threads
        )
        run = RunFolder(folder)
        run.write_json("config.json", config.to_dict())
        run.write_json("cell.json", cell.to_dict())
        self.working.append((cell, self.launch(folder, config.threads or 1)))

    def collect(self) -> Iterator[dict[str, Any]]:
        """Wait a moment; yield the results of the cells that have ended."""
        if self.events.stop_wanted() and not self.stopping:
            self.stopping = True
            for _, running in self.working:
                running.terminate()
        ended = [(cell, running) for cell, running in self.working if running.poll() is not None]
        if not ended:
            time.sleep(POLL_SECONDS)
        for cell, running in ended:
            self.working.remove((cell, running))
            run = RunFolder(cell_folder(self.events.run.path, cell))
            result = run.read_json(RESULT)
            if result is not None:
                self.done += 1
                right = {c: sum(a["right"]) / len(a["right"]) for c, a in result["answers"].items()}
                self.events.emit("cell", method=cell.method, seed=cell.seed, right=right)
                self._tell("line", text=_line(self.done, len(self.plan.cells), run.path.name, right))
                yield dict(result)
            elif not self.stopping:
                self.failures.append((run.path.name, failure_of(run.path, running.poll())))

    def tell_progress(self) -> None:
        """Say how many steps of all are done, and how long the rest takes at this start's pace."""
        steps = self.plan.config.steps or 1
        total = steps * len(self.plan.cells)
        done = steps * self.done + sum(self._steps(cell) for cell, _ in self.working)
        if self._pace is None:
            self._pace = Pace(total, done_before=done)
        note = f"{self.done} of {len(self.plan.cells)} cells"
        self._tell("progress", done=done, total=total, note=note, eta_seconds=self._pace.eta_seconds(done))

    def dismiss(self) -> None:
        """Stop whatever still works, where the caller lost interest."""
        for _, running in self.working:
            running.terminate()

    def _tell(self, event: str, **fields: Any) -> None:
        """Tell the listener alone: what moves twice a second is not for the folder."""
        if self.events.listener:
            self.events.listener(event, fields)

    def _steps(self, cell: Cell) -> int:
        """Return the last step a cell at work has told."""
        path = RunFolder(cell_folder(self.events.run.path, cell)).events_path
        try:
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - 8192))
                lines = file.read().splitlines()
        except FileNotFoundError:
            return 0
        for line in reversed(lines):
            try:
                told = json.loads(line)
            except json.JSONDecodeError:
                continue
            if told.get("event") == "step":
                return int(told["step"])
        return 0


def _start_process(folder: Path, threads: int) -> Running:
    """Start a cell in a session of its own: Ctrl-C reaches the ablation alone, which asks the cells to save."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE"}
    with (folder / "log.txt").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "crlft", "ablate", "--cell", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )


def failure_of(folder: Path, status: int | None) -> str:
    """Say why a cell failed: what its training or its answering left behind, or how its process ended."""
    for place in (folder, folder / "answers"):
        marker = RunFolder(place).marker()
        if marker and marker[0] == "failed":
            return str(marker[1].get("error") or "no reason told")
    if status == -signal.SIGKILL:
        return "its process was killed, perhaps for lack of memory"
    return f"its process ended with status {status}"


def _line(done: int, total: int, name: str, right: dict[str, float]) -> str:
    shares = ", ".join(f"{100 * share:.1f} % under the {condition}" for condition, share in right.items())
    return f"{done}/{total} {name}: right {shares} condition"


def _cores() -> int:
    from crlft.resolve import physical_cores

    return physical_cores()
