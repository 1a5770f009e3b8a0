"""Rounds: what each turn of the loop used, made and reached."""

from __future__ import annotations

from workbench.ui.state import current_project
from workbench.ui.views.rounds import draw

draw(current_project())
