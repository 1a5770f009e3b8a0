"""The language switch: from the browser, the address or the sidebar, for one browser session alone."""

from __future__ import annotations

import threading

import pytest

from workbench.services.project import Project
from workbench.ui import background, i18n, language


@pytest.fixture(autouse=True)
def _one_text(monkeypatch):
    texts = {**i18n.CATALOGUES["zh"], "Browse": "浏览", "Jobs": "任务", "Undo": "撤销"}
    monkeypatch.setitem(i18n.CATALOGUES, "zh", texts)


def undo_button(app):
    return app.button(key="frame-undo").label


@pytest.mark.parametrize(
    ("locale", "code"),
    [("zh-CN", "zh"), ("zh_TW", "zh"), ("ZH", "zh"), ("en-US", "en"), ("fr", "en"), (None, "en")],
)
def test_the_browsers_language_or_english(locale, code):
    assert language.of_browser(locale) == code


def test_the_address_names_the_language_and_the_session_keeps_it(empty_project: Project, open_page):
    app = open_page("project", lang="zh")
    assert undo_button(app) == "撤销"
    app.switch_page("../pages/jobs.py")
    app.query_params.clear()  # as a click in the navigation does
    assert undo_button(app.run()) == "撤销"
    app.query_params["lang"] = "en"
    assert undo_button(app.run()) == "Undo"


def test_an_unknown_language_in_the_address_changes_nothing(empty_project: Project, open_page):
    assert undo_button(open_page("project", lang="../xx")) == "Undo"


def test_the_selector_speaks_for_its_session_and_writes_the_address(empty_project: Project, open_page):
    here, there = open_page("project"), open_page("project")
    assert here.button_group(key="frame-language").options[1] == "中文"
    here.button_group(key="frame-language").set_value("zh").run()
    there.run()
    assert (undo_button(here), undo_button(there)) == ("撤销", "Undo")
    assert here.query_params["lang"] == "zh"
    here.button_group(key="frame-language").set_value("en").run()
    assert undo_button(here) == "Undo"


@pytest.mark.parametrize("page", "duplicates clean snapshots train compare rounds".split())
def test_a_page_that_is_open_changes_its_language(project: Project, open_page, page):
    app = open_page(page)
    tabs = [tab.label for tab in app.tabs]
    for code in ("zh", "en"):
        app.button_group(key="frame-language").set_value(code).run()
        assert not app.exception
        assert undo_button(app) == {"zh": "撤销", "en": "Undo"}[code]
    assert [tab.label for tab in app.tabs] == tabs


def test_a_background_thread_speaks_its_starters_language(monkeypatch):
    heard, ended = [], threading.Event()
    i18n.use_language("zh")
    try:
        background.start("spoken", lambda _: (heard.append(i18n.t("Undo")), ended.set()))
    finally:
        i18n.use_language(None)
    assert ended.wait(10)
    for thread in background.threads():
        thread.join(10)
    background.forget("spoken")
    assert heard == ["撤销"]
    assert i18n.t("Undo") == "Undo"


