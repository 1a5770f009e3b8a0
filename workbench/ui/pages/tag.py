"""Tag: the queue, bulk tagging, rewards, classes."""

from workbench.ui.views import tag

tag.draw()
