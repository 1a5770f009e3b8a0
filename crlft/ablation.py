"""The ablation: every method from one base with one budget over several seeds, and the table that compares them.

    crlft ablate DATA --base MODEL --prompts FILE --seeds 5 --out DIR

A cell is one method with one seed (`crlft.ablation_cell`), a process of its own. Cells go seed by seed, so that
a table of what is done is balanced at any time. A finished cell is never done again; started again, an ablation
goes on with the rest. `--seeds` may grow later. This module says what there is to do, `crlft.crew` does it. Torch
is imported only while the budget is worked out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crlft.ablation_cell import RESULT, Cell
from crlft.checkedprompts import read_checked_prompts
from crlft.config import RunConfig
from crlft.errors import ConfigError, RunError
from crlft.methods import METHODS
from crlft.modelfolder import is_local
from crlft.runfolder import RunFolder

DEFAULT_METHODS = ("c-rlft", "no-reward", "no-condition", "sft", "sft-best", "inverse-frequency")


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
        leaked: Prompts that stand word for word in the data: their answers may be remembered.
    """

    request: AblationRequest
    config: RunConfig
    cells: tuple[Cell, ...]
    data_hash: str
    unchecked: int
    leaked: int


def make_plan(request: AblationRequest, out: Path) -> Plan:
    """Check everything and work the budget out, once, for C-RLFT; nothing is written.

    Steps, tokens a step and learning rate that are left to auto are what C-RLFT would get from this data and
    base: enough steps to see the best class's answers several times, however small its share.

    Raises:
        CrlftError: Data, base, prompts or settings cannot be used.
    """
    from crlft.prepare import read_data
    from crlft.preview import preview_run
    from crlft.snapshot import classes_hash, snapshot_hash

    config = replace(
        request.config,
        method="c-rlft",
        seed=request.seeds[0],
        snapshot=_absolute_data(request.config.snapshot),
        base=_absolute(request.config.base),
        classes=str(Path(request.config.classes).resolve()) if request.config.classes else "",
    )
    prompts, unchecked = read_checked_prompts(request.prompts, request.group_by)
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
    scheme, conversations = read_data(config)
    trained_on = {c.prompt.strip() for c in conversations}
    data_hash = snapshot_hash(config.snapshot)
    shared = [data_hash, scheme.to_dict(), _digest(request.prompts), request.max_new_tokens]
    if config.classes:
        shared.append(classes_hash(scheme, config.classes))  # it may tag the data, too
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
    leaked = sum(p.turns[-1].content.strip() in trained_on for p in prompts)
    return Plan(request, config, cells, data_hash, unchecked, leaked)


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


def _settings_hash(config: RunConfig, method: str, seed: int) -> str:
    """Return a hash of a cell's settings; data and classes count by content, not by path."""
    return replace(config, method=method, seed=seed, snapshot="", classes="").identity()


def _absolute_data(data: str) -> str:
    return str(Path(data).resolve()) if Path(data).exists() else data  # else a hub name, or refused when read


def _absolute(base: str) -> str:
    return str(Path(base).expanduser().resolve()) if is_local(base) else base


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hash(parts: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]
