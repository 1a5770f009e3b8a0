"""Train: start a run, watch it, stop and resume it."""

from __future__ import annotations

from workbench.ui.state import current_project
from workbench.ui.views.train import draw

draw(current_project())
