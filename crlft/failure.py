"""Any exception to words: what kind of failure it was, what to tell the reader, what to do next. No torch."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crlft.errors import ConfigError, CrlftError, DataError, ModelError, SchemeError, TemplateError

_DEVICE_LOST = (
    "CUDA error: unspecified launch failure",
    "CUDA error: uncorrectable ECC error",
    "CUDA error: unknown error",
    "CUDA error: all CUDA-capable devices are busy or unavailable",
    "CUDA error: no CUDA-capable device is detected",
    "CUDA error: the launch timed out",
    "CUDA error: initialization error",
    "CUDA driver initialization failed",
    "No CUDA GPUs are available",
    "GPU is lost",
    "device lost",
    "NCCL error: remote process exited",
)
"""What CUDA and NCCL say when a device has fallen off the bus, broke, or was taken by somebody else."""

_FULL = (
    "No space left on device",
    "Disk quota exceeded",
    "os error 28",
    "os error 122",
    "disk is full",
    "PytorchStreamWriter failed",
    "iostream error",
    "unexpected pos ",
)
"""What writers without the system's number say when a disk refuses: Rust's (safetensors, tokenizers), SQLite's,
and torch's, whose second error (`unexpected pos 640 vs 598`, on closing the file) hides the first."""

_PERHAPS_FULL = ("requested and", "disk I/O error", "Input/output error", "rror writing", "rror while writing")
"""What numpy, SQLite and others say of any failed writing; a full disk is then seen by its room."""

SPARE_BYTES = 64 << 20
"""With less room than this, a failed writing of unknown cause is put down to the disk."""


class NotFiniteError(CrlftError):
    """The loss or the gradient stopped being a finite number."""


@dataclass(frozen=True, slots=True)
class Failure:
    """How a job failed.

    Attributes:
        kind: `out-of-memory`, `nan`, `disk-full`, `device-lost`, `bad-data`, `bad-config`, `bad-model` or `error`.
        error: What happened.
        remedy: What to do next.
    """

    kind: str
    error: str
    remedy: str


def explain(error: BaseException, folder: Path | None = None) -> Failure:
    """Return the words for an exception; the ones nobody foresaw keep their own.

    Args:
        error: What was raised; what it was raised from, or while handling, counts too.
        folder: Where the job writes: its disk is looked at where a failed writing lost its reason.
    """
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, NotFiniteError):
        return Failure("nan", error.message, error.remedy)
    said = _disk_full(error, folder)
    if said:
        return Failure("disk-full", f"the disk is full ({said[:200]})", _make_room(folder))
    if isinstance(error, MemoryError) or "out of memory" in text.lower() or "can't allocate memory" in text:
        return Failure(
            "out-of-memory",
            f"out of memory ({text[:200]})",
            "lower micro_batch_tokens (the step keeps its meaning) or max_tokens, then start again",
        )
    if isinstance(error, RuntimeError) and any(words in text for words in _DEVICE_LOST):
        return Failure(
            "device-lost",
            f"the device stopped answering ({text.splitlines()[0][:200]})",
            "look at the machine (nvidia-smi, dmesg); resume once the device is back",
        )
    if isinstance(error, CrlftError):
        return Failure(_kind(error), error.message, error.remedy)
    return Failure("error", text, "see the end of the log; if it is not your data, report it with the log")


def _kind(error: CrlftError) -> str:
    if isinstance(error, DataError | SchemeError):
        return "bad-data"
    if isinstance(error, ConfigError):
        return "bad-config"
    if isinstance(error, ModelError | TemplateError):
        return "bad-model"
    return "error"


def _disk_full(error: BaseException, folder: Path | None) -> str:
    """Return the words of a full disk found in an exception or in what led to it; empty where there are none."""
    led = list(_chain(error))
    for one in led:
        known = isinstance(one, OSError) and one.errno in (errno.ENOSPC, errno.EDQUOT)
        if known or any(words in str(one) for words in _FULL):
            return f"{type(one).__name__}: {one}"
    if folder is not None and free_bytes(folder) < SPARE_BYTES:
        for one in led:
            lost = isinstance(one, OSError) and one.errno in (None, errno.EIO)
            if lost or any(words in str(one) for words in _PERHAPS_FULL):
                return f"{type(one).__name__}: {one}"
    return ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, what it was raised from, or while handling, and so on; hidden ones stay hidden."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _make_room(folder: Path | None) -> str:
    scratch = Path(tempfile.gettempdir())
    if folder is not None and free_bytes(folder) > SPARE_BYTES > free_bytes(scratch):
        return f"free some space in {scratch}, or name another folder by TMPDIR; then resume the run"
    return "free some space, then resume the run"


def free_bytes(folder: Path) -> int:
    """Return the room on a folder's disk; much where it cannot be asked."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 1 << 62
