"""Import: look at files, map their classes, bring them in."""

from workbench.ui.views import import_

import_.draw()
