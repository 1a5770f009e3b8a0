"""A run in the browser: the tab closes, the server dies, it is stopped and resumed, and ends as an unbroken one.

With WORKBENCH_SCREENSHOTS=DIR the pictures of the documentation are left there.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from crlft.runfolder import RunFolder
from tests.chromium import new_context
from tests.e2e.conftest import run_workbench
from tests.e2e.test_app_killed import kill_app
from tests.unit.loop_project import until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STEPS = 200
SETTINGS = {
    "steps": STEPS,
    "step_tokens": 256,
    "save_every": 10,
    "evaluate_every": 100,
    "sample_count": 1,
    "threads": 1,
    "precision": "fp32",
    "device": "cpu",
}
PICTURES = os.environ.get("WORKBENCH_SCREENSHOTS")


def fill_form(page: Page, address: str) -> None:
    page.goto(f"{address}/train?snapshot=first")
    page.locator("summary", has_text="Advanced").click()
    page.get_by_role("tab", name="Budget").click()
    for label, name in (
        ("Steps", "steps"),
        ("Step tokens", "step_tokens"),
        ("Save every", "save_every"),
        ("Evaluate every", "evaluate_every"),
    ):
        fill(page, label, SETTINGS[name])
    page.get_by_role("tab", name="Hardware").click()
    fill(page, "Threads", 1)
    choose(page, "Device", "cpu")
    choose(page, "Precision", "fp32")
    page.get_by_role("tab", name="Samples").click()
    fill(page, "Sample count", 1)


def fill(page: Page, label: str, value: object) -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(str(value))
    field.press("Enter")
    expect(page.locator("code", has_text=f"{label.lower().replace(' ', '_')}={value}").first).to_be_visible()


def choose(page: Page, label: str, value: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=value, exact=True).click()
    expect(page.locator("code", has_text=f"{label.lower()}={value}").first).to_be_visible()


def losses(folder: RunFolder) -> dict[int, float]:
    """The loss of every step; a step done again counts with its last value."""
    return {e["step"]: e["loss"] for e in folder.read_events()[0] if e["event"] == "step"}


def job_of(project: Path, run: str) -> dict[str, Any]:
    code, data = run_workbench(project, "runs")
    assert code == 0, data
    return next(r for r in data["runs"] if r["run"] == run)


def shown_seconds(text: str) -> float:
    """Read a duration as the page writes it (`1 min 20 s`, `45 s`)."""
    units = {"s": 1, "min": 60, "h": 3600}
    found = re.findall(r"(\d+)\s*(min|h|s)\b", text)
    assert found, text
    return float(sum(int(n) * units[unit] for n, unit in found))


@pytest.mark.timeout(900)
def test_a_run_outlives_tab_and_server_and_resumes_as_if_unbroken(
    browser: Browser,
    page: Page,
    serve: Callable[[Path], str],
    project_copy: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WORKBENCH_LOCK_DIR", str(tmp_path / "devices"))  # no run of another project goes first
    assert run_workbench(project_copy, "snapshot", "first")[0] == 0
    settings = [word for k, v in SETTINGS.items() for word in ("--set", f"{k}={v}")]
    code, unbroken = run_workbench(project_copy, "train", "first", *settings)
    assert code == 0, unbroken

    address = serve(project_copy)
    fill_form(page, address)
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("button", name="Stop and save")).to_be_visible()
    found = re.search(r"run=([\w-]+)", page.url)
    assert found
    run = found[1]
    folder = RunFolder(project_copy / "runs" / run)
    pid = (folder.read_json("job.json") or {})["pid"]
    expect(page.get_by_text("measured from this start").first).to_be_visible()
    expect(page.locator(".wb-metric", has_text="Time left")).to_be_visible()
    os.kill(pid, signal.SIGSTOP)  # else a quick machine is done before a slow browser has looked
    page.close()
    kill_app(address)
    assert psutil.pid_exists(pid), "neither the tab nor the server takes the run along"

    second = new_context(browser).new_page()
    address = serve(project_copy)
    second.goto(f"{address}/train?run={run}")
    expect(second.get_by_text(run).first).to_be_visible()
    expect(second.get_by_text("measured from this start").first).to_be_visible()
    paused_at = len(folder.read_events()[0])
    os.kill(pid, signal.SIGCONT)
    until(lambda: len(folder.read_events()[0]) >= paused_at + 3)  # both estimates count the pause then
    second.wait_for_timeout(3_000)
    left = shown_seconds(second.locator(".wb-metric", has_text="Time left").inner_text())
    told = [e for e in folder.read_events()[0] if e["event"] == "step"][-1]
    assert told["eta_seconds"] / 3 - 5 <= left <= told["eta_seconds"] * 3 + 5, "the page's estimate is the run's"

    second.get_by_role("button", name="Stop and save").click()
    resume = second.get_by_role("button", name="Resume")
    expect(resume).to_be_visible()
    stopped = job_of(project_copy, run)
    assert stopped["status"] == "stopped"
    assert 0 < stopped["step"] < STEPS
    saved = sorted(int(re.sub(r"\D", "", p.name)) for p in folder.checkpoints.iterdir())
    assert saved[-1] == stopped["step"], "stopping saved the very step it stopped at"

    resume.click()
    expect(second.get_by_role("button", name="Compare its answers")).to_be_visible(timeout=300_000)
    second.context.close()
    assert job_of(project_copy, run)["status"] == "done"
    starts = [e["step"] for e in folder.read_events()[0] if e["event"] == "start"]
    assert starts == [0, stopped["step"]]
    assert losses(folder) == losses(RunFolder(project_copy / "runs" / unbroken["run"]))
    assert len(losses(folder)) == STEPS
    with closing(sqlite3.connect(project_copy / "workbench.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
