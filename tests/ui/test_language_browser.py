"""The language in Chromium: two curators of one process, fragments that are drawn alone, reloads, new tabs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chromium import new_context
from tests.ui import shop

pytestmark = pytest.mark.browser
served, project, address = shop.served, shop.project, shop.address
OpenAs = Callable[[str], Page]


@pytest.fixture
def open_as(browser: Browser) -> Iterator[OpenAs]:
    """Open a page of a curator whose browser has this locale."""
    contexts = []

    def open_it(locale: str) -> Page:
        contexts.append(new_context(browser, locale))
        return contexts[-1].new_page()

    yield open_it
    for context in contexts:
        context.close()


def choose(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebar").get_by_role("radio", name=name).click()


def test_two_curators_read_two_languages_and_a_fragment_keeps_its_own(open_as: OpenAs, address: str) -> None:
    chinese, english = open_as("zh-CN"), open_as("en-US")
    for page, undo in ((chinese, "撤销"), (english, "Undo")):
        page.goto(f"{address}/browse")
        expect(page.get_by_role("button", name=undo)).to_be_visible()
        expect(page.locator(".list .row").first).to_be_visible()
    for page, turns in ((chinese, "轮"), (english, "turns")):  # typing draws the list's fragment alone
        page.locator('[class*="st-key-browse-q-"] input >> visible=true').fill(
            "class:expert"
        )
        page.keyboard.press("Enter")
        expect(page.locator(".list .row")).to_have_count(8)
        expect(page.locator(".list .facts").first).to_contain_text(turns)
    assert english.evaluate("document.documentElement.lang") == "en"
    assert chinese.evaluate("document.documentElement.lang") == "zh-CN"


def test_a_choice_outlives_pages_reloads_and_new_tabs_but_not_the_browser(open_as: OpenAs, address: str) -> None:
    page = open_as("en-US")
    page.goto(f"{address}/jobs")
    choose(page, "中文")
    expect(page).to_have_url(f"{address}/jobs?lang=zh")
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="标注").click()
    expect(page).to_have_url(f"{address}/tag?lang=zh")
    page.reload()
    expect(page.locator(".focus .turn").first).to_be_visible()
    expect(page.get_by_role("button", name="撤销").first).to_be_visible()
    page.go_back()
    expect(page).to_have_url(f"{address}/jobs?lang=zh")
    tab = page.context.new_page()
    tab.goto(f"{address}/browse")
    expect(tab).to_have_url(re.compile(r"/browse\?lang=zh"))
    choose(tab, "English")
    expect(tab.get_by_role("button", name="Undo")).to_be_visible()
    expect(tab).to_have_url(re.compile(r"/browse\?(.*&)?lang=en"))
    other = open_as("en-US")
    other.goto(f"{address}/browse")
    expect(other.get_by_role("button", name="Undo")).to_be_visible()
    assert "lang" not in other.url
