"""Compare: answers side by side, votes, and what comes back into the project."""

from __future__ import annotations

from workbench.ui.state import current_project
from workbench.ui.views.compare import draw

draw(current_project())
