"""Which model a run starts from: the offline base, a folder, an earlier run's model, or a hub name."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from crlft.modelfolder import check_model
from workbench.domain.errors import JobError
from workbench.services.jobs import all_jobs, job_folder, runs_dir
from workbench.services.project import Project
from workbench.services.sample_data import sample_data_dir

OFFLINE = "offline"
"""The name under which the shipped base is asked for."""

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")
_HUB_SECONDS = 10


@dataclass(frozen=True, slots=True)
class BaseChoice:
    """A base that can be chosen.

    Attributes:
        value: What to ask for.
        label: What a list says.
        kind: Where it comes from.
    """

    value: str
    label: str
    kind: Literal["offline", "run", "folder", "hub"]


@dataclass(frozen=True, slots=True)
class ResolvedBase:
    """A base that is there.

    Attributes:
        value: What was asked for.
        model: A folder's path, or a hub name.
        local: True where no hub is needed.
    """

    value: str
    model: str
    local: bool


def offline_base_path() -> Path:
    """Return the folder of the base that is shipped: `$CRLFT_OFFLINE_BASE`, else `sample_data/base`.

    Raises:
        JobError: It is not there.
    """
    named = os.environ.get("CRLFT_OFFLINE_BASE")
    folder = Path(named) if named else sample_data_dir() / "base"
    if not (folder / "config.json").is_file():
        raise JobError(
            f"the offline base is not in {folder}",
            f"make it: crlft base build --text sample_data/general_text.jsonl.gz --out {folder}",
        )
    return folder


def bases(project: Project) -> list[BaseChoice]:
    """Return the bases that can be chosen: the offline one, finished runs (newest first), what was used before."""
    found = [BaseChoice(OFFLINE, "offline base (a tiny model that ships with the program)", "offline")]
    jobs = all_jobs(project, "train")
    for job in jobs:
        if (runs_dir(project) / job.id / "model" / "config.json").is_file():
            found.append(BaseChoice(job.id, f"model of run {job.id} ({job.title})", "run"))
    known = {choice.value for choice in found}
    for value in dict.fromkeys(str(job.params.get("base", "")) for job in jobs):
        if value and value not in known:
            found.append(BaseChoice(value, value, "folder" if Path(value).is_dir() else "hub"))
    return found


def resolve_base(project: Project, value: str) -> ResolvedBase:
    """Return the model that a name stands for.

    Args:
        project: Its runs can be named.
        value: `offline`, a run's id, a folder (absolute, or below the current or the project's folder), or a hub
            name.

    Raises:
        JobError: There is no such model; the remedy says what there is.
        ModelError: The folder is there, but no whole model lies in it.
    """
    if value == OFFLINE:
        return ResolvedBase(value, str(offline_base_path().resolve()), True)
    if value and Path(value).name == value and (runs_dir(project) / value / "job.json").is_file():
        return ResolvedBase(value, str(_run_model(project, value)), True)
    for folder in (Path(value).expanduser(), project.root / value):
        if value and folder.is_dir():
            check_model(str(folder.resolve()))
            return ResolvedBase(value, str(folder.resolve()), True)
    if not _HUB_NAME.fullmatch(value):
        raise JobError(
            f"the base {value!r} does not exist: no such folder",
            "give offline, a folder with a model in transformers format, an earlier run's id or a hub name",
        )
    return ResolvedBase(value, value, _on_hub(value))


def _run_model(project: Project, run_id: str) -> Path:
    folder = job_folder(project, run_id) / "model"
    if not (folder / "config.json").is_file():
        raise JobError(f"run {run_id} has no finished model", "let it end (or resume it), then start from it")
    return folder.resolve()


def _on_hub(name: str) -> bool:
    """Whether a hub model lies in this machine's cache already.

    Raises:
        JobError: It does not, and the hub does not know it or cannot be reached.
    """
    # Imported here: half a second that only hub names cost.
    from huggingface_hub import HfApi, try_to_load_from_cache
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError

    # The root error of the HTTP library beneath, whichever one this version of the client uses.
    unreachable: tuple[type[BaseException], ...] = (OSError, *HfHubHTTPError.__bases__)
    remedy = "correct the name; `offline` is always there, and a local folder works too"
    try:
        if isinstance(try_to_load_from_cache(name, "config.json"), str):
            return True
        HfApi().model_info(name, timeout=_HUB_SECONDS)
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise JobError(
            f"the base {name!r} does not exist: no such folder, and the hub has no such model", remedy
        ) from error
    except unreachable as error:
        raise JobError(
            f"the base {name!r} does not exist here: no such folder, and the hub cannot be asked "
            f"({type(error).__name__})",
            remedy,
        ) from error
    return False
