"""Browse: search, read, decide, act on all matches, see the map."""

from workbench.ui.views import browse

browse.draw()
