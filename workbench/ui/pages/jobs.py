"""Jobs: everything that runs, waits or has ended, whatever it does."""

from __future__ import annotations

from workbench.ui.state import current_project
from workbench.ui.views.jobs import draw

draw(current_project())
