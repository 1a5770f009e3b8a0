"""The Train and Jobs pages in Chinese."""

from __future__ import annotations

from tests.ui.loop_data import make_run
from workbench.services import failures
from workbench.ui import i18n
from workbench.ui.catalogues.zh import TEXTS
from workbench.ui.views import jobs as jobs_view
from workbench.ui.views.train_figures import PHASES


def test_phases_failures_and_jobs_are_all_said_in_chinese():
    shown = {*PHASES.values(), *failures.KINDS.values(), *jobs_view.KINDS.values(), *jobs_view.TASKS.values()}
    assert shown <= set(TEXTS)


def test_a_run_is_shown_in_chinese_where_that_is_the_language(project, open_page, monkeypatch):
    monkeypatch.setitem(i18n.CATALOGUES, "en", i18n.CATALOGUES["zh"])
    make_run(project, "run-1", mark="failed", marker={"error": "no room", "kind": "out-of-memory"})
    app = open_page("train", run="run-1")
    assert "内存不足" in app.error[0].value
    assert "用一半的微批重新开始" in [b.label for b in app.button]
