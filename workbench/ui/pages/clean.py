"""Clean: find troubles in the texts, look at each change, apply and undo."""

from __future__ import annotations

from workbench.ui.state import current_project
from workbench.ui.views.clean import draw

draw(current_project())
