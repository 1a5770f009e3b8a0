"""The Chinese catalogue of the Train and Jobs pages: every key is a text of the interface, every place is kept."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

import workbench.ui
from tests.ui.loop_data import make_run
from workbench.services import failures
from workbench.ui import i18n
from workbench.ui.catalogues.zh_train import TEXTS
from workbench.ui.views import jobs as jobs_view
from workbench.ui.views.train_watch import PHASES

ROOT = Path(workbench.ui.__file__).parent


def literals() -> set[str]:
    """Every string that stands in the interface or in what it shows of the services."""
    files = [*ROOT.glob("views/*.py"), *ROOT.glob("widgets/*.py"), ROOT / "app.py", Path(failures.__file__)]
    run_module = Path(workbench.__file__).parent / "domain" / "run.py"
    return {
        node.value
        for path in [*files, run_module]
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_no_key_is_stale():
    assert set(TEXTS) - literals() == set()


@pytest.mark.parametrize("text", list(TEXTS))
def test_a_translation_is_chinese_and_keeps_its_places(text):
    assert places(TEXTS[text]) == places(text)
    assert re.search(r"[\u4e00-\u9fff]", TEXTS[text]) or text == "of {n} M"


def test_phases_failures_and_jobs_are_all_said_in_chinese():
    shown = {*PHASES.values(), *failures.KINDS.values(), *jobs_view.KINDS.values(), *jobs_view.TASKS.values()}
    assert shown <= set(TEXTS)


def test_a_run_is_shown_in_chinese_where_that_is_the_language(project, open_page, monkeypatch):
    monkeypatch.setitem(i18n.CATALOGUES, "en", i18n.CATALOGUES["zh"])
    make_run(project, "run-1", mark="failed", marker={"error": "no room", "kind": "out-of-memory"})
    app = open_page("train", run="run-1")
    assert "内存不足" in app.error[0].value
    assert "用一半的微批重新开始" in [b.label for b in app.button]
