"""Duplicates: find conversations that say the same thing, and keep the best copy."""

from __future__ import annotations

from workbench.ui.state import current_project
from workbench.ui.views.duplicates import draw

draw(current_project())
