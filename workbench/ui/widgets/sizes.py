"""Sizes in bytes as a person reads them."""

from __future__ import annotations

_UNITS = ("kB", "MB", "GB", "TB")


def gigabytes(size_bytes: float) -> str:
    """Return a size with two or three digits in the unit that fits (`640 MB`, `1.4 GB`)."""
    value = size_bytes / 1000
    for unit in _UNITS[:-1]:
        if value < 1000:
            return f"{value:,.0f} {unit}" if value >= 10 or unit == "kB" else f"{value:,.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} {_UNITS[-1]}"
