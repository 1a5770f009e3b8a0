"""Functions compiled to machine code on their first call; the result is kept on disk beside the source."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function of numbers and arrays; while it runs, other threads run too."""
    return cast(F, njit(cache=True, nogil=True, error_model="numpy")(function))
