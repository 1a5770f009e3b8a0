"""Colours of classes."""

from __future__ import annotations

PALETTE = (
    "#1a9c84",
    "#d97a1f",
    "#6d72e8",
    "#d1497b",
    "#3289d6",
    "#8c9a2b",
    "#a65bc9",
    "#c2583f",
    "#6b7a90",
)
"""In the order in which classes are made: of like lightness, so that dark and light pages show them."""
