"""The whole loop in Chromium, as a newcomer walks it: curate, train (through a killed server), compare, return.

With WORKBENCH_SCREENSHOTS=DIR the walk trains with the defaults and leaves the pictures that the README shows.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import run_workbench

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PICTURES = os.environ.get("WORKBENCH_SCREENSHOTS")
SECOND = 1_000


def button(scope: Page | Locator, name: str | re.Pattern[str]) -> Locator:
    return scope.get_by_role("button", name=name)


def ask(project: Path, *words: str) -> dict[str, object]:
    code, data = run_workbench(project, *words)
    assert code == 0, data
    return data


class Walk:
    """One page on one app, and the address it is served at."""

    def __init__(self, page: Page, address: str, project: Path) -> None:
        self.page, self.address, self.project = page, address, project

    def open(self, name: str = "") -> None:
        self.page.goto(f"{self.address}/{name}")
        expect(self.page.locator("[data-testid=stSkeleton]")).to_have_count(0)

    def picture(self, name: str) -> None:
        if PICTURES:
            self.page.mouse.move(5, 600)
            self.page.wait_for_timeout(1_500)  # charts and toasts come to rest
            self.page.screenshot(path=Path(PICTURES) / f"{name}.png")

    def apply_plan(self) -> None:
        dialog = self.page.get_by_role("dialog")
        button(dialog, re.compile("^Apply")).click()
        expect(dialog).to_have_count(0)


def curate(walk: Walk) -> None:
    page, project = walk.page, walk.project
    walk.open()
    expect(page.get_by_text("Recent decisions")).to_be_visible()
    walk.picture("project")

    walk.open("browse?q=lang%3Azh%20%E9%A6%96%E9%83%BD")  # the address holds the view: lang:zh 首都
    total = ask(project, "search", "lang:zh 首都")["total"]
    assert isinstance(total, int)
    assert total > 0
    expect(page.get_by_text(f"{total:,} conversations").first).to_be_visible()
    walk.picture("browse")

    walk.open("duplicates")
    button(page, "Find duplicates").click()
    review = button(page, "Review and drop the copies")
    expect(review).to_be_enabled(timeout=180 * SECOND)
    walk.picture("duplicates")
    review.click()
    walk.apply_plan()
    expect(page.get_by_text(re.compile("Done: drop")).first).to_be_visible()
    dropped = ask(project, "search", "status:dropped")["total"]
    assert isinstance(dropped, int)
    assert dropped > 50

    walk.open("clean")
    button(page, "Scan for troubles").click()
    review = button(page, re.compile("^mop.*Review and clean|Review and clean"))
    expect(review).to_be_enabled(timeout=180 * SECOND)
    walk.picture("clean")
    review.click()
    walk.apply_plan()
    cleaned = ask(project, "log", "--limit", "1")["actions"]
    assert isinstance(cleaned, list)
    assert cleaned[0]["kind"] == "clean"


def tag_and_freeze(walk: Walk) -> None:
    page, project = walk.page, walk.project
    walk.open("tag")
    untagged = ask(project, "search", "class:none -status:dropped")["total"]
    assert isinstance(untagged, int)
    expect(page.get_by_text(f"{untagged} left", exact=False).first).to_be_visible()
    walk.picture("tag")
    page.keyboard.press("2")
    expect(page.get_by_text("1 decided", exact=False).first).to_be_visible()
    expect(page.get_by_text("All saved").first).to_be_visible()
    assert ask(project, "search", "class:none -status:dropped")["total"] == untagged - 1
    page.keyboard.press("u")
    expect(page.get_by_text("0 decided", exact=False).first).to_be_visible()
    expect(page.get_by_text("All saved").first).to_be_visible()
    assert ask(project, "search", "class:none -status:dropped")["total"] == untagged
    page.get_by_text("Rewards", exact=True).first.click()
    expect(button(page, "Save rewards")).to_be_visible()
    walk.picture("rewards")

    walk.open("snapshots")
    button(page, "Make snapshot").click()
    expect(page.get_by_text(re.compile("round-1")).first).to_be_visible()
    walk.picture("snapshots")


def train_through_a_killed_server(walk: Walk, serve: Callable[[Path], str]) -> None:
    page = walk.page
    walk.open("train")
    expect(button(page, "Start training")).to_be_enabled()
    walk.picture("train")
    if not PICTURES:
        page.get_by_text("Advanced", exact=False).first.click()
        page.get_by_role("tab", name="Budget").click()
        page.get_by_label("Steps", exact=True).fill("24")
        page.get_by_label("Steps", exact=True).press("Enter")
    button(page, "Start training").click()
    expect(button(page, "Stop and save")).to_be_visible(timeout=120 * SECOND)
    run = re.search(r"run=([\w-]+)", page.url)
    assert run

    servers = [p for p in psutil.process_iter(["cmdline"]) if served_by(p, walk.address)]
    assert servers
    for server in servers:
        server.send_signal(signal.SIGKILL)
        server.wait()
    walk.address = serve(walk.project)
    walk.open(f"train?run={run[1]}")
    expect(page.get_by_text(run[1]).first).to_be_visible()
    if PICTURES:
        expect(page.get_by_text(re.compile("Swap test")).first).to_be_visible(timeout=300 * SECOND)
        walk.picture("training")
    expect(button(page, "Compare its answers")).to_be_visible(timeout=600 * SECOND)
    walk.picture("trained")


def served_by(process: psutil.Process, address: str) -> bool:
    return f"--server.port={address.rsplit(':', 1)[1]}" in (process.info["cmdline"] or [])


def compare_and_return(walk: Walk) -> None:
    page = walk.page
    button(page, "Compare its answers").click()
    if PICTURES:
        button(page, re.compile("Generate .* answers")).click()
        expect(page.get_by_text("Correct: ", exact=False).first).to_be_visible(timeout=300 * SECOND)
        expect(page.get_by_role("progressbar")).to_have_count(0, timeout=600 * SECOND)
        walk.picture("compare")
        walk.open("compare")
    page.get_by_text("From the project", exact=True).click()
    query = page.get_by_label("Query")
    query.fill("class:sub lang:en -status:dropped")
    query.press("Enter")
    count = page.get_by_label(re.compile("How many of"))
    expect(page.get_by_label("How many of 300")).to_have_count(0)  # stands until all is drawn
    expect(count).to_have_count(1)
    count.fill("8")
    count.press("Enter")
    generate = button(page, re.compile("Generate 24 answers"))
    expect(generate).to_be_enabled()
    generate.click()
    page.get_by_text("Bring back", exact=True).first.click()
    expect(page.get_by_text("Which answers", exact=True)).to_be_visible(timeout=180 * SECOND)
    page.get_by_text("All", exact=True).last.click()
    back = button(page, re.compile("Bring back 8 answers"))
    expect(back).to_be_visible(timeout=180 * SECOND)
    back.click()
    button(page, "Do it").click()
    expect(page.get_by_text("pending, round 2").first).to_be_visible()
    page.keyboard.press("Escape")
    assert ask(walk.project, "search", "round:2 status:pending")["total"] in range(1, 9)

    walk.open("rounds")
    expect(page.get_by_text("Rounds").first).to_be_visible()
    walk.picture("rounds")
    assert [r["round"] for r in ask(walk.project, "rounds")["rounds"]] == [1, 2]  # type: ignore[attr-defined]


@pytest.mark.timeout(2400)
def test_the_loop_in_a_browser(page: Page, serve: Callable[[Path], str], project_copy: Path) -> None:
    walk = Walk(page, serve(project_copy), project_copy)
    curate(walk)
    tag_and_freeze(walk)
    train_through_a_killed_server(walk, serve)
    compare_and_return(walk)
