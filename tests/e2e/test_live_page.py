"""A live run's page in a browser: fresh figures without a page run, nothing while hidden, and it sees the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from crlft.runfolder import RunFolder
from tests.ui.loop_data import make_run, step
from workbench.services.project import create_project

pytestmark = pytest.mark.browser

START = {"event": "start", "attempt": 1, "step": 0}
HIDE = """hidden => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def tell(run: RunFolder, n: int, **more: float) -> None:
    event = step(n, total=2000, **more)
    run.emit(event.pop("event"), **event)


def test_figures_stay_fresh_in_view_only_and_the_end_is_seen(
    page: Page, serve: Callable[[Path], str], tmp_path: Path
) -> None:
    project = create_project(tmp_path / "project")
    events = [START, *(step(n, total=2000, grad_norm=1.0) for n in range(1, 151))]
    run = RunFolder(make_run(project, "run-1", events=events, alive=True))  # this very process is its worker
    project.close()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/live/run" in request.url else None)
    page.goto(f"{serve(project.root)}/train?run=run-1")
    steps = page.locator(".wb-metric", has_text="Step").first
    expect(steps).to_contain_text("150")
    expect(page.locator(".wl-chart")).to_have_count(5)  # no swap test and no memory were told
    expect(page.locator(".js-plotly-plot")).to_have_count(0)

    drawn = page.locator(".wl-chart path").first.get_attribute("d")
    page.evaluate("document.querySelector('.wb-metric').dataset.mine = 'yes'")
    tell(run, 160)
    expect(steps).to_contain_text("160")
    assert steps.get_attribute("data-mine") == "yes", "the same element: the page was not drawn anew"
    run.emit("eval", step=160, loss=0.7)
    held_out = page.get_by_role("button", name="held out", exact=True)
    expect(held_out).to_be_visible()
    assert page.locator(".wl-chart path").first.get_attribute("d") != drawn
    held_out.click()
    expect(held_out).to_have_class("wl-name wl-off")

    page.evaluate(HIDE, True)
    page.wait_for_timeout(500)  # what was on its way has come
    before = len(asked)
    tell(run, 170)
    page.wait_for_timeout(5000)
    assert len(asked) == before, "a hidden tab asks nothing"
    page.evaluate(HIDE, False)
    expect(steps).to_contain_text("170")

    run.mark("done", metrics={"loss": 0.5})
    expect(page.get_by_role("button", name="Compare its answers")).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    expect(page.locator(".wl-chart")).to_have_count(0)
    page.wait_for_timeout(300)
    ended = len(asked)
    page.wait_for_timeout(2500)
    assert len(asked) == ended, "what has ended is asked for no more"


def test_where_the_address_is_out_of_reach_the_page_is_drawn_anew_instead(
    page: Page, serve: Callable[[Path], str], tmp_path: Path
) -> None:
    project = create_project(tmp_path / "project")
    run = RunFolder(make_run(project, "run-1", events=[START, step(1, total=2000)], alive=True))
    project.close()
    page.route("**/live/run*", lambda route: route.abort())
    page.goto(f"{serve(project.root)}/train?run=run-1")
    steps = page.locator(".wb-metric", has_text="Step").first
    expect(steps).to_contain_text("1")
    tell(run, 160)
    expect(steps).to_contain_text("160")
    tell(run, 170)
    expect(steps).to_contain_text("170")
