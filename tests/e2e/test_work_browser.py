"""An import in the browser: the tab closes, the server dies, and whoever opens the page next finds every row."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from crlft.runfolder import RunFolder
from tests.chromium import new_context
from tests.e2e.conftest import run_workbench
from tests.e2e.test_app_killed import kill_app
from tests.unit.loop_project import until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROWS = 12_000


def write_rows(path: Path) -> Path:
    with path.open("w", encoding="utf-8") as file:
        for i in range(ROWS):
            answer = f"It costs {i} in all, and {i * 7 % 1000} of it go to the baker of house {i % 97}. " * 3
            asked = {"role": "user", "content": f"What does basket {i} cost?"}
            file.write(json.dumps({"messages": [asked, {"role": "assistant", "content": answer}]}) + "\n")
    return path


@pytest.mark.timeout(600)
def test_an_import_outlives_tab_and_server(
    browser: Browser, page: Page, serve: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_LOCK_DIR", str(tmp_path / "devices"))
    project, rows = tmp_path / "project", write_rows(tmp_path / "baskets.jsonl")
    assert run_workbench(project, "init")[0] == 0
    address = serve(project)
    page.goto(f"{address}/import")
    page.get_by_role("textbox", name="Files, folders or patterns").fill(str(rows))
    page.get_by_role("button", name="Look at it").click()
    page.get_by_role("button", name="Import this file").click()
    expect(page.get_by_text("It goes on when you leave this page")).to_be_visible()
    (folder,) = [RunFolder(p) for p in (project / "runs").iterdir() if (p / "job.json").exists()]
    pid = until(lambda: (folder.read_json("job.json") or {}).get("pid"))
    until(lambda: any(e["event"] == "progress" for e in folder.read_events()[0]))
    os.kill(pid, signal.SIGSTOP)  # else a quick machine is done before a slow browser has looked
    page.close()
    kill_app(address)
    assert psutil.pid_exists(pid), "neither the tab nor the server takes the import along"

    second = new_context(browser).new_page()
    address = serve(project)
    second.goto(f"{address}/import")
    expect(second.get_by_text("It goes on when you leave this page")).to_be_visible()
    os.kill(pid, signal.SIGCONT)
    expect(second.get_by_text(f"{ROWS:,} rows = {ROWS:,} imported", exact=False)).to_be_visible(timeout=120_000)
    second.context.close()
    code, found = run_workbench(project, "search", "")
    assert code == 0
    assert found["total"] == ROWS
