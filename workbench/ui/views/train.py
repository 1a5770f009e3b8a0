"""Train: the list of runs, one run, runs beside each other, or the form that starts one."""

from __future__ import annotations

from workbench.services import curation
from workbench.services.project import Project
from workbench.ui.i18n import t
from workbench.ui.nav import param
from workbench.ui.views.train_beside import draw_beside
from workbench.ui.views.train_new import draw_new
from workbench.ui.views.train_runs import draw_runs
from workbench.ui.views.train_watch import draw_run
from workbench.ui.widgets.layout import page_header
from workbench.ui.widgets.loop_styles import loop_styles


def draw(project: Project) -> None:
    """Draw the Train page."""
    loop_styles()
    page_header(t("Train"), t("One button starts a run; the curves are live, and closing the tab stops nothing."))
    colours = {row.name: row.colour for row in curation.class_table(project)}
    run, beside = param("run"), param("beside")
    if run:
        draw_run(project, run, colours)
    elif beside:
        draw_beside(project, [r for r in beside.split(",") if r])
    else:
        draw_runs(project)
        draw_new(project, colours)
