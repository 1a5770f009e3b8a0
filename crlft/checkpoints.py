"""Complete checkpoints or none: written beside, flushed, then renamed. No torch.

`checkpoints/step-00000100/` holds what `transformers.Trainer` saves (model, optimiser, scheduler, random
states, trainer state) and `run.json` with the identity of config, data and classes. The order of the data follows
from the seed, so the step's number is the position in it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from crlft.errors import RunError

_NAME = re.compile(r"step-(\d{8})")
IDENTITY = "run.json"


@dataclass(frozen=True)
class Identity:
    """What must be the same for a resume to continue the same computation.

    Attributes:
        config: `RunConfig.identity()`.
        data: The data's content hash.
        classes: Hash of the classes, their rewards and β, and of what tags by a field.
    """

    config: str
    data: str
    classes: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return the content of `run.json`."""
        return asdict(self)


def checkpoint_name(step: int) -> str:
    """Return a checkpoint's folder name."""
    return f"step-{step:08d}"


def latest(folder: Path) -> tuple[Path, int] | None:
    """Return the newest complete checkpoint and its step, or None."""
    if not folder.is_dir():
        return None
    found = [(int(m[1]), p) for p in folder.iterdir() if (m := _NAME.fullmatch(p.name))]
    if not found:
        return None
    step, path = max(found)
    return path, step


def publish(scratch: Path, target: Path, identity: Identity, keep: int) -> None:
    """Give a written checkpoint its name, once it is safely on disk, and delete all but the newest `keep`."""
    (scratch / IDENTITY).write_text(json.dumps(identity.to_dict()) + "\n", encoding="utf-8")
    flush(scratch)
    if target.exists():
        discard(target)
    scratch.rename(target)
    _fsync(target.parent)
    complete = sorted(p for p in target.parent.iterdir() if _NAME.fullmatch(p.name))
    for old in complete[:-keep]:
        discard(old)


def check_identity(checkpoint: Path, identity: Identity) -> None:
    """Refuse to resume another computation.

    Raises:
        RunError: Config, data or classes changed since the checkpoint, or it does not say what it belongs to.
    """
    try:
        saved = json.loads((checkpoint / IDENTITY).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        raise RunError(
            f"{checkpoint}: does not say which run it belongs to", "start a new run from the same snapshot"
        ) from None
    changed = [
        words
        for words, was, now in (
            ("the configuration", saved.get("config"), identity.config),
            ("the data", saved.get("data"), identity.data),
            ("the classes", saved.get("classes", identity.classes), identity.classes),  # older ones do not say
        )
        if was != now
    ]
    if changed:
        raise RunError(
            f"{checkpoint.name}: {' and '.join(changed)} changed since this checkpoint was written, "
            "so going on would not be the same run",
            "start a new run, or put the old values back",
        )


def clear_scratch(folder: Path) -> None:
    """Remove what an interrupted save or deletion left behind."""
    for path in folder.glob(".*") if folder.is_dir() else []:
        shutil.rmtree(path, ignore_errors=True)


def discard(path: Path) -> None:
    """Delete a checkpoint; renamed first, so that it is never seen half deleted."""
    gone = path.with_name(f".gone-{path.name}")
    path.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def flush(folder: Path) -> None:
    """Wait until every file below a folder is on disk."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            _fsync(path)
    _fsync(folder)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
