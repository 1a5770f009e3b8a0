"""Project: where am I, what next."""

from workbench.ui.views import project

project.draw()
