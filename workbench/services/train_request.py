"""A request for a training run, and everything that can be wrong with it, found before anything is spent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crlft.config import RunConfig
from crlft.errors import ConfigError
from crlft.methods import METHODS
from workbench.domain.errors import JobError
from workbench.jobs import crlft_command, crlft_crew_command
from workbench.services.bases import ResolvedBase, resolve_base
from workbench.services.heldout import count_in_snapshot
from workbench.services.project import Project
from workbench.services.snapshots import get_snapshot
from workbench.services.trainset import TrainSet, current_train_set, read_train_set

_ASKED_APART = ("snapshot", "base", "method")

MAX_PROCESSES = 64
"""On one machine; more machines are started by hand (docs)."""


@dataclass(frozen=True, slots=True)
class TrainRequest:
    """What somebody asks to be trained.

    Attributes:
        snapshot: A snapshot's name; None makes one of what is kept now.
        base: As `resolve_base` takes it.
        method: One of `crlft.methods.METHODS`.
        overrides: Settings of `RunConfig` by name; texts are read as the setting's type.
        processes: How many processes of this machine share the work.
        group: The run whose baselines this one belongs to; empty for a run of its own.
    """

    snapshot: str | None = None
    base: str = "offline"
    method: str = "c-rlft"
    overrides: Mapping[str, Any] = field(default_factory=dict)
    processes: int = 1
    group: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that was checked.

    Attributes:
        config: The run's settings, as they are written into its folder.
        base: The base that was found.
        data: The figures of the snapshot, or of what is in the project now.
        warnings: Sentences worth reading before starting; each with its remedy.
    """

    config: RunConfig
    base: ResolvedBase
    data: TrainSet
    warnings: tuple[str, ...]


def worker_command(processes: int) -> list[str]:
    """Return what a run is carried out by; `{run}` stands for its folder."""
    arguments = ("train", "--run", "{run}")
    return crlft_command(*arguments) if processes == 1 else crlft_crew_command(processes, *arguments)


def prepare(project: Project, request: TrainRequest) -> Prepared:
    """Check a request without starting or making anything.

    Raises:
        JobError: The method, the base or the data cannot be used; says which and what to do.
        ConfigError: Some settings are wrong; all of them are listed.
        NotFound: There is no such snapshot.
    """
    if request.method not in METHODS:
        raise JobError(f"unknown method {request.method!r}", f"use one of {', '.join(METHODS)}")
    misplaced = [name for name in request.overrides if name in _ASKED_APART]
    if misplaced:
        raise ConfigError([f"{name} is no setting here" for name in misplaced], "ask for it by its own option")
    if not 1 <= request.processes <= MAX_PROCESSES:
        raise JobError(
            f"a run cannot have {request.processes} processes",
            f"give 1 to {MAX_PROCESSES}: one for each GPU, or one where there is none",
        )
    base = resolve_base(project, request.base)
    if request.snapshot is None:
        data = current_train_set(project)
    else:
        data = read_train_set(get_snapshot(project, request.snapshot).path)
    path = str(data.path) if data.path else ""
    config = RunConfig(snapshot=path, base=base.model, method=request.method).with_overrides(request.overrides)
    warnings = [*_data_warnings(data, request.method), *_leak_warnings(project, data)]
    return Prepared(config, base, data, tuple(warnings))


def _data_warnings(data: TrainSet, method_name: str) -> Sequence[str]:
    """Say what the data cannot teach; refuse what leaves nothing to train on.

    Raises:
        JobError: No conversation is left for the method.
    """
    method, best, name = METHODS[method_name], data.scheme.best.name, data.name
    filled = [c.name for c in data.classes if c.conversations]
    if not filled:
        raise JobError(f"{name} holds no tagged conversation", "tag some, then start again")
    if method.best_only and best not in filled:
        raise JobError(
            f"class {best!r} has no conversation in {name}, and {method_name} trains on it alone",
            "tag some as the best class and snapshot again, or choose c-rlft",
        )
    if method.best_only:
        return ()
    if len(filled) == 1 and (method.conditioned or method.weighted):
        return (
            f"{name} has conversations of one class only ({filled[0]}): {method_name} is plain "
            "fine-tuning on it; tag some as another class and snapshot again",
        )
    if not method.conditioned:
        return ()
    return tuple(
        f"class {c.name!r} has no conversation in {name}: its condition stays unlearnt; "
        "tag some and snapshot again, or remove the class"
        for c in data.classes
        if not c.conversations
    )


def _leak_warnings(project: Project, data: TrainSet) -> Sequence[str]:
    leaks = count_in_snapshot(project, data.path) if data.path else 0
    if not leaks:
        return ()
    return (
        f"{leaks:,} conversations of {data.name} ask what is held out now: figures on those prompts will flatter; "
        "make a new snapshot, which leaves them out",
    )
