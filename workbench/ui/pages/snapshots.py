"""Snapshots: freeze a dataset version that training can be repeated on."""

from __future__ import annotations

from workbench.ui.state import current_project
from workbench.ui.views.snapshots import draw

draw(current_project())
