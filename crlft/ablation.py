"""The ablation: every method from one base with one budget over several seeds, and the table that compares them.

    crlft ablate DATA --base MODEL --prompts FILE --seeds 5 --out DIR

A cell is one method with one seed (`crlft.ablation_cell`), a process of its own. Cells go seed by seed, so that
a table of what is done is balanced at any time. A finished cell is never done again; started again, an ablation
goes on with the rest. `--seeds` may grow later. Torch is imported only while the budget is worked out.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from crlft.ablation_cell import RESULT, Cell, clear_cell, read_checked_prompts
from crlft.config import RunConfig
from crlft.errors import ConfigError, RunError
from crlft.events import Events, Pace
from crlft.methods import METHODS
from crlft.modelfolder import is_local
from crlft.runfolder import RunFolder

DEFAULT_METHODS = ("c-rlft", "no-reward", "no-condition", "sft", "sft-best", "inverse-frequency")
POLL_SECONDS = 0.5
MAX_FAILURES = 2
"""Failed cells after which no new one is begun: one may be bad luck, two are a fault."""


@dataclass(frozen=True)
class AblationRequest:
    """What to compare.

    Attributes:
        config: Settings that all runs share; its method and seed are those of no run.
        prompts: File of held-out prompts with checks.
        methods: The methods.
        seeds: The seeds; they decide the order of the data.
        max_new_tokens: Longest answer.
        group_by: Field of the prompts to break the table down by, such as `skill`; empty for none.
        keep_models: Keep the model of every cell.
    """

    config: RunConfig
    prompts: Path
    methods: tuple[str, ...] = DEFAULT_METHODS
    seeds: tuple[int, ...] = (1, 2, 3, 4, 5)
    max_new_tokens: int = 128
    group_by: str = ""
    keep_models: bool = False

    def __post_init__(self) -> None:
        faults = [f"unknown method {m!r} (known: {', '.join(METHODS)})" for m in self.methods if m not in METHODS]
        if not self.methods:
            faults.append("no method is named")
        if not self.seeds:
            faults.append("no seed is given")
        for what, values in (("method", self.methods), ("seed", self.seeds)):
            faults += [f"{what} {v!r} stands twice" for v in sorted({v for v in values if values.count(v) > 1})]
        if self.max_new_tokens < 1:
            faults.append(f"max_new_tokens is {self.max_new_tokens}, it must be at least 1")
        if faults:
            raise ConfigError(faults)


@dataclass(frozen=True)
class Plan:
    """The cells of an ablation, with the budget that all of them share.

    Attributes:
        request: What was asked for.
        config: The shared settings with everything that decides the budget given.
        cells: One a seed and method, seed by seed.
        data_hash: Content hash of the data.
        unchecked: Prompts left out because they carry no check.
    """

    request: AblationRequest
    config: RunConfig
    cells: tuple[Cell, ...]
    data_hash: str
    unchecked: int


class Running(Protocol):
    """A cell at work, such as a `subprocess.Popen`."""

    def poll(self) -> int | None:
        """Return the exit status, or None while it works."""

    def terminate(self) -> None:
        """Ask it to save and stop."""


Launch = Callable[[Path, int], Running]


def make_plan(request: AblationRequest, out: Path) -> Plan:
    """Check everything and work the budget out, once, for C-RLFT; nothing is written.

    Steps, tokens a step and learning rate that are left to auto are what C-RLFT would get from this data and
    base: enough steps to see the best class's answers several times, however small its share.

    Raises:
        CrlftError: Data, base, prompts or settings cannot be used.
    """
    from crlft.prepare import read_data
    from crlft.preview import preview_run
    from crlft.snapshot import snapshot_hash

    config = replace(
        request.config,
        method="c-rlft",
        seed=request.seeds[0],
        snapshot=str(Path(request.config.snapshot).resolve()),
        base=_absolute(request.config.base),
        classes=str(Path(request.config.classes).resolve()) if request.config.classes else "",
    )
    _, unchecked = read_checked_prompts(request.prompts, request.group_by)
    report = preview_run(config)
    budget = report["resolved"]
    config = replace(
        config,
        steps=report["steps"],
        epochs=None,
        step_tokens=budget["step_tokens"],
        learning_rate=budget["learning_rate"],
        sample_count=0,
        sample_prompts=(),
        keep_checkpoints=1,
        evaluate_every=config.evaluate_every or report["steps"],
    )
    scheme, _ = read_data(config)
    data_hash = snapshot_hash(config.snapshot)
    shared = [data_hash, scheme.to_dict(), _digest(request.prompts), request.max_new_tokens]
    cells = tuple(
        Cell(
            method=method,
            seed=seed,
            identity=_hash([*shared, _settings_hash(config, method, seed)]),
            prompts=str((out / "prompts.jsonl").resolve()),
            group_by=request.group_by,
            max_new_tokens=request.max_new_tokens,
            keep_model=request.keep_models,
        )
        for seed in request.seeds
        for method in request.methods
    )
    return Plan(request, config, cells, data_hash, unchecked)


def cell_folder(out: Path, cell: Cell) -> Path:
    """Return a cell's folder."""
    return out / "cells" / f"{cell.method}-{cell.seed}"


def finished_results(plan: Plan, out: Path) -> list[dict[str, Any]]:
    """Return the results of the plan's finished cells, in its order.

    Raises:
        RunError: A cell was made with other data, base, prompts or settings.
    """
    results = []
    for cell in plan.cells:
        folder = cell_folder(out, cell)
        made = RunFolder(folder).read_json("cell.json")
        if made is not None and made.get("identity") != cell.identity:
            raise RunError(
                f"{folder}: made with other data, base, prompts or settings",
                "give the settings of before, or another --out",
            )
        result = RunFolder(folder).read_json(RESULT)
        if result is not None:
            results.append(dict(result))
    return results


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
                marker = run.marker()
                told = str(marker[1].get("error", "")) if marker and marker[0] == "failed" else ""
                self.failures.append((run.path.name, told or f"its process ended with status {running.poll()}"))

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


def _line(done: int, total: int, name: str, right: dict[str, float]) -> str:
    shares = ", ".join(f"{100 * share:.1f} % under the {condition}" for condition, share in right.items())
    return f"{done}/{total} {name}: right {shares} condition"


def _cores() -> int:
    from crlft.resolve import physical_cores

    return physical_cores()


def _settings_hash(config: RunConfig, method: str, seed: int) -> str:
    """Return a hash of a cell's settings; data and classes count by content, not by path."""
    return replace(config, method=method, seed=seed, snapshot="", classes="").identity()


def _absolute(base: str) -> str:
    return str(Path(base).expanduser().resolve()) if is_local(base) else base


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hash(parts: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]
