"""Any exception to words: what kind of failure it was, what to tell the reader, what to do next. No torch."""

from __future__ import annotations

import errno
from dataclasses import dataclass

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


def explain(error: BaseException) -> Failure:
    """Return the words for an exception; the ones nobody foresaw keep their own."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, NotFiniteError):
        return Failure("nan", error.message, error.remedy)
    if _disk_full(error, text):
        return Failure("disk-full", f"the disk is full ({text[:200]})", "free some space, then resume the run")
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


def _disk_full(error: BaseException, text: str) -> bool:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    # safetensors, torch and SQLite report the system's refusal in words of their own.
    return any(w in text for w in ("No space left on device", "PytorchStreamWriter failed", "disk is full"))
